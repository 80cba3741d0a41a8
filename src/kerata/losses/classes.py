"""The losses as classes: a function, its arguments, a name and a reduction."""

from kerata.losses import functions, overlap, probabilistic
from kerata.losses.loss import LossFunctionWrapper


class _Plain(LossFunctionWrapper):
    """A loss whose function takes no further arguments."""

    function = None
    default_name = None

    def __init__(self, reduction="sum_over_batch_size", name=None, dtype=None):
        super().__init__(type(self).function, reduction, name or self.default_name, dtype)


def _plain(class_name, function, y_true, y_pred, result, name=None):
    """A class for a function of targets and predictions alone; with the doc string's example, and what it gives."""
    name = name or function.__name__

    def __init__(self, reduction="sum_over_batch_size", name=name, dtype=None):
        super(cls, self).__init__(reduction, name, dtype)

    body = {
        "__init__": __init__,
        "__doc__": f"""{function.__doc__.splitlines()[0]} See `losses.{function.__name__}`.

        >>> round(float({class_name}()({y_true}, {y_pred})), 4)
        {result}
        """,
        "__module__": __name__,
        "function": staticmethod(function),
        "default_name": name,
    }
    cls = type(class_name, (_Plain,), body)
    return cls


MeanSquaredError = _plain("MeanSquaredError", functions.mean_squared_error, [[1.0, 2.0]], [[1.0, 4.0]], 2.0)
MeanAbsoluteError = _plain("MeanAbsoluteError", functions.mean_absolute_error, [[1.0, 2.0]], [[1.0, 5.0]], 1.5)
MeanAbsolutePercentageError = _plain(
    "MeanAbsolutePercentageError", functions.mean_absolute_percentage_error, [[1.0, 2.0]], [[1.5, 2.0]], 25.0
)
MeanSquaredLogarithmicError = _plain(
    "MeanSquaredLogarithmicError", functions.mean_squared_logarithmic_error, [[0.0, 1.0]], [[0.0, 3.0]], 0.2402
)
Hinge = _plain("Hinge", functions.hinge, [[1.0, -1.0]], [[0.5, -2.0]], 0.25)
SquaredHinge = _plain("SquaredHinge", functions.squared_hinge, [[1.0, -1.0]], [[0.5, -2.0]], 0.125)
CategoricalHinge = _plain("CategoricalHinge", functions.categorical_hinge, [[0.0, 1.0]], [[0.75, 0.25]], 1.5)
KLDivergence = _plain("KLDivergence", functions.kl_divergence, [[0.5, 0.5]], [[0.25, 0.75]], 0.1438)
LogCosh = _plain("LogCosh", functions.log_cosh, [[0.0, 0.0]], [[0.0, 1.0]], 0.2169)
Poisson = _plain("Poisson", functions.poisson, [[1.0, 2.0]], [[1.0, 1.0]], 1.0)
CTC = _plain("CTC", probabilistic.ctc, [[1]], [[[0.5, 0.5], [0.5, 0.5]]], 0.2877)


class _WithArguments(LossFunctionWrapper):
    """A loss whose function takes arguments, which are attributes too."""

    def __init__(self, fn, reduction, name, dtype, **kwargs):
        super().__init__(fn, reduction, name, dtype, **kwargs)
        for key, value in kwargs.items():
            setattr(self, key, value)


class Huber(_WithArguments):
    """Quadratic within `delta` of the target, linear outside. See `losses.huber`.

    >>> float(Huber()([[0.0]], [[3.0]]))
    2.5
    """

    def __init__(self, delta=1.0, reduction="sum_over_batch_size", name="huber_loss", dtype=None):
        super().__init__(functions.huber, reduction, name, dtype, delta=delta)


class CosineSimilarity(_WithArguments):
    """-cos of the angle between target and prediction. See `losses.cosine_similarity`.

    >>> round(float(CosineSimilarity()([[1.0, 0.0]], [[3.0, 4.0]])), 4)
    -0.6
    """

    def __init__(self, axis=-1, reduction="sum_over_batch_size", name="cosine_similarity", dtype=None):
        super().__init__(functions.cosine_similarity, reduction, name, dtype, axis=axis)


class BinaryCrossentropy(_WithArguments):
    """Cross entropy of yes-no questions. See `losses.binary_crossentropy`.

    >>> round(float(BinaryCrossentropy(from_logits=True)([[1.0]], [[0.0]])), 4)
    0.6931
    """

    def __init__(
        self,
        from_logits=False,
        label_smoothing=0.0,
        axis=-1,
        reduction="sum_over_batch_size",
        name="binary_crossentropy",
        dtype=None,
    ):
        kwargs = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(probabilistic.binary_crossentropy, reduction, name, dtype, **kwargs)


class BinaryFocalCrossentropy(_WithArguments):
    """Binary cross entropy in which easy samples count less. See `losses.binary_focal_crossentropy`.

    >>> round(float(BinaryFocalCrossentropy(gamma=2.0)([[1.0]], [[0.5]])), 4)
    0.1733
    """

    def __init__(
        self,
        apply_class_balancing=False,
        alpha=0.25,
        gamma=2.0,
        from_logits=False,
        label_smoothing=0.0,
        axis=-1,
        reduction="sum_over_batch_size",
        name="binary_focal_crossentropy",
        dtype=None,
    ):
        super().__init__(
            probabilistic.binary_focal_crossentropy,
            reduction,
            name,
            dtype,
            apply_class_balancing=apply_class_balancing,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class CategoricalCrossentropy(_WithArguments):
    """Cross entropy of classes, targets one-hot. See `losses.categorical_crossentropy`.

    >>> round(float(CategoricalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])), 4)
    0.6931
    """

    def __init__(
        self,
        from_logits=False,
        label_smoothing=0.0,
        axis=-1,
        reduction="sum_over_batch_size",
        name="categorical_crossentropy",
        dtype=None,
    ):
        kwargs = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(probabilistic.categorical_crossentropy, reduction, name, dtype, **kwargs)


class CategoricalFocalCrossentropy(_WithArguments):
    """Cross entropy of classes in which easy samples count less. See `losses.categorical_focal_crossentropy`.

    >>> round(float(CategoricalFocalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])), 4)
    0.0433
    """

    def __init__(
        self,
        alpha=0.25,
        gamma=2.0,
        from_logits=False,
        label_smoothing=0.0,
        axis=-1,
        reduction="sum_over_batch_size",
        name="categorical_focal_crossentropy",
        dtype=None,
    ):
        super().__init__(
            probabilistic.categorical_focal_crossentropy,
            reduction,
            name,
            dtype,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class SparseCategoricalCrossentropy(_WithArguments):
    """Cross entropy of classes, targets as numbers. See `losses.sparse_categorical_crossentropy`.

    >>> round(float(SparseCategoricalCrossentropy()([1], [[0.5, 0.5]])), 4)
    0.6931
    """

    def __init__(
        self,
        from_logits=False,
        ignore_class=None,
        reduction="sum_over_batch_size",
        axis=-1,
        name="sparse_categorical_crossentropy",
        dtype=None,
    ):
        kwargs = {"from_logits": from_logits, "ignore_class": ignore_class, "axis": axis}
        super().__init__(probabilistic.sparse_categorical_crossentropy, reduction, name, dtype, **kwargs)


class CategoricalGeneralizedCrossEntropy(_WithArguments):
    """A cross entropy robust to wrong labels. See `losses.categorical_generalized_cross_entropy`.

    >>> round(float(CategoricalGeneralizedCrossEntropy(q=0.5)([0], [[0.75, 0.25]])), 4)
    0.2679
    """

    def __init__(self, q=0.5, reduction="sum_over_batch_size", name="categorical_generalized_cross_entropy", dtype=None):
        if not 0 < q < 1:
            raise ValueError(f"q must be between 0 and 1; {q!r} came.")
        super().__init__(probabilistic.categorical_generalized_cross_entropy, reduction, name, dtype, q=q)


class Dice(_WithArguments):
    """One less the overlap of two maps. See `losses.dice`.

    >>> round(float(Dice()([[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]])), 4)
    0.3333
    """

    def __init__(self, reduction="sum_over_batch_size", name="dice", axis=None, dtype=None):
        super().__init__(overlap.dice, reduction, name, dtype, axis=axis)


class Tversky(_WithArguments):
    """Dice with weights for both kinds of error. See `losses.tversky`.

    >>> round(float(Tversky(alpha=0.9, beta=0.1)([[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]])), 4)
    0.4737
    """

    def __init__(self, alpha=0.5, beta=0.5, reduction="sum_over_batch_size", name="tversky", axis=None, dtype=None):
        super().__init__(overlap.tversky, reduction, name, dtype, alpha=alpha, beta=beta, axis=axis)


class Circle(_WithArguments):
    """Pulls embeddings of one class together, those of others apart. See `losses.circle`.

    >>> import kerata
    >>> with kerata.use_engine("numpy"):
    ...     round(float(Circle()([0, 0, 1], [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])), 4)
    0.0
    """

    def __init__(
        self, gamma=80.0, margin=0.4, remove_diagonal=True, reduction="sum_over_batch_size", name="circle", dtype=None
    ):
        kwargs = {"gamma": gamma, "margin": margin, "remove_diagonal": remove_diagonal}
        super().__init__(overlap.circle, reduction, name, dtype, **kwargs)
