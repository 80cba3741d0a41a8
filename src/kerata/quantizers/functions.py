"""Floats to small integers and back: by the largest magnitude, by groups, two 4-bit numbers a byte, and 8-bit floats."""

import contextlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerata import engines, ops
from kerata.core import dtypes
from kerata.core.arrays import as_array, dtype_of, to_numpy as _on_host
from kerata.core.types import Axis, DType, TensorLike, Tree


@contextlib.contextmanager
def _computing(to_numpy):
    """On the host inside, if asked for."""
    if to_numpy and not engines.current().is_abstract:
        with engines.use_engine("numpy"):
            yield _on_host
    else:
        yield as_array


def abs_max_quantize(
    inputs: Tree,
    axis: Axis,
    value_range: Sequence[float] = (-127, 127),
    dtype: DType = "int8",
    epsilon: float | None = 1e-7,
    to_numpy: bool = False,
) -> Any:
    """Integers, and the scale that they were multiplied by: the largest magnitude along `axis` becomes the largest integer.

    Args:
        inputs: floats.
        axis: one axis or several, over which one scale serves.
        value_range: the smallest and the largest integer.
        dtype: the integers' dtype.
        epsilon: added to the largest magnitude, so that zeros have a scale.
        to_numpy: whether the host computes, to spare the device's memory.

    Returns: the integers in the inputs' shape, and the scale in the inputs' dtype, its length 1 along `axis`.

    >>> from kerata.quantizers import abs_max_quantize
    >>> integers, scale = abs_max_quantize([[1.0, -2.0], [0.5, 4.0]], axis=-1)
    >>> integers.tolist()
    [[64, -127], [16, 127]]
    """
    with _computing(to_numpy) as convert:
        x = ops.convert_to_tensor(convert(inputs))
        largest = ops.max(ops.abs(x), axis=axis, keepdims=True)
        scale = ops.cast(ops.divide(value_range[1], ops.add(largest, epsilon)), dtype_of(x))
        integers = ops.clip(ops.round(ops.multiply(x, scale)), *value_range)
        integers = ops.cast(integers, dtype)
    return as_array(integers), as_array(scale)


def abs_max_quantize_grouped_with_zero_point(
    inputs: Tree,
    block_size: int,
    value_range: Sequence[float] = (-8, 7),
    dtype: DType = "int8",
    epsilon: float | None = 1e-7,
    to_numpy: bool = False,
) -> Any:
    """Integers of a matrix with a scale and a zero point for each block of rows in each column.

    The range from the smallest to the largest value of a block is spread over `value_range` (where all are alike, that
    from 1 below to 1 above them); the values come back as `(integers - zero_point) * scale`. Rows that the last of several
    blocks lacks count as zeros; with `to_numpy`, those that a single block lacks too.

    Shapes: (rows, columns) -> (rows, columns), (blocks, columns), (blocks, columns).

    Args:
        inputs: floats.
        block_size: how many rows share a scale.
        value_range: the smallest and the largest integer.
        dtype: the integers' dtype, and the zero points'.
        epsilon: added to a block's range, so that equal values have a scale.
        to_numpy: whether the host computes, to spare the device's memory.

    Raises: ValueError for inputs that are no matrix, or a block size that is no positive integer.

    >>> from kerata.quantizers import abs_max_quantize_grouped_with_zero_point
    >>> integers, scale, zero_point = abs_max_quantize_grouped_with_zero_point([[0.0], [15.0], [2.0]], block_size=2)
    >>> integers.tolist(), zero_point.tolist()
    ([[-8], [7], [7]], [[-8], [-8]])
    """
    if not hasattr(block_size, "__index__") or block_size <= 0:
        raise ValueError(f"block_size must be a positive integer; {block_size!r} came.")
    with _computing(to_numpy) as convert:
        x = ops.convert_to_tensor(convert(inputs))
        if len(x.shape) != 2:
            raise ValueError(f"A matrix (rows, columns) is expected; inputs of shape {tuple(x.shape)} came.")
        (rows, columns), (low, high) = x.shape, value_range
        block_size = block_size if to_numpy else min(block_size, rows)
        blocks = ops.reshape(ops.pad(x, [[0, -rows % block_size], [0, 0]]), (-1, block_size, columns))
        smallest, largest = ops.min(blocks, axis=1), ops.max(blocks, axis=1)
        alike = ops.cast(ops.equal(smallest, largest), dtype_of(x))
        smallest, largest = ops.subtract(smallest, alike), ops.add(largest, alike)
        spread = ops.add(ops.subtract(largest, smallest), epsilon)
        scale = ops.cast(ops.divide(spread, high - low), dtype_of(x))
        zero = ops.clip(ops.add(ops.round(ops.divide(ops.negative(smallest), scale)), low), low, high)
        integers = ops.add(ops.round(ops.divide(blocks, ops.expand_dims(scale, 1))), ops.expand_dims(zero, 1))
        integers = ops.reshape(ops.cast(ops.clip(integers, low, high), dtype), (-1, columns))[:rows]
        zero = ops.cast(zero, dtype)
    return as_array(integers), as_array(scale), as_array(zero)


def pack_int4(arr: Any, axis: int = 0, dtype: DType = "int8") -> Any:
    """Two 4-bit integers a byte along an axis: the even places in the low half, the odd ones in the high half.

    Args:
        arr: int8 from -8 to 7, or uint8 from 0 to 15.
        axis: along which pairs are made; an odd length is filled up with a zero.
        dtype: "int8" or "uint8".

    Returns: the bytes, their shape, and the length of the axis before.

    Raises: TypeError if `arr` has another dtype, ValueError for another `dtype`.

    >>> from kerata.quantizers import pack_int4
    >>> packed, shape, length = pack_int4(np.array([[-3, 7], [2, -8], [1, 0]], "int8"))
    >>> packed.tolist(), shape, length
    ([[45, -121], [1, 0]], (2, 2), 3)
    """
    arr = as_array(arr)
    _check_bytes(dtype, dtype_of(arr), (dtype,), "packed")
    axis = axis % len(arr.shape)
    length = arr.shape[axis]
    wide = ops.moveaxis(ops.cast(arr, "int32"), axis, 0)
    if length % 2:
        wide = ops.pad(wide, [[0, 1]] + [[0, 0]] * (len(arr.shape) - 1))
    low, high = ops.bitwise_and(wide[0::2], 15), ops.bitwise_and(wide[1::2], 15)
    joined = ops.bitwise_or(low, ops.left_shift(high, 4))
    if dtype == "int8":
        joined = ops.where(ops.greater(joined, 127), ops.subtract(joined, 256), joined)
    packed = ops.moveaxis(ops.cast(joined, dtype), 0, axis)
    return packed, tuple(packed.shape), length


def unpack_int4(packed: Any, orig_len: Any, axis: int = 0, dtype: DType = "int8") -> Any:
    """The 4-bit integers that `pack_int4` put together.

    Args:
        packed: bytes, int8 or uint8.
        orig_len: the length of the axis before packing.
        axis: that along which pairs were made.
        dtype: "int8" gives numbers from -8 to 7, "uint8" from 0 to 15.

    Raises: TypeError if `packed` holds no bytes, ValueError for another `dtype`.

    >>> from kerata.quantizers import unpack_int4
    >>> unpack_int4(np.array([[45, -121], [1, 0]], "int8"), 3).tolist()
    [[-3, 7], [2, -8], [1, 0]]
    """
    packed = as_array(packed)
    _check_bytes(dtype, dtype_of(packed), ("int8", "uint8"), "unpacked")
    axis = axis % len(packed.shape)
    low, high = _halves(packed, dtype)
    both = ops.stack([low, high], axis=axis + 1)
    shape = list(packed.shape)
    shape[axis] = shape[axis] * 2
    both = ops.reshape(both, [-1 if d is None else d for d in shape])
    if orig_len != shape[axis]:
        both = both[(slice(None),) * axis + (slice(orig_len),)]
    return both


def _halves(packed, dtype):
    """The low and the high 4 bits of each byte, as numbers of a dtype; signed ones are shifted with their sign."""
    if dtype_of(packed) != dtype:
        wide = ops.cast(packed, "int32")
        if dtype == "int8":
            wide = ops.where(ops.greater(wide, 127), ops.subtract(wide, 256), wide)
        packed = ops.cast(ops.bitwise_and(wide, 255) if dtype == "uint8" else wide, dtype)
    if dtype == "uint8":
        return ops.bitwise_and(packed, 15), ops.right_shift(packed, 4)
    return ops.right_shift(ops.left_shift(packed, 4), 4), ops.right_shift(packed, 4)


def _check_bytes(dtype, given, allowed, what):
    if dtype not in ("int8", "uint8"):
        raise ValueError(f"dtype must be 'int8' or 'uint8'; {dtype!r} came.")
    if given not in allowed:
        raise TypeError(f"Only {' or '.join(allowed)} can be {what}; {given} came.")


def quantize_and_dequantize(inputs: Tree, scale: Any, quantized_dtype: Any, compute_dtype: Any) -> Any:
    """`inputs` as a type of few bits would hold them: divided by `scale`, kept within the type's range, rounded to it, and
    multiplied again.

    Args:
        inputs: floats.
        scale: a number.
        quantized_dtype: "float8_e4m3fn" or "float8_e5m2" (Micikevicius et al. 2022, arXiv:2209.05433).
        compute_dtype: the result's dtype.

    >>> from kerata.quantizers import quantize_and_dequantize
    >>> quantize_and_dequantize([0.1, 300.0], 1.0, "float8_e4m3fn", "float32").tolist()
    [0.1015625, 288.0]
    """
    largest = _largest(quantized_dtype)
    scaled = ops.divide(ops.cast(inputs, compute_dtype), ops.cast(scale, compute_dtype))
    small = ops.cast(ops.clip(scaled, -largest, largest), quantized_dtype)
    return ops.multiply(ops.cast(small, compute_dtype), ops.cast(scale, compute_dtype))


def _largest(dtype):
    return {"float8_e4m3fn": 448.0, "float8_e5m2": 57344.0}.get(dtypes.standardize_dtype(dtype)) or float(np.iinfo(dtype).max)


def compute_float8_scale(amax: Any, scale: Any, dtype_max: Any, margin: float = 0) -> Any:
    """The scale with which values up to `amax` fill the range of an 8-bit float.

    Args:
        amax: the largest magnitude seen.
        scale: the scale until now, kept where `amax` is 0 or not finite.
        dtype_max: the largest number of the 8-bit type.
        margin: powers of two left free above `amax`.

    >>> from kerata.quantizers import compute_float8_scale
    >>> float(compute_float8_scale(896.0, 1.0, 448.0))
    2.0
    """
    amax, scale = as_array(amax, "float32"), as_array(scale, "float32")
    usable = ops.logical_and(ops.greater(amax, 0.0), ops.isfinite(amax))
    return ops.where(usable, ops.multiply(ops.divide(amax, dtype_max), 2.0**margin), scale)


def compute_float8_amax_history(x: TensorLike, amax_history: Any) -> Any:
    """The history of largest magnitudes with that of `x` at its first place, the others one place on.

    Shapes: (...), (length,) -> (length,).

    >>> from kerata.quantizers import compute_float8_amax_history
    >>> compute_float8_amax_history([1.0, -7.0], [0.0, 2.0, 3.0]).tolist()
    [7.0, 3.0, 0.0]
    """
    history = as_array(amax_history)
    newest = ops.cast(ops.max(ops.abs(as_array(x))), dtype_of(history))
    return ops.concatenate([ops.reshape(newest, (1,)), ops.roll(history, -1)[1:]], axis=0)


def fake_quant_with_min_max_vars(
    inputs: Tree, min_vals: Any, max_vals: Any, num_bits: int = 8, narrow_range: bool = False, axis: int | None = None
) -> Any:
    """`inputs` as integers of `num_bits` would hold them between two limits, for training with quantization in view.

    The limits are moved so that 0 is one of the numbers that there are. Inside the limits the gradient passes as it is;
    outside, it goes to the limit that was passed (Jacob et al. 2018, arXiv:1712.05877).

    Args:
        inputs: floats.
        min_vals, max_vals: numbers or, with `axis`, one for each place along it.
        num_bits: how many bits an integer has.
        narrow_range: whether the smallest integer is left out.
        axis: the axis of the channels, None if the limits are for all.

    Raises: ValueError if `num_bits` is no integer from 2 to 16.

    >>> from kerata.quantizers import fake_quant_with_min_max_vars
    >>> fake_quant_with_min_max_vars([0.1, 0.4, 9.0], 0.0, 3.0, num_bits=2).tolist()
    [0.0, 0.0, 3.0]
    """
    if not hasattr(num_bits, "__index__") or not 2 <= num_bits <= 16:
        raise ValueError(f"num_bits must be an integer from 2 to 16; {num_bits!r} came.")
    x = ops.cast(as_array(inputs), dtypes.result_type(dtype_of(as_array(inputs)), "float32"))
    shape = () if axis is None else tuple(-1 if i == axis % len(x.shape) else 1 for i in range(len(x.shape)))
    low, high = (ops.reshape(ops.cast(v, dtype_of(x)), shape) for v in (min_vals, max_vals))
    over = tuple(i for i in range(len(x.shape)) if not shape or shape[i] == 1)
    least, most = (1 if narrow_range else 0), 2**num_bits - 1

    def rounded(x, low, high):
        scale = ops.divide(ops.subtract(high, low), most - least)
        zero = ops.clip(ops.round(ops.subtract(float(least), ops.divide(low, scale))), least, most)
        first, last = ops.multiply(ops.subtract(least, zero), scale), ops.multiply(ops.subtract(most, zero), scale)
        steps = ops.round(ops.divide(ops.subtract(ops.clip(x, first, last), first), scale))
        quantized = ops.add(ops.multiply(steps, scale), first)
        inside = ops.logical_and(ops.greater_equal(x, first), ops.less_equal(x, last))

        def gradient(upstream):
            def to_limit(passed):
                return ops.sum(ops.where(passed, upstream, ops.zeros_like(upstream)), over, keepdims=bool(shape))

            passed = ops.where(inside, upstream, ops.zeros_like(upstream))
            return passed, to_limit(ops.less(x, first)), to_limit(ops.greater(x, last))

        return quantized, gradient

    return ops.custom_gradient(rounded)(x, low, high)
