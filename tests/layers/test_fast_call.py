"""What the short way through a layer's call must not change: every call is as the first one would be."""

import copy
import pickle

import numpy as np
import pytest

import kerata
from kerata import layers, ops
from kerata.core import masks, remat


class Seen(layers.Layer):
    """Notes how it is called."""

    def build(self, input_shape):
        self.scale = self.add_weight(shape=(), initializer="ones")

    def call(self, inputs, training=None):
        vars(self).setdefault("noted", []).append((training, self.scale.value.dtype, inputs.dtype))
        return inputs * self.scale.value


def ones(*shape, dtype="float32"):
    return ops.ones(shape, dtype)


def used(layer, x):
    """The layer after two calls; the second was short."""
    layer(x)
    assert layer._fast_call is not None
    layer(x)
    return layer


def test_a_short_call_computes_the_same(engine):
    x = ops.convert_to_tensor(np.arange(6, dtype="float32").reshape(2, 3))
    layer = layers.Dense(4, activation="tanh")
    first = ops.convert_to_numpy(layer(x))
    assert layer._fast_call is not None
    assert np.array_equal(ops.convert_to_numpy(layer(x)), first)


def test_every_kind_of_input_is_taken_after_it(engine):
    layer = used(layers.Dense(4), ones(2, 3))
    expected = ops.convert_to_numpy(layer(ones(2, 3)))
    for x in (np.ones((2, 3)), kerata.Variable(np.ones((2, 3), "float32")), ones(2, 3, dtype="int32")):
        np.testing.assert_allclose(ops.convert_to_numpy(layer(x)), expected, rtol=1e-6)
    assert layer(ones(5, 7, 3)).shape == (5, 7, 4)
    assert layer(kerata.KerasTensor((None, 3))).shape == (None, 4)


def test_wrong_shapes_are_still_errors(engine):
    layer = used(layers.Dense(4), ones(2, 3))
    with pytest.raises(ValueError, match=r"input has shape \(2, 5\); axis -1 must have length 3"):
        layer(ones(2, 5))


def test_errors_still_say_which_layer(engine):
    class Fails(layers.Layer):
        fail = False

        def call(self, inputs):
            if Fails.fail:
                raise ValueError("no")
            return inputs

    layer = used(Fails(name="fragile"), ones(2, 3))
    Fails.fail = True
    with pytest.raises(ValueError, match=r'(?s)no.*In layer "fragile" \(Fails\), input shape \(2, 3\)'):
        layer(ones(2, 3))


def test_training_comes_from_the_call_around(engine):
    class Outer(layers.Layer):
        def __init__(self):
            super().__init__()
            self.inner = Seen()

        def call(self, inputs, training=False):
            return self.inner(inputs)

    outer, x = Outer(), ones(2, 3)
    for training in (None, None, True, True, False, None):
        outer(x) if training is None else outer(x, training=training)
    assert [noted[0] for noted in outer.inner.noted] == [False, False, True, True, False, False]
    assert kerata.engines.state.context.depth == 0 and kerata.engines.state.context.training is None


def test_weights_are_read_in_the_layers_precision(engine):
    layer = Seen(dtype="mixed_float16")
    x = ones(2, 3, dtype="float16")
    used(layer, x)
    layer(ones(2, 3))
    assert {kerata.backend.standardize_dtype(d) for _, *dtypes in layer.noted for d in dtypes} == {"float16"}


@pytest.mark.parametrize("change", ["policy", "regularizer", "spec"])
def test_a_changed_attribute_counts_at_once(engine, change):
    layer = used(layers.Dense(4), ones(2, 3))
    if change == "policy":
        layer.dtype_policy = "mixed_float16"
        assert kerata.backend.standardize_dtype(layer(ones(2, 3)).dtype) == "float16"
    elif change == "regularizer":
        layer.activity_regularizer = kerata.regularizers.L2(0.1)
        layer(ones(2, 3))
        assert len(layer.losses) == 1
    else:
        layer.input_spec = kerata.InputSpec(ndim=3)
        with pytest.raises(ValueError, match="3 axes"):
            layer(ones(2, 3))


def test_a_models_changed_attribute_counts_too(engine):
    model = kerata.Sequential([layers.Input((3,)), layers.Dense(4)])
    model(ones(2, 3)), model(ones(2, 3))
    model.activity_regularizer = kerata.regularizers.L2(0.1)
    model(ones(2, 3))
    assert len(model.losses) == 1


def test_masks_pass_through(engine):
    layer = used(layers.Identity(), ones(2, 3))
    x = ones(2, 3)
    masks.set_mask(x, x)
    assert masks.get_mask(layer(x)) is x


def test_losses_of_the_last_call_only(engine):
    class Adds(layers.Layer):
        def call(self, inputs):
            self.add_loss(ops.sum(inputs))
            return inputs

    layer = Adds()
    for _ in range(4):
        layer(ones(2, 3))
    assert [float(loss) for loss in layer.losses] == [6.0]


def test_observers_see_every_layer(engine):
    layer, seen = used(layers.Dense(4), ones(2, 3)), []
    with kerata.engines.state.thread_context(observer=lambda layer, outputs: seen.append(layer)):
        layer(ones(2, 3))
    assert seen == [layer]


def test_rematerialization_is_followed(engine, monkeypatch):
    layer, seen = used(layers.Dense(4), ones(2, 3)), []

    def call_layer(layer, call, scope, *args, **kwargs):
        seen.append(layer)
        return call(*args, **kwargs)

    monkeypatch.setattr(remat, "call_layer", call_layer)
    with kerata.RematScope("full"):
        layer(ones(2, 3))
    assert seen == [layer]


def test_another_engine(training_engine):
    layer = used(layers.Dense(4), ones(2, 3))
    expected = ops.convert_to_numpy(layer(ones(2, 3)))
    other = {"jax": "torch", "torch": "tensorflow", "tensorflow": "jax"}[training_engine.name]
    for v in layer.variables:
        v.to_engine(other)
    with kerata.use_engine(other):
        np.testing.assert_allclose(ops.convert_to_numpy(layer(ones(2, 3))), expected, rtol=1e-6)


def test_default_engine_chosen_later():
    before = kerata.config.backend()
    try:
        kerata.config.set_backend("torch")
        layer, x = layers.Dense(4), ones(2, 3)
        used(layer, x)
        kerata.config.set_backend("numpy")
        assert type(layer(x)).__module__ == "torch"  # a layer keeps its engine
    finally:
        kerata.config.set_backend(before)


def test_copies_and_pickles_are_made_after_it(engine):
    layer = used(layers.Dense(4), ones(2, 3))
    expected = ops.convert_to_numpy(layer(ones(2, 3)))
    for again in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert np.array_equal(ops.convert_to_numpy(again(ones(2, 3))), expected)
