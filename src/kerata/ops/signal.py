"""Fourier transforms. Complex numbers come and go as pairs of tensors, the real and the imaginary parts."""

from typing import Any

import numpy as np

from kerata import engines
from kerata.core.arrays import as_array, dtype_of, static_shape
from kerata.core.op import op, xp
from kerata.core.types import Tensor, TensorLike
from kerata.engines.shapes import same_dim
from kerata.ops import numpy as knp
from kerata.ops.complex_numbers import complex_of
from kerata.ops.lengths import lengths_of
from kerata.ops.promotion import promote, widened
from kerata.ops.segments import segment_sum


def _pair(what, x, rank=1):
    """The real and the imaginary part, of a dtype that complex numbers can have.

    Raises: ValueError unless there are two of one shape.
    """
    if not isinstance(x, (tuple, list)) or len(x) != 2:
        raise ValueError(f"{what} takes a pair of tensors, the real and the imaginary part; {type(x).__name__} came.")
    real, imaginary = promote(widened(x[0]), widened(x[1]))
    if len(real.shape) != len(imaginary.shape) or not all(map(same_dim, real.shape, imaginary.shape)) or len(real.shape) < rank:
        raise ValueError(
            f"{what}: the parts must have one shape, of {rank} axes or more; {static_shape(real)} and {static_shape(imaginary)} came."
        )
    return complex_of(real, imaginary)


def _parts(z):
    return knp.real(z), knp.imag(z)


@op
def fft(x: TensorLike) -> Tensor:
    """The discrete Fourier transform along the last axis: a pair of (..., n) -> a pair of (..., n).

    >>> real, imaginary = fft(([1.0, 2.0], [0.0, 1.0]))
    >>> real.tolist(), imaginary.tolist()
    ([3.0, -1.0], [1.0, -1.0])
    """
    return _parts(xp().fft.fft(_pair("fft", x)))


@op
def fft2(x: TensorLike) -> Tensor:
    """The discrete Fourier transform along the last two axes: a pair of (..., m, n) -> a pair of (..., m, n).

    Raises: ValueError for other than a pair of tensors of one shape.

    >>> real, imaginary = fft2(([[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [0.0, 0.0]]))
    >>> real.tolist()
    [[10.0, -2.0], [-4.0, 0.0]]
    """
    return _parts(xp().fft.fft2(_pair("fft2", x, 2)))


@op
def ifft2(x: TensorLike) -> Tensor:
    """The inverse of `fft2`: a pair of (..., m, n) -> a pair of (..., m, n).

    Raises: ValueError for other than a pair of tensors of one shape.

    >>> real, imaginary = ifft2(([[4.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]))
    >>> real.tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    return _parts(xp().fft.ifft2(_pair("ifft2", x, 2)))


def _to_length(x, length):
    """`x` cut, or filled up with zeros, along its last axis."""
    known = x.shape[-1]
    if length < 1:
        raise ValueError(f"The length of a Fourier transform must be positive; {length} came.")
    if known is None and engines.current().is_abstract:
        return engines.current().told_by_shapes(knp.take(x, knp.zeros((length,), "int32"), -1))
    x = knp.get_item(x, (Ellipsis, slice(0, length)))
    missing = 0 if known is None else max(0, length - known)
    return knp.pad(x, [(0, 0)] * (len(x.shape) - 1) + [(0, missing)]) if missing else x


@op
def rfft(x: TensorLike, fft_length: int | None = None) -> Tensor:
    """The discrete Fourier transform of real numbers along the last axis, without the half that follows from the rest.

    Shapes: (..., n) -> a pair of (..., fft_length // 2 + 1). `x` is cut to `fft_length`, or filled up with zeros.

    >>> real, imaginary = rfft([0.0, 1.0, 2.0, 1.0])
    >>> real.tolist()
    [4.0, -2.0, 0.0]
    """
    x = widened(x)
    return _parts(xp().fft.rfft(x if fft_length is None else _to_length(x, fft_length)))


@op
def irfft(x: TensorLike, fft_length: int | None = None) -> Tensor:
    """The inverse of `rfft`: a pair of (..., k) -> (..., fft_length), 2 * (k - 1) by default.

    Raises: ValueError for other than a pair of tensors of one shape.

    >>> irfft(([4.0, -2.0, 0.0], [0.0, 0.0, 0.0])).tolist()
    [0.0, 1.0, 2.0, 1.0]
    """
    z = _pair("irfft", x)
    count = z.shape[-1]
    if fft_length is None:
        if count is None:
            return _open_irfft(z)
        fft_length = 2 * (count - 1)
    return xp().fft.irfft(_complex_to_length(z, fft_length // 2 + 1), fft_length)


def _open_irfft(z):
    if not engines.current().is_abstract:
        raise ValueError("irfft needs fft_length where the length of the last axis is open.")
    return engines.current().told_by_shapes(knp.real(z))


def _complex_to_length(z, length):
    if z.shape[-1] == length:
        return z
    return complex_of(*(_to_length(part, length) for part in _parts(z)))


@op
def extract_sequences(x: TensorLike, sequence_length: int, sequence_stride: int) -> Tensor:
    """Overlapping pieces of the last axis: (..., n) -> (..., 1 + (n - sequence_length) // sequence_stride, sequence_length).

    Raises: ValueError for lengths and strides of less than 1.

    >>> extract_sequences([1, 2, 3, 4, 5, 6], 3, 2).tolist()
    [[1, 2, 3], [3, 4, 5]]
    """
    x = as_array(x)
    if sequence_length < 1 or sequence_stride < 1:
        raise ValueError(f"Pieces have a positive length and stride; {sequence_length} and {sequence_stride} came.")
    namespace, length = lengths_of(x, -1)
    if length is None:
        return knp.take(x, knp.zeros((None, sequence_length), "int32"), -1)
    count = 1 + (length - sequence_length) // sequence_stride
    starts = namespace.arange(count, dtype="int64")[:, None] * sequence_stride
    return knp.take(x, as_array(starts + np.arange(sequence_length), "int32"), -1)


def _check_lengths(what, sequence_length, sequence_stride, fft_length):
    if sequence_length < 1 or sequence_stride < 1:
        raise ValueError(
            f"{what}: sequence_length and sequence_stride must be positive; {sequence_length} and {sequence_stride} came."
        )
    if fft_length < sequence_length:
        raise ValueError(f"{what}: fft_length={fft_length} must be no less than sequence_length={sequence_length}.")


def _window(what, window, sequence_length, fft_length, dtype):
    """The window's values in the middle of `fft_length` places.

    Raises: ValueError for an unknown name or another length.
    """
    if isinstance(window, str):
        if window not in ("hann", "hamming"):
            raise ValueError(f"{what}: window must be 'hann', 'hamming', None or a tensor; {window!r} came.")
        n = np.arange(sequence_length)
        mean = 0.5 if window == "hann" else 0.54
        window = mean - (1 - mean) * np.cos(2 * np.pi * n / sequence_length)  # periodic
    if window is None:
        return knp.ones((fft_length,), dtype)
    window = as_array(window, dtype)
    if static_shape(window) != (sequence_length,):
        raise ValueError(f"{what}: the window must have the shape ({sequence_length},); {static_shape(window)} came.")
    before = (fft_length - sequence_length) // 2
    return knp.pad(window, ((before, fft_length - sequence_length - before),))


@op
def stft(
    x: TensorLike, sequence_length: int, sequence_stride: int, fft_length: int, window: Any = "hann", center: bool = True
) -> Tensor:
    """The Fourier transforms of short overlapping pieces of a signal.

    Shapes: (..., n) -> a pair of (..., pieces, fft_length // 2 + 1).

    Args:
        sequence_length: the length of the window.
        sequence_stride: how far pieces are apart.
        fft_length: the length of a piece; the window lies in its middle.
        window: "hann", "hamming", a tensor (sequence_length,), or None for whole pieces of `fft_length`.
        center: whether the t-th piece has its middle at `t * sequence_stride`; the signal is then mirrored at its ends.

    Raises: ValueError for a window of another length, or pieces shorter than it.

    Source: Allen and Rabiner 1977, "A unified approach to short-time Fourier analysis and synthesis".

    >>> real, imaginary = stft([1.0] * 16, sequence_length=4, sequence_stride=2, fft_length=4)
    >>> real.shape, real[0].tolist()
    ((9, 3), [2.0, -1.0, 0.0])
    """
    x = widened(x)
    _check_lengths("stft", sequence_length, sequence_stride, fft_length)
    values = _window("stft", window, sequence_length, fft_length, dtype_of(x))
    if center:
        x = knp.pad(x, [(0, 0)] * (len(x.shape) - 1) + [(fft_length // 2, fft_length // 2)], mode="reflect")
    return rfft(knp.multiply(extract_sequences(x, fft_length, sequence_stride), values))


def _overlapped(pieces, stride):
    """The sum of pieces (..., count, length) laid `stride` apart: (..., n)."""
    count, length = pieces.shape[-2:]
    total = (count - 1) * stride + length
    places = np.arange(count)[:, None] * stride + np.arange(length)
    flat = knp.reshape(knp.moveaxis(knp.moveaxis(pieces, -2, 0), -1, 1), (count * length, *pieces.shape[:-2]))
    return knp.moveaxis(segment_sum(flat, as_array(places.ravel(), "int32"), total), 0, -1)


def _open_istft(pieces, length):
    engine = engines.current()
    if not engine.is_abstract:
        raise ValueError("istft needs a known number of pieces.")
    signal = knp.get_item(pieces, (Ellipsis, slice(None), 0))
    return engine.told_by_shapes(signal if length is None else _to_length(signal, length))


@op
def istft(
    x: TensorLike,
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    length: Any = None,
    window: Any = "hann",
    center: bool = True,
) -> Tensor:
    """The signal of which `stft` with the same arguments gave `x`.

    Shapes: a pair of (..., pieces, fft_length // 2 + 1) -> (..., n).

    Args:
        length: the signal is cut to it.

    Raises: ValueError for a window of another length, pieces shorter than it, or an open number of them where values are known.

    Source: Griffin and Lim 1984, "Signal estimation from modified short-time Fourier transform".

    >>> import kerata
    >>> spectra = stft([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 4, 2, 4)
    >>> kerata.ops.round(istft(spectra, 4, 2, 4)).tolist()
    [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    """
    _check_lengths("istft", sequence_length, sequence_stride, fft_length)
    pieces = irfft(x, fft_length)
    if pieces.shape[-2] is None:
        return _open_istft(pieces, length)
    values = _window("istft", window, sequence_length, fft_length, dtype_of(pieces))
    signal = _overlapped(knp.multiply(pieces, values), sequence_stride)
    squares = knp.multiply(knp.square(values), knp.ones((pieces.shape[-2], 1), dtype_of(pieces)))
    weights = _overlapped(squares, sequence_stride)
    signal = knp.divide(signal, knp.where(weights > 1e-10, weights, 1.0))
    start = fft_length // 2 if center else 0
    end = start + length if length is not None else -start or None
    return knp.get_item(signal, (Ellipsis, slice(start, end)))


__all__ = ["extract_sequences", "fft", "fft2", "ifft2", "irfft", "istft", "rfft", "stft"]
