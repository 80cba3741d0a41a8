"""Strategies of hypothesis for layers, ops, optimizers, losses and metrics, as data that is built with either library."""

import dataclasses

from hypothesis import strategies as st


@dataclasses.dataclass(frozen=True)
class Part:
    """Something of the library's by its name there (`layers.Dense`) and its arguments, which may be parts again."""

    name: str
    args: dict = dataclasses.field(default_factory=dict)
    places: tuple = ()  # arguments by place, where the first one is a part

    def named(self, keras):
        owner = keras
        for name in self.name.split("."):
            owner = getattr(owner, name)
        return owner

    def made(self, keras):
        """The object, made with `keras`."""
        places = [made(x, keras) for x in self.places]
        return self.named(keras)(*places, **{k: made(v, keras) for k, v in self.args.items()})


def made(value, keras):
    """A value with all the parts in it made."""
    if isinstance(value, Part):
        return value.made(keras)
    if isinstance(value, list):
        return [made(x, keras) for x in value]
    if isinstance(value, dict):
        return {k: made(v, keras) for k, v in value.items()}
    return value


def part(name, *places, may=None, **args):
    """Parts of this name: `args` are always given, those in `may` sometimes. Values are strategies or constants."""

    def strategies(values):
        return {k: v if isinstance(v, st.SearchStrategy) else st.just(v) for k, v in values.items()}

    arguments = st.fixed_dictionaries(strategies(args), optional=strategies(may or {}))
    return st.builds(Part, st.just(name), arguments, st.tuples(*places))


def layer(name, *places, **arguments):
    return part(f"layers.{name}", *places, **arguments)


def op(name, may=None, **arguments):
    return part(f"ops.{name}", may=may, **arguments)


def without(parts, *names):
    """The parts without some arguments."""
    return parts.map(
        lambda x: dataclasses.replace(x, args={k: v for k, v in x.args.items() if k not in names}) if isinstance(x, Part) else x
    )


def among(*values):
    return st.sampled_from(values)


YES, NO = st.just(True), st.just(False)
EITHER = st.booleans()
WIDTH = st.integers(1, 4)
FEW = st.integers(1, 3)
BOTH_ENDS = st.tuples(st.integers(0, 2), st.integers(0, 2))
ACTIVATIONS = among("relu", "tanh", "sigmoid", "softplus", "elu", "selu", "gelu", "silu", "linear", "softsign", "mish", "celu")
ACTIVATION = st.one_of(st.none(), ACTIVATIONS, among("softmax", "log_softmax", "relu6", "hard_sigmoid", "exponential"))
REGULARIZER = st.one_of(
    among(None, "l2", "l1", "L1L2"), part("regularizers.L2", l2=0.05), part("regularizers.L1L2", l1=0.01, l2=0.02)
)
CONSTRAINT = st.one_of(
    among(None, "non_neg", "unit_norm", "max_norm"), part("constraints.MinMaxNorm", min_value=0.2, max_value=0.8, rate=0.9)
)
POLICIES = among("float16", "bfloat16", "mixed_float16", "mixed_bfloat16", "float32")
KERNEL = {
    "activation": ACTIVATION,
    "use_bias": EITHER,
    "kernel_regularizer": REGULARIZER,
    "kernel_constraint": CONSTRAINT,
    "bias_regularizer": REGULARIZER,
    "activity_regularizer": REGULARIZER,
}
FORMAT = among("channels_last", "channels_first")
PADDING = among("valid", "same")
RATE = {"seed": 1}


def dense():
    return layer("Dense", units=WIDTH, may=KERNEL | {"dtype": POLICIES, "trainable": EITHER})


def any_rank(rate):
    """Layers for inputs of every rank. Those that draw numbers do it at `rate`."""
    return [
        dense(),
        dense(),
        layer("Activation", activation=ACTIVATIONS),
        layer("ReLU", may={"max_value": 0.8, "negative_slope": 0.1, "threshold": 0.1}),
        layer("LeakyReLU", may={"negative_slope": 0.2}),
        layer("ELU", may={"alpha": 0.5}),
        layer("PReLU", alpha_initializer="ones", may={"alpha_regularizer": REGULARIZER}),
        layer("Softmax", may={"axis": among(-1, 1)}),
        layer("Dropout", rate=rate, may=RATE),
        layer("AlphaDropout", rate=rate, may=RATE),
        layer("GaussianDropout", rate=rate, may=RATE),
        layer("GaussianNoise", stddev=rate),
        layer("ActivityRegularization", may={"l1": 0.01, "l2": 0.01}),
        layer("Identity"),
        layer("Flatten", may={"data_format": FORMAT}),
        layer("Reshape", target_shape=among((-1,), (1, -1), (-1, 2), (-1, 1, 2), (2, 2, -1))),
        layer("Rescaling", scale=among(0.5, -2.0), may={"offset": 0.1}),
        layer("Masking", may={"mask_value": among(0.0, 0.5)}),
        layer(
            "BatchNormalization",
            may={"axis": among(-1, 1), "momentum": 0.8, "center": EITHER, "scale": EITHER, "dtype": POLICIES},
        ),
        layer("LayerNormalization", may={"axis": among(-1, 1, [1], [-1]), "center": EITHER, "scale": EITHER}),
        layer("RMSNormalization"),  # in Keras, `axis` is the last one, or can't be broadcast
        layer("GroupNormalization", groups=among(1, 2, -1), may={"axis": among(-1, 1)}),
        # Of zeros, Keras makes NaN in 16 bits.
        layer("UnitNormalization", dtype="float32", may={"axis": among(-1, 1)}),
        # What it assigns to the kernel in a step is lost in Keras on JAX.
        *([layer("SpectralNormalization", without(dense(), "dtype"), may={"power_iterations": 2})] if rate else []),
        op("square"),
        op("abs"),
        op("exp"),
        op("sigmoid"),
        op("softmax", may={"axis": among(-1, 1)}),
        op("mean", may={"axis": among(-1, 1), "keepdims": EITHER}),
        op("sum", axis=among(-1, 1), may={"keepdims": EITHER}),
        op("max", axis=among(-1, 1), may={"keepdims": EITHER}),
        op("argmax", axis=among(-1, 1)),
        op("cumsum", axis=1),
        op("flip", axis=1),
        op("expand_dims", axis=among(1, -1)),
        op("cast", dtype=among("float32", "float16", "bfloat16")),
        op("clip", x_min=-0.9, x_max=0.9),
        op("power", x2=2),
        op("add", x2=among(1, 0.5)),
        op("multiply", x2=among(2, -0.5)),
        op("split", indices_or_sections=2, axis=-1),
    ]


def vectors(rate):
    """Layers for (batch, features)."""
    return [
        layer("RepeatVector", n=FEW),
        layer("EinsumDense", equation="ab,bc->ac", output_shape=WIDTH, may={"bias_axes": "c", "activation": ACTIVATION}),
        layer(
            "Discretization",
            bin_boundaries=[-0.5, 0.0, 0.7],
            may={"output_mode": among("int", "one_hot", "multi_hot", "count")},
        ),
        layer("Normalization", mean=0.5, variance=2.0, may={"axis": among(-1, None), "invert": EITHER}),
        part("Sequential", st.lists(dense(), min_size=1, max_size=2)),
    ]


def recurrent(rate):
    options = {
        "return_sequences": EITHER,
        "go_backwards": EITHER,
        "unroll": EITHER,
        "zero_output_for_mask": EITHER,
        "use_bias": EITHER,
        "activation": among("tanh", "relu", "linear"),
        "kernel_regularizer": REGULARIZER,
        "recurrent_regularizer": REGULARIZER,
        "recurrent_constraint": CONSTRAINT,
        "dropout": rate,
        "recurrent_initializer": among("glorot_uniform", "zeros"),
        "dtype": among("mixed_float16", "mixed_bfloat16", "float32"),  # Keras draws no orthogonal matrices of 16 bits
    }
    gates = options | {"recurrent_activation": among("sigmoid", "hard_sigmoid")}
    kinds = {
        "LSTM": gates | {"unit_forget_bias": EITHER},
        "GRU": gates | {"reset_after": EITHER},
        "SimpleRNN": options,
    }
    inner = [layer(name, units=WIDTH, may=may) for name, may in kinds.items()]
    cells = st.one_of(*[layer(f"{name}Cell", units=WIDTH) for name in kinds])
    modes = {k: options[k] for k in ("return_sequences", "go_backwards", "unroll", "zero_output_for_mask")}
    return [
        *inner,
        *[layer(name, units=WIDTH, return_state=YES, may=may) for name, may in kinds.items()],
        layer("RNN", cells, may=modes),
        layer("RNN", st.lists(cells, min_size=1, max_size=3), may=modes),
        # Keras has wrong dtypes for layers of another policy, and refuses `go_backwards` here, since the layer that it makes for the other direction has it, too.
        layer(
            "Bidirectional",
            st.one_of(*[without(x, "go_backwards", "dtype") for x in inner]),
            may={"merge_mode": among("concat", "sum", "ave", "mul", None)},
        ),
    ]


def sequences(rate):
    """Layers for (batch, time, features)."""
    window = {"padding": PADDING, "data_format": FORMAT}
    conv = KERNEL | window | {"strides": among(1, 2)}  # and `dilation_rate`, with which Keras takes no other strides than 1
    pool = window | {"strides": FEW}
    return [
        *recurrent(rate),
        *recurrent(rate),
        layer("Conv1D", filters=WIDTH, kernel_size=FEW, dilation_rate=2, may=KERNEL | window),
        layer(
            "Conv1D",
            filters=among(2, 4),
            kernel_size=FEW,
            may=conv | {"padding": among("valid", "same", "causal"), "groups": 2},
        ),
        layer("Conv1DTranspose", filters=WIDTH, kernel_size=FEW, may=conv),
        layer(
            "SeparableConv1D",
            filters=WIDTH,
            kernel_size=FEW,
            may=window | {"depth_multiplier": 2, "strides": among(1, 2), "activation": ACTIVATION},
        ),
        layer(
            "DepthwiseConv1D",
            kernel_size=FEW,
            may=window | {"depth_multiplier": 2, "strides": among(1, 2), "activation": ACTIVATION},
        ),
        *[layer(f"{kind}Pooling1D", pool_size=FEW, may=pool) for kind in ("Max", "Average")],
        *[layer(f"Global{kind}Pooling1D", may={"data_format": FORMAT, "keepdims": EITHER}) for kind in ("Max", "Average")],
        *[layer(f"Adaptive{kind}Pooling1D", output_size=FEW) for kind in ("Max", "Average")],
        layer("ZeroPadding1D", padding=st.one_of(FEW, BOTH_ENDS), may={"data_format": FORMAT}),
        layer("Cropping1D", cropping=st.one_of(st.just(1), BOTH_ENDS)),
        layer("UpSampling1D", size=FEW),
        layer("SpatialDropout1D", rate=rate),
        layer("Permute", dims=among((2, 1), (1, 2))),
        layer("TimeDistributed", without(dense(), "dtype")),
        layer("TimeDistributed", layer("EinsumDense", equation="ab,bc->ac", output_shape=WIDTH)),
        layer("TimeDistributed", layer("BatchNormalization")),
        # Keras has the lengths of two axes behind `...` in the wrong order: not for images.
        layer(
            "EinsumDense",
            equation="...x,xy->...y",
            output_shape=WIDTH,
            may={"bias_axes": "y", "activation": ACTIVATION, "kernel_constraint": CONSTRAINT},
        ),
        layer("EinsumDense", equation="abc,cd->abd", output_shape=st.tuples(st.none(), WIDTH), may={"bias_axes": "d"}),
        op("take", indices=0, axis=1),
        op("transpose", axes=(0, 2, 1)),
        op("repeat", repeats=2, axis=1),
        op("pad", pad_width=[[0, 0], [1, 0], [0, 0]]),
    ]


def images(rate):
    """Layers for (batch, height, width, channels)."""
    window = {"padding": PADDING, "data_format": FORMAT}
    conv = KERNEL | window | {"strides": among(1, 2, (1, 2))}
    pool = window | {"strides": among(1, 2, (2, 1))}
    size = among(1, 2, 3, (2, 1))
    return [
        layer("Conv2D", filters=WIDTH, kernel_size=size, dilation_rate=among(2, (1, 2)), may=KERNEL | window),
        layer("Conv2D", filters=among(2, 4), kernel_size=size, may=conv | {"groups": 2}),
        layer("Conv2DTranspose", filters=WIDTH, kernel_size=size, may=conv),
        layer(
            "SeparableConv2D",
            filters=WIDTH,
            kernel_size=size,
            may=window | {"depth_multiplier": 2, "strides": among(1, 2), "activation": ACTIVATION},
        ),
        layer(
            "DepthwiseConv2D",
            kernel_size=size,
            may=window | {"depth_multiplier": 2, "strides": among(1, 2), "activation": ACTIVATION},
        ),
        *[layer(f"{kind}Pooling2D", pool_size=size, may=pool) for kind in ("Max", "Average")],
        *[layer(f"Global{kind}Pooling2D", may={"data_format": FORMAT, "keepdims": EITHER}) for kind in ("Max", "Average")],
        *[
            layer(f"Adaptive{kind}Pooling2D", output_size=among(1, (2, 1)), may={"data_format": FORMAT})
            for kind in ("Max", "Average")
        ],
        layer("ZeroPadding2D", padding=st.one_of(FEW, BOTH_ENDS, st.tuples(BOTH_ENDS, BOTH_ENDS)), may={"data_format": FORMAT}),
        layer(
            "Cropping2D",
            cropping=st.one_of(st.just(1), BOTH_ENDS, st.tuples(BOTH_ENDS, BOTH_ENDS)),
            may={"data_format": FORMAT},
        ),
        layer("UpSampling2D", size=size, may={"data_format": FORMAT, "interpolation": among("nearest", "bilinear")}),
        layer(
            "Resizing",
            height=FEW,
            width=FEW,
            may={"interpolation": among("nearest", "bilinear", "bicubic"), "crop_to_aspect_ratio": EITHER},
        ),
        layer("CenterCrop", height=FEW, width=FEW),
        layer("SpatialDropout2D", rate=rate),
        layer("Permute", dims=among((2, 1, 3), (3, 1, 2))),
        layer(
            "TimeDistributed",
            st.one_of(without(dense(), "dtype"), layer("Conv1D", filters=2, kernel_size=2), layer("LSTM", units=2)),
        ),
        layer(
            "ConvLSTM1D",
            filters=WIDTH,
            kernel_size=FEW,
            may={"padding": PADDING, "return_sequences": EITHER, "go_backwards": EITHER, "strides": among(1, 2)},
        ),
    ]


def volumes(rate):
    """Layers for (batch, depth, height, width, channels)."""
    window = {"padding": PADDING, "data_format": FORMAT}
    return [
        layer("Conv3D", filters=among(2, 4), kernel_size=among(1, 2), may=KERNEL | window | {"strides": among(1, 2)}),
        layer("Conv3DTranspose", filters=WIDTH, kernel_size=2, may=window | {"strides": among(1, 2)}),
        *[layer(f"{kind}Pooling3D", pool_size=among(1, 2, (2, 1, 2)), may=window) for kind in ("Max", "Average")],
        *[layer(f"Global{kind}Pooling3D", may={"keepdims": EITHER}) for kind in ("Max", "Average")],
        layer("ZeroPadding3D", padding=1),
        layer("Cropping3D", cropping=((1, 0), (0, 1), (0, 0))),
        layer("UpSampling3D", size=among(1, 2)),
        layer("SpatialDropout3D", rate=rate),
        layer("ConvLSTM2D", filters=WIDTH, kernel_size=among(1, 2), may={"padding": PADDING, "return_sequences": EITHER}),
        layer("TimeDistributed", layer("Conv2D", filters=2, kernel_size=2)),
        layer("Permute", dims=(4, 1, 2, 3)),
    ]


def integers(rate):
    """Layers for integers."""
    embedding = {
        "mask_zero": EITHER,
        "embeddings_regularizer": REGULARIZER,
        "embeddings_constraint": CONSTRAINT,
        "dtype": POLICIES,
    }
    return [
        *3 * [layer("Embedding", input_dim=9, output_dim=WIDTH, may=embedding)],
        layer("Embedding", input_dim=9, output_dim=WIDTH, mask_zero=YES),
        layer(
            "CategoryEncoding",
            num_tokens=9,
            dtype="float32",  # Keras gives that whatever the policy
            may={"output_mode": among("multi_hot", "one_hot", "count")},
        ),
        # Keras can't train with one on JAX.
        *(
            [layer("IntegerLookup", vocabulary=[1, 2, 4], may={"num_oov_indices": among(1, 2), "mask_token": 0})]
            if rate
            else []
        ),
        layer("Rescaling", scale=0.5),
        op("one_hot", num_classes=9),
        op("cast", dtype="float32"),
        op("add", x2=among(1, 0.5)),
    ]


def merges():
    """Layers and ops for two inputs, as one list or by place."""
    return {
        "list": [
            *[layer(name) for name in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")],
            *3 * [layer("Concatenate", may={"axis": among(-1, 1)})],
            layer("Dot", axes=among(1, 2, -1, (1, 2), (2, 1)), may={"normalize": EITHER}),
            op("concatenate", axis=among(-1, 1)),
            op("stack", axis=among(1, -1)),
        ],
        "places": [
            *[op(name) for name in ("add", "subtract", "multiply", "maximum", "minimum", "matmul")],
        ],
    }


def attention():
    """Layers for two sequences, query and value, as a list."""
    may = {"use_scale": EITHER, "dropout": 0.0}
    return st.one_of(layer("Attention", may=may | {"score_mode": among("dot", "concat")}), layer("AdditiveAttention", may=may))


def self_attention():
    """Layers for a sequence that is query and value."""
    heads = {"value_dim": WIDTH, "use_bias": EITHER, "output_shape": WIDTH, "kernel_regularizer": REGULARIZER}
    return st.one_of(
        layer("MultiHeadAttention", num_heads=among(1, 2), key_dim=WIDTH, may=heads),
        layer(
            "GroupQueryAttention", head_dim=WIDTH, num_query_heads=2, num_key_value_heads=among(1, 2), may={"use_bias": EITHER}
        ),
    )


def optimizers():
    """Optimizers whose steps follow smoothly from the gradients: not Lion, which takes signs of what may be rounding.

    Not `use_ema` either, whose averages and weights share memory in Keras on JAX, so that an evaluation deletes both.
    `epsilon` is large where a gradient that is nothing but rounding would be divided by its own size.
    """
    steady = {"learning_rate": 0.01, "epsilon": 0.1}
    common = {
        "clipnorm": 0.5,
        "weight_decay": 0.01,
        "gradient_accumulation_steps": 2,
    }
    rate = part("optimizers.schedules.ExponentialDecay", initial_learning_rate=0.05, decay_steps=1, decay_rate=0.5)
    return st.one_of(
        st.just("sgd"),
        part(
            "optimizers.SGD", learning_rate=st.one_of(st.just(0.05), rate), may=common | {"momentum": 0.9, "nesterov": EITHER}
        ),
        part("optimizers.SGD", learning_rate=0.05, may={"global_clipnorm": 0.5, "loss_scale_factor": 8.0}),
        part("optimizers.SGD", learning_rate=0.05, may={"clipvalue": 0.1}),
        part("optimizers.Adam", may=common | {"amsgrad": EITHER}, **steady),
        part("optimizers.AdamW", may={"weight_decay": 0.1}, **steady),
        part("optimizers.RMSprop", may=common | {"centered": EITHER, "momentum": 0.5}, **steady),
        *[part(f"optimizers.{name}", may=common, **steady) for name in ("Adamax", "Nadam", "Adagrad", "Adadelta")],
        part("optimizers.Ftrl", learning_rate=0.01, may=common),
        part("optimizers.Lamb", **steady),
        part("optimizers.Adafactor", learning_rate=0.01, epsilon_1=0.01),
    )


def losses():
    """Losses for any output of floats."""
    reduction = {"reduction": among("sum", "mean", "sum_over_batch_size")}
    return st.one_of(
        among(
            "mse", "mae", "mean_squared_error", "huber", "log_cosh", "poisson", "kl_divergence", "hinge", "cosine_similarity"
        ),
        part("losses.MeanSquaredError", may=reduction),
        part("losses.Huber", may=reduction | {"delta": 0.5}),
        part("losses.BinaryCrossentropy", from_logits=YES, may=reduction | {"label_smoothing": 0.1}),
        part("losses.CategoricalCrossentropy", from_logits=YES, may=reduction | {"label_smoothing": 0.1}),
        part("losses.SparseCategoricalCrossentropy", from_logits=YES, may=reduction),
        part("losses.BinaryFocalCrossentropy", from_logits=YES),
    )


def metrics():
    """Metrics for any output of floats. Not RootMeanSquaredError, which in Keras has no masks."""
    return st.one_of(
        among("mae", "mse", "MeanSquaredError", "cosine_similarity", "acc", "accuracy", "binary_accuracy"),
        part("metrics.BinaryAccuracy", threshold=0.3),
        part("metrics.LogCoshError"),
        part("metrics.MeanAbsoluteError", may={"name": "far"}),
    )
