"""Layers to try: each with arguments and input shapes. The laws in `test_laws.py` run over all of them."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Case:
    """A layer, its arguments, and the shape of its input (a list for several inputs)."""

    cls: str
    args: dict
    shape: object
    free: tuple = ()  # axes, besides the batch's, that may be unknown in a symbolic call
    integers: int = 0  # the inputs are integers below this
    training: bool = False
    mask: object = None  # a mask for the call

    @property
    def name(self):
        args = ",".join(f"{k}={v}" for k, v in self.args.items() if not isinstance(v, (list, dict)) or len(str(v)) < 30)
        return (
            f"{self.cls}({args}){self.shape}"
            + ("-training" if self.training else "")
            + ("-masked" if self.mask is not None else "")
        )

    @property
    def shapes(self):
        return self.shape if isinstance(self.shape, list) else [self.shape]

    def inputs(self):
        """The inputs, the same each time."""
        rng = np.random.default_rng(7)
        if self.integers:
            arrays = [rng.integers(0, self.integers, s).astype("int32") for s in self.shapes]
        else:
            arrays = [rng.standard_normal(s).astype("float32") for s in self.shapes]
        return arrays if isinstance(self.shape, list) else arrays[0]


def case(cls, shape, free=(), integers=0, training=False, mask=None, **args):
    return Case(cls, args, shape, free, integers, training, mask)


FIRST = {"data_format": "channels_first"}
S, I, V = (2, 7, 3), (2, 7, 6, 3), (2, 5, 4, 6, 2)  # a sequence, an image, a volume
S1, I1 = (2, 3, 7), (2, 3, 7, 6)  # with channels first
MASK = np.array([[1, 1, 0, 1, 1, 0, 0], [1, 0, 0, 0, 0, 0, 0]], bool)

DENSE = [
    case("Dense", (2, 3), units=4),
    case("Dense", (2, 5, 3), free=(1,), units=4, activation="relu", use_bias=False),
    case("Dense", (2, 3), units=4, kernel_regularizer="l2", bias_constraint="non_neg", activity_regularizer="l1"),
    case("EinsumDense", (2, 5, 3), free=(1,), equation="abc,cd->abd", output_shape=(None, 4), bias_axes="d", activation="tanh"),
    case("EinsumDense", (2, 5, 3), equation="abc,cde->abde", output_shape=(5, 4, 2), bias_axes="de"),
    case("EinsumDense", (2, 5, 3), free=(1,), equation="...x,xy->...y", output_shape=4, bias_axes="y"),
    case("EinsumDense", (2, 5, 3), equation="ab...,bc->ac...", output_shape=(4, None), bias_axes="c"),
    case("EinsumDense", (2, 5, 3), equation="abc,bcd->ad", output_shape=4),
    case("Embedding", (2, 5), free=(1,), integers=6, input_dim=6, output_dim=3),
    case("Embedding", (2, 5), integers=6, input_dim=6, output_dim=3, mask_zero=True, embeddings_regularizer="l2"),
    case("ReversibleEmbedding", (2, 5), integers=6, input_dim=6, output_dim=3),
    case("ReversibleEmbedding", (2, 5), integers=6, input_dim=6, output_dim=3, tie_weights=False, logit_soft_cap=2.0),
]
CONV = [
    case("Conv1D", S, free=(1,), filters=4, kernel_size=3),
    case("Conv1D", S, filters=4, kernel_size=3, padding="causal", dilation_rate=2, activation="relu"),
    case("Conv1D", S1, filters=4, kernel_size=2, padding="same", strides=2, **FIRST),
    case("Conv1D", S1, filters=4, kernel_size=2, padding="causal", strides=2, use_bias=False, **FIRST),
    case("Conv1D", (2, 7, 4), filters=4, kernel_size=3, groups=2),
    case("Conv2D", I, free=(1, 2), filters=4, kernel_size=(3, 2)),
    case("Conv2D", I, free=(1, 2), filters=4, kernel_size=3, strides=(2, 1), padding="same"),
    case("Conv2D", I, filters=4, kernel_size=2, dilation_rate=(2, 3), bias_initializer="ones"),
    case("Conv2D", I1, filters=6, kernel_size=3, groups=3, activation="softmax", **FIRST),
    case("Conv3D", V, free=(1, 2, 3), filters=3, kernel_size=2),
    case("Conv3D", V, filters=4, kernel_size=(1, 2, 3), strides=(1, 2, 1), padding="same", groups=2),
    case("Conv1DTranspose", S, free=(1,), filters=4, kernel_size=3),
    case("Conv1DTranspose", S, filters=4, kernel_size=3, strides=2, padding="same"),
    case("Conv1DTranspose", S, filters=4, kernel_size=2, strides=3, output_padding=1),
    case("Conv1DTranspose", S, filters=4, kernel_size=4, strides=3, padding="same", output_padding=2),
    case("Conv1DTranspose", S1, filters=4, kernel_size=3, dilation_rate=2, padding="same", **FIRST),
    case("Conv2DTranspose", I, free=(1, 2), filters=4, kernel_size=(3, 2), strides=(2, 1)),
    case("Conv2DTranspose", I, filters=4, kernel_size=3, strides=2, padding="same", output_padding=1, activation="relu"),
    case("Conv2DTranspose", I1, filters=2, kernel_size=2, dilation_rate=2, use_bias=False, **FIRST),
    case("Conv3DTranspose", V, filters=3, kernel_size=2, strides=2, padding="same"),
    case("DepthwiseConv1D", S, free=(1,), kernel_size=3),
    case("DepthwiseConv1D", S1, kernel_size=3, depth_multiplier=2, strides=2, padding="same", **FIRST),
    case("DepthwiseConv2D", I, free=(1, 2), kernel_size=3, depth_multiplier=2, activation="relu"),
    case("DepthwiseConv2D", I, kernel_size=2, dilation_rate=2, padding="same", use_bias=False),
    case("DepthwiseConv2D", I1, kernel_size=(2, 3), strides=2, **FIRST),
    case("SeparableConv1D", S, free=(1,), filters=4, kernel_size=3, depth_multiplier=2),
    case("SeparableConv1D", S1, filters=4, kernel_size=3, strides=2, padding="same", **FIRST),
    case("SeparableConv2D", I, free=(1, 2), filters=4, kernel_size=3, activation="relu", pointwise_regularizer="l1"),
    case("SeparableConv2D", I1, filters=4, kernel_size=2, dilation_rate=2, padding="same", **FIRST),
]
POOLING = [
    *[
        c
        for kind in ("Max", "Average")
        for c in (
            case(f"{kind}Pooling1D", S, free=(1,), pool_size=2),
            case(f"{kind}Pooling1D", S1, pool_size=3, strides=2, padding="same", **FIRST),
            case(f"{kind}Pooling2D", I, free=(1, 2), pool_size=(2, 3)),
            case(f"{kind}Pooling2D", I, pool_size=3, strides=2, padding="same"),
            case(f"{kind}Pooling2D", I1, pool_size=(3, 2), strides=1, **FIRST),
            case(f"{kind}Pooling3D", V, free=(1, 2, 3), pool_size=2, strides=(1, 2, 1)),
            case(f"Global{kind}Pooling1D", S, free=(1,)),
            case(f"Global{kind}Pooling1D", S1, keepdims=True, **FIRST),
            case(f"Global{kind}Pooling2D", I, free=(1, 2), keepdims=True),
            case(f"Global{kind}Pooling2D", I1, **FIRST),
            case(f"Global{kind}Pooling3D", V),
        )
    ],
    case("MinPooling1D", S, free=(1,), pool_size=2),
    case("MinPooling2D", I1, pool_size=3, strides=2, padding="same", **FIRST),
    case("MinPooling3D", V, pool_size=2),
    case("GlobalMinPooling1D", S),
    case("GlobalMinPooling2D", I1, keepdims=True, **FIRST),
    case("GlobalMinPooling3D", V),
    case("GlobalAveragePooling1D", S, mask=MASK),
    case("GlobalAveragePooling1D", S1, mask=MASK, keepdims=True, **FIRST),
    *[
        c
        for kind in ("Max", "Average")
        for c in (
            case(f"Adaptive{kind}Pooling1D", S, output_size=3),
            case(f"Adaptive{kind}Pooling1D", S1, output_size=4, **FIRST),
            case(f"Adaptive{kind}Pooling2D", I, output_size=(3, 2)),
            case(f"Adaptive{kind}Pooling2D", I1, output_size=4, **FIRST),
            case(f"Adaptive{kind}Pooling3D", V, output_size=(2, 1, 3)),
        )
    ],
]
RENORM = {"rmin": 0.5, "rmax": 1.5, "dmax": 0.3}
NORMALIZATION = [
    case("BatchNormalization", (6, 3)),
    case("BatchNormalization", (6, 3), training=True),
    case("BatchNormalization", I, free=(1, 2), training=True, momentum=0.9, epsilon=1e-2, scale=False),
    case("BatchNormalization", I1, training=True, axis=1, center=False),
    case("BatchNormalization", S, training=True, mask=MASK),
    case("BatchNormalization", (6, 3), training=True, renorm=True, moving_variance_initializer="ones"),
    case("BatchNormalization", (6, 3), training=True, renorm=True, renorm_clipping=RENORM, renorm_momentum=0.8, scale=False),
    case("BatchNormalization", (6, 3), training=True, trainable=False),
    case("LayerNormalization", (2, 5)),
    case("LayerNormalization", S, free=(1,), epsilon=1e-2, center=False),
    case("LayerNormalization", S, axis=[1, 2], gamma_regularizer="l2"),
    case("LayerNormalization", S, axis=1, scale=False),
    case("LayerNormalization", S, axis=(2, 1)),
    case("GroupNormalization", (2, 5, 4), free=(1,), groups=2),
    case("GroupNormalization", (2, 5, 4, 6), groups=-1, center=False),
    case("GroupNormalization", (2, 6, 5, 4), groups=3, axis=1),
    case("RMSNormalization", S, free=(1,)),
    case("RMSNormalization", S, axis=[1, 2], epsilon=1e-2),
    case("UnitNormalization", S, free=(1,)),
    case("UnitNormalization", S, axis=[1, 2]),
]
REGULARIZATION = [
    case("Dropout", S, free=(1,), rate=0.5),
    case("Dropout", S, rate=0.5, seed=3, noise_shape=(None, 1, None)),
    case("Dropout", S, rate=0.0, training=True),
    case("Dropout", S, rate=1.0, training=True),
    case("SpatialDropout1D", S, rate=0.5),
    case("SpatialDropout2D", I, rate=0.5, seed=1),
    case("SpatialDropout3D", V, rate=0.5, data_format="channels_first"),
    case("AlphaDropout", S, rate=0.2),
    case("GaussianDropout", S, rate=0.2, seed=5),
    case("GaussianNoise", S, stddev=0.2),
    case("ActivityRegularization", (2, 3), l1=0.1, l2=0.2),
]
ACTIVATION = [
    case("ReLU", (3, 5)),
    case("ReLU", (3, 5), max_value=1.0, negative_slope=0.2, threshold=0.1),
    case("ReLU", (3, 5), max_value=6.0),
    case("LeakyReLU", (3, 5)),
    case("LeakyReLU", (3, 5), negative_slope=0.1),
    case("PReLU", (3, 5), alpha_initializer="ones"),
    case("PReLU", I, shared_axes=[1, 2], alpha_regularizer="l2"),
    case("ELU", (3, 5), alpha=0.5),
    case("Softmax", (3, 5)),
    case("Softmax", I, axis=(1, 2)),
    case("Softmax", (2, 7), mask=MASK),
    case("Activation", (3, 5), activation="tanh"),
]
TWO = [(2, 5, 3), (2, 5, 3)]
MERGING = [
    case("Add", TWO, free=(1,)),
    case("Add", [(2, 3), (2, 4, 3), (2, 4, 1)]),
    case("Subtract", TWO),
    case("Multiply", [*TWO, (2, 5, 3)]),
    case("Average", [*TWO, (2, 5, 1)]),
    case("Maximum", TWO),
    case("Minimum", TWO),
    case("Concatenate", [(2, 5, 3), (2, 5, 2)], free=(1,)),
    case("Concatenate", [(2, 5, 3), (2, 4, 3)], axis=1),
    case("Dot", [(2, 3), (2, 3)], axes=1),
    case("Dot", [(2, 5, 3), (2, 4, 3)], axes=2),
    case("Dot", [(2, 5, 3), (2, 4, 5)], axes=(1, 2), normalize=True),
    case("Dot", [(2, 5, 3), (2, 4, 6, 3)], axes=-1),
    case("Dot", [(2, 5), (2, 5, 3)], axes=1),
]
RESHAPING = [
    case("Flatten", I, free=(1,)),
    case("Flatten", (2,)),
    case("Flatten", I1, **FIRST),
    case("Reshape", (2, 6), target_shape=(3, 2)),
    case("Reshape", (2, 3, 4), free=(1,), target_shape=(-1, 2)),
    case("Permute", I, free=(1, 2), dims=(3, 1, 2)),
    case("RepeatVector", (2, 3), n=4),
    case("Identity", S, free=(1,)),
    case("Masking", S, free=(1,), mask_value=0.5),
    case("Rescaling", I, free=(1, 2), scale=0.5, offset=0.1),
    case("Rescaling", I, scale=[0.5, 1.0, 2.0], offset=[0.1, 0.2, 0.3]),
    case("Rescaling", (2, 3), integers=256, scale=1 / 255),
    case("ZeroPadding1D", S, free=(1,), padding=2),
    case("ZeroPadding1D", S, padding=(0, 3)),
    case("ZeroPadding1D", S1, padding=(1, 0), **FIRST),
    case("ZeroPadding2D", I, free=(1, 2), padding=(1, 2)),
    case("ZeroPadding2D", I1, padding=((1, 0), (2, 3)), **FIRST),
    case("ZeroPadding3D", V, padding=1),
    case("ZeroPadding3D", V, padding=((0, 1), (1, 0), (2, 2)), **FIRST),
    case("Cropping1D", S, free=(1,), cropping=2),
    case("Cropping1D", S, cropping=(0, 3)),
    case("Cropping2D", I, free=(1, 2), cropping=((1, 0), (2, 1))),
    case("Cropping2D", I1, cropping=1, **FIRST),
    case("Cropping3D", V, cropping=((1, 0), (1, 1), (0, 2))),
    case("Cropping3D", (2, 2, 5, 4, 6), cropping=1, **FIRST),
    case("UpSampling1D", S, free=(1,), size=3),
    case("UpSampling2D", I, free=(1, 2), size=(2, 3)),
    case("UpSampling2D", I1, size=2, interpolation="bilinear", **FIRST),
    case("UpSampling2D", I, free=(1, 2), size=(2, 1), interpolation="bicubic"),
    case("UpSampling2D", I, size=2, interpolation="lanczos3"),
    case("UpSampling2D", I, size=(1, 3), interpolation="lanczos5"),
    case("UpSampling3D", V, free=(1, 2, 3), size=(1, 2, 3)),
    case("UpSampling3D", V, size=2, **FIRST),
]
CASES = [*DENSE, *CONV, *POOLING, *NORMALIZATION, *REGULARIZATION, *ACTIVATION, *MERGING, *RESHAPING]
