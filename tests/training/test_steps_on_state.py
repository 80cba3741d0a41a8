"""Steps in the form that Keras gives them on JAX: of a state and a batch, giving the state after it; on every engine."""

import numpy as np
import pytest

import kerata
from kerata import layers

X = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")
Y = X.sum(1, keepdims=True)


class OnState(kerata.Model):
    """Its steps are Keras's own, called with a state."""

    def train_step(self, state, data):
        return super().train_step(state, data)

    def test_step(self, state, data):
        return super().test_step(state, data)

    def predict_step(self, state, data):
        return super().predict_step(state, data)


def made(cls):
    i = kerata.Input((3,))
    x = layers.BatchNormalization()(layers.Dense(2, kernel_initializer="ones")(i))
    model = cls(i, layers.Dense(1, kernel_initializer="ones")(x))
    model.compile(kerata.optimizers.SGD(0.1, momentum=0.9), "mse", metrics=["mae"])
    return model


def test_steps_called_with_a_state_are_the_steps(training_engine):
    own, plain = made(OnState), made(kerata.Model)
    for _ in range(2):
        found, wanted = (m.fit(X, Y, batch_size=4, shuffle=False, verbose=0).history for m in (own, plain))
        assert found.keys() == wanted.keys()
    for name in wanted:
        np.testing.assert_allclose(found[name], wanted[name], rtol=1e-4)
    np.testing.assert_allclose(own.evaluate(X, Y, verbose=0), plain.evaluate(X, Y, verbose=0), rtol=1e-4)
    np.testing.assert_allclose(own.predict(X, verbose=0), plain.predict(X, verbose=0), rtol=1e-4, atol=1e-5)


def test_a_step_on_a_state_leaves_the_model_as_it_is(training_engine):
    model, stepped = made(kerata.Model), made(kerata.Model)
    for m in (model, stepped):
        m.optimizer.build(m.trainable_variables)
        m.test_on_batch(X, Y)
    groups = [model.trainable_variables, model.non_trainable_variables, model.optimizer.variables, model.metrics_variables]
    before = model.get_weights()
    logs, state = model.train_step(tuple([v.value for v in group] for group in groups), (X, Y))
    for x, y in zip(model.get_weights(), before):
        np.testing.assert_array_equal(x, y)
    assert set(logs) == {"loss", "mae"} and [len(part) for part in state] == [len(group) for group in groups]
    named, _ = model.train_step(state=tuple([v.value for v in group] for group in groups), data=(X, Y))
    assert named == logs and set(model.test_step(data=(X, Y))) == {"loss", "mae"}
    stepped.train_on_batch(X, Y)
    for value, v in zip(state[0], stepped.trainable_variables):
        np.testing.assert_allclose(kerata.ops.convert_to_numpy(value), v.numpy(), rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match="the model has .* variables"):
        model.train_step(([], [], [], []), (X, Y))
