"""What old programs say, and what it is called now. Data only, but for the functions that turn an old value into a new one."""

from typing import Any

_WEIGHTS: dict[str, str | None] = {
    "init": "kernel_initializer",
    "W_regularizer": "kernel_regularizer",
    "b_regularizer": "bias_regularizer",
    "U_regularizer": "recurrent_regularizer",
    "W_constraint": "kernel_constraint",
    "b_constraint": "bias_constraint",
    "bias": "use_bias",
}
_CONVOLUTION: dict[str, str | None] = {
    "nb_filter": "filters",
    "border_mode": "padding",
    "subsample": "strides",
    "filter_length": "kernel_size",
    "subsample_length": "strides",
    "atrous_rate": "dilation_rate",
    "dim_ordering": "data_format",
}
_RECURRENT: dict[str, str | None] = {
    "output_dim": "units",
    "inner_init": "recurrent_initializer",
    "inner_activation": "recurrent_activation",
    "dropout_W": "dropout",
    "dropout_U": "recurrent_dropout",
    "forget_bias_init": "unit_forget_bias",
    "consume_less": None,  # how a recurrent layer's products are put together: the engine chooses
    "implementation": None,
}
_POOLING: dict[str, str | None] = {
    "pool_length": "pool_size",
    "stride": "strides",
    "border_mode": "padding",
    "dim_ordering": "data_format",
}
_RATE: dict[str, str | None] = {"p": "rate"}

# Arguments: namespace -> class name -> {old: new}, None for those that mean nothing today; "*" is for every class.
ARGUMENTS: dict[str | None, dict[str, dict[str, str | None]]] = {
    "optimizers": {
        "*": {
            "lr": "learning_rate",
            "epsilon_": "epsilon",
            "jit_compile": None,  # how updates are computed: with the step that they are part of
            "is_legacy_optimizer": None,
        }
    },
    "layers": {
        "*": _WEIGHTS | _CONVOLUTION | {"inner_init": "recurrent_initializer", "inner_activation": "recurrent_activation"},
        "Layer": {"input_dtype": "dtype"},
        "Dense": {"output_dim": "units"},
        "MaxoutDense": {"output_dim": "units", "nb_feature": "pieces"},
        "RNN": _RECURRENT,
        "LSTM": _RECURRENT,
        "GRU": _RECURRENT,
        "SimpleRNN": _RECURRENT,
        "LSTMCell": _RECURRENT,
        "GRUCell": _RECURRENT,
        "SimpleRNNCell": _RECURRENT,
        "ConvLSTM2D": _RECURRENT,
        "Pooling": _POOLING,
        "UpSampling1D": {"length": "size"},
        "Dropout": _RATE,
        "SpatialDropout1D": _RATE,
        "SpatialDropout2D": _RATE,
        "SpatialDropout3D": _RATE,
        "GaussianDropout": _RATE,
        "AlphaDropout": _RATE,
        "GaussianNoise": {"sigma": "stddev"},
        "LeakyReLU": {"alpha": "negative_slope"},
        "PReLU": {"init": "alpha_initializer"},
        "Embedding": {
            "init": "embeddings_initializer",
            "W_regularizer": "embeddings_regularizer",
            "W_constraint": "embeddings_constraint",
            "sparse": None,  # how gradients are kept
        },
        "BatchNormalization": {
            "beta_init": "beta_initializer",
            "gamma_init": "gamma_initializer",
            "renorm": None,  # False, the default of tf.keras
            "fused": None,  # how it is computed
            "virtual_batch_size": None,
        },
        "Concatenate": {"concat_axis": "axis"},
        "InputLayer": {"batch_input_shape": "batch_shape", "input_dtype": "dtype", "input_shape": "shape"},
        "Softmax": {"dim": "axis", "robust_masking": None},  # which small number stands for what is masked
        "MultiHeadAttention": {"softmax_robust_masking": None},
        "RandomFlip": {},
    },
    "regularizers": {"L1": {"l": "l1"}, "L2": {"l": "l2"}},
    "constraints": {
        "MaxNorm": {"m": "max_value"},
        "MinMaxNorm": {"low": "min_value", "high": "max_value"},
    },
    "initializers": {},
    "callbacks": {
        "ReduceLROnPlateau": {"epsilon": "min_delta"},
        "ModelCheckpoint": {"period": "save_freq"},
        "TensorBoard": {"write_grads": None, "batch_size": None},
        "LambdaCallback": {},
    },
    "activations": {"relu": {"alpha": "negative_slope"}, "leaky_relu": {"alpha": "negative_slope"}},
    "datasets": {"load_data": {"nb_words": "num_words"}},
    "utils": {"to_categorical": {"y": "x", "nb_classes": "num_classes"}, "normalize": {"a": "x"}, "plot_model": {}},
    "preprocessing": {},
    "models": {"*": {"input": "inputs", "output": "outputs"}},
}

# Arguments of old programs that one argument of today takes together.
TOGETHER: dict[str, dict[tuple[str, ...], str]] = {
    "*": {("nb_row", "nb_col"): "kernel_size", ("kernel_dim1", "kernel_dim2", "kernel_dim3"): "kernel_size"},
}

_FORMATS = {"th": "channels_first", "tf": "channels_last", "default": None}
_INITIALIZERS = {"normal": "random_normal", "uniform": "random_uniform", "zero": "zeros", "one": "ones"}
_BIASES = {"one": True, "ones": True, "zero": False, "zeros": False}


def _forget_bias(value):
    """Whether the forget gate's bias begins with ones."""
    if isinstance(value, str) and value not in _BIASES:
        raise ValueError(f"forget_bias_init is 'one' or 'zero'; {value!r} came.")
    return _BIASES[value] if isinstance(value, str) else getattr(value, "__name__", value) not in ("zero", "zeros", False)


def _initializer(value):
    return _INITIALIZERS.get(value, value) if isinstance(value, str) else value


# Functions that turn an old value into the one of today, by the name that the argument has today.
VALUES = {
    "data_format": lambda value: _FORMATS.get(value, value),
    "unit_forget_bias": _forget_bias,
    "save_freq": lambda value: "epoch" if value == 1 else value,
} | {
    f"{part}_initializer": _initializer
    for part in ("kernel", "recurrent", "bias", "embeddings", "beta", "gamma", "alpha", "depthwise", "pointwise")
}

# Methods: old name -> the method that does it now, and the old names of its arguments.
METHODS: dict[str, tuple[str, dict[str, str | None]]] = {
    "fit_generator": (
        "fit",
        {"generator": "x", "nb_epoch": "epochs", "samples_per_epoch": None, "nb_val_samples": "validation_steps"},
    ),
    "fit_on_generator": ("fit", {"generator": "x"}),
    "evaluate_generator": ("evaluate", {"generator": "x"}),
    "predict_generator": ("predict", {"generator": "x"}),
}

# Arguments that say how batches were read; the loop decides that now.
DROPPED = ("workers", "use_multiprocessing", "max_queue_size", "max_q_size", "nb_worker", "pickle_safe")

# Classes: old name -> the present one, in the namespace of layers.
LAYERS = {
    "AtrousConv1D": "Conv1D",
    "AtrousConv2D": "Conv2D",
    "AtrousConvolution1D": "Conv1D",
    "AtrousConvolution2D": "Conv2D",
    "ConvLSTM2DCell": "conv_recurrent.ConvLSTMCell",
    "ConvRecurrent2D": "ConvLSTM2D",
    "CuDNNGRU": "GRU",
    "CuDNNLSTM": "LSTM",
    "Deconv2D": "Conv2DTranspose",
    "Deconv3D": "Conv3DTranspose",
    "Deconvolution2D": "Conv2DTranspose",
    "Deconvolution3D": "Conv3DTranspose",
    "SeparableConvolution1D": "SeparableConv1D",
    "SeparableConvolution2D": "SeparableConv2D",
    "SyncBatchNormalization": "BatchNormalization",
    "TimeDistributedDense": "Dense",
}

# What a class of an old name implies.
FIXED: dict[str, dict[str, Any]] = {
    "CuDNNGRU": {"reset_after": True},
    "ConvLSTM2DCell": {"rank": 2},
    "SyncBatchNormalization": {"synchronized": True},
}

# Modules: old path -> the namespaces of today in which its names are, all without the package's name.
MODULES: dict[str, str | tuple[str, ...]] = {
    **dict.fromkeys(
        """layers.core layers.convolutional layers.pooling layers.recurrent layers.normalization layers.embeddings layers.noise
        layers.merge layers.wrappers layers.advanced_activations layers.local layers.convolutional_recurrent
        layers.cudnn_recurrent layers.containers layers.serialization layers.rnn layers.core.dense legacy.layers
        layers.dense_attention layers.merging layers.activation layers.reshaping layers.regularization layers.attention
        layers.experimental layers.experimental.preprocessing""".split(),
        "layers",
    ),
    **dict.fromkeys(
        """engine engine.topology engine.base_layer engine.input_layer engine.input_spec engine.node engine.network
        engine.training engine.sequential engine.functional engine.keras_tensor engine.base_layer_utils""".split(),
        ("layers", "models", "engine", "utils"),
    ),
    **dict.fromkeys(
        ("engine.training_utils", "engine.data_adapter", "engine.training_arrays", "engine.training_generator"), "engine"
    ),
    **dict.fromkeys(("engine.saving", "saving.save", "saving.hdf5_format"), ("models", "saving", "engine")),
    **dict.fromkeys(
        """utils.np_utils utils.generic_utils utils.vis_utils utils.visualize_util utils.data_utils utils.io_utils
        utils.layer_utils utils.conv_utils utils.test_utils utils.multi_gpu_utils utils.tf_utils utils.losses_utils
        utils.metrics_utils utils.image_utils utils.all_utils""".split(),
        "utils",
    ),
    "": ("models", "layers", ""),
    "objectives": "losses",
    "initializations": ("initializations", "initializers"),
    "backend.tensorflow_backend": "backend",
    "backend.theano_backend": "backend",
    "backend.common": "backend",
    "backend.load_backend": "backend",
    "models": ("models", "layers"),
    "wrappers.scikit_learn": ("scikit_learn", "wrappers"),
    "preprocessing": "preprocessing",
    "optimizers.legacy": "legacy_optimizers",
    "optimizers.schedules": "optimizers.schedules",
    "callbacks.callbacks": "callbacks",
    "layers.preprocessing": "layers",
    "mixed_precision.experimental": "mixed_precision",
}

# Namespaces, and the modules with what kerata does not have today, or has otherwise.
OWN = {
    "": "kerata.compat.root",
    "activations": "kerata.compat.activations",
    "backend": "kerata.compat.backend",
    "callbacks": "kerata.compat.callbacks",
    "engine": "kerata.compat.engine",
    "initializations": "kerata.compat.initializations",
    "layers": "kerata.compat.layers",
    "legacy_optimizers": "kerata.compat.optimizers",
    "losses": "kerata.compat.losses",
    "metrics": "kerata.compat.metrics",
    "models": "kerata.compat.models",
    "optimizers": "kerata.compat.optimizers",
    "regularizers": "kerata.compat.regularizers",
    "scikit_learn": "kerata.compat.scikit_learn",
    "utils": "kerata.compat.utils",
}
