"""Ops by family against NumPy, SciPy and their own laws, and what they say of bad input."""

import numpy as np
import pytest
import scipy.special
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays

from kerata import engines, ops

Z = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
SMALL = st.integers(0, 3)
few = settings(max_examples=25, deadline=None)


def host(x):
    return engines.current().to_numpy(x)


def test_special_functions_as_in_scipy(engine):
    x = np.linspace(-9, 9, 61).astype("float32")
    np.testing.assert_allclose(host(ops.erfc(x)), scipy.special.erfc(x), rtol=2e-5, atol=1e-37)
    np.testing.assert_allclose(host(ops.i0(x)), scipy.special.i0(x), rtol=2e-6)
    inside = np.linspace(-1, 1, 21).astype("float32")  # 0 and the infinite ends among them
    np.testing.assert_allclose(host(ops.erfinv(inside)), scipy.special.erfinv(inside), rtol=1e-5, atol=1e-7)


def test_erfc_of_64_bits():
    x = np.linspace(-6, 26, 97)
    with engines.use_engine("numpy"):
        np.testing.assert_allclose(ops.erfc(x), scipy.special.erfc(x), rtol=2e-12)


def test_parts_of_a_partition(engine):
    order = host(ops.argpartition(Z, 2, axis=1))
    np.testing.assert_array_equal(np.sort(order, 1), np.tile(np.arange(4), (3, 1)))
    rows = np.take_along_axis(Z, order, 1)
    assert (rows[:, :2] <= rows[:, 2:3]).all() and (rows[:, 3:] >= rows[:, 2:3]).all()


def test_bits_of_nextafter(engine):
    x = np.array([0.0, -0.0, 1.0, -1.0, 2.0], "float16")
    y = np.array([1.0, -1.0, 2.0, -2.0, 2.0], "float16")
    np.testing.assert_array_equal(host(ops.nextafter(x, y)), np.nextafter(x, y))


def test_empty_tensors(engine):
    none = np.zeros((0,), "float32")
    assert float(host(ops.nansum(none))) == 0.0
    assert host(ops.diag(none)).shape == (0, 0)
    assert host(ops.append(none, none)).shape == (0,)
    assert host(ops.unique(none)).shape == (0,)
    assert host(ops.isin(none, [1.0])).shape == (0,)
    assert host(ops.max(none, initial=3.0)) == 3.0
    np.testing.assert_array_equal(host(ops.segment_sum(none, np.zeros((0,), "int32"), 2)), [0, 0])
    np.testing.assert_array_equal(host(ops.histogram(none, 2)[0]), [0, 0])


@few
@given(arrays("int32", st.tuples(SMALL, SMALL), elements=SMALL), st.sampled_from([None, 0, 1]))
def test_unique_as_in_numpy(x, axis):
    with engines.use_engine("numpy"):
        found = ops.unique(x, return_index=True, return_inverse=True, return_counts=True, axis=axis)
    expected = np.unique(x, return_index=True, return_inverse=True, return_counts=True, axis=axis)
    for y, other in zip(found, expected):
        np.testing.assert_array_equal(y, other.reshape(y.shape))


@few
@given(
    arrays("float32", st.tuples(st.integers(1, 4), st.integers(1, 4)), elements=st.floats(-9, 9, width=32)),
    st.lists(st.floats(0, 1), min_size=1, max_size=3),
    st.sampled_from(["linear", "lower", "higher", "midpoint", "nearest"]),
    st.sampled_from([None, 0, 1, (0, 1)]),
    st.booleans(),
)
def test_quantiles_as_in_numpy(x, q, method, axis, keepdims):
    q = np.round(np.float64(q), 3)
    count = x.size if axis in (None, (0, 1)) else x.shape[axis]
    near = q * (count - 1)
    if method != "linear" and (np.abs(near * 2 - np.round(near * 2)) < 1e-4).any():
        q = np.zeros_like(q)  # on the border between two elements, rounding decides
    with engines.use_engine("numpy"):
        found = ops.quantile(x.astype("float64"), q, axis, method, keepdims)
    np.testing.assert_allclose(found, np.quantile(x.astype("float64"), q, axis, method=method, keepdims=keepdims), atol=1e-6)


@few
@given(arrays("int32", st.tuples(st.integers(1, 9)), elements=st.integers(-3, 5)), st.integers(1, 5))
def test_scattering_and_segments_as_in_numpy(ids, count):
    values = np.arange(1.0, 1.0 + len(ids)).astype("float32")
    sums, replaced = np.zeros(count, "float32"), np.zeros(count, "float32")
    for i, value in zip(ids, values):
        if 0 <= i < count:
            sums[i] += value
        if -count <= i < count:
            replaced[i] = value
    for name in ("jax", "torch", "tensorflow", "numpy"):
        with engines.use_engine(name):
            np.testing.assert_allclose(host(ops.segment_sum(values, ids, count)), sums)
            found = ops.scatter_update(np.zeros(count, "float32"), ids[:, None], values)
            np.testing.assert_allclose(host(found), replaced)


def test_decompositions_give_their_matrix_back(engine):
    x = np.random.default_rng(1).normal(size=(2, 4, 3)).astype("float32")
    for full in (True, False):
        u, s, vh = (host(part) for part in ops.svd(x, full_matrices=full))
        assert u.shape == ((2, 4, 4) if full else (2, 4, 3)) and vh.shape == (2, 3, 3)
        np.testing.assert_allclose(u[..., :3] * s[:, None] @ vh, x, atol=1e-5)
    for mode in ("reduced", "complete"):
        q, r = (host(part) for part in ops.qr(x, mode))
        np.testing.assert_allclose(q @ r, x, atol=1e-5)
        np.testing.assert_allclose(q.swapaxes(1, 2) @ q, np.tile(np.eye(q.shape[-1]), (2, 1, 1)), atol=1e-5)
    square = x[:, :3]
    values, vectors = (host(part) for part in ops.eig(square))
    np.testing.assert_allclose(square @ vectors, vectors * values[:, None], atol=1e-4)
    symmetric = square + square.swapaxes(1, 2)
    values, vectors = (host(part) for part in ops.eigh(symmetric))
    np.testing.assert_allclose(vectors * values[:, None] @ vectors.swapaxes(1, 2), symmetric, atol=1e-4)
    packed, pivots = (host(part) for part in ops.lu_factor(square))
    product = (np.tril(packed, -1) + np.eye(3)) @ np.triu(packed)
    for batch, rows in enumerate(pivots):
        expected = square[batch].copy()
        for i, j in enumerate(rows):
            expected[[i, j]] = expected[[j, i]]
        np.testing.assert_allclose(product[batch], expected, atol=1e-5)


@pytest.mark.parametrize("window", ["hann", "hamming", None])
@pytest.mark.parametrize("center", [True, False])
def test_a_signal_comes_back_from_its_spectra(engine, window, center):
    if window == "hann" and not center:
        pytest.skip("a periodic Hann window is 0 at the first sample, which is then lost")
    x = np.random.default_rng(2).normal(size=(2, 32)).astype("float32")
    options = dict(sequence_length=8, sequence_stride=4, fft_length=8, window=window, center=center)
    back = host(ops.istft(ops.stft(x, **options), **options))
    np.testing.assert_allclose(back, x[:, : back.shape[1]], atol=1e-5)


def test_folding_counts_the_windows_of_each_pixel(engine):
    x = np.random.default_rng(3).normal(size=(2, 3, 5, 6)).astype("float32")
    options = dict(kernel_size=(2, 3), dilation=(2, 1), padding=1, stride=(1, 2))
    count = host(ops.fold(ops.unfold(np.ones_like(x), **options), (5, 6), **options))
    np.testing.assert_allclose(host(ops.fold(ops.unfold(x, **options), (5, 6), **options)), x * count, rtol=1e-5)


def test_derivatives_along_tangents(training_engine):
    (product, sine), (slope, other), aux = ops.jvp(
        lambda a, b: ((a * b, ops.sin(a)), "aux"), (2.0, 3.0), (1.0, 0.5), has_aux=True
    )
    assert aux == "aux"
    np.testing.assert_allclose([host(v) for v in (product, sine, slope, other)], [6, np.sin(2), 4, np.cos(2)], rtol=1e-6)
    with pytest.raises(ValueError, match="a tangent for each primal"):
        ops.jvp(ops.sin, (1.0,), (1.0, 2.0))


def test_vectorized_functions(engine):
    product = ops.vectorize(lambda a, b: ops.sum(a * b), signature="(n),(n)->()")
    np.testing.assert_allclose(host(product(np.ones((2, 5, 3), "float32"), np.ones((5, 3), "float32"))), np.full((2, 5), 3.0))
    scaled = ops.vectorize(lambda a, times: a * times, excluded={1})
    np.testing.assert_allclose(host(scaled(Z, 3)), Z * 3, rtol=1e-6)
    with pytest.raises(ValueError, match="names 2 arguments; 1 came"):
        product(Z)


@pytest.mark.parametrize(
    "name, args, text",
    [
        ("argpartition", (Z, 9), "kth=9 is out of range for an axis of length 4"),
        ("cdist", (Z, Z[:, :2]), "cdist takes vectors"),
        ("cholesky", (Z,), r"cholesky takes square matrices .* shape \(3, 4\) came"),
        ("corrcoef", (Z[None],), "corrcoef takes a matrix"),
        ("correlate", (Z, Z), "correlate takes two vectors"),
        ("cross", (Z, Z), "vectors of 2 or 3 components"),
        ("ctc_decode", (Z[None], [4], "best"), "strategy 'greedy' or 'beam_search'"),
        ("depth_to_space", (Z[None, None], 3), "4 channels can't be divided into blocks of 3 by 3"),
        ("diag", (Z[None],), "diag takes a vector or a matrix"),
        ("diff", (Z, -1), "n must be 0 or more"),
        ("fft", (Z,), "fft takes a pair of tensors"),
        ("fliplr", (Z[0],), "fliplr takes tensors of 2 axes or more"),
        ("fold", (Z[None], 4, 2), "inputs must have the shape"),
        ("gcd", (Z, Z), "gcd is defined for integers"),
        ("histogram", (Z, 0), "bins must be a positive integer"),
        ("histogram", (Z, 3, (2, 1)), "the smaller first"),
        ("qr", (Z, "full"), "mode must be 'reduced' or 'complete'"),
        ("quantile", (Z, 0.5, None, "cubic"), "method must be one of linear"),
        ("rearrange", (Z, "a b -> a c"), "has not the same names on both sides"),
        ("rearrange", (Z, "a (b c) -> a b c"), "need a length"),
        ("rot90", (Z, 1, (0, 0)), "two different axes"),
        ("scatter", ([[0.5]], [1.0], (3,)), "scatter takes integers as indices"),
        ("scatter_update", (Z, [[0]], Z[:1], "mean"), "reduction must be None, 'add', 'max', 'min' or 'mul'"),
        ("segment_sum", (Z, [0, 1]), "3 rows and 2 segment_ids came"),
        ("select", ([Z > 0], []), "a choice for each condition"),
        ("solve", (Z[:, :3], Z[:2]), "don't fit"),
        ("stft", (Z, 4, 2, 2), "fft_length=2 must be no less than sequence_length=4"),
        ("stft", (Z, 4, 2, 4, "boxcar"), "window must be 'hann', 'hamming'"),
        ("unfold", (Z, 2), "unfold takes images"),
        ("vander", (Z,), "vander takes a vector"),
        ("view", (Z[:, :3], "float64"), "the sizes don't fit"),
        ("view_as_complex", (Z,), "takes pairs"),
    ],
)
def test_errors(name, args, text):
    with pytest.raises(ValueError, match=text):
        getattr(ops, name)(*args)


def test_namespaces_have_their_names():
    assert ops.linalg.solve is ops.solve and ops.nn.relu is ops.relu and ops.nn.fold is ops.fold
    assert ops.numpy.vdot is ops.vdot and ops.numpy.unique is ops.unique
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        ops.nn.nothing  # noqa: B018


def test_arguments_without_a_place_are_refused():
    for call, wanted in (
        (lambda: ops.einsum("ij->ji", [[1.0]], optimise=True), "optimize"),
        (lambda: ops.layer_normalization([[1.0]], epsilom=1.0), "epsilon"),
        (lambda: ops.multi_hot([1], num_clases=3), "num_classes"),
    ):
        with pytest.raises(TypeError, match=f"has no argument .* Did you mean '{wanted}'?"):
            call()


def test_einsum_takes_optimize(engine):
    assert np.asarray(ops.einsum("ij,j->i", [[1, 2], [3, 4]], [1, 10], optimize=True)).tolist() == [21, 43]


@pytest.mark.parametrize("with_gamma", [True, False])
def test_the_old_rms_scaling_is_that_of_keras(engine, with_gamma):
    x, gamma = np.array([[1.0, 3.0, 8.0]], "float32"), np.array([1.0, 2.0, 3.0], "float32") if with_gamma else None
    ours = ops.layer_normalization(x, gamma, epsilon=1e-3, rms_scaling=True)
    expected = x / np.sqrt(x.var(-1, keepdims=True) + 1e-3) * (1 if gamma is None else gamma)
    np.testing.assert_allclose(np.asarray(ours), expected, rtol=1e-5)
    with pytest.raises(ValueError, match="adds nothing: leave beta out"):
        ops.layer_normalization(x, beta=x[0], rms_scaling=True)


@pytest.mark.parametrize("is_sorted", [True, False])
def test_top_k_and_unique_are_sorted_in_any_case(engine, is_sorted):
    x = np.random.default_rng(0).integers(0, 20, (3, 40)).astype("float32")
    values, indices = (np.asarray(y) for y in ops.top_k(x, 7, sorted=is_sorted))
    np.testing.assert_array_equal(values, -np.sort(-x, -1)[:, :7])
    np.testing.assert_array_equal(np.take_along_axis(x, indices, -1), values)
    np.testing.assert_array_equal(np.asarray(ops.unique(x, sorted=is_sorted)), np.unique(x))


@pytest.mark.parametrize("is_sorted", [True, False])
def test_segments_may_be_said_to_be_in_order(engine, is_sorted):
    assert np.asarray(ops.segment_sum([1.0, 2.0, 4.0], [0, 2, 2], 3, sorted=is_sorted)).tolist() == [1.0, 0.0, 6.0]


def test_pairs_of_any_numbers_become_complex64(engine):
    for dtype in ("float64", "float32", "float16", "int32"):
        made = ops.view_as_complex(np.array([[1, 2]], dtype))
        assert engine.to_numpy(made).dtype == "complex64" and engine.to_numpy(made).tolist() == [1 + 2j]
