"""NaN: the step and the cause are reported; with `detect_anomaly` training stops before the step and names the layer."""

import numpy as np
import pytest

import kerata
from kerata import layers, ops

pytestmark = pytest.mark.usefixtures("training_engine")

X = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
Y = X.sum(1, keepdims=True)


class Root(layers.Layer):
    """Square root, without a finite gradient at 0 and without a value below."""

    def call(self, inputs):
        return ops.sqrt(inputs)


def chain(*stack, optimizer="sgd", loss="mse", **arguments):
    model = kerata.Sequential([kerata.Input((4,)), *stack])
    model.compile(optimizer, loss, **arguments)
    return model


def generator():
    for i in range(0, 64, 8):
        yield X[i : i + 8] * (np.nan if i == 24 else 1.0), Y[i : i + 8]


def test_the_first_nan_is_reported_with_its_step_and_row():
    bad = X.copy()
    bad[45, 2] = np.nan
    text = r"The loss: NaN from step 6 of epoch 1 on. x holds NaN or infinity, first in row 45: clean the data"
    with pytest.warns(RuntimeWarning, match=text) as caught:
        chain(layers.Dense(1)).fit(bad, Y, batch_size=8, epochs=3, shuffle=False, verbose=0)
    assert len(caught) == 1
    assert caught[0].filename == __file__


def test_divergence_names_the_weight():
    with pytest.warns(RuntimeWarning, match="the weight 'out/kernel' is not: training diverged.*names the layer"):
        chain(layers.Dense(1, name="out"), optimizer=kerata.optimizers.SGD(1e20)).fit(X, Y, epochs=3, verbose=0)


def test_in_streams_and_eagerly_too():
    with pytest.warns(RuntimeWarning, match="NaN from step 4 of epoch 1"):
        chain(layers.Dense(1)).fit(generator(), verbose=0)
    with pytest.warns(RuntimeWarning, match="NaN from step 1 of epoch 1"):
        chain(layers.Dense(1), run_eagerly=True).fit(X * np.nan, Y, verbose=0)
    with pytest.warns(RuntimeWarning, match="NaN from step 1 of evaluate"):
        chain(layers.Dense(1)).evaluate(X * np.nan, Y, verbose=0)


@pytest.mark.parametrize("eagerly", [False, True])
def test_anomaly_detection_names_the_layer_and_keeps_the_model(eagerly):
    model = chain(layers.Dense(1, name="first"), Root(name="root"), detect_anomaly=True, run_eagerly=eagerly)
    before = [v.numpy() for v in model.variables]
    with pytest.raises(FloatingPointError) as caught:
        model.fit(X, Y, batch_size=16, verbose=0)
    assert str(caught.value) == (
        'Step 1 of epoch 1 gave NaN. The first NaN is in the output of layer "root" (Root). '
        "The model is as it was before that step."
    )
    for variable, value in zip(model.variables, before):
        np.testing.assert_array_equal(variable.numpy(), value)


def test_anomaly_detection_stops_at_the_very_step():
    """Training until the step before gives the same model."""
    data = np.concatenate([X, X[:8] * 1e30])
    targets = np.concatenate([Y, Y[:8]])

    def model(**arguments):
        kerata.utils.set_random_seed(0)
        return chain(layers.Dense(8, name="a"), layers.Dense(1, name="b"), optimizer="adam", **arguments)

    watched, plain = model(detect_anomaly=True), model()
    with pytest.raises(
        FloatingPointError, match=r"Step 9 of epoch 1 gave infinity.*infinity in the loss: numbers became too large"
    ):
        watched.fit(data, targets, batch_size=8, shuffle=False, verbose=0)
    plain.fit(X, Y, batch_size=8, shuffle=False, verbose=0)
    for a, b in zip(watched.get_weights() + [watched.optimizer.iterations], plain.get_weights() + [8]):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_infinity_before_nan_is_told():
    class Exponent(layers.Layer):
        def call(self, inputs):
            return ops.exp(inputs * 1000.0)

    class Share(layers.Layer):
        def call(self, inputs):
            return inputs / ops.sum(inputs, -1, keepdims=True)

    model = chain(Exponent(name="exponent"), Share(name="share"), layers.Dense(1), detect_anomaly=True)
    text = r'first infinity in the output of layer "exponent" \(Exponent\), and then NaN in the output of layer "share"'
    with pytest.raises(FloatingPointError, match=text):
        model.fit(np.abs(X), Y, verbose=0)


def test_a_gradient_alone_that_is_not_finite():
    model = chain(layers.Dense(1, kernel_initializer="zeros", name="zero"), Root(), detect_anomaly=True)
    with pytest.raises(
        FloatingPointError,
        match="All layers and the loss are finite; the update of 'zero/kernel'.*no finite gradient at 0",
    ):
        model.fit(X, Y, verbose=0)


def test_bad_rows_are_named_first():
    with pytest.raises(
        FloatingPointError, match="Step 4 of epoch 1 gave NaN. In that batch x holds NaN or infinity, first in row 0"
    ):
        chain(layers.Dense(1), detect_anomaly=True).fit(generator(), verbose=0)


def test_steps_of_ones_own_are_watched():
    class Own(kerata.Sequential):
        def train_step(self, data):
            x, y = data

            def loss_fn():
                return ops.mean(ops.log(self(x, training=True)))

            loss, gradients = kerata.value_and_grad(loss_fn, self.trainable_variables)
            self.optimizer.apply(gradients, self.trainable_variables)
            return {"my_loss": loss}

    model = Own([layers.Dense(1, name="d")])
    model.compile("sgd", detect_anomaly=True)
    with pytest.raises(FloatingPointError, match="gave NaN. The first NaN is in the log 'my_loss'"):
        model.fit(X, Y, verbose=0)


def test_detecting_anomalies_changes_nothing_when_there_are_none():
    def losses(**arguments):
        kerata.utils.set_random_seed(0)
        stack = [layers.Dense(8), layers.BatchNormalization(), layers.Dropout(0.3), layers.Dense(1)]
        return chain(*stack, optimizer="adam", **arguments).fit(X, Y, batch_size=10, epochs=3, verbose=0).history["loss"]

    np.testing.assert_allclose(losses(detect_anomaly=True), losses(), rtol=1e-6)
