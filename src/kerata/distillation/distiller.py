"""`Distiller`: a student that is trained on labels and by a teacher at once."""

import contextlib
from typing import Any, cast

import optree

from kerata import engines, ops
from kerata.core.serialization import deserialize_keras_object, serialize_keras_object
from kerata.core.types import TensorLike, Tree
from kerata.distillation.strategies import DistillationLoss
from kerata.engines.state import context, thread_context
from kerata.metrics import Mean
from kerata.models import Model
from kerata.training.checks import build_by_call
from kerata.training.compiled import track


class Distiller(Model):
    """A model that trains a student, on labels and by what a teacher knows.

    The loss is `student_loss_weight` times that of `compile`, on the labels, and `1 - student_loss_weight` times the
    weighted sum of the strategies'. The teacher is frozen, and runs as in prediction. Predictions are the student's;
    `distiller.student` is the trained model. As in Keras, sample weights and the student's own penalties (regularizers,
    `add_loss`) are no part of the loss.

    Args:
        teacher: a trained model.
        student: the model to train; inputs and outputs have the teacher's shapes.
        distillation_losses: a strategy or a list of them: `LogitsDistillation`, `FeatureDistillation`, one of your own.
        distillation_loss_weights: a number for each strategy; all 1 if None.
        student_loss_weight: from 0, to learn from the teacher alone, to 1, from labels alone.

    The logs have `student_loss`, `distillation_loss` and `total_loss`.

    Raises: ValueError for models whose shapes differ, layers that a model lacks, weights that do not fit.

    Source: Hinton, Vinyals and Dean 2015, "Distilling the knowledge in a neural network", arXiv:1503.02531.

    >>> import kerata, numpy as np
    >>> def network(width):
    ...     return kerata.Sequential([kerata.Input((4,)), kerata.layers.Dense(width, "relu"), kerata.layers.Dense(2)])
    >>> strategy = kerata.distillation.LogitsDistillation(3.0, kerata.losses.KLDivergence())
    >>> distiller = kerata.distillation.Distiller(network(64), network(4), strategy)
    >>> distiller.compile("adam", kerata.losses.SparseCategoricalCrossentropy(from_logits=True))
    >>> history = distiller.fit(np.ones((8, 4)), np.zeros(8), verbose=0)
    >>> distiller.student.predict(np.ones((3, 4)), verbose=0).shape
    (3, 2)
    """

    def __init__(
        self,
        teacher: Any,
        student: Any,
        distillation_losses: Any,
        distillation_loss_weights: Any = None,
        student_loss_weight: float = 0.5,
        name: str | None = "distiller",
        **kwargs: Any,
    ) -> None:
        _check_models(teacher, student)
        strategies = _checked_strategies(distillation_losses)
        weights = _checked_weights(distillation_loss_weights, strategies)
        if not isinstance(student_loss_weight, (int, float)) or not 0 <= student_loss_weight <= 1:
            raise ValueError(f"Distiller: student_loss_weight must be from 0 to 1; {student_loss_weight!r} came.")
        for strategy in strategies:
            strategy.validate_model_compatibility(teacher, student)
        super().__init__(name=name, **kwargs)
        self.teacher, self.student = teacher, student
        teacher.trainable = False
        self.distillation_losses, self.distillation_loss_weights = strategies, weights
        self.student_loss_weight = student_loss_weight
        self.student_loss_tracker = Mean(name="student_loss")
        self.distillation_loss_tracker = Mean(name="distillation_loss")
        self.total_loss_tracker = Mean(name="total_loss")
        self._seen: tuple[Any, dict[str, Any]] = (
            None,
            {},
        )  # the outputs of the last call, and what the student's layers gave in it
        self.built = teacher.built and student.built

    _untracked = Model._untracked | {"_seen"}

    @property
    def output_names(self) -> Any:
        """The student's."""
        return self.student.output_names

    def compile(  # type: ignore[override]
        self, optimizer: Any = "adam", loss: Any = None, metrics: Any = None, **kwargs: Any
    ) -> None:
        """Choose how the student is trained; see `Model.compile`.

        Raises: ValueError without a loss, unless `student_loss_weight` is 0.
        """
        if loss is None and self.student_loss_weight > 0:
            raise ValueError(
                f"Distiller: the loss on the labels, compile(loss=...), counts for {self.student_loss_weight} of the whole; "
                "None came. Give one, or student_loss_weight=0 to the Distiller."
            )
        super().compile(optimizer=optimizer, loss=loss, metrics=metrics, **kwargs)

    def call(self, inputs: Tree, training: bool | None = None, **kwargs: Any) -> Any:
        """The student's outputs."""
        names = [s.student_layer_name for s in self.distillation_losses if getattr(s, "student_layer_name", None)]
        with _noted(self.student, names) as features:
            outputs = self.student(inputs, training=training, **kwargs)
        self._seen = (outputs, features) if names else (None, {})
        return outputs

    def compute_loss(
        self,
        x: TensorLike = None,
        y: TensorLike = None,
        y_pred: TensorLike = None,
        sample_weight: TensorLike | None = None,
        training: bool | None = True,
    ) -> Any:
        """The loss of a batch, a scalar: on the labels and by the teacher.

        `sample_weight` weights the loss on the labels (Keras 3.15.1 leaves it out); strategies give one number for a batch.
        """
        share = self.student_loss_weight
        by_labels = self._compilation.loss(y, y_pred, sample_weight) if share > 0 else ops.zeros(())
        by_teacher = self._distillation_loss(x, y_pred, training) if share < 1 else ops.zeros(())
        by_labels, by_teacher = (ops.cast(value, "float32") for value in (by_labels, by_teacher))
        total = ops.add(ops.multiply(by_labels, share), ops.multiply(by_teacher, 1 - share))
        like = optree.tree_leaves(y_pred)[0]
        for tracker, value in (
            (self.student_loss_tracker, by_labels),
            (self.distillation_loss_tracker, by_teacher),
            (self.total_loss_tracker, total),
        ):
            track(tracker, value, like)
        return total

    def _distillation_loss(self, x, y_pred, training):
        """The weighted sum of the strategies' losses."""
        outputs, features = cast(Any, self._seen)
        self._seen = None, {}
        if outputs is not y_pred:  # called by hand, for outputs that this model's last call did not give
            names = [s.student_layer_name for s in self.distillation_losses if getattr(s, "student_layer_name", None)]
            features = self._features_of(self.student, names, x, training)[1]
        names = [s.teacher_layer_name for s in self.distillation_losses if getattr(s, "teacher_layer_name", None)]
        taught, teacher_features = optree.tree_map(ops.stop_gradient, self._features_of(self.teacher, names, x, False))
        total = ops.zeros(())
        for strategy, weight in zip(self.distillation_losses, self.distillation_loss_weights):
            theirs = teacher_features.get(getattr(strategy, "teacher_layer_name", None), taught)
            ours = features.get(getattr(strategy, "student_layer_name", None), y_pred)
            strategy.validate_outputs(theirs, ours)
            total = ops.add(total, ops.multiply(ops.cast(strategy.compute_loss(theirs, ours), "float32"), weight))
        return total

    def _features_of(self, model, names, x, training):
        """A model's outputs, and those of some of its layers by name."""
        with _noted(model, names) as features:
            return model(x, training=training), features

    def _build_for(self, x):
        for model in (self.teacher, self.student):
            if not model.built:
                build_by_call(model, x)
        super()._build_for(x)

    def get_config(self) -> dict[str, Any]:
        config = {key: value for key, value in super().get_config().items() if key in ("name", "trainable", "dtype")}
        return config | {
            "teacher": serialize_keras_object(self.teacher),
            "student": serialize_keras_object(self.student),
            "distillation_losses": [serialize_keras_object(strategy) for strategy in self.distillation_losses],
            "distillation_loss_weights": self.distillation_loss_weights,
            "student_loss_weight": self.student_loss_weight,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:  # type: ignore[override]
        """A Distiller from its config."""
        parts = ("teacher", "student", "distillation_losses")
        return cls(**config | {part: deserialize_keras_object(config[part]) for part in parts})


@contextlib.contextmanager
def _noted(model, names):
    """A dict that is filled with what layers of a model give first, while the model runs in the `with` block."""
    wanted = {id(model.get_layer(name)): name for name in names}
    features: dict[str | None, Any] = {}
    if not wanted:
        yield features
        return
    before, on_shapes = context.observer, engines.current().is_abstract

    def observe(layer, outputs):
        if id(layer) in wanted and engines.current().is_abstract == on_shapes:  # a model may be built on shapes meanwhile
            features.setdefault(wanted[id(layer)], outputs)
        if before is not None:
            before(layer, outputs)

    with thread_context(observer=observe):
        yield features


def _check_models(teacher, student):
    for role, model in (("teacher", teacher), ("student", student)):
        if not isinstance(model, Model):
            raise ValueError(f"Distiller: {role} must be a Model; {type(model).__name__} came.")
    for what in ("input_shape", "output_shape"):
        if teacher.plan is None or student.plan is None:
            return
        theirs, ours = getattr(teacher, what), getattr(student, what)
        if not _compatible(theirs, ours):
            raise ValueError(f"Distiller: the teacher's {what} is {theirs}, the student's {ours}; they must be equal.")


def _compatible(first, second):
    if isinstance(first, dict) or isinstance(second, dict):
        same = isinstance(first, dict) and isinstance(second, dict) and first.keys() == second.keys()
        return same and all(_compatible(first[key], second[key]) for key in first)
    if isinstance(first, (list, tuple)) and isinstance(second, (list, tuple)):
        return len(first) == len(second) and all(map(_compatible, first, second))
    return first is None or second is None or first == second


def _checked_strategies(given):
    strategies = list(given) if isinstance(given, (list, tuple)) else [given]
    wrong = [x for x in strategies if not isinstance(x, DistillationLoss)]
    if wrong or not strategies:
        raise ValueError(
            "Distiller: distillation_losses must be a DistillationLoss, such as LogitsDistillation(), or a list of them; "
            f"{given!r} came."
        )
    return strategies


def _checked_weights(given, strategies):
    weights = [1.0] * len(strategies) if given is None else list(given) if isinstance(given, (list, tuple)) else [given]
    if len(weights) != len(strategies):
        raise ValueError(f"Distiller: {len(weights)} distillation_loss_weights came for {len(strategies)} distillation_losses.")
    return [float(weight) for weight in weights]
