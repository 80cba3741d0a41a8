"""A call of every op, for the laws of `tests/engines/test_agreement.py`."""

import numpy as np
from tests.ops import algebra_calls, image_calls, numpy_calls
from tests.ops.cases import between, call, floats, integers

X, Z, ROW = between(0.1, 0.9, 3, 4), floats(3, 4), floats(1, 4) + 3
S, I, V = floats(2, 7, 3), floats(2, 6, 5, 2), floats(2, 5, 4, 4, 2)  # a sequence, an image, a volume
BITS, FEW = integers(8, 3, 4), integers(3, 1, 4)
MASK = Z > 0.2
SQUARE = floats(3, 4, 4)
PROBABILITIES = np.exp(Z) / np.exp(Z).sum(-1, keepdims=True)
ONE_HOT = np.eye(4, dtype="float32")[[0, 3, 1]]
QUERY, KEY = floats(2, 3, 2, 4), floats(2, 5, 2, 4)
SEEN = np.random.default_rng(1).random((2, 1, 3, 5)) > 0.4

# Elementwise: of floats that the function is defined for.
ANYWHERE = """abs absolute arcsinh arctan cbrt ceil celu conj conjugate copy cos cosh deg2rad elu erf exp exp2 expm1 floor gelu
    hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh isfinite isinf isnan leaky_relu log_sigmoid log_softmax logical_not
    logsumexp mish nan_to_num negative nonzero ones_like rad2deg ravel relu relu6 round selu sigmoid sign silu sin sinc sinh
    soft_shrink softmax softplus softsign sparse_plus sparse_sigmoid sparsemax square squareplus swish tan tanh
    tanh_shrink transpose trunc zeros_like empty_like""".split()
INSIDE = "arccos arcsin arctanh erfinv log log10 log1p log2 reciprocal rsqrt sqrt".split()
BINARY = """add subtract multiply divide true_divide floor_divide mod power maximum minimum equal not_equal less less_equal
    greater greater_equal logical_and logical_or logical_xor arctan2 hypot logaddexp isclose""".split()
REDUCTIONS = "sum prod mean var std max min amax amin any all median logsumexp count_nonzero argmax argmin norm".split()

ELEMENTWISE = [
    *[call(name, Z) for name in ANYWHERE],
    *[call(name, X) for name in INSIDE],
    call("arccosh", X + 1),
    *[call(name, X, ROW) for name in BINARY],
    *[call(name, BITS, FEW) for name in ("bitwise_and", "bitwise_or", "bitwise_xor", "left_shift", "right_shift")],
    call("stop_gradient", Z, smooth=False),
    call("gelu", Z, approximate=False),
    call("celu", Z, alpha=0.5),
    call("elu", Z, alpha=0.5),
    call("leaky_relu", Z, negative_slope=0.1),
    call("hard_shrink", Z, threshold=0.3),
    call("soft_shrink", Z, threshold=0.3),
    call("squareplus", Z, b=1.0),
    call("threshold", Z, 0.1, 0.5),
    call("glu", Z),
    call("softmax", Z, axis=0),
    call("softmax", SQUARE, axis=(1, 2)),
    call("log_softmax", Z, axis=0),
    call("round", Z, decimals=1),
    call("clip", Z, -0.5, 0.5),
    call("cast", Z, "int32"),
    call("cast", BITS, "float32"),
    call("saturate_cast", 200 * Z, "int8"),
    call("where", MASK, X, Z, free=(0, 1, 2)),
    call("where", MASK, X, 0.0, free=(0, 1)),
    call("full_like", Z, 2.5),
    call("ones_like", Z, dtype="int32"),
    call("isclose", Z, Z[:1] + 1e-9),
]
REDUCING = [
    *[call(name, Z) for name in REDUCTIONS],
    *[call(name, Z, axis=1) for name in REDUCTIONS],
    *[call(name, Z, axis=0, keepdims=True) for name in REDUCTIONS if name != "count_nonzero"],
    *[call(name, SQUARE, axis=(0, -1)) for name in "sum prod mean var std max min any all logsumexp count_nonzero".split()],
    call("max", Z, axis=0, initial=0.5),
    call("norm", Z, ord=1, axis=1),
    call("norm", Z, ord=3, axis=1),
    call("norm", Z, ord=np.inf, axis=1, keepdims=True),
    call("average", Z, axis=0),
    call("average", Z, axis=1, weights=X[0]),
    call("moments", Z, [0]),
    call("moments", SQUARE, [0, 2], keepdims=True),
    call("cumsum", Z, axis=1),
    call("cumsum", Z),
    call("cumprod", X, axis=0),
    call("trace", SQUARE, axis1=1, axis2=2),
    call("bincount", BITS, minlength=9),
    call("normalize", Z),
    call("normalize", Z, axis=0, order=1),
    call("in_top_k", integers(4, 3), Z, 2, free=(0, 1)),
]
SHAPING = [
    call("reshape", Z, (-1, 2)),
    call("reshape", Z, (-1, 4, 1)),
    call("transpose", SQUARE, (2, 0, 1)),
    call("swapaxes", SQUARE, 0, 2),
    call("moveaxis", SQUARE, 0, -1),
    call("expand_dims", Z, 1),
    call("expand_dims", Z, (0, 3)),
    call("squeeze", Z[:, :1, None]),
    call("squeeze", Z[:, :1], axis=1),
    call("broadcast_to", Z[0], (3, 4), free=()),
    call("concatenate", [Z, X], axis=0),
    call("concatenate", [Z, X], axis=1, free=(0, 1)),
    call("stack", [Z, X], axis=1, free=(0, 1)),
    call("hstack", [Z, X], free=(0, 1)),
    call("vstack", [Z, X]),
    call("split", Z, 2, axis=1),
    call("split", Z, [1, 3], axis=1),
    call("unstack", Z, axis=1),
    call("tile", Z, (2, 3)),
    call("tile", Z, 2),
    call("repeat", Z, 2, axis=1),
    call("repeat", Z, 2, axis=0),
    call("repeat", Z, 2),
    call("repeat", Z, [1, 0, 2], axis=0, free=(1,)),
    call("flip", Z),
    call("flip", Z, axis=1),
    call("roll", Z, 1, axis=1),
    call("roll", Z, 2),
    call("pad", Z, ((1, 0), (0, 2))),
    call("pad", Z, 1, constant_values=2.0),
    call("pad", SQUARE, ((0, 0), (1, 1), (2, 0)), mode="reflect"),
    call("pad", SQUARE, ((0, 0), (1, 1), (2, 0)), mode="symmetric"),
    call("tril", Z),
    call("triu", Z, k=1),
    call("diagonal", SQUARE, offset=1, axis1=1, axis2=2),
    call("meshgrid", Z[0], X[0]),
    call("meshgrid", Z[0], X[0], indexing="ij"),
]
INDEXING = [
    call("sort", Z, axis=1),
    call("argsort", Z, axis=1),
    call("sort", Z, axis=0),
    call("sort", Z, axis=None),
    call("argsort", Z, axis=None),
    call("top_k", Z, 2),
    call("take", Z, integers(4, 3, 2), axis=1),
    call("take", Z, [-1, 0], axis=1),
    call("take", Z, integers(12, 5)),
    call("take_along_axis", Z, integers(4, 3, 2), axis=1, free=(0, 1)),
    call("get_item", Z, (slice(None), slice(1, None, 2))),
    call("get_item", Z, (slice(None), -1)),
    call("get_item", Z, (Ellipsis, None, slice(None, None, -1))),
    call("slice", SQUARE, (0, 1, 0), (2, 2, 3)),
    call("slice_update", Z, (1, 1), X[:2, :2]),
    call("searchsorted", np.sort(Z[0]), X[:, 0], free=(1,)),
    call("searchsorted", np.sort(Z[0]), X[:, 0], side="right", free=(1,)),
    call("digitize", Z, np.array([-1.0, 0.0, 1.0], "float32")),
    call("one_hot", integers(5, 3, 2), 5),
    call("one_hot", integers(5, 3, 2), 5, axis=1, dtype="int32"),
    call("multi_hot", integers(5, 3, 2), 5),
    call("nonzero", MASK),
    call("where", MASK),
]
PRODUCTS = [
    call("matmul", Z, floats(4, 5)),
    call("matmul", SQUARE, floats(3, 4, 2), free=(0, 1)),
    call("matmul", SQUARE, floats(4)),
    call("dot", Z, floats(4, 5)),
    call("dot", Z, floats(4)),
    call("tensordot", SQUARE, floats(4, 4, 2), axes=2),
    call("tensordot", SQUARE, floats(5, 4), axes=[[1], [1]]),
    call("einsum", "bij,jk->bik", SQUARE, floats(4, 2)),
    call("einsum", "...i,...i->...", SQUARE, floats(1, 4, 4)),
    call("outer", Z[0], floats(3)),
]
NETWORK = [
    *[call(f"{kind}_pool", x, 2) for kind in ("max", "min", "average") for x in (S, I, V)],
    *[call(f"{kind}_pool", I, 3, 2, padding="same") for kind in ("max", "min", "average")],
    *[call(f"{kind}_pool", I, (2, 1), data_format="channels_first") for kind in ("max", "min", "average")],
    *[call(f"adaptive_{kind}_pool", I, (3, 2)) for kind in ("max", "average")],
    call("conv", S, floats(3, 3, 4), padding="same", dilation_rate=2),
    call("conv", I, floats(2, 2, 2, 4), 2),
    call("conv", V, floats(2, 2, 2, 1, 4)),
    call("conv", I, floats(2, 2, 6, 3), data_format="channels_first"),
    call("depthwise_conv", I, floats(2, 3, 2, 2), padding="same"),
    call("separable_conv", I, floats(2, 2, 2, 2), floats(1, 1, 4, 3)),
    call("conv_transpose", S, floats(3, 4, 3), 2, padding="same"),
    call("conv_transpose", I, floats(2, 2, 3, 2), 2, output_padding=1),
    call("batch_normalization", Z, floats(4), X[0], -1, offset=floats(4), scale=floats(4)),
    call("layer_normalization", Z, floats(4), floats(4)),
    call("layer_normalization", SQUARE, axis=(1, 2), epsilon=1e-2),
    call("rms_normalization", Z, floats(4)),
    call("dot_product_attention", QUERY, KEY, KEY + 1, free=(0, 1, 2)),
    call("dot_product_attention", QUERY, KEY, KEY + 1, None, SEEN, free=(0, 1, 2, 3), is_causal=True),
    call("dot_product_attention", QUERY, KEY, KEY + 1, floats(2, 2, 3, 5), scale=0.3, free=(0, 1, 2, 3)),
    call("binary_crossentropy", MASK.astype("float32"), X, free=(0, 1)),
    call("binary_crossentropy", MASK.astype("float32"), Z, from_logits=True, free=(0, 1)),
    call("categorical_crossentropy", ONE_HOT, PROBABILITIES, free=(0, 1)),
    call("categorical_crossentropy", ONE_HOT, Z, from_logits=True, free=(0, 1)),
    call("sparse_categorical_crossentropy", integers(4, 3), PROBABILITIES, free=(0, 1)),
    call("sparse_categorical_crossentropy", integers(4, 3), Z, from_logits=True, free=(0, 1)),
    call("ctc_loss", integers(3, 2, 3) + 1, floats(2, 9, 5), np.array([3, 2]), np.array([9, 8]), free=(0, 1, 2, 3)),
    *[
        call("image.resize", I, (4, 7), interpolation=kind, antialias=kind == "bilinear")
        for kind in ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")
    ],
]
FUNCTIONAL = [
    call("scan", lambda total, x: (total + x, total * x), np.ones(4, "float32"), Z, free=(1,)),
    call("scan", lambda total, x: (total + x, total * x), np.ones(4, "float32"), Z, free=(1,), reverse=True),
    call("associative_scan", lambda a, b: a + b, Z, free=()),  # its tree needs the length
    call("vectorized_map", lambda x: x * x[0], Z),
    call("map", lambda x: x * x[0], Z),
    call("fori_loop", 0, 3, lambda i, x: x * 1.5, Z),
    call("while_loop", lambda i, x: i < 3, lambda i, x: (i + 1, x * 1.5), (0, Z), smooth=False),  # JAX has no gradient
    call("switch", 1, [lambda x: x, lambda x: x * x], Z),
    call("cond", np.array(True), lambda: 1.0, lambda: 2.0, free=()),
]
MAKING = [
    call("arange", 5),
    call("arange", 1.0, 4.0, 0.5),
    call("linspace", 0.0, 1.0, 5),
    call("eye", 3, 4, 1),
    call("identity", 3),
    call("tri", 3, 4, 1),
    *[call(name, (2, 3)) for name in ("zeros", "ones", "empty")],
    call("zeros", 3, dtype="bool"),
    call("full", (2, 3), 2.5),
    call("full", (2, 3), 2, dtype="int8"),
    call("array", [1.0, 2.0]),
    call("array", Z),
    call("convert_to_tensor", [1, 2]),
    call("convert_to_tensor", Z, dtype="float16", smooth=False),
]
CALLS = [
    *ELEMENTWISE, *REDUCING, *SHAPING, *INDEXING, *PRODUCTS, *NETWORK, *FUNCTIONAL, *MAKING,
    *numpy_calls.CALLS, *algebra_calls.CALLS, *image_calls.CALLS,
]  # fmt: skip
