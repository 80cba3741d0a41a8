"""The losses as classes: a function, its arguments, a name and a reduction."""

from collections.abc import Sequence
from typing import Any

from kerata.core.arguments import Number
from kerata.core.fields import Field, dataclass, field
from kerata.core.naming import Name
from kerata.losses import functions, overlap, probabilistic
from kerata.losses.loss import FunctionLoss, Reduction


@dataclass
class PlainLoss(FunctionLoss):
    """A loss whose function takes no further arguments."""

    reduction: Reduction = Reduction("sum_over_batch_size")
    name: Name = Name(None)
    dtype: Field[Any, str] = Field(None)


@dataclass
class MeanSquaredError(PlainLoss):
    """mean((y_true - y_pred)^2) along the last axis. See `losses.mean_squared_error`.

    >>> round(float(MeanSquaredError()([[1.0, 2.0]], [[1.0, 4.0]])), 4)
    2.0
    """

    fn = staticmethod(functions.mean_squared_error)
    name: Name = Name("mean_squared_error")


@dataclass
class MeanAbsoluteError(PlainLoss):
    """mean(|y_true - y_pred|) along the last axis. See `losses.mean_absolute_error`.

    >>> round(float(MeanAbsoluteError()([[1.0, 2.0]], [[1.0, 5.0]])), 4)
    1.5
    """

    fn = staticmethod(functions.mean_absolute_error)
    name: Name = Name("mean_absolute_error")


@dataclass
class MeanAbsolutePercentageError(PlainLoss):
    """100 * mean(|y_true - y_pred| / |y_true|) along the last axis; targets near 0 count as epsilon.

    See `losses.mean_absolute_percentage_error`.

    >>> round(float(MeanAbsolutePercentageError()([[1.0, 2.0]], [[1.5, 2.0]])), 4)
    25.0
    """

    fn = staticmethod(functions.mean_absolute_percentage_error)
    name: Name = Name("mean_absolute_percentage_error")


@dataclass
class MeanSquaredLogarithmicError(PlainLoss):
    """mean((log(y_true + 1) - log(y_pred + 1))^2) along the last axis; nothing counts as less than epsilon.

    See `losses.mean_squared_logarithmic_error`.

    >>> round(float(MeanSquaredLogarithmicError()([[0.0, 1.0]], [[0.0, 3.0]])), 4)
    0.2402
    """

    fn = staticmethod(functions.mean_squared_logarithmic_error)
    name: Name = Name("mean_squared_logarithmic_error")


@dataclass
class Hinge(PlainLoss):
    """mean(max(1 - y_true * y_pred, 0)) along the last axis; targets are -1 and 1, or 0 and 1. See `losses.hinge`.

    >>> round(float(Hinge()([[1.0, -1.0]], [[0.5, -2.0]])), 4)
    0.25
    """

    fn = staticmethod(functions.hinge)
    name: Name = Name("hinge")


@dataclass
class SquaredHinge(PlainLoss):
    """mean(max(1 - y_true * y_pred, 0)^2) along the last axis; targets are -1 and 1, or 0 and 1. See `losses.squared_hinge`.

    >>> round(float(SquaredHinge()([[1.0, -1.0]], [[0.5, -2.0]])), 4)
    0.125
    """

    fn = staticmethod(functions.squared_hinge)
    name: Name = Name("squared_hinge")


@dataclass
class CategoricalHinge(PlainLoss):
    """max(1 + the best wrong score - the right score, 0) along the last axis; targets are one-hot.

    See `losses.categorical_hinge`.

    >>> round(float(CategoricalHinge()([[0.0, 1.0]], [[0.75, 0.25]])), 4)
    1.5
    """

    fn = staticmethod(functions.categorical_hinge)
    name: Name = Name("categorical_hinge")


@dataclass
class KLDivergence(PlainLoss):
    """sum(y_true * log(y_true / y_pred)) along the last axis; both are kept from epsilon to 1. See `losses.kl_divergence`.

    >>> round(float(KLDivergence()([[0.5, 0.5]], [[0.25, 0.75]])), 4)
    0.1438
    """

    fn = staticmethod(functions.kl_divergence)
    name: Name = Name("kl_divergence")


@dataclass
class LogCosh(PlainLoss):
    """mean(log(cosh(y_pred - y_true))) along the last axis. See `losses.log_cosh`.

    >>> round(float(LogCosh()([[0.0, 0.0]], [[0.0, 1.0]])), 4)
    0.2169
    """

    fn = staticmethod(functions.log_cosh)
    name: Name = Name("log_cosh")


@dataclass
class Poisson(PlainLoss):
    """mean(y_pred - y_true * log(y_pred)) along the last axis. See `losses.poisson`.

    >>> round(float(Poisson()([[1.0, 2.0]], [[1.0, 1.0]])), 4)
    1.0
    """

    fn = staticmethod(functions.poisson)
    name: Name = Name("poisson")


@dataclass
class CTC(PlainLoss):
    """The connectionist temporal classification loss; class 0 stands for "no label". See `losses.ctc`.

    >>> round(float(CTC()([[1]], [[[0.5, 0.5], [0.5, 0.5]]])), 4)
    0.2877
    """

    fn = staticmethod(probabilistic.ctc)
    name: Name = Name("ctc")


@dataclass
class Huber(FunctionLoss):
    """Quadratic within `delta` of the target, linear outside. See `losses.huber`.

    >>> float(Huber()([[0.0]], [[3.0]]))
    2.5
    """

    fn = staticmethod(functions.huber)
    delta: float = 1.0
    name: Name = field(default="huber_loss", kw_only=True)


@dataclass
class CosineSimilarity(FunctionLoss):
    """-cos of the angle between target and prediction. See `losses.cosine_similarity`.

    >>> round(float(CosineSimilarity()([[1.0, 0.0]], [[3.0, 4.0]])), 4)
    -0.6
    """

    fn = staticmethod(functions.cosine_similarity)
    axis: int = -1
    name: Name = field(default="cosine_similarity", kw_only=True)


@dataclass
class BinaryCrossentropy(FunctionLoss):
    """Cross entropy of yes-no questions. See `losses.binary_crossentropy`.

    >>> round(float(BinaryCrossentropy(from_logits=True)([[1.0]], [[0.0]])), 4)
    0.6931
    """

    fn = staticmethod(probabilistic.binary_crossentropy)
    from_logits: bool = False
    label_smoothing: float = 0.0
    axis: int = -1
    name: Name = field(default="binary_crossentropy", kw_only=True)


@dataclass
class BinaryFocalCrossentropy(FunctionLoss):
    """Binary cross entropy in which easy samples count less. See `losses.binary_focal_crossentropy`.

    >>> round(float(BinaryFocalCrossentropy(gamma=2.0)([[1.0]], [[0.5]])), 4)
    0.1733
    """

    fn = staticmethod(probabilistic.binary_focal_crossentropy)
    apply_class_balancing: bool = False
    alpha: float = 0.25
    gamma: float = 2.0
    from_logits: bool = False
    label_smoothing: float = 0.0
    axis: int = -1
    name: Name = field(default="binary_focal_crossentropy", kw_only=True)


@dataclass
class CategoricalCrossentropy(FunctionLoss):
    """Cross entropy of classes, targets one-hot. See `losses.categorical_crossentropy`.

    >>> round(float(CategoricalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])), 4)
    0.6931
    """

    fn = staticmethod(probabilistic.categorical_crossentropy)
    from_logits: bool = False
    label_smoothing: float = 0.0
    axis: int = -1
    name: Name = field(default="categorical_crossentropy", kw_only=True)


@dataclass
class CategoricalFocalCrossentropy(FunctionLoss):
    """Cross entropy of classes in which easy samples count less. See `losses.categorical_focal_crossentropy`.

    >>> round(float(CategoricalFocalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])), 4)
    0.0433
    """

    fn = staticmethod(probabilistic.categorical_focal_crossentropy)
    alpha: float | Sequence[float] = 0.25
    gamma: float = 2.0
    from_logits: bool = False
    label_smoothing: float = 0.0
    axis: int = -1
    name: Name = field(default="categorical_focal_crossentropy", kw_only=True)


@dataclass(after={"axis": "reduction"})
class SparseCategoricalCrossentropy(FunctionLoss):
    """Cross entropy of classes, targets as numbers. See `losses.sparse_categorical_crossentropy`.

    >>> round(float(SparseCategoricalCrossentropy()([1], [[0.5, 0.5]])), 4)
    0.6931
    """

    fn = staticmethod(probabilistic.sparse_categorical_crossentropy)
    _targets_are_classes = True
    from_logits: bool = False
    ignore_class: int | None = None
    axis: int = field(default=-1, kw_only=True)
    name: Name = field(default="sparse_categorical_crossentropy", kw_only=True)


@dataclass
class CategoricalGeneralizedCrossEntropy(FunctionLoss):
    """A cross entropy robust to wrong labels. See `losses.categorical_generalized_cross_entropy`.

    >>> round(float(CategoricalGeneralizedCrossEntropy(q=0.5)([0], [[0.75, 0.25]])), 4)
    0.2679
    """

    fn = staticmethod(probabilistic.categorical_generalized_cross_entropy)
    q: Number = Number(0.5, above=0, below=1)
    name: Name = field(default="categorical_generalized_cross_entropy", kw_only=True)


@dataclass(after={"axis": "name"})
class Dice(FunctionLoss):
    """One less the overlap of two maps. See `losses.dice`.

    >>> round(float(Dice()([[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]])), 4)
    0.3333
    """

    fn = staticmethod(overlap.dice)
    axis: int | Sequence[int] | None = field(default=None, kw_only=True)
    name: Name = field(default="dice", kw_only=True)


@dataclass(after={"axis": "name"})
class Tversky(FunctionLoss):
    """Dice with weights for both kinds of error. See `losses.tversky`.

    >>> round(float(Tversky(alpha=0.9, beta=0.1)([[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]])), 4)
    0.4737
    """

    fn = staticmethod(overlap.tversky)
    alpha: float = 0.5
    beta: float = 0.5
    axis: int | Sequence[int] | None = field(default=None, kw_only=True)
    name: Name = field(default="tversky", kw_only=True)


@dataclass
class Circle(FunctionLoss):
    """Pulls embeddings of one class together, those of others apart. See `losses.circle`.

    >>> import kerata
    >>> with kerata.use_engine("numpy"):
    ...     round(float(Circle()([0, 0, 1], [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])), 4)
    0.0
    """

    fn = staticmethod(overlap.circle)
    gamma: float = 80.0
    margin: float = 0.4
    remove_diagonal: bool = True
    name: Name = field(default="circle", kw_only=True)
