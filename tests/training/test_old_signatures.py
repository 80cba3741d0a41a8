"""Methods with the signatures of Keras 2 and of Keras 3.0 to 3.3, and shorter ones, are called as they are written."""

import numpy as np
import pytest

import kerata
from kerata import layers, ops
from kerata.training import checks

pytestmark = pytest.mark.usefixtures("training_engine")

X = np.arange(12, dtype="float32").reshape(4, 3) / 10
Y = np.array([[1.0], [2.0], [3.0], [4.0]], "float32")
WEIGHTS = np.array([1.0, 0.0, 1.0, 2.0], "float32")
SUMS = X.sum(1, keepdims=True)  # what the model predicts


def built(cls=kerata.Model, **arguments):
    """A model that adds its inputs up and never learns."""
    inputs = kerata.Input((3,))
    model = cls(inputs, layers.Dense(1, kernel_initializer="ones")(inputs))
    model.compile(kerata.optimizers.SGD(0.0), arguments.pop("loss", "mse"), **arguments)
    return model


def written(name, signature, body):
    """A class of models with a method whose source is given."""
    space = {"kerata": kerata, "ops": ops}
    exec(f"class Written(kerata.Model):\n    def {name}({signature}):\n        return {body}", space)
    return space["Written"]


LOSSES = [
    "self, x=None, y=None, y_pred=None, sample_weight=None",
    "self, x=None, y=None, y_pred=None, sample_weight=None, training=True",
    "self, x, y, y_pred, sample_weight",
    "self, x, y, y_pred",
    "self, x, y, y_pred, **kwargs",
    "self, y, y_pred, **kwargs",
    "self, y_pred, y",
    "self, *, y, y_pred, **kwargs",
    "self, x, y, y_pred, /",
    "self, x, y, y_pred, sample_weight, /, training=None",
    "self, x, y, y_pred, *others",
]
BY_POSITION = ["self, inputs, y, y_pred, weights", "self, inputs=None, y=None, y_pred=None, weights=None"]


@pytest.mark.parametrize("signature", [*LOSSES, *BY_POSITION])
def test_losses(signature):
    model = built(written("compute_loss", signature, "ops.mean(ops.abs(y - y_pred))"))
    expected = np.abs(Y - SUMS).mean()
    np.testing.assert_allclose(model.fit(X, Y, sample_weight=WEIGHTS, verbose=0).history["loss"], [expected], rtol=1e-6)
    np.testing.assert_allclose(model.evaluate(X, Y, verbose=0), expected, rtol=1e-6)
    np.testing.assert_allclose(model.train_on_batch(X, Y), expected, rtol=1e-6)


@pytest.mark.parametrize("signature", ["self, *args, **kwargs", "self, *args", "self, **kwargs"])
def test_losses_that_pass_on_what_they_get(signature):
    passed = signature.removeprefix("self, ")
    model = built(written("compute_loss", signature, f"2.0 * super(Written, self).compute_loss({passed})"))
    expected = 2 * (WEIGHTS * ((Y - SUMS) ** 2).ravel()).mean()
    np.testing.assert_allclose(model.fit(X, Y, sample_weight=WEIGHTS, verbose=0).history["loss"], [expected], rtol=1e-6)


def test_renamed_arguments_go_by_position():
    model = built(written("compute_loss", "self, a, b, c", "ops.mean(ops.abs(b - c))"))
    np.testing.assert_allclose(model.evaluate(X, Y, verbose=0), np.abs(Y - SUMS).mean(), rtol=1e-6)


@pytest.mark.parametrize(
    "signature",
    [
        "self, x, y, y_pred, sample_weight",
        "self, x, y, y_pred, sample_weight=None",
        "self, x, y, y_pred",
        "self, y, y_pred, **kwargs",
        "self, x, y, y_pred, /",
    ],
)
def test_metrics_of_ones_own_are_the_logs(signature):
    """As in Keras, what compute_metrics returns is what the step returns."""
    model = built(written("compute_metrics", signature, "{'largest': ops.max(y), 'first': y_pred[0, 0]}"))
    history = model.fit(X, Y, shuffle=False, verbose=0, validation_data=(X[1:], Y[1:])).history
    expected = {"largest": 4, "first": SUMS[0, 0], "val_largest": 4, "val_first": SUMS[1, 0]}
    assert set(history) == set(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(history[name], [value], rtol=1e-6)


def test_metrics_added_to_those_of_compile():
    class Adds(kerata.Model):
        def compute_metrics(self, x, y, y_pred, sample_weight):
            return super().compute_metrics(x, y, y_pred, sample_weight) | {"rows": ops.sum(ops.ones_like(y))}

    class Says(kerata.Model):
        def compute_metrics(self, x, y, y_pred, sample_weight):
            super().compute_metrics(x, y, y_pred, sample_weight)

    logs = built(Adds, metrics=["mae"]).fit(X, Y, verbose=0).history
    np.testing.assert_allclose([logs["mae"][0], logs["rows"][0]], [np.abs(Y - SUMS).mean(), 4], rtol=1e-6)
    assert set(built(Says, metrics=["mae"]).fit(X, Y, verbose=0).history) == {"loss", "mae"}


def test_steps_and_calls_without_training():
    class Doubled(layers.Layer):
        def call(self, inputs):
            return inputs * 2.0

    class Steps(kerata.Model):
        def __init__(self):
            super().__init__()
            self.double, self.dense = Doubled(), layers.Dense(1, kernel_initializer="ones")

        def call(self, inputs):
            return self.dense(self.double(inputs))

        def train_step(self, data):
            x, y = data
            return {"gap": ops.mean(y - self(x, training=True))}

        def test_step(self, data):
            x, y = data
            return {"gap": ops.max(y - self(x, training=False))}

        def predict_step(self, data):
            x = data[0] if isinstance(data, tuple) else data
            return self(x) + 1.0

    model = Steps()
    model.compile("sgd")
    gap = Y - 2 * SUMS
    history = model.fit(X, Y, validation_data=(X, Y), verbose=0).history
    np.testing.assert_allclose([history["gap"][0], history["val_gap"][0]], [gap.mean(), gap.max()], rtol=1e-5)
    np.testing.assert_allclose(model.predict(X, verbose=0), 2 * SUMS + 1, rtol=1e-6)
    chain = kerata.Sequential([kerata.Input((3,)), Doubled(), layers.Dropout(0.0)])
    np.testing.assert_allclose(chain(X, training=True), 2 * X, rtol=1e-6)


class Rows(kerata.metrics.Metric):
    """Counts rows; written for Keras 2."""

    def __init__(self, name="rows"):
        super().__init__(name=name)
        self.total, self.resets = self.add_weight(name="total", initializer="zeros"), []

    def update_state(self, y_true, y_pred):
        self.total.assign_add(ops.sum(ops.ones_like(y_pred)))

    def result(self):
        return self.total


class OldRows(Rows):
    def reset_states(self):
        self.resets.append(1)
        self.total.assign(0.5)


def test_old_metrics():
    for cls, start in ((Rows, 0), (OldRows, 0.5)):
        metric = cls()
        history = built(metrics=[metric]).fit(X, Y, epochs=3, sample_weight=WEIGHTS, verbose=0).history
        assert history["rows"] == [4 + start] * 3
        assert len(metric.resets) == (3 if start else 0)


def test_the_newer_of_two_names_counts():
    class New(OldRows):
        def reset_state(self):
            super().reset_state()

    class Both(Rows):
        def reset_state(self):
            self.reset_states()

        def reset_states(self):
            self.total.assign(0.25)

    assert built(metrics=[New()]).fit(X, Y, epochs=2, verbose=0).history["rows"] == [4, 4]
    assert built(metrics=[Both()]).fit(X, Y, epochs=2, verbose=0).history["rows"] == [4.25, 4.25]


def test_a_loss_of_ones_own():
    class Distance(kerata.losses.Loss):
        def call(self, y_true, y_pred):
            return ops.mean(ops.abs(y_true - y_pred), axis=-1)

    history = built(loss=Distance()).fit(X, Y, sample_weight=WEIGHTS, verbose=0).history
    expected = (WEIGHTS * np.abs(Y - SUMS).ravel()).mean()
    np.testing.assert_allclose(history["loss"], [expected], rtol=1e-6)


@pytest.mark.parametrize("training_engine", ["jax"], indirect=True)
def test_an_argument_that_cannot_be_given_is_told():
    with pytest.raises(TypeError, match="y_true"):
        checks.as_written(lambda *, y_true: y_true, {"x": 1, "y": 2})
