"""Calls of numpy-like ops beyond the most usual ones."""

import numpy as np
from tests.ops.cases import between, call, floats, integers

X, Z, ROW = between(0.1, 0.9, 3, 4), floats(3, 4), floats(1, 4) + 3
BITS, FEW = integers(30, 3, 4), integers(3, 1, 4) + 1
MASK = Z > 0.2
SQUARE = floats(3, 4, 4)
HOLES = np.where(np.random.default_rng(5).random((3, 4)) < 0.3, np.nan, floats(3, 4)).astype("float32")
HOLES[:, 0], HOLES[0] = (0.5, 0.6, 0.7), (0.3, 0.1, -0.4, 0.9)  # not all of a row or a column is NaN
ENDS = np.array([[1.0, -np.inf, np.inf], [np.nan, -0.0, 0.0]], "float32")
COMPLEX = (floats(3, 4) + 1j * floats(3, 4)).astype("complex64")
PAIRS = np.sort(floats(3, 6), axis=1)

ELEMENTWISE = [
    *[call(name, Z) for name in "angle fabs i0 imag isneginf isposinf isreal real signbit".split()],
    *[call(name, ENDS, smooth=False) for name in "isneginf isposinf signbit angle nan_to_num".split()],
    *[call(name, COMPLEX) for name in "angle imag isreal real conj absolute".split()],
    *[call(name, X, ROW) for name in "divide_no_nan fmax fmin heaviside logaddexp2 allclose fmod".split()],
    *[
        call(name, ENDS, ENDS[::-1].copy(), free=(0, 1), smooth=False)
        for name in ("fmax", "fmin", "divide_no_nan", "heaviside")
    ],
    call("nextafter", Z, ROW, smooth=False),
    call("nextafter", ENDS, np.float32([[2.0], [-1.0]]), smooth=False, free=(0, 1)),
    *[call(name, BITS - 15, FEW) for name in ("gcd", "lcm", "fmod", "heaviside")],
    *[call(name, BITS, FEW) for name in ("bitwise_left_shift", "bitwise_right_shift", "divide_no_nan")],
    *[call(name, x) for name in ("bitwise_invert", "bitwise_not") for x in (BITS, MASK)],
    call("ldexp", Z, FEW),
    call("clip", BITS, 0.5, 7.5),
    call("allclose", Z, Z[:1] + 1e-9),
]
REDUCING = [
    *[call(f"nan{name}", HOLES) for name in "sum prod max min mean var std median argmax argmin cumsum cumprod".split()],
    *[call(f"nan{name}", HOLES, axis=1) for name in "sum prod max min mean var std median argmax argmin cumsum".split()],
    *[call(f"nan{name}", HOLES, axis=0, keepdims=True) for name in "sum max mean var median argmin".split()],
    *[call(f"nan{name}", BITS) for name in "sum prod max mean std median argmax cumprod".split()],
    call("nanmax", np.full((2, 3), np.nan, "float32"), axis=1, smooth=False),
    call("nanargmax", np.full((2, 3), np.nan, "float32"), axis=1, smooth=False),
    call("nanmean", SQUARE, axis=(0, 2)),
    call("nanmedian", SQUARE, axis=(0, 2)),
    *[call("ptp", Z, axis=axis, keepdims=axis == 0) for axis in (None, 0, 1)],
    call("amax", SQUARE, axis=(1, 2)),
    call("prod", BITS, dtype="float32"),
    *[call("quantile", Z, 0.3, axis=1, method=m) for m in ("linear", "lower", "higher", "midpoint", "nearest")],
    call("quantile", Z, [0.1, 0.5, 0.8]),
    call("quantile", SQUARE, [0.1, 0.8], axis=(0, 2), keepdims=True),
    call("quantile", Z, 0.6, axis=0),
    call("quantile", np.where(Z > 1, np.nan, Z), 0.6, axis=1, smooth=False),
    call("percentile", Z, [[10.0, 50.0]], axis=1),
    call("percentile", BITS, 30, axis=0),
    call("nanquantile", HOLES, [0.2, 0.9], axis=1),
    call("nanpercentile", HOLES, 40, axis=0, keepdims=True),
    call("histogram", Z[0], bins=4, free=()),
    call("histogram", Z[0], bins=3, range=(-0.5, 0.5), free=()),
    call("corrcoef", Z),
    call("trapezoid", Z, axis=0),
    call("trapezoid", Z, X[0]),
    call("trapezoid", Z, X, axis=1, free=(0, 1)),
    call("trapezoid", Z, dx=0.5),
    *[call("diff", Z, n=n, axis=axis) for n, axis in ((1, 1), (2, 0), (0, 1), (1, -1))],
    call("diff", MASK, axis=1),
]
SHAPING = [
    call("append", Z, X, free=()),
    call("append", Z, X, axis=0),
    call("append", BITS, X, axis=1, free=(0, 1)),
    *[call(name, x, k=k) for k in (0, 2, -1) for name, x in (("diag", Z[0]), ("diagflat", Z[:, :2]))],
    *[call("diag", SQUARE[0], k=k, free=()) for k in (0, 2, -1)],
    call("diag", MASK[0], k=1),
    *[call("array_split", Z, 3, axis=1), call("array_split", Z, [1, 2], axis=1), call("array_split", Z, 2, free=())],
    call("hsplit", Z, 2),
    call("hsplit", Z[0], 2, free=()),
    call("vsplit", Z, 3, free=()),
    call("dsplit", SQUARE, 2),
    call("dstack", [Z, X], free=(0, 1)),
    call("dstack", [Z[0], X[0]], free=(0, 1)),
    call("fliplr", Z),
    call("flipud", Z),
    *[call("rot90", Z, k=k) for k in (1, 2, 3, -1, 0)],
    call("rot90", SQUARE, k=1, axes=(2, 0)),
]
INDEXING = [
    call("argpartition", Z, 1),
    call("argpartition", Z, (0, 2), axis=0),
    call("select", [MASK, Z < -0.5], [X, Z], 7, free=(0, 1, 2, 3)),
    call("select", [MASK], [BITS], 0.5, free=(0, 1)),
    call("isin", BITS, integers(30, 6)),
    call("isin", BITS, [1, 2], invert=True),
    call("unravel_index", BITS, (5, 6)),
    call("searchsorted", np.array([False, True]), MASK[:, 0], free=(1,)),
]
PRODUCTS = [
    call("inner", Z, X),
    call("inner", SQUARE, Z[0]),
    call("inner", Z, 2.0),
    call("vdot", Z, X, free=()),
    call("vdot", COMPLEX, COMPLEX[::-1].copy(), free=()),
    call("kron", Z, X[:2, :2]),
    call("kron", Z[0], SQUARE),
    call("cross", Z[:, :3], X[:, :3], free=(0, 1)),
    call("cross", Z[:, :3], X[:, :2], free=(0, 1)),
    call("cross", Z[:, :2], X[:, :2], free=(0, 1)),
    call("cross", Z, X, axis=0, free=()),
    call("cross", SQUARE, np.moveaxis(SQUARE, 0, 1) + 1, axisa=0, axisb=1, axisc=1, free=()),
    *[call("correlate", PAIRS[0], X[0, :3], mode=mode, free=()) for mode in ("valid", "same", "full")],
    *[call("correlate", X[0], PAIRS[0], mode=mode, free=()) for mode in ("valid", "same", "full")],
    call("correlate", BITS[0], FEW[0], free=()),
    call("vander", Z[0], free=()),
    call("vander", Z[0], 3),
    call("vander", BITS[0], 2, increasing=True),
    call("matmul", BITS.astype("int8"), FEW[0].astype("int8")),
    call("matmul", MASK, ~MASK.T, free=(0,)),
    call("einsum", "ij,kj->ik", BITS.astype("int8"), FEW.astype("int8"), free=(0, 1)),
    call("dot", MASK, MASK[0]),
]
MAKING = [
    *[call(name, n) for name in ("bartlett", "blackman", "hamming", "hanning") for n in (0, 1, 6)],
    call("kaiser", 7, 14.0),
    call("geomspace", 1.0, 9.0, 4),
    call("geomspace", 1, 1000, 4, dtype="int32"),
    call("geomspace", 1.0, 16.0, 4, endpoint=False),
    call("logspace", 0.0, 2.0, 5),
    call("logspace", 0, 3, 4, base=2.0),
    call("logspace", [0.0, 1.0], [2.0, 3.0], 3, axis=-1),
]
CALLS = [*ELEMENTWISE, *REDUCING, *SHAPING, *INDEXING, *PRODUCTS, *MAKING]
