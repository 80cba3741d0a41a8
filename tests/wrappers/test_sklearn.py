"""Models as scikit-learn's estimators: scikit-learn's own checks, and pipelines and searches."""

import sys

import numpy as np
import pytest
from sklearn.datasets import load_iris, make_regression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

import kerata as k
from kerata.wrappers import SKLearnClassifier, SKLearnRegressor, SKLearnTransformer


def network(X, y, loss="mse", units=8, activation=None, learning_rate=0.05):
    k.utils.set_random_seed(0)
    outputs = y.shape[1] if y.ndim > 1 else 1
    hidden = k.layers.Dense(units, "relu")
    model = k.Sequential([k.Input((X.shape[1],)), hidden, k.layers.Dense(outputs, activation)])
    model.compile(k.optimizers.Adam(learning_rate), loss)
    return model


def classifier(**kwargs):
    own = {"loss": "categorical_crossentropy", "activation": "softmax", **kwargs}
    return SKLearnClassifier(network, model_kwargs=own, fit_kwargs={"epochs": 3})


ESTIMATORS = {
    "classifier": classifier(),
    "regressor": SKLearnRegressor(network, fit_kwargs={"epochs": 3}),
    "transformer": SKLearnTransformer(network, fit_kwargs={"epochs": 1}),
}
FAILING = {"check_regressor_multioutput": "asks for float64; models predict in float32"}


def checks():
    """scikit-learn's checks, with names that are the same in every process."""
    for name, estimator in ESTIMATORS.items():
        for number, (_, check) in enumerate(estimator_checks_generator(estimator)):
            function = check.func.__name__
            reason = FAILING.get(function)
            marks = [pytest.mark.xfail(reason=reason, strict=True)] if reason else []
            yield pytest.param(estimator, check, id=f"{name}-{number}-{function}", marks=marks)


@pytest.mark.parametrize("estimator, check", list(checks()))
@pytest.mark.filterwarnings("ignore")
def test_the_checks_of_scikit_learn(estimator, check):
    with k.use_engine("torch"):  # which compiles nothing for each of the checks' many shapes
        check(estimator)


def test_pipelines_and_searches(training_engine):
    x, y = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    pipeline = make_pipeline(StandardScaler(), classifier())
    grid = {"sklearnclassifier__fit_kwargs": [{"epochs": 1}, {"epochs": 12}]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(x, names)
    assert search.best_params_["sklearnclassifier__fit_kwargs"] == {"epochs": 12} and search.best_score_ > 0.8
    best = search.best_estimator_[-1]
    assert best.epoch_ == 12 == len(best.history_["loss"]) and best.classes_.tolist() == sorted(set(names))
    assert set(search.predict(x[:10])) <= set(names)


def test_a_compiled_model_is_copied_unless_the_start_is_warm():
    x, y = make_regression(60, 4, random_state=0)
    x, y = x.astype("float32"), (y / y.std()).astype("float32")
    for warm_start in (False, True):
        model = network(x, y)
        before = model.get_weights()
        estimator = SKLearnRegressor(model, warm_start=warm_start).fit(x, y, epochs=5)
        first = estimator.history_["loss"][-1]
        assert all((a == b).all() for a, b in zip(before, model.get_weights())) != warm_start
        assert (estimator.model_ is model) == warm_start
        estimator.fit(x, y, epochs=5)
        assert (estimator.history_["loss"][0] < first) == warm_start
        assert estimator.predict(x).shape == (60,) and estimator.score(x, y) <= 1


def test_several_labels_and_several_targets():
    x = np.random.default_rng(0).normal(size=(80, 3))
    labels = np.stack([x[:, 0] > 0, x[:, 1] > 0], 1).astype(int)
    several = classifier(loss="binary_crossentropy", activation="sigmoid").fit(x, labels, epochs=30)
    assert (several.predict(x) == labels).mean() > 0.8 and several.decision_function(x).shape == (80, 2)
    assert SKLearnRegressor(network).fit(x, x[:, :2]).predict(x).shape == (80, 2)
    transformed = SKLearnTransformer(network, model_kwargs={"units": 4}).fit(x, labels.astype("float32")).transform(x)
    assert transformed.shape == (80, 2)


def test_a_warm_start_knows_its_classes():
    x = np.random.default_rng(0).normal(size=(6, 2))
    warm = SKLearnClassifier(network, True, {"loss": "categorical_crossentropy", "activation": "softmax"})
    warm.fit(x, list("aabbcc"))
    assert warm.fit(x, list("aabbbb")).classes_.tolist() == list("abc")
    with pytest.raises(ValueError, match="'d' is new"):
        warm.fit(x, list("aabbdd"))


def test_models_that_can_not_be_fitted_raise():
    with pytest.raises(RuntimeError, match="must be compiled"):
        SKLearnRegressor(k.Sequential([k.Input((2,)), k.layers.Dense(1)])).fit(np.zeros((3, 2)), np.zeros(3))
    with pytest.raises(TypeError, match="int came"):
        SKLearnRegressor(3).fit(np.zeros((3, 2)), np.zeros(3))
    with pytest.raises(ValueError, match="continuous|Unknown label type"):
        classifier().fit(np.zeros((3, 2)), [0.1, 0.2, 0.3])


def test_without_scikit_learn_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.base", None)
    monkeypatch.delitem(sys.modules, "kerata.wrappers.sklearn")
    with pytest.raises(ImportError, match="pip install scikit-learn"):
        __import__("kerata.wrappers.sklearn")
