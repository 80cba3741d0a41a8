"""A metric keeps its own name; the logs of a model with several outputs show it by another, however often it is compiled."""

import numpy as np

import kerata
from kerata import layers

X = np.random.default_rng(0).normal(size=(6, 4)).astype("float32")


def test_names_in_logs(training_engine):
    i = kerata.Input((4,))
    model = kerata.Model(i, {"a": layers.Dense(1, name="a")(i), "b": layers.Dense(1, name="b")(i)})
    metric, y = kerata.metrics.MeanAbsoluteError(name="mae"), {"a": X[:, :1], "b": X[:, :1]}
    for _ in range(2):
        model.compile("sgd", "mse", metrics={"a": [metric, "mse"], "b": ["mae"]})
        logs = model.fit(X, y, verbose=0).history
        assert set(logs) == {"loss", "a_loss", "b_loss", "a_mae", "a_mse", "b_mae"}
        assert metric.name == "mae" and model.metrics_names == ["loss", "compile_metrics", "a_loss", "b_loss"]
        assert list(model.metrics[1].result()) == ["a_mae", "a_mse", "b_mae"]
        evaluated = model.evaluate(X, y, verbose=0, return_dict=True)
        in_order = [evaluated[name] for name in ("loss", "a_loss", "b_loss", "a_mae", "a_mse", "b_mae")]
        assert model.evaluate(X, y, verbose=0) == in_order
    clone = kerata.models.clone_model(model)
    assert set(clone.fit(X, y, verbose=0).history) == set(logs)
