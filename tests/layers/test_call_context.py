"""Arguments of a call that layers hand on to the layers inside, as they hand on `training`."""

import numpy as np
import pytest

import kerata
from kerata import layers

X = np.ones((1, 2), "float32")


class Inner(layers.Layer):
    def __init__(self):
        super().__init__()
        self._register_call_context_args("mode")
        self.seen = []

    def call(self, x, mode=False):
        self.seen.append(mode)
        return x


class Outer(layers.Layer):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def call(self, x):
        return self.inner(x)


def registered(layer):
    layer._register_call_context_args("mode")
    return layer


def test_goes_to_layers_inside():
    inner = Inner()
    outer = registered(Outer(Outer(inner)))
    outer(X), outer(X, mode=True), outer(X), outer(X, mode="other")
    assert inner.seen == [False, True, False, "other"]


def test_what_is_given_by_hand_wins():
    inner = Inner()

    class Fixed(layers.Layer):
        def call(self, x):
            return inner(inner(x, mode="mine"))

    registered(Fixed())(X, mode="around")
    assert inner.seen == ["mine", "around"]


@pytest.mark.parametrize("kind", ["functional", "sequential", "subclassed"])
def test_through_models(kind):
    inner, inputs = Inner(), kerata.Input((2,))

    class Subclassed(kerata.Model):
        def __init__(self):
            super().__init__()
            self.inner = inner

        def call(self, x):
            return self.inner(x)

    model = {
        "functional": lambda: kerata.Model(inputs, Outer(inner)(inputs)),
        "sequential": lambda: kerata.Sequential([Outer(inner)]),
        "subclassed": Subclassed,
    }[kind]()
    registered(model)
    model(X)
    inner.seen.clear()
    for given in ({"mode": True}, {}, {"mode": True}):
        model(X, **given)
    assert inner.seen == [True, False, True]


def test_only_for_those_that_registered_it():
    with pytest.raises(TypeError, match="mode"):
        Outer(Inner())(X, mode=True)
    plain = layers.Dense(2)
    with pytest.raises(TypeError, match="mode"):
        plain(X, mode=True)


class Trained(layers.Layer):
    def call(self, x, training=True):
        return x * (2 if training else 1)


def test_none_is_given_for_training_and_not_left_out():
    """A default that says True is for calls that say nothing, as in Keras; a context of training counts before it."""
    inner = Trained()

    class Around(layers.Layer):
        def call(self, x, training=None):
            return inner(x, training=training)

    assert [float(layer(X)[0, 0]) for layer in (inner, Around())] == [2.0, 1.0]
    assert float(inner(X, training=None)[0, 0]) == float(inner(X, None)[0, 0]) == 1.0
    assert float(Around()(X, training=True)[0, 0]) == 2.0
