"""Convolution, pooling, and fast forms of a few ops on TensorFlow, equal to the ops' one body in value and gradient."""

import functools
import itertools
import math

from kerata.engines.products import affine_along
from kerata.engines.tensorflow import (
    linalg as tensorflow_linalg,
    optimizers as tensorflow_optimizers,
    recurrent as tensorflow_recurrent,
    shaping as tensorflow_shaping,
)
from kerata.engines.tensorflow.library import tf

_FORMATS = {1: "NWC", 2: "NHWC", 3: "NDHWC"}


def conv(inputs, kernel, strides, padding, input_dilation, kernel_dilation, groups):
    """See `Engine.conv`."""
    if not inputs.dtype.is_floating:
        wide, weights = tf.cast(inputs, "float64"), tf.cast(kernel, "float64")
        return tf.cast(conv(wide, weights, strides, padding, input_dilation, kernel_dilation, groups), inputs.dtype)
    rank = len(strides)
    if rank == 1:
        ones, pads = (1,), padding if isinstance(padding, str) else [(0, 0), *padding]
        inputs, kernel = tf.expand_dims(inputs, 1), tf.expand_dims(kernel, 0)
        dilations = ones + tuple(input_dilation), ones + tuple(kernel_dilation)
        result = conv(inputs, kernel, ones + tuple(strides), pads, *dilations, groups)
        return tf.squeeze(result, 1)
    if any(d > 1 for d in input_dilation):
        return _transposed(inputs, kernel, strides, padding, input_dilation, kernel_dilation, groups)
    if rank > 3:
        return _by_places(inputs, kernel, strides, padding, kernel_dilation, groups)
    if not isinstance(padding, str):
        inputs, padding = _bordered(inputs, padding), "valid"
    if rank == 2 and groups > 1 and groups == inputs.shape[-1]:
        return _depthwise(inputs, kernel, strides, padding, kernel_dilation)
    plain = max(strides) == 1 or max(kernel_dilation) == 1
    if not plain or rank == 3 and groups > 1:
        return _by_groups(inputs, kernel, strides, padding, kernel_dilation, groups)
    return _direct(inputs, kernel, strides, padding, kernel_dilation)


def biased_conv(inputs, kernel, bias, strides, padding, input_dilation, kernel_dilation, groups):
    """See `Engine.biased_conv`."""
    y = conv(inputs, kernel, strides, padding, input_dilation, kernel_dilation, groups)
    return tf.nn.bias_add(y, bias) if y.dtype.is_floating and y.shape.rank > 2 else y + bias


def _direct(inputs, kernel, strides, padding, dilation):
    if len(strides) == 2:
        return tf.nn.conv2d(inputs, kernel, list(strides), padding.upper(), dilations=list(dilation))
    if max(dilation) > 1:
        return tf.nn.convolution(inputs, kernel, list(strides), padding.upper(), _FORMATS[3], list(dilation))
    return tf.nn.conv3d(inputs, kernel, [1, *strides, 1], padding.upper(), _FORMATS[3])


def _bordered(x, pads, value=0):
    """`x` with borders along its spatial axes; a negative one cuts."""
    if any(side < 0 for pair in pads for side in pair):
        cut = [slice(max(-before, 0), -max(-after, 0) or None) for before, after in pads]
        x = x[(slice(None), *cut, slice(None))]
    pads = [(max(before, 0), max(after, 0)) for before, after in pads]
    if not any(before or after for before, after in pads):
        return x
    return tf.pad(x, [(0, 0), *pads, (0, 0)], constant_values=tf.constant(value, x.dtype))


def _depthwise(inputs, kernel, strides, padding, dilation):
    """Every channel by itself."""
    *window, _, filters = kernel.shape
    channels = inputs.shape[-1]
    equal = len(set(strides)) == 1 and (max(dilation) == 1 or max(strides) == 1)
    if not equal:
        return _by_places(inputs, kernel, strides, padding, dilation, channels)
    kernel = tf.reshape(kernel, (*window, channels, filters // channels))
    return tf.nn.depthwise_conv2d(inputs, kernel, [1, *strides, 1], padding.upper(), dilations=list(dilation))


def _by_groups(inputs, kernel, strides, padding, dilation, groups):
    """Group by group, and where TensorFlow has no stride and dilation together, place by place of the window."""
    if max(strides) > 1 and max(dilation) > 1:
        return _by_places(inputs, kernel, strides, padding, dilation, groups)
    parts = zip(tf.split(inputs, groups, -1), tf.split(kernel, groups, -1))
    return tf.concat([_direct(x, k, strides, padding, dilation) for x, k in parts], -1)


def _by_places(inputs, kernel, strides, padding, dilation, groups):
    """The sum over the window's places of a product of the strided input with the kernel there: any rank and dilation."""
    rank, window = len(strides), kernel.shape[:-2].as_list()
    lengths = [tf.shape(inputs)[1 + i] if n is None else n for i, n in enumerate(inputs.shape[1:-1])]
    reach = [(w - 1) * d + 1 for w, d in zip(window, dilation)]
    if padding == "same":
        outputs = [-(-n // s) for n, s in zip(lengths, strides)]
        inputs = _same_border(inputs, reach, strides)
    else:
        if padding != "valid":
            inputs = _bordered(inputs, padding)
            lengths = [n + before + after for n, (before, after) in zip(lengths, padding)]
        outputs = [(n - r) // s + 1 for n, r, s in zip(lengths, reach, strides)]
    total = 0
    for place in itertools.product(*[range(w) for w in window]):
        index = [slice(p * d, p * d + (o - 1) * s + 1, s) for p, d, o, s in zip(place, dilation, outputs, strides)]
        total = total + _grouped_product(inputs[(slice(None), *index)], kernel[place], groups, rank)
    return total


def _grouped_product(x, weights, groups, rank):
    """(batch, *spatial, channels), (channels // groups, filters) -> (batch, *spatial, filters)."""
    if groups == 1:
        return tf.tensordot(x, weights, 1)
    each, filters = weights.shape
    x = tf.reshape(x, tf.concat([tf.shape(x)[:-1], [groups, each]], 0))
    weights = tf.reshape(weights, (each, groups, filters // groups))
    letters = "xyzw"[:rank]
    y = tf.einsum(f"b{letters}gc,cgf->b{letters}gf", x, weights)
    return tf.reshape(y, tf.concat([tf.shape(y)[:-2], [filters]], 0))


def _transposed(inputs, kernel, strides, padding, input_dilation, kernel_dilation, groups):
    """A convolution of the input with zeros put between its elements: the gradient of a strided convolution."""
    rank, window = len(strides), kernel.shape[:-2].as_list()
    pads = [(0, 0)] * rank if padding == "valid" else padding
    if max(strides) > 1 or max(kernel_dilation) > 1 or groups > 1 or isinstance(pads, str) or rank > 3:
        return conv(_spread(inputs, input_dilation), kernel, strides, padding, (1,) * rank, kernel_dilation, groups)
    flipped = tf.reverse(tf.linalg.matrix_transpose(kernel), list(range(rank)))
    sizes = [tf.shape(inputs)[1 + i] if n is None else n for i, n in enumerate(inputs.shape[1:-1])]
    outputs = [(n - 1) * d + w for n, d, w in zip(sizes, input_dilation, window)]
    batch = tf.shape(inputs)[0] if inputs.shape[0] is None else inputs.shape[0]
    shape = [batch, *outputs, kernel.shape[-1]]
    full = tf.nn.conv_transpose(inputs, flipped, shape, list(input_dilation), "VALID", _FORMATS[rank])
    return _bordered(full, [(before - (w - 1), after - (w - 1)) for (before, after), w in zip(pads, window)])


def _spread(x, dilation):
    """`x` with `d - 1` zeros between neighbours along each spatial axis."""
    for axis, d in enumerate(dilation, 1):
        if d > 1:
            x = tf.expand_dims(x, axis + 1)
            x = tf.pad(x, [(0, d - 1) if i == axis + 1 else (0, 0) for i in range(x.shape.rank)])
            lengths = [tf.shape(x)[i] if n is None else n for i, n in enumerate(x.shape)]
            x = tf.reshape(x, [*lengths[:axis], lengths[axis] * d, *lengths[axis + 2 :]])
            x = x[(slice(None),) * axis + (slice(0, lengths[axis] * d - (d - 1)),)]
    return x


def pool(inputs, window, strides, padding, kind):
    """See `Engine.pool`."""
    if len(window) == 1:
        pads = padding if isinstance(padding, str) else [(0, 0), *padding]
        return tf.squeeze(pool(tf.expand_dims(inputs, 1), (1, *window), (1, *strides), pads, kind), 1)
    if kind == "min":
        return _lowest(inputs, window, strides, padding)
    if not inputs.dtype.is_floating:
        return tf.cast(pool(tf.cast(inputs, "float64"), window, strides, padding, kind), inputs.dtype)
    if not isinstance(padding, str):
        inputs, padding = _bordered(inputs, padding, -math.inf if kind == "max" else 0), "valid"
    if kind == "max":
        return _pooled("max", inputs, window, strides, padding)
    if padding == "same":
        inputs = _same_border(inputs, window, strides)
    return _pooled("avg", inputs, window, strides, "valid") * tf.constant(math.prod(window), inputs.dtype)


def _same_border(x, reach, strides):
    """`x` with the zeros round it that "same" padding means."""
    pads = []
    for axis, (r, s) in enumerate(zip(reach, strides), 1):
        known = x.shape[axis] is not None
        length = x.shape[axis] if known else tf.shape(x)[axis]
        total = (-(-length // s) - 1) * s + r - length
        total = max(total, 0) if known else tf.maximum(total, 0)
        pads.append((total // 2, total - total // 2))
    return tf.pad(x, [(0, 0), *pads, (0, 0)])


def _lowest(inputs, window, strides, padding):
    if inputs.dtype.is_floating:
        return -pool(-inputs, window, strides, padding, "max")
    return tf.cast(_lowest(tf.cast(inputs, "float64"), window, strides, padding), inputs.dtype)


def _pooled(kind, inputs, window, strides, padding):
    window, strides = [1, *window, 1], [1, *strides, 1]
    name = f"{kind}_pool{len(window) - 2}d"
    return getattr(tf.nn, name)(inputs, window, strides, padding.upper(), _FORMATS[len(window) - 2])


# Fused forms of ops. They take arrays only; other arguments are left to the op's body.


def _of_floats(fn):
    """A kernel for one float array."""

    def run(x, *args, **kwargs):
        return fn(x, *args, **kwargs) if isinstance(x, tf.Tensor) and x.dtype.is_floating else NotImplemented

    return run


def _along_axis(fn):
    return _of_floats(lambda x, axis=-1: fn(x, axis) if isinstance(axis, int) else NotImplemented)


@_of_floats
def average_pool(inputs, pool_size, strides=None, padding="valid", data_format="channels_last"):
    """See `ops.average_pool`; declines what needs another layout."""
    rank = inputs.shape.rank - 2
    narrow = inputs.dtype in (tf.float16, tf.bfloat16)  # too few bits for the sum
    if narrow or data_format != "channels_last" or rank not in (2, 3) or padding.lower() != "same":
        return NotImplemented
    window = (pool_size,) * rank if isinstance(pool_size, int) else tuple(pool_size)
    strides = window if strides is None else (strides,) * rank if isinstance(strides, int) else tuple(strides)
    return _pooled("avg", inputs, window, strides, "same")


# What cuDNN asks for.
_SMALLEST_EPSILON = 1.001e-5


@_of_floats
def normalize_by_batch(x, axis=-1, offset=None, scale=None, epsilon=1e-3, weights=None, synchronized=False):
    """See `ops.nn.normalize_by_batch`; declines what is no sequence or image of small floats with channels last.

    In a graph weights are ones in all batches but the last, which is filled up, so what is slow is left to that one.
    """
    if x.dtype == tf.float64 or synchronized or epsilon < _SMALLEST_EPSILON:
        return NotImplemented
    if x.shape.rank < 3 or axis % x.shape.rank != x.shape.rank - 1:  # without places, plain sums are as fast
        return NotImplemented
    channels = x.shape[-1]
    offset = tf.zeros(channels) if offset is None else tf.cast(offset, "float32")
    scale = tf.ones(channels) if scale is None else tf.cast(scale, "float32")
    fused = functools.partial(_fused_batch_normalization, x, offset, scale, epsilon)
    if weights is None:
        return fused()
    from kerata.core.op import OPS

    weighted = functools.partial(OPS["normalize_by_batch"].body, x, axis, offset, scale, epsilon, weights)
    return tuple(tf.cond(tf.reduce_all(tf.equal(weights, 1)), fused, weighted))


def _fused_batch_normalization(x, offset, scale, epsilon):
    channels = x.shape[-1]
    images = x if x.shape.rank == 4 else tf.reshape(x, [-1, 1, 1, channels])
    y, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=images, scale=scale, offset=offset, mean=[], variance=[], epsilon=epsilon, is_training=True
    )
    places = tf.cast(tf.size(x) // channels, variance.dtype)
    biased = variance * ((places - 1) / places)
    y = y if x.shape.rank == 4 else tf.ensure_shape(tf.reshape(y, tf.shape(x)), x.shape)
    return y, tf.stop_gradient(mean), tf.stop_gradient(biased)


def top_k(x, k):
    """See `ops.special.top_k_of_array`."""
    if x.dtype == tf.bool:
        values, indices = tf.math.top_k(tf.cast(x, "int32"), k)
        return tf.cast(values, "bool"), indices
    return tuple(tf.math.top_k(x, k))


def totals_at(index, values, size):
    """See `ops.special.totals_at`."""
    inside = (index >= 0) & (index < size)
    return tf.math.unsorted_segment_sum(tf.where(inside, values, tf.zeros_like(values)), tf.where(inside, index, 0), size)


def segment_reduce(data, segment_ids, num_segments, kind, nothing):
    """See `ops.segments.segment_reduce`."""
    known = ("int32", "int64", "float16", "bfloat16", "float32", "float64")
    if data.dtype.name not in known:
        wide = segment_reduce(tf.cast(data, "int64"), segment_ids, num_segments, kind, int(nothing))
        return tf.cast(wide, data.dtype)
    num_segments = tf.cast(num_segments, segment_ids.dtype)  # a length known at run time alone has 64 bits
    inside = (segment_ids >= 0) & (segment_ids < num_segments)
    ids = tf.where(inside, segment_ids, -1)  # left out
    result = getattr(tf.math, f"unsorted_segment_{kind}")(data, ids, num_segments)
    if kind in ("sum", "prod"):
        return result
    rows = tf.math.unsorted_segment_sum(tf.ones_like(ids), ids, num_segments)
    empty = tf.reshape(rows == 0, tf.concat([[-1], tf.ones([data.shape.rank - 1], "int32")], 0))
    return tf.where(empty, tf.constant(nothing, data.dtype), result)


def affine(x, kernel, bias=None):
    """The bias is added to the rows of the product, so that both are one kernel."""
    if bias is None or not tf.is_tensor(x) or not x.dtype.is_floating or not x.dtype == kernel.dtype == bias.dtype:
        return NotImplemented
    if x.shape.rank < 2 or x.shape[-1] is None or x.shape[-1] != kernel.shape[0]:
        return NotImplemented
    kernel, bias = tf.convert_to_tensor(kernel), tf.convert_to_tensor(bias)
    y = tf.nn.bias_add(tf.reshape(x, (-1, x.shape[-1])) @ kernel, bias)
    return tensorflow_shaping.reshape(y, (*x.shape[:-1], kernel.shape[1]))


KERNELS = {
    **tensorflow_linalg.KERNELS,
    **tensorflow_optimizers.KERNELS,
    **tensorflow_recurrent.KERNELS,
    "affine": affine,
    "affine_along": affine_along(affine, tensorflow_shaping.reshape),
    "average_pool": average_pool,
    "erf_of_float": tf.math.erf,
    "erfc_of_float": tf.math.erfc,
    "erfinv_of_float": lambda x: (
        tf.math.erfinv(x) if x.dtype.size > 2 else tf.cast(tf.math.erfinv(tf.cast(x, "float32")), x.dtype)
    ),
    "segment_reduce": segment_reduce,
    "logistic_of_float": tf.sigmoid,
    "log_softmax": _along_axis(tf.nn.log_softmax),
    "normalize_by_batch": normalize_by_batch,
    "relu": _of_floats(tf.nn.relu),
    "relu6": _of_floats(tf.nn.relu6),
    "rsqrt": _of_floats(tf.math.rsqrt),
    "softmax": _along_axis(tf.nn.softmax),
    "softplus": _of_floats(tf.math.softplus),
    "top_k_of_array": top_k,
    "totals_at": totals_at,
}
