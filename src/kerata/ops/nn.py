"""Convolution, pooling, normalization, attention."""

from kerata import engines
from kerata.core import dtypes, suggestions
from kerata.core.arrays import as_array, dtype_of, static_shape
from kerata.core.arrays import cast as _cast
from kerata.core.config import epsilon as default_epsilon
from kerata.core.config import standardize_data_format
from kerata.core.op import op
from kerata.engines.shapes import window_output
from kerata.ops import numpy as knp
from kerata.ops.lengths import lengths_of, run_time_shape  # noqa: F401  (used from here, too)


def _spatial(value, rank, name):
    """One number for each spatial axis."""
    values = (value,) * rank if isinstance(value, int) else tuple(int(v) for v in value)
    if len(values) != rank or any(v < 1 for v in values):
        raise ValueError(f"{name} must be a positive integer or {rank} of them; {value!r} came.")
    return values


def to_channels_last(x, data_format):
    """`x` with channels last."""
    if standardize_data_format(data_format) == "channels_last":
        return x
    return knp.moveaxis(x, 1, -1)


def from_channels_last(x, data_format):
    """`x` with its channels where `data_format` has them."""
    return x if standardize_data_format(data_format) == "channels_last" else knp.moveaxis(x, -1, 1)


def _check_outputs(what, spatial, window, strides, padding, dilation):
    """Raises: ValueError if an output axis would have no length."""
    pads = [padding] * len(window) if isinstance(padding, str) else padding
    for i, (n, w, s, p, d) in enumerate(zip(spatial, window, strides, pads, dilation)):
        length = window_output(n, w, s, p, d)
        if length is not None and length <= 0:
            reach = (w - 1) * d + 1
            raise ValueError(
                f"Negative dimension size caused by subtracting {reach} from {n}: {what} with a window of {w}"
                f"{f' (dilated to {reach})' if d > 1 else ''} does not fit spatial axis {i}, of length {n}. Use a smaller "
                "window, padding='same', or larger inputs."
            )


@op
def conv(inputs, kernel, strides=1, padding="valid", data_format=None, dilation_rate=1):
    """Convolution in 1, 2 or 3 dimensions.

    Shapes: (batch, *spatial, channels), (*window, channels // groups, filters) -> (batch, *output, filters); the number
    of groups follows from the channels.

    Args:
        inputs, kernel: the tensors.
        strides: how far windows are apart: a number for all spatial axes, or one for each.
        padding: "valid", or "same" for outputs of length `ceil(length / stride)`.
        data_format: "channels_last" or "channels_first"; `kerata.config.image_data_format()` if None.
        dilation_rate: how far the places of a window are apart: a number, or one for each spatial axis.

    Raises: ValueError if the channels do not fit, or the window does not fit the input.

    >>> conv([[[1.0], [2.0], [3.0]]], [[[1.0]], [[10.0]]]).tolist()
    [[[21.0], [32.0]]]
    """
    return _convolved(inputs, kernel, None, strides, padding, data_format, dilation_rate)


@op
def biased_conv(inputs, kernel, bias, strides, padding, data_format, dilation_rate):
    """`conv` plus a bias (filters,), which some libraries add in the same kernel."""
    return _convolved(inputs, kernel, bias, strides, padding, data_format, dilation_rate)


def _convolved(inputs, kernel, bias, strides, padding, data_format, dilation_rate):
    inputs, kernel = knp.promote(inputs, kernel)
    rank = len(kernel.shape) - 2
    strides, dilation = _spatial(strides, rank, "strides"), _spatial(dilation_rate, rank, "dilation_rate")
    x = to_channels_last(inputs, data_format)
    padding = padding.lower() if isinstance(padding, str) else padding
    channels, wanted = x.shape[-1], kernel.shape[-2]
    if channels is None or channels % wanted or kernel.shape[-1] % (channels // wanted):
        raise ValueError(
            f"conv: inputs have {channels} channels; a kernel of shape {tuple(kernel.shape)} takes {wanted} of them a group."
        )
    _check_outputs("a convolution", x.shape[1:-1], kernel.shape[:-2], strides, padding, dilation)
    options = (strides, padding, (1,) * rank, dilation, channels // wanted)
    if bias is None:
        y = engines.current().conv(x, kernel, *options)
    else:
        y = engines.current().biased_conv(x, kernel, as_array(bias, dtype_of(x)), *options)
    return from_channels_last(y, data_format)


@op
def depthwise_conv(inputs, kernel, strides=1, padding="valid", data_format=None, dilation_rate=1):
    """Each channel convolved by itself.

    Shapes: (batch, *spatial, channels), (*window, channels, multiplier) -> (batch, *output, channels * multiplier).

    The other arguments are those of `conv`.

    >>> depthwise_conv([[[1.0, 2.0], [3.0, 4.0]]], [[[1.0], [1.0]], [[10.0], [0.0]]]).tolist()
    [[[31.0, 2.0]]]
    """
    kernel = as_array(kernel)
    *window, channels, multiplier = kernel.shape
    return conv(inputs, knp.reshape(kernel, (*window, 1, channels * multiplier)), strides, padding, data_format, dilation_rate)


@op
def separable_conv(inputs, depthwise_kernel, pointwise_kernel, strides=1, padding="valid", data_format=None, dilation_rate=1):
    """A depthwise convolution, then one of window 1 over the channels.

    Shapes: (batch, *spatial, channels), (*window, channels, multiplier), (*ones, channels * multiplier, filters) ->
    (batch, *output, filters).

    The other arguments are those of `conv`, and are the depthwise convolution's.

    Source: Chollet 2017, arXiv:1610.02357.

    >>> separable_conv([[[1.0, 2.0]]], [[[1.0], [10.0]]], [[[1.0], [1.0]]]).tolist()
    [[[21.0]]]
    """
    x = depthwise_conv(inputs, depthwise_kernel, strides, padding, data_format, dilation_rate)
    return conv(x, pointwise_kernel, 1, "valid", data_format)


def transpose_padding(window, stride, dilation, padding, output_padding):
    """How much the dilated input of a transposed convolution is padded, before and after, along one axis.

    Uncut, the output has length `(n - 1) * stride + reach`, where `reach` is that of the dilated window. Without
    `output_padding` it is cut to `n * stride` for "same", and filled up to that if shorter for "valid".
    """
    reach = (window - 1) * dilation + 1
    if output_padding is None:
        cut = reach - stride if padding == "same" else min(reach - stride, 0)
    else:
        cut = (2 * (reach // 2) if padding == "same" else 0) - output_padding
    before = max(cut, 0) // 2
    return reach - 1 - before, reach - 1 - (cut - before)


@op
def conv_transpose(inputs, kernel, strides=1, padding="valid", output_padding=None, data_format=None, dilation_rate=1):
    """The gradient of a convolution with respect to its input, as a layer ("deconvolution").

    Shapes: (batch, *spatial, channels), (*window, filters, channels) -> (batch, *output, filters).

    Args:
        inputs, kernel: the tensors.
        strides: how far the copies of the window are apart: a number for all spatial axes, or one for each.
        padding: "valid" or "same".
        output_padding: if None, an axis of length `n` comes to `n * stride` for "same"; for "valid", to
            `(n - 1) * stride + window`, or `n * stride` if that is longer. A number, or one for each axis, is added to
            `(n - 1) * stride + window`, less `2 * (window // 2)` for "same".
        data_format: "channels_last" or "channels_first"; `kerata.config.image_data_format()` if None.
        dilation_rate: how far the places of a window are apart, which makes the window longer by as much.

    >>> conv_transpose([[[1.0], [2.0]]], [[[1.0]], [[10.0]]], strides=2).tolist()
    [[[1.0], [10.0], [2.0], [20.0]]]
    """
    inputs, kernel = knp.promote(inputs, kernel)
    rank = len(kernel.shape) - 2
    strides, dilation = _spatial(strides, rank, "strides"), _spatial(dilation_rate, rank, "dilation_rate")
    extra = (output_padding,) * rank if output_padding is None or isinstance(output_padding, int) else tuple(output_padding)
    x = to_channels_last(inputs, data_format)
    pads = [transpose_padding(w, s, d, padding.lower(), e) for w, s, d, e in zip(kernel.shape[:-2], strides, dilation, extra)]
    flipped = knp.swapaxes(knp.flip(kernel, tuple(range(rank))), -1, -2)
    return from_channels_last(engines.current().conv(x, flipped, (1,) * rank, pads, strides, dilation, 1), data_format)


def _pool(inputs, pool_size, strides, padding, data_format, kind):
    inputs = as_array(inputs)
    rank = len(inputs.shape) - 2
    window = _spatial(pool_size, rank, "pool_size")
    strides = window if strides is None else _spatial(strides, rank, "strides")
    x, padding = to_channels_last(inputs, data_format), padding.lower()
    _check_outputs("pooling", x.shape[1:-1], window, strides, padding, (1,) * rank)
    return x, window, strides, padding, engines.current().pool(x, window, strides, padding, kind)


@op
def max_pool(inputs, pool_size, strides=None, padding="valid", data_format=None):
    """The largest element of each window.

    Shapes: (batch, *spatial, channels) -> (batch, *output, channels), or with channels second.

    Args:
        inputs: a tensor with 1, 2 or 3 spatial axes.
        pool_size, strides: a number for all spatial axes, or one for each; `strides` are `pool_size` if None.
        padding: "valid", or "same" for windows that reach beyond the edges.
        data_format: "channels_last" or "channels_first".

    Raises: ValueError if the window does not fit the input.

    >>> max_pool([[[1.0], [3.0], [2.0], [0.0]]], 2).tolist()
    [[[3.0], [2.0]]]
    """
    return from_channels_last(_pool(inputs, pool_size, strides, padding, data_format, "max")[-1], data_format)


@op
def min_pool(inputs, pool_size, strides=None, padding="valid", data_format=None):
    """The smallest element of each window."""
    return from_channels_last(_pool(inputs, pool_size, strides, padding, data_format, "min")[-1], data_format)


@op
def average_pool(inputs, pool_size, strides=None, padding="valid", data_format=None):
    """The mean of each window; places outside the input are not counted.

    Shapes and arguments are those of `max_pool`; integers give floats.

    Raises: ValueError if the window does not fit the input.

    >>> average_pool([[[1.0], [3.0], [2.0], [0.0]]], 2).tolist()
    [[[2.0], [1.0]]]
    """
    dtype = dtype_of(knp.to_float(inputs))
    x, window, strides, padding, total = _pool(knp.widened(inputs), pool_size, strides, padding, data_format, "sum")
    if padding == "valid":
        count = 1
        for w in window:
            count *= w
        mean = knp.divide(total, count)
    else:
        mean = knp.divide(total, engines.current().pool(knp.ones_like(x), window, strides, padding, "sum"))
    return from_channels_last(_cast(mean, dtype), data_format)


def _bins(xp, length, size):
    """Where each of `size` windows that cover an axis begins and ends, (size, 1); neighbours may overlap by one."""
    places = xp.arange(size, dtype="int64")[:, None]
    return places * length // size, -(-(places + 1) * length // size)


def along_axis(matrix, x, axis):
    """The product of a matrix (outputs, inputs) with `x` along an axis."""
    return knp.moveaxis(knp.tensordot(x, matrix, axes=([axis], [1])), -1, axis)


def _output_size(output_size, x):
    return _spatial(output_size, len(x.shape) - 2, "output_size")


@op
def adaptive_average_pool(inputs, output_size, data_format=None):
    """The means of windows chosen so that the output has a given length along each spatial axis.

    Shapes: (batch, *spatial, channels) -> (batch, *output_size, channels), or with channels second.

    Args:
        inputs: a tensor with 1, 2 or 3 spatial axes; integers become floats.
        output_size: a number for all spatial axes, or one for each.
        data_format: "channels_last" or "channels_first".

    Raises: ValueError unless the sizes are positive integers.

    >>> adaptive_average_pool([[[1.0], [3.0], [5.0]]], 2).tolist()
    [[[2.0], [4.0]]]
    """
    x = to_channels_last(knp.to_float(inputs), data_format)
    for axis, size in enumerate(_output_size(output_size, x), 1):
        xp, length = lengths_of(x, axis)
        if length is None:
            matrix = knp.zeros((size, None), dtype_of(x))
        else:
            start, end = _bins(xp, length, size)
            places = xp.arange(length, dtype="int64")
            inside = (places >= start) & (places < end)
            matrix = as_array(xp.where(inside, 1 / (end - start), 0.0), dtype_of(x))
        x = along_axis(matrix, x, axis)
    return from_channels_last(x, data_format)


@op
def adaptive_max_pool(inputs, output_size, data_format=None):
    """The maxima of windows chosen so that the output has a given length along each spatial axis.

    Shapes: (batch, *spatial, channels) -> (batch, *output_size, channels), or with channels second.

    Args:
        inputs: a tensor with 1, 2 or 3 spatial axes.
        output_size: a number for all spatial axes, or one for each.
        data_format: "channels_last" or "channels_first".

    Raises: ValueError unless the sizes are positive integers.

    >>> adaptive_max_pool([[[1.0], [3.0], [5.0]]], 2).tolist()
    [[[3.0], [5.0]]]
    """
    x = to_channels_last(as_array(inputs), data_format)
    for axis, size in enumerate(_output_size(output_size, x), 1):
        xp, length = lengths_of(x, axis)
        start, end = _bins(xp, size if length is None else length, size)
        places = xp.minimum(start + xp.arange(xp.max(end - start), dtype="int64"), end - 1)
        x = knp.max(knp.take(x, as_array(places, "int32"), axis), axis=axis + 1)
    return from_channels_last(x, data_format)


@op
def affine(x, kernel, bias=None):
    """`x @ kernel + bias`: (..., features), (features, units), (units,) -> (..., units)."""
    y = knp.matmul(x, kernel)
    return y if bias is None else knp.add(y, bias)


@op
def affine_along(count, x, kernel, bias=None):
    """`affine` over the last `count` axes: (..., *features), (*features, *units), units -> (..., *units)."""
    y = knp.tensordot(x, kernel, count)
    return y if bias is None else knp.add(y, bias)


@op
def moments(x, axes, keepdims=False, synchronized=False):
    """The mean and the variance over axes, computed in float32 at least.

    Args:
        x: a tensor; integers become floats.
        axes: an axis, or several.
        keepdims: whether the axes stay, with length one.
        synchronized: whether replicas share their statistics; accepted, as a tensor is whole on its one device.

    >>> [part.tolist() for part in moments([[1.0, 3.0], [5.0, 7.0]], [0])]
    [[3.0, 5.0], [4.0, 4.0]]
    """
    x = knp.to_float(x)
    dtype, wide = dtype_of(x), knp.widened(x)
    mean = knp.mean(wide, axes, keepdims=True)
    variance = knp.mean(knp.square(knp.subtract(wide, engines.current().stop_gradient(mean))), axes, keepdims=True)
    if not keepdims:
        axes = tuple(axes) if isinstance(axes, (list, tuple)) else axes
        mean, variance = knp.squeeze(mean, axes), knp.squeeze(variance, axes)
    return _cast(mean, dtype), _cast(variance, dtype)


def along(v, x, axis):
    """A vector shaped so that it lies along `axis` of `x`."""
    axes = {a % len(x.shape) for a in ((axis,) if isinstance(axis, int) else axis)}
    v = as_array(v)
    return knp.reshape(v, [x.shape[i] if i in axes else 1 for i in range(len(x.shape))]) if len(v.shape) != len(x.shape) else v


@op
def batch_normalization(x, mean, variance, axis, offset=None, scale=None, epsilon=1e-3):
    """`(x - mean) / sqrt(variance + epsilon) * scale + offset`, the statistics along `axis`.

    Shapes: x (..., channels, ...), the others (channels,) -> the same as `x`.

    Source: Ioffe and Szegedy 2015, arXiv:1502.03167.

    >>> batch_normalization([[3.0, 6.0]], [1.0, 2.0], [4.0, 4.0], -1, epsilon=0.0).tolist()
    [[1.0, 2.0]]
    """
    x = as_array(x)
    factor = knp.divide(1.0, knp.sqrt(knp.add(as_array(variance), epsilon)))
    if scale is not None:
        factor = knp.multiply(factor, scale)
    shift = knp.multiply(knp.negative(as_array(mean)), factor)
    if offset is not None:
        shift = knp.add(shift, offset)
    return _cast(knp.add(knp.multiply(x, along(factor, x, axis)), along(shift, x, axis)), dtype_of(x))


def channel_moments(x, axis, weights=None, synchronized=False):
    """The mean and the variance of each channel of a float32 or wider `x`; `weights` say how much each place counts.

    Shapes: x (..., channels, ...), weights that broadcast to it -> (channels,), (channels,).
    """
    axes = [a for a in range(len(x.shape)) if a != axis % len(x.shape)]
    if weights is None:
        return moments(x, axes, synchronized=synchronized)
    weights = knp.multiply(weights, knp.ones_like(x))
    total = knp.maximum(knp.sum(weights, axes, keepdims=True), 1e-7)
    mean = knp.divide(knp.sum(knp.multiply(x, weights), axes, keepdims=True), total)
    squares = knp.multiply(knp.square(knp.subtract(x, mean)), weights)
    return knp.squeeze(mean, axes), knp.divide(knp.sum(squares, axes), knp.squeeze(total, axes))


@op
def normalize_by_batch(x, axis=-1, offset=None, scale=None, epsilon=1e-3, weights=None, synchronized=False):
    """`x` normalized by its own statistics along `axis`, scaled and shifted: batch normalization while training.

    Shapes: x (..., channels, ...), offset and scale (channels,), weights that broadcast to `x` and say how much each place
    counts -> the same as `x`, (channels,), (channels,).

    Returns: `(outputs, mean, variance)`. The statistics are float32 at least; they are there to be averaged over batches,
    and are constant to differentiation. The variance is that of the batch itself: its divisor is the number of places.

    Source: Ioffe and Szegedy 2015, arXiv:1502.03167.
    """
    x = knp.to_float(x)
    wide = knp.widened(x)
    mean, variance = channel_moments(wide, axis, weights, synchronized)
    y = _cast(batch_normalization(wide, mean, variance, axis, offset, scale, epsilon), dtype_of(x))
    constant = engines.current().stop_gradient
    return y, constant(mean), constant(variance)


@op
def layer_normalization(x, gamma=None, beta=None, axis=-1, epsilon=None, **kwargs):
    """`x` with mean 0 and variance 1 over `axis`, scaled and shifted: (..., features) -> (..., features).

    Args:
        x: a tensor; integers become floats.
        gamma, beta: what the result is multiplied with, and what is added, (features,) each; None for neither.
        axis: an axis, or several together.
        epsilon: added to the variance; `kerata.config.epsilon()` if None.
        kwargs: only the old `rms_scaling`; if true, the mean stays, and there is no `beta`. (`rms_normalization` divides by
            the root mean square.)

    Raises: ValueError for `beta` with `rms_scaling`; TypeError for arguments by other names.
    Source: Ba et al. 2016, arXiv:1607.06450.

    >>> layer_normalization([[0.0, 4.0]]).tolist()
    [[-1.0, 1.0]]
    """
    keeps_mean = kwargs.pop("rms_scaling", False)
    suggestions.refuse(layer_normalization, kwargs)
    if keeps_mean and beta is not None:
        raise ValueError("layer_normalization with rms_scaling=True adds nothing: leave beta out.")
    x = knp.to_float(x)
    dtype, wide = dtype_of(x), knp.widened(x)
    mean = knp.mean(wide, axis, keepdims=True)
    centred = knp.subtract(wide, mean)
    variance = knp.mean(knp.square(centred), axis, keepdims=True)
    factor = knp.divide(1.0, knp.sqrt(knp.add(variance, default_epsilon() if epsilon is None else epsilon)))
    y = _cast(knp.multiply(wide if keeps_mean else centred, factor), dtype)
    if gamma is not None:
        y = knp.multiply(y, along(gamma, y, axis))
    return y if beta is None else knp.add(y, along(beta, y, axis))


@op
def rms_normalization(x, scale=None, axis=-1, epsilon=None):
    """`x` divided by its root mean square over `axis`, and scaled: (..., features) -> (..., features).

    Args:
        x: a tensor; integers become floats.
        scale: what the result is multiplied with, (features,); None for nothing.
        axis: an axis, or several together.
        epsilon: added to the mean of squares; `kerata.config.epsilon()` if None.

    Source: Zhang and Sennrich 2019, arXiv:1910.07467.

    >>> rms_normalization([[4.0, -4.0]]).tolist()
    [[1.0, -1.0]]
    """
    x = knp.to_float(x)
    dtype, wide = dtype_of(x), knp.widened(x)
    power = knp.mean(knp.square(wide), axis, keepdims=True)
    y = _cast(knp.divide(wide, knp.sqrt(knp.add(power, default_epsilon() if epsilon is None else epsilon))), dtype)
    return y if scale is None else knp.multiply(y, along(scale, y, axis))


@op
def dot_product_attention(
    query, key, value, bias=None, mask=None, scale=None, is_causal=False, flash_attention=None, attn_logits_soft_cap=None
):
    """Scaled dot-product attention.

    Shapes: query (batch, targets, heads, depth), key and value (batch, sources, heads or groups, depth), bias and mask
    broadcast to (batch, heads, targets, sources) -> (batch, targets, heads, depth).

    Args:
        query, key, value: the tensors.
        bias: added to the logits.
        mask: booleans; where one is False, the target does not see the source.
        scale: what the logits are multiplied with; `1 / sqrt(depth)` if None.
        is_causal: whether a target sees no source behind its own place.
        flash_attention: accepted; the engine chooses its fastest kernel, and the result is the same.
        attn_logits_soft_cap: what the logits are kept below, by tanh, if given.

    Source: Vaswani et al. 2017, arXiv:1706.03762.

    >>> dot_product_attention([[[[1.0]]]], [[[[0.0]], [[0.0]]]], [[[[2.0]], [[4.0]]]]).tolist()
    [[[[3.0]]]]
    """
    from kerata.ops.activation import softmax

    query, key = knp.promote(query, key)
    query, value = knp.promote(query, value)
    heads, groups = query.shape[2], key.shape[2]
    if heads != groups:
        key, value = knp.repeat(key, heads // groups, 2), knp.repeat(value, heads // groups, 2)
    scale = query.shape[-1] ** -0.5 if scale is None else scale
    logits = _cast(knp.einsum("bthd,bshd->bhts", query, key), dtypes.result_type(dtype_of(query), "float32"))
    logits = knp.multiply(logits, scale)
    if attn_logits_soft_cap is not None:
        logits = knp.multiply(knp.tanh(knp.divide(logits, attn_logits_soft_cap)), attn_logits_soft_cap)
    if bias is not None:
        logits = knp.add(logits, bias)
    if is_causal:
        targets, sources = static_shape(logits)[-2:]
        causal = knp.tril(knp.ones((targets, sources), "bool"))
        mask = causal if mask is None else knp.logical_and(mask, causal)
    if mask is not None:
        logits = knp.where(mask, logits, -0.7 * 3.4e38)
    weights = _cast(softmax(logits, axis=-1), dtype_of(value))
    return knp.einsum("bhts,bshd->bthd", weights, value)


__all__ = [
    "adaptive_average_pool",
    "adaptive_max_pool",
    "average_pool",
    "batch_normalization",
    "conv",
    "conv_transpose",
    "depthwise_conv",
    "dot_product_attention",
    "layer_normalization",
    "max_pool",
    "min_pool",
    "moments",
    "rms_normalization",
    "separable_conv",
]

# Names of `keras.ops.nn` from files that are built on this one, or beside it.
_BESIDE = frozenset(
    """binary_crossentropy categorical_crossentropy celu ctc_decode ctc_loss depth_to_space elu fold gelu glu hard_shrink
    hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu log_sigmoid log_softmax multi_hot normalize one_hot polar psnr relu
    relu6 selu sigmoid silu soft_shrink softmax softplus softsign space_to_depth sparse_categorical_crossentropy sparse_plus
    sparse_sigmoid sparsemax squareplus swish tanh_shrink threshold unfold""".split()
)


def __getattr__(name):
    if name in _BESIDE:
        from kerata import ops

        return getattr(ops, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
