"""The order and the shapes in which Keras 1 showed the weights of its layers.

Its recurrent layers had weights of their own for each gate, unless they were made with `consume_less="gpu"`; kernels of
convolutions over channels that come first were (filters, channels, ...), and those in one dimension had an axis of length one.
"""

from typing import Any

import numpy as np

from kerata import layers


def _gates(order):
    """For an RNN with these gates, given in the order in which today's kernel has them; Keras 1's order is `order`."""

    def then(layer, arrays):
        if layer.consume_less == "gpu":
            return arrays
        parts = [np.split(a, len(order), axis=-1) for a in arrays]
        return [part[i] for i in order for part in parts]

    def today(layer, arrays):
        if layer.consume_less == "gpu":
            return arrays
        of_gate = {i: arrays[3 * place : 3 * place + 3] for place, i in enumerate(order)}
        return [np.concatenate([of_gate[i][kind] for i in range(len(order))], axis=-1) for kind in range(3)]

    return then, today


_LSTM = _gates((0, 2, 1, 3))  # Keras 1 had the candidate before the forget gate
_GRU = _gates((0, 1, 2))


def _channels_first(layer):
    return layer.data_format == "channels_first"


def _first(kernel):
    """(*window, channels, filters) -> (filters, channels, *window)."""
    return np.moveaxis(kernel, (-1, -2), (0, 1))


def _last(kernel):
    """(filters, channels, *window) -> (*window, channels, filters)."""
    return np.moveaxis(kernel, (0, 1), (-1, -2))


def _conv_then(layer, arrays):
    if layer.rank == 1:
        return [arrays[0][:, None], *arrays[1:]]
    return [_first(arrays[0]), *arrays[1:]] if _channels_first(layer) else arrays


def _conv_today(layer, arrays):
    if layer.rank == 1:
        return [np.squeeze(arrays[0], 1), *arrays[1:]]
    return [_last(arrays[0]), *arrays[1:]] if _channels_first(layer) else arrays


def _deconv_then(layer, arrays):
    kernel = np.swapaxes(arrays[0], -1, -2)  # (*window, channels, filters)
    return [_first(kernel) if _channels_first(layer) else kernel, *arrays[1:]]


def _deconv_today(layer, arrays):
    kernel = _last(arrays[0]) if _channels_first(layer) else arrays[0]
    return [np.swapaxes(kernel, -1, -2), *arrays[1:]]


def _separable_then(layer, arrays):
    return [*map(_first, arrays[:2]), *arrays[2:]] if _channels_first(layer) else arrays


def _separable_today(layer, arrays):
    return [*map(_last, arrays[:2]), *arrays[2:]] if _channels_first(layer) else arrays


def _conv_lstm_then(layer, arrays):
    split = _LSTM[0](layer, arrays)
    return [_first(a) if a.ndim > 1 and _channels_first(layer) else a for a in split]


def _conv_lstm_today(layer, arrays):
    return _LSTM[1](layer, [_last(a) if np.ndim(a) > 1 and _channels_first(layer) else a for a in arrays])


_ORDERS = (
    (layers.LSTM, *_LSTM),
    (layers.GRU, *_GRU),
    (layers.ConvLSTM2D, _conv_lstm_then, _conv_lstm_today),
    (layers.Conv2DTranspose, _deconv_then, _deconv_today),
    (layers.SeparableConv2D, _separable_then, _separable_today),
    (layers.Conv1D, _conv_then, _conv_today),
    (layers.Conv2D, _conv_then, _conv_today),
    (layers.Conv3D, _conv_then, _conv_today),
)


def _order(layer):
    if getattr(layer, "_generation", None) != "keras1":
        return None
    return next(((then, today) for kind, then, today in _ORDERS if isinstance(layer, kind)), None)


def _groups(layer, seen):
    """`(layer, its weights)` in the order of the weights, those of a recurrent layer and its cell together."""
    if id(layer) in seen:
        return
    seen.add(id(layer))
    if _order(layer) is not None:
        yield layer, [v for v in layer.weights if id(v) not in seen]
        return
    trainable, fixed, _ = layer._own_variables()
    yield layer, [v for v in (*trainable, *fixed) if id(v) not in seen]
    for inner in layer._sublayers():
        yield from _groups(inner, seen)


def values(layer):
    """The values of a layer's weights as Keras 1 showed them."""
    found: list[Any] = []
    for part, weights in _groups(layer, set()):
        arrays, order = [v.numpy() for v in weights], _order(part)
        found += arrays if order is None or not arrays else order[0](part, arrays)
    return found


def today(layer, arrays):
    """Values in the order and shapes of Keras 1 as those of today's weights.

    Raises: ValueError if their number or a shape differs.
    """
    expected = [a.shape for a in values(layer)]
    given = [tuple(np.shape(a)) for a in arrays]
    if given != expected:
        raise ValueError(f"Layer {layer.name!r} has weights of shapes {expected}, as in Keras 1; values of {given} came.")
    place = 0
    by_weight: dict[int, Any] = {}
    for part, weights in _groups(layer, set()):
        now, order = [v.numpy() for v in weights], _order(part)
        count = len(now if order is None or not now else order[0](part, now))
        taken = [np.asarray(a) for a in arrays[place : place + count]]
        place += count
        by_weight |= {id(v): a for v, a in zip(weights, taken if order is None or not now else order[1](part, taken))}
    return [by_weight[id(v)] for v in layer.weights]
