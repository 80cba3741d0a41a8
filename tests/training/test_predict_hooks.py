"""Hooks of callbacks and data sets in predict, and data that end before the steps asked for."""

import numpy as np
import pytest

import kerata
from kerata import callbacks, layers

pytestmark = pytest.mark.usefixtures("training_engine")

ROWS, STEPS = 4, 5
X = np.repeat(np.arange(STEPS), ROWS)[: ROWS * (STEPS - 1) + 3, None].astype("float32")  # the number of the batch


class Numbered(kerata.utils.PyDataset):
    def __init__(self, events):
        super().__init__()
        self.events = events

    def __len__(self):
        return STEPS

    def __getitem__(self, index):
        self.events.append("read")
        return X[index * ROWS : (index + 1) * ROWS]

    def on_epoch_begin(self):
        self.events.append("begin")

    def on_epoch_end(self):
        self.events.append("end")


def model(steps_per_execution=1):
    m = kerata.Sequential([kerata.Input((1,)), layers.Dense(1, kernel_initializer="ones")])
    m.compile("sgd", "mse", steps_per_execution=steps_per_execution)
    return m


def rows():
    return (X[i : i + ROWS] for i in range(0, len(X), ROWS))


@pytest.mark.parametrize("steps_per_execution", [1, 2, 3])
@pytest.mark.parametrize("kind", ["arrays", "data set", "generator"])
def test_hooks_come_after_whole_executions_with_their_outputs(kind, steps_per_execution):
    seen, events = [], []
    record = callbacks.LambdaCallback(
        on_predict_begin=lambda logs: seen.append(("begin", logs)),
        on_predict_end=lambda logs: seen.append(("end", logs)),
        on_predict_batch_begin=lambda batch, logs: seen.append(("batch", batch)),
        on_predict_batch_end=lambda batch, logs: seen.append(("batch end", batch, logs["outputs"].ravel().tolist())),
    )
    x = {"arrays": X, "data set": Numbered(events), "generator": rows()}[kind]
    options = {"arrays": {"batch_size": ROWS}, "generator": {"steps": STEPS}}.get(kind, {})
    found = model(steps_per_execution).predict(x, verbose=0, callbacks=[record], **options)
    np.testing.assert_array_equal(found, X)
    expected = [("begin", {})]
    for begun in range(0, STEPS, steps_per_execution):
        done = begun + steps_per_execution
        expected += [("batch", begun), ("batch end", done - 1, X.ravel()[begun * ROWS : done * ROWS].tolist())]
    assert seen == [*expected, ("end", {})]
    if kind == "data set":
        assert events == ["begin", *["read"] * STEPS, "end"]


def test_predictions_of_less_than_asked_for():
    for x in (rows(), Numbered([])):
        with pytest.warns(UserWarning, match="after 5 of 9 steps: the predictions are those for these"):
            np.testing.assert_array_equal(model().predict(x, steps=9, verbose=0), X)
    with pytest.warns(UserWarning, match="9 steps are asked for of arrays that hold 5 batches"):
        np.testing.assert_array_equal(model().predict(X, batch_size=ROWS, steps=9, verbose=0), X)


def test_metrics_without_weights_among_the_weighted_ones():
    class Rows(kerata.metrics.Mean):
        def update_state(self, y_true, y_pred):
            super().update_state(y_pred)

    m = model()
    m.compile("sgd", "mse", weighted_metrics=[Rows(name="rows")])
    np.testing.assert_allclose(m.evaluate(X, X, verbose=0, return_dict=True)["rows"], X.mean(), rtol=1e-6)
