"""`SKLearnClassifier`, `SKLearnRegressor` and `SKLearnTransformer`: models in scikit-learn's pipelines and searches."""

from typing import Any

import numpy as np

from kerata.callbacks.callback import History
from kerata.core.configurable import NamedArguments
from kerata.core.types import TensorLike
from kerata.models import Model, clone_model

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, TransformerMixin
    from sklearn.utils.multiclass import check_classification_targets, type_of_target
    from sklearn.utils.validation import check_array, check_is_fitted, column_or_1d, validate_data
except ImportError:
    raise ImportError(
        "keras.wrappers needs scikit-learn 1.6 or later: pip install scikit-learn (or kerata[sklearn])."
    ) from None


class _Estimator(BaseEstimator, metaclass=NamedArguments):
    """What the three share: making, fitting and asking a model."""

    def __init__(self, model: Any, warm_start: bool = False, model_kwargs: Any = None, fit_kwargs: Any = None) -> None:
        self.model, self.warm_start = model, warm_start
        self.model_kwargs, self.fit_kwargs = model_kwargs, fit_kwargs

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.non_deterministic = True
        return tags

    @property
    def epoch_(self) -> Any:
        """The number of epochs of the last fit."""
        return len(next(iter(self.history_.values()), ()))

    def _made(self, X, y):
        """The model to be fitted: the one of the last fit for a warm start, a compiled copy, or what the function returns."""
        if self.warm_start and hasattr(self, "model_"):
            return self.model_
        if isinstance(self.model, Model):
            if not getattr(self.model, "compiled", False):
                raise RuntimeError("The model must be compiled before it is given to the estimator: call model.compile(...).")
            return self.model if self.warm_start else _compiled_copy(self.model)
        if not callable(self.model):
            raise TypeError(f"model is a compiled model or a function that makes one; {type(self.model).__name__} came.")
        return self.model(X=X, y=y, **(self.model_kwargs or {}))

    def fit(self, X: TensorLike, y: TensorLike, **kwargs: Any) -> History:
        """Fit the model.

        Args:
            X: the features.
            y: the targets.
            **kwargs: for the model's `fit`, before those in `fit_kwargs`.

        Shapes: X (samples, features), y (samples,) or (samples, outputs).
        """
        X, y = validate_data(self, X, y, accept_sparse=False, multi_output=True, y_numeric=False, dtype="numeric")
        targets = self._targets(y, first=not (self.warm_start and hasattr(self, "model_")))
        model = self._made(X, targets)
        self.history_ = model.fit(X, targets, **{"verbose": 0, **(self.fit_kwargs or {}), **kwargs}).history
        self.model_ = model
        return self

    def _targets(self, y, first):
        return y

    def _outputs(self, X):
        check_is_fitted(self, "model_")
        X = validate_data(self, X, accept_sparse=False, reset=False, dtype="numeric")
        return self.model_.predict(X, verbose=0)


def _compiled_copy(model):
    copy = clone_model(model)
    copy.compile_from_config(model.get_compile_config())
    return copy


class SKLearnClassifier(ClassifierMixin, _Estimator):
    """A model as a scikit-learn classifier.

    Args:
        model: a compiled model, which is copied before it is fitted, or a function `(X, y, **model_kwargs)` that returns one.
        warm_start: whether the model is taken as it is, and goes on from where the last fit ended.
        model_kwargs: further arguments of the function.
        fit_kwargs: arguments of the model's `fit`.

    Class labels of any kind become one column for each class (softmax and categorical crossentropy fit them); labels that
    are several at a time stay as they are.

    Attributes:
        model_: the fitted model.
        history_: the logs of its epochs.
        classes_: the labels.

    Raises: RuntimeError for a model that is not compiled, TypeError for what is neither a model nor a function.

    >>> import numpy as np, kerata as keras
    >>> def linear(X, y, learning_rate=0.5):
    ...     layer = keras.layers.Dense(y.shape[1], "softmax")
    ...     model = keras.Sequential([keras.Input((X.shape[1],)), layer])
    ...     model.compile(keras.optimizers.Adam(learning_rate), "categorical_crossentropy")
    ...     return model
    >>> classifier = SKLearnClassifier(linear, fit_kwargs={"epochs": 20})
    >>> classifier.fit(np.array([[-1.0], [1.0]]), ["low", "high"]).predict(np.array([[2.0]])).tolist()
    ['high']
    """

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True
        return tags

    def _targets(self, y, first):
        kind = type_of_target(y, raise_unknown=True)
        if kind not in ("binary", "multiclass"):
            check_classification_targets(y)
            if kind not in ("multilabel-indicator",):
                raise ValueError(f"SKLearnClassifier takes binary, multiclass or multilabel targets; {kind} targets came.")
            self.classes_ = np.arange(y.shape[1])
            self._is_multilabel = True
            return y
        self._is_multilabel = False
        y = column_or_1d(y, warn=True)
        if first:
            self.classes_ = np.unique(y)
        unknown = np.setdiff1d(y, self.classes_)
        if unknown.size:
            raise ValueError(f"A warm start knows the classes {self.classes_.tolist()}; {unknown.tolist()[0]!r} is new.")
        return np.eye(len(self.classes_), dtype="float32")[np.searchsorted(self.classes_, y)]

    def predict(self, X: TensorLike) -> Any:
        """The classes' labels.

        Shapes: (samples, features) -> (samples,).
        """
        outputs = self._outputs(X)
        if self._is_multilabel:
            return (outputs > 0.5).astype(int)
        return self.classes_[outputs.argmax(-1)]

    def decision_function(self, X: TensorLike) -> Any:
        """The model's outputs.

        Shapes: (samples, features) -> (samples, classes); of two classes the second one's lead over the first, (samples,).
        """
        outputs = self._outputs(X)
        if len(self.classes_) == 2 and not self._is_multilabel:
            return outputs[:, 1] - outputs[:, 0]
        return outputs


class SKLearnRegressor(RegressorMixin, _Estimator):
    """A model as a scikit-learn regressor.

    Args:
        model, warm_start, model_kwargs, fit_kwargs: see `SKLearnClassifier`.

    Attributes:
        model_: the fitted model.
        history_: the logs of its epochs.

    The model's function gets targets with two axes: (samples, outputs).

    >>> import kerata, numpy as np
    >>> def linear(X, y):
    ...     model = kerata.Sequential([kerata.layers.Input(X.shape[1:]), kerata.layers.Dense(y.shape[1])])
    ...     model.compile(kerata.optimizers.SGD(0.5), "mse")
    ...     return model
    >>> x = np.linspace(-1, 1, 20).reshape(20, 1)
    >>> regressor = SKLearnRegressor(linear, fit_kwargs={"epochs": 20, "verbose": 0}).fit(x, 2 * x[:, 0] + 1)
    >>> bool(regressor.score(x, 2 * x[:, 0] + 1) > 0.9)
    True
    """

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True
        tags.target_tags.multi_output = True
        return tags

    def _targets(self, y, first):
        y = check_array(y, ensure_2d=False, dtype="float32")
        self._is_flat = y.ndim == 1
        return y.reshape(len(y), -1)

    def predict(self, X: TensorLike) -> Any:
        """The predicted targets.

        Shapes: (samples, features) -> (samples,) or (samples, outputs), as the targets were.
        """
        outputs = self._outputs(X)
        return outputs.reshape(len(outputs)) if self._is_flat and outputs.ndim > 1 and outputs.shape[1] == 1 else outputs


class SKLearnTransformer(TransformerMixin, _Estimator):
    """A model as a scikit-learn transformer: its outputs are the new features.

    Args:
        model, warm_start, model_kwargs, fit_kwargs: see `SKLearnClassifier`.

    Attributes:
        model_: the fitted model.
        history_: the logs of its epochs.

    >>> import kerata, numpy as np
    >>> def encoder(X, y):
    ...     model = kerata.Sequential([kerata.layers.Input(X.shape[1:]), kerata.layers.Dense(2)])
    ...     model.compile("sgd", "mse")
    ...     return model
    >>> x = np.ones((8, 5))
    >>> SKLearnTransformer(encoder, fit_kwargs={"verbose": 0}).fit(x, np.ones((8, 2))).transform(x).shape
    (8, 2)
    """

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.transformer_tags.preserves_dtype = []
        return tags

    def _targets(self, y, first):
        return np.asarray(y, "float32") if np.asarray(y).dtype.kind in "biuf" else y

    def predict(self, X: TensorLike) -> Any:
        """The model's outputs."""
        return self._outputs(X)

    def transform(self, X: TensorLike) -> Any:
        """The model's outputs.

        Shapes: (samples, features) -> (samples, outputs).
        """
        return self._outputs(X)
