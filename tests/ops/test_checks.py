"""What ops refuse: the same kind of error for values and for symbolic tensors, before an engine's library sees them."""

import numpy as np
import pytest

import kerata
from kerata import ops

A, B = np.arange(1.0, 7.0, dtype="float32").reshape(2, 3), np.ones((4, 4), "float32")
VECTOR, SQUARE = np.ones(4, "float32"), np.eye(3, dtype="float32")
SIGNAL = np.arange(30.0, dtype="float32")
IMAGE, KERNEL = np.ones((1, 8, 8, 3), "float32"), np.ones((3, 3, 3, 4), "float32")

REFUSED = {
    "append": lambda t: ops.append(t(A), t(B), axis=0),
    "argsort axis": lambda t: ops.argsort(t(A), axis=3),
    "array_split into nothing": lambda t: ops.array_split(t(A), 0, axis=1),
    "average weights": lambda t: ops.average(t(A), weights=t(VECTOR)),
    "batch_normalization axis": lambda t: ops.batch_normalization(t(A), t(VECTOR), t(VECTOR), axis=5),
    "broadcast_to": lambda t: ops.broadcast_to(t(A), (4, 3)),
    "cholesky rank": lambda t: ops.cholesky(t(VECTOR)),
    "conv rank": lambda t: ops.conv(t(IMAGE), t(KERNEL[0])),
    "conv padding": lambda t: ops.conv(t(IMAGE), t(KERNEL), padding="some"),
    "conv stride": lambda t: ops.conv(t(IMAGE), t(KERNEL), strides=0),
    "conv_transpose channels": lambda t: ops.conv_transpose(t(IMAGE), t(KERNEL)),
    "conv_transpose padding": lambda t: ops.conv_transpose(t(IMAGE), t(KERNEL.swapaxes(2, 3)), padding="some"),
    "depth_to_space": lambda t: ops.depth_to_space(t(np.ones((1, 2, 2, 4), "float32")), 1),
    "diagonal axes": lambda t: ops.diagonal(t(B), axis1=0, axis2=0),
    "diagonal rank": lambda t: ops.diagonal(t(VECTOR)),
    "digitize bins": lambda t: ops.digitize(t(A), t(B)),
    "extract_sequences stride": lambda t: ops.extract_sequences(t(SIGNAL), 4, 0),
    "fft shapes": lambda t: ops.fft((t(VECTOR), t(SIGNAL))),
    "fft2 rank": lambda t: ops.fft2((t(VECTOR), t(VECTOR))),
    "gather rank": lambda t: ops.take_along_axis(t(A), t(np.zeros(3, "int32")), axis=1),
    "hstack ranks": lambda t: ops.hstack([t(A), t(VECTOR)]),
    "inv": lambda t: ops.inv(t(A)),
    "linspace count": lambda t: ops.linspace(t(VECTOR), t(VECTOR), -1),
    "lstsq batch": lambda t: ops.lstsq(t(np.ones((2, 4, 3), "float32")), t(VECTOR)),
    "matmul": lambda t: ops.matmul(t(A), t(B)),
    "matmul of numbers": lambda t: ops.matmul(t(np.float32(1)), t(B)),
    "meshgrid indexing": lambda t: ops.meshgrid(t(VECTOR), t(VECTOR), indexing="yx"),
    "norm of a vector": lambda t: ops.norm(t(VECTOR), ord="fro"),
    "norm of a matrix": lambda t: ops.norm(t(A), ord=3),
    "norm name": lambda t: ops.norm(t(VECTOR), ord="some"),
    "normalize order": lambda t: ops.normalize(t(A), order=0),
    "pad mode": lambda t: ops.pad(t(A), 1, mode="some"),
    "pad value": lambda t: ops.pad(t(A), 1, mode="reflect", constant_values=1),
    "qr mode": lambda t: ops.qr(t(A), mode="some"),
    "repeat counts": lambda t: ops.repeat(t(A), [1, 2], axis=1),
    "reshape": lambda t: ops.reshape(t(A), (5, 5)),
    "reshape with two open": lambda t: ops.reshape(t(A), (-1, -1)),
    "rfft length": lambda t: ops.rfft(t(SIGNAL), fft_length=-2),
    "roll axis": lambda t: ops.roll(t(A), 1, axis=5),
    "searchsorted rank": lambda t: ops.searchsorted(t(B), t(A)),
    "searchsorted side": lambda t: ops.searchsorted(t(VECTOR), t(A), side="some"),
    "slice block": lambda t: ops.slice(t(A), (0, 0), (3, 3)),
    "slice rank": lambda t: ops.slice(t(A), (0,), (2, 2)),
    "slice_update block": lambda t: ops.slice_update(t(A), (0, 0), t(B)),
    "solve": lambda t: ops.solve(t(A), t(A)),
    "squeeze": lambda t: ops.squeeze(t(A), axis=1),
    "stft stride": lambda t: ops.stft(t(SIGNAL), 8, 0, 8),
    "sum axis": lambda t: ops.sum(t(A), axis=2),
    "take indices": lambda t: ops.take(t(A), t(VECTOR)),
    "top_k": lambda t: ops.top_k(t(A), 4),
    "unstack axis": lambda t: ops.unstack(t(A), axis=4),
    "vander columns": lambda t: ops.vander(t(VECTOR), N=-1),
    "where": lambda t: ops.where(t(A > 2), t(A)),
}


def symbolic(x):
    return kerata.KerasTensor(np.shape(x), np.asarray(x).dtype.name)


@pytest.mark.parametrize("name", REFUSED)
def test_refused_as_values_and_as_symbols(name, engine):
    for kind in (ops.convert_to_tensor, symbolic):
        with pytest.raises(ValueError):
            REFUSED[name](kind)


def test_other_kinds_of_errors(engine):
    for kind in (ops.convert_to_tensor, symbolic):
        with pytest.raises(TypeError):
            ops.pad(kind(A), 1.5)
        with pytest.raises(TypeError):
            ops.histogram(kind(SIGNAL), bins=2.5)
        with pytest.raises(ValueError):
            ops.vectorize(3)


def test_what_is_out_of_range_is_an_index_error_and_a_value_error():
    x = kerata.KerasTensor((2, 3))
    for call in (lambda: x[5], lambda: x[0, 0, 0], lambda: ops.sum(x, axis=2)):
        for kind in (IndexError, ValueError):
            with pytest.raises(kind):
                call()
    for key in ("a", 1.5):
        with pytest.raises(ValueError, match="index"):
            x[key]


def test_lengths_that_must_be_known():
    for call, shape in (
        (ops.det, (3, None)),
        (ops.inv, (None, 3)),
        (ops.qr, (4, None)),
        (ops.unstack, (None, 3)),
    ):
        with pytest.raises(ValueError):
            call(kerata.KerasTensor(shape))


def test_a_matrix_that_is_not_positive_definite_is_told(engine):
    with pytest.raises(ValueError):
        ops.cholesky(-SQUARE)


def test_branches_that_return_different_things_are_told():
    x = kerata.KerasTensor((2,))
    condition = kerata.KerasTensor((), "bool")
    for other in (lambda: (x, x), lambda: ops.concatenate([x, x]), lambda: ops.cast(x, "int32")):
        with pytest.raises(ValueError, match="branches"):
            ops.cond(condition, lambda: x * 2, other)


@pytest.mark.parametrize("subscripts, shapes", [("ij,jk->ik", [(2, 3), (4, 5)]), ("ij->i", [(2, 3, 4)]), ("ij,j", [(2, 3)])])
def test_einsum(engine, subscripts, shapes):
    for make in (np.ones, kerata.KerasTensor):
        with pytest.raises(ValueError, match="einsum"):
            ops.einsum(subscripts, *[make(shape) for shape in shapes])


def test_attention(engine):
    query, key, value = (ops.ones((2, n, 1, 3)) for n in (4, 5, 6))
    with pytest.raises(ValueError):
        ops.dot_product_attention(query, key, value)
