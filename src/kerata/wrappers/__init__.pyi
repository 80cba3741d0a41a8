"""Models as scikit-learn's estimators."""

from kerata.wrappers.sklearn import (
    SKLearnClassifier as SKLearnClassifier,
    SKLearnRegressor as SKLearnRegressor,
    SKLearnTransformer as SKLearnTransformer,
)
