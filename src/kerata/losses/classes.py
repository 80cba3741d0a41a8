"""The losses as classes: a function, its arguments, a name and a reduction."""

from kerata.losses import functions, overlap, probabilistic
from kerata.losses.loss import LossFunctionWrapper


class _Plain(LossFunctionWrapper):
    """A loss whose function takes no further arguments."""

    function = None
    default_name = None

    def __init__(self, reduction="sum_over_batch_size", name=None, dtype=None):
        super().__init__(type(self).function, reduction, name or self.default_name, dtype)


def _plain(class_name, function, name):
    """A class for a function of targets and predictions alone."""

    def __init__(self, reduction="sum_over_batch_size", name=name, dtype=None):
        super(cls, self).__init__(reduction, name, dtype)

    body = {
        "__init__": __init__,
        "__doc__": f"{function.__doc__.splitlines()[0]} See `losses.{function.__name__}`.",
        "__module__": __name__,
        "function": staticmethod(function),
        "default_name": name,
    }
    cls = type(class_name, (_Plain,), body)
    return cls


MeanSquaredError = _plain("MeanSquaredError", functions.mean_squared_error, "mean_squared_error")
MeanAbsoluteError = _plain("MeanAbsoluteError", functions.mean_absolute_error, "mean_absolute_error")
MeanAbsolutePercentageError = _plain(
    "MeanAbsolutePercentageError", functions.mean_absolute_percentage_error, "mean_absolute_percentage_error"
)
MeanSquaredLogarithmicError = _plain(
    "MeanSquaredLogarithmicError", functions.mean_squared_logarithmic_error, "mean_squared_logarithmic_error"
)
Hinge = _plain("Hinge", functions.hinge, "hinge")
SquaredHinge = _plain("SquaredHinge", functions.squared_hinge, "squared_hinge")
CategoricalHinge = _plain("CategoricalHinge", functions.categorical_hinge, "categorical_hinge")
KLDivergence = _plain("KLDivergence", functions.kl_divergence, "kl_divergence")
LogCosh = _plain("LogCosh", functions.log_cosh, "log_cosh")
Poisson = _plain("Poisson", functions.poisson, "poisson")
CTC = _plain("CTC", probabilistic.ctc, "ctc")


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
    """-cos of the angle between target and prediction. See `losses.cosine_similarity`."""

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
    """Binary cross entropy in which easy samples count less. See `losses.binary_focal_crossentropy`."""

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
    """Cross entropy of classes, targets one-hot. See `losses.categorical_crossentropy`."""

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
    """Cross entropy of classes in which easy samples count less. See `losses.categorical_focal_crossentropy`."""

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
    """A cross entropy robust to wrong labels. See `losses.categorical_generalized_cross_entropy`."""

    def __init__(self, q=0.5, reduction="sum_over_batch_size", name="categorical_generalized_cross_entropy", dtype=None):
        if not 0 < q < 1:
            raise ValueError(f"q must be between 0 and 1; {q!r} came.")
        super().__init__(probabilistic.categorical_generalized_cross_entropy, reduction, name, dtype, q=q)


class Dice(_WithArguments):
    """One less the overlap of two maps. See `losses.dice`."""

    def __init__(self, reduction="sum_over_batch_size", name="dice", axis=None, dtype=None):
        super().__init__(overlap.dice, reduction, name, dtype, axis=axis)


class Tversky(_WithArguments):
    """Dice with weights for both kinds of error. See `losses.tversky`."""

    def __init__(self, alpha=0.5, beta=0.5, reduction="sum_over_batch_size", name="tversky", axis=None, dtype=None):
        super().__init__(overlap.tversky, reduction, name, dtype, alpha=alpha, beta=beta, axis=axis)


class Circle(_WithArguments):
    """Pulls embeddings of one class together, those of others apart. See `losses.circle`."""

    def __init__(
        self, gamma=80.0, margin=0.4, remove_diagonal=True, reduction="sum_over_batch_size", name="circle", dtype=None
    ):
        kwargs = {"gamma": gamma, "margin": margin, "remove_diagonal": remove_diagonal}
        super().__init__(overlap.circle, reduction, name, dtype, **kwargs)
