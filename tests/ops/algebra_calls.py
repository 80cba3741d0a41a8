"""Calls of linear algebra, Fourier transforms, segments, and ops that lay tensors out anew."""

import numpy as np
from tests.ops.cases import between, call, floats, integers

X, Z = between(0.1, 0.9, 3, 4), floats(3, 4)
MATRICES = floats(2, 3, 3)
POSITIVE = (MATRICES @ MATRICES.transpose(0, 2, 1) + 2 * np.eye(3)).astype("float32")
TALL = floats(2, 4, 3)
LOWER = np.linalg.cholesky(POSITIVE)
WHOLE = integers(9, 3, 3) + 5 * np.eye(3, dtype="int32")
IDS = np.array([0, 2, 2, -1, 4, 1], "int32")
ROWS = floats(6, 2)
WAVES = floats(2, 9)
SCORES = floats(2, 4, 3)
PIXELS = floats(2, 4, 4, 2)
COMPLEX = (floats(3, 4) + 1j * floats(3, 4)).astype("complex64")

LINEAR = [
    *[call("cholesky", POSITIVE, upper=upper, smooth=False) for upper in (False, True)],  # of symmetric changes only
    *[call(name, POSITIVE) for name in ("det", "slogdet", "logdet", "inv", "lu_factor")],
    call("det", MATRICES),
    call("slogdet", MATRICES),
    call("inv", WHOLE, free=()),
    call("lu_factor", MATRICES),
    call("cholesky_inverse", LOWER),
    call("cholesky_inverse", LOWER, upper=True),
    call("solve", POSITIVE, TALL[:, :3], free=(0, 1)),
    call("solve", POSITIVE, Z[:2, :3], free=(0, 1)),
    call("solve_triangular", LOWER, TALL[:, :3], lower=True, free=(0, 1)),
    call("solve_triangular", MATRICES + 3, Z[:2, :3], free=(0, 1)),
    call("pinv", TALL),
    call("lstsq", TALL[0], Z[:2].T.copy(), free=()),
    call("lstsq", TALL[0].T.copy(), Z[:, 0].copy(), free=()),
    call("matrix_rank", TALL),
    call("matrix_rank", np.ones((2, 3, 3), "float32")),
    call("svd", TALL, compute_uv=False),
]
SIGNAL = [
    *[call(name, (floats(2, 3, 4), floats(2, 3, 4)), free=(0, 1)) for name in ("fft", "fft2", "ifft2")],
    call("rfft", WAVES),
    call("rfft", WAVES, 12),
    call("rfft", WAVES, 6),
    call("rfft", integers(9, 2, 6)),
    call("irfft", (WAVES, WAVES[::-1].copy()), free=(0, 1), smooth=False),  # the ends' imaginary parts have no say
    call("irfft", (WAVES, WAVES[::-1].copy()), 7, free=(0, 1), smooth=False),
    call("irfft", (WAVES, WAVES[::-1].copy()), 20, free=(0, 1), smooth=False),
    call("extract_sequences", WAVES, 3, 2),
    call("stft", WAVES, 4, 2, 4),
    call("stft", WAVES, 3, 2, 8, window="hamming"),
    call("stft", WAVES, 3, 2, 4, window=None, center=False),
    call("istft", (floats(2, 4, 3), floats(2, 4, 3)), 4, 2, 4, free=(0, 1), smooth=False),
    call("istft", (floats(2, 4, 5), floats(2, 4, 5)), 6, 2, 8, length=5, free=(0, 1), smooth=False),
    call("istft", (floats(2, 4, 3), floats(2, 4, 3)), 4, 2, 4, window=None, center=False, free=(0, 1), smooth=False),
]
SEGMENTS = [
    *[call(f"segment_{kind}", ROWS, IDS, 3, free=(0, 1)) for kind in ("sum", "prod", "max", "min")],
    *[call(f"segment_{kind}", ROWS, IDS, 6, free=(0, 1), smooth=False) for kind in ("sum", "prod", "max", "min")],
    *[call(f"segment_{kind}", ROWS[:, 0].copy(), IDS, 2, free=(0, 1)) for kind in ("sum", "max")],
    *[call(f"segment_{kind}", integers(9, 6, 2), IDS, 4, free=(0, 1)) for kind in ("sum", "prod", "max", "min")],
    call("scatter", np.array([[0], [2], [2], [-1]]), Z[:, 0].tolist() + [1.0], (5,), free=()),
    call("scatter", np.array([[0, 1], [2, 0], [9, 0]]), TALL[0, :3], (3, 2, 3), free=()),
    *[
        call("scatter_update", Z, np.array([[0, 1], [2, 0], [2, 0]]), X[:, 0].copy(), reduction, free=())
        for reduction in (None, "add", "max", "min", "mul")
    ],
    *[call("scatter_update", Z, np.array([[0], [-1]]), X[:2], reduction, free=()) for reduction in (None, "add")],
    call("unique", integers(4, 12), size=5, return_index=True, return_inverse=True, return_counts=True, free=()),
    call("unique", integers(4, 12), size=2, return_index=True, return_inverse=True, return_counts=True, free=()),
    call("unique", integers(2, 3, 4), size=5, fill_value=9, return_inverse=True, free=()),
    call("unique", integers(2, 3, 4), axis=1, size=3, return_counts=True, free=()),
]
LAYOUTS = [
    call("rearrange", PIXELS, "b h w c -> b (c h w)"),
    call("rearrange", PIXELS, "b (h p) (w q) c -> b h w (c p q)", p=2, q=2),
    call("rearrange", PIXELS, "b h w c -> (b h) w c", free=()),
    call("rearrange", PIXELS, "b h w c -> b 1 w (h c)"),
    call("depth_to_space", floats(2, 2, 3, 8), 2),
    call("depth_to_space", floats(2, 8, 2, 3), 2, "channels_first"),
    call("space_to_depth", PIXELS, 2),
    call("space_to_depth", floats(2, 3, 4, 4), 2, "channels_first"),
    call("unfold", floats(2, 3, 4, 5), 2),
    call("unfold", floats(2, 3, 5, 5), (3, 2), dilation=(1, 2), padding=1, stride=2),
    call("fold", floats(2, 8, 9), 4, 2),
    call("fold", floats(2, 12, 9), (5, 5), (3, 2), dilation=(1, 2), padding=1, stride=2),
    call("fold", integers(5, 2, 8, 9), 4, 2),
]
OTHERS = [
    call("polar", X, Z, free=(0, 1)),
    call("view_as_complex", Z[:, :2]),
    call("view_as_real", COMPLEX),
    call("view", Z, "int32"),
    call("view", integers(9, 3, 4), "int8"),
    call("view", integers(9, 3, 8).astype("int8"), "int16"),
    call("view", Z),
    call("cdist", Z, X[:2]),
    call("cdist", TALL, TALL[:, :2] + 1, free=(0, 1)),
    call("psnr", Z, X, 2.0, free=(0, 1)),
    call("erfc", 3 * Z),
    call("ctc_decode", SCORES, np.array([4, 3], "int32"), free=(0, 1), smooth=False),
    call("ctc_decode", SCORES, np.array([4, 3], "int32"), "beam_search", 5, 2, free=(0, 1), smooth=False),
]
CALLS = [*LINEAR, *SIGNAL, *SEGMENTS, *LAYOUTS, *OTHERS]
