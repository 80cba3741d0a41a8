"""What a student is to have in common with its teacher: its outputs, or what its layers see."""

from typing import Any

import optree

from kerata import losses as losses_module, ops
from kerata.core import suggestions
from kerata.core.configurable import Configurable
from kerata.core.serialization import deserialize_keras_object, serialize_keras_object
from kerata.core.types import TensorLike
from kerata.losses.loss import LossFunctionWrapper, reduce_weighted


class DistillationLoss(Configurable):
    """The base class of strategies. A subclass writes `compute_loss`, and `get_config` where attributes do not tell.

    >>> import kerata
    >>> class SameSigns(kerata.distillation.DistillationLoss):
    ...     def compute_loss(self, teacher_outputs, student_outputs, **kwargs):
    ...         return kerata.ops.mean(kerata.ops.relu(-teacher_outputs * student_outputs))
    >>> float(SameSigns().compute_loss(kerata.ops.array([2.0, 1.0]), kerata.ops.array([1.0, -3.0])))
    1.5
    """

    def __init__(self) -> None:
        pass

    def compute_loss(self, teacher_outputs: TensorLike, student_outputs: TensorLike, **kwargs: Any) -> Any:
        """The loss, a scalar, for the outputs of both models; overridden by every strategy.

        Args:
            teacher_outputs: a tensor or a structure of them; no gradient goes through it.
            student_outputs: the same of the student.
        """
        raise TypeError(
            f"{type(self).__name__} has no method compute_loss(self, teacher_outputs, student_outputs, **kwargs): write one."
        )

    def validate_outputs(self, teacher_outputs: TensorLike, student_outputs: TensorLike) -> None:
        """Raises: ValueError if the outputs have different structures."""
        first, second = (optree.tree_structure(_plain(x)) for x in (teacher_outputs, student_outputs))
        if first != second:
            raise ValueError(
                f"{type(self).__name__}: the outputs of teacher and student must have one structure; the teacher's is "
                f"{_told(teacher_outputs)}, the student's {_told(student_outputs)}."
            )

    def validate_model_compatibility(self, teacher: Any, student: Any) -> None:
        """Raises: ValueError if the strategy can't be used with these models. Called once, before any training."""


class _PairwiseDistillation(DistillationLoss):
    """A loss for each output, the sum of which is the strategy's."""

    def _settle(self, loss):
        leaves = optree.tree_leaves(loss, none_is_leaf=True)
        if all(x is None for x in leaves):
            raise ValueError(f"{type(self).__name__}: at least one loss must not be None; {loss!r} came.")
        self.loss = optree.tree_map(lambda x: None if x is None else losses_module.get(x), _plain(loss), none_is_leaf=True)

    def validate_outputs(self, teacher_outputs: TensorLike, student_outputs: TensorLike) -> None:
        """Raises: ValueError if the outputs have different structures, or there is not one loss for each."""
        super().validate_outputs(teacher_outputs, student_outputs)
        expected = optree.tree_structure(self.loss, none_is_leaf=True)
        if optree.tree_structure(_plain(student_outputs), none_is_leaf=True) != expected:
            raise ValueError(
                f"{type(self).__name__}: loss must have the structure of the outputs, {_told(student_outputs)}, with None for "
                f"outputs without a loss; {_told(self.loss)} came."
            )

    def compute_loss(self, teacher_outputs: TensorLike, student_outputs: TensorLike, **kwargs: Any) -> Any:
        """The sum of the outputs' losses, a scalar.

        Raises: TypeError for arguments by other names.
        """
        suggestions.refuse(DistillationLoss.compute_loss, kwargs)
        self.validate_outputs(teacher_outputs, student_outputs)
        losses = optree.tree_leaves(self.loss, none_is_leaf=True)
        pairs = zip(losses, optree.tree_leaves(_plain(teacher_outputs)), optree.tree_leaves(_plain(student_outputs)))
        values = [self._compared(loss, teacher, student) for loss, teacher, student in pairs if loss is not None]
        total = values[0]
        for value in values[1:]:
            total = ops.add(total, value)
        return total

    def _compared(self, loss, teacher, student):
        """The loss of one output."""
        return mean_loss(loss, teacher, student)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"loss": serialize_keras_object(self.loss)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A strategy from its config."""
        return cls(**config | {"loss": deserialize_keras_object(config["loss"])})


class LogitsDistillation(_PairwiseDistillation):
    """The student's outputs shall be like the teacher's, both divided by a temperature.

    Shapes: (batch, classes), (batch, classes) -> ().

    Args:
        temperature: what logits are divided by; the higher, the more weight is on the differences between the classes that
            the teacher thinks unlikely. 3 to 5 is usual.
        loss: what compares them: a name, a `Loss`, a function; a structure like that of the outputs where there are
            several, with None for those that shall not be compared.

    With a `kerata.losses.KLDivergence()` logits become probabilities by a softmax, and the loss is multiplied by
    `temperature ** 2` so that its gradient does not become small: Hinton's loss, and the one to use for models that end in
    logits. Any other loss, the name "kl_divergence" too (as in Keras), gets the divided outputs as they are: right for
    "mse" and the like.

    Raises: ValueError for a temperature that is not positive, and losses that are unknown or all None.

    Source: Hinton, Vinyals and Dean 2015, "Distilling the knowledge in a neural network", arXiv:1503.02531, section 2.

    >>> import kerata, numpy as np
    >>> teacher, student = np.array([[4.0, 0.0]]), np.array([[0.0, 4.0]])
    >>> loss = kerata.distillation.LogitsDistillation(2.0, kerata.losses.KLDivergence())
    >>> round(float(loss.compute_loss(teacher, student)), 3)
    6.093
    """

    def __init__(self, temperature: float = 3.0, loss: Any = "kl_divergence") -> None:
        if isinstance(temperature, bool) or not isinstance(temperature, (int, float)) or not temperature > 0:
            raise ValueError(f"LogitsDistillation: temperature must be a positive number; {temperature!r} came.")
        self.temperature = temperature
        self._settle(loss)

    def _compared(self, loss, teacher, student):
        teacher, student = ops.divide(teacher, self.temperature), ops.divide(student, self.temperature)
        if not isinstance(loss, losses_module.KLDivergence):
            return mean_loss(loss, teacher, student)
        value = mean_loss(loss, ops.softmax(teacher, axis=-1), ops.softmax(student, axis=-1))
        return ops.multiply(value, self.temperature**2)


class FeatureDistillation(_PairwiseDistillation):
    """What a layer of the student gives shall be like what a layer of the teacher gives.

    Shapes: those of the two layers' outputs, which must be equal, -> ().

    Args:
        loss: what compares them: a name, a `Loss`, a function; a structure like that of the outputs where there are
            several, with None for those that shall not be compared.
        teacher_layer_name: the teacher's layer; the model's output if None.
        student_layer_name: the student's layer; the model's output if None.

    Raises: ValueError for a layer that a model lacks, when a `Distiller` is made.

    Source: Romero et al. 2015, "FitNets: hints for thin deep nets", arXiv:1412.6550, section 2.

    >>> import kerata, numpy as np
    >>> hint = kerata.distillation.FeatureDistillation("mse", "wide", "thin")
    >>> float(hint.compute_loss(np.array([[1.0, 2.0]]), np.array([[1.0, 4.0]])))
    2.0
    """

    def __init__(self, loss: Any = "mse", teacher_layer_name: str | None = None, student_layer_name: str | None = None) -> None:
        self.teacher_layer_name, self.student_layer_name = teacher_layer_name, student_layer_name
        self._settle(loss)

    def validate_model_compatibility(self, teacher: Any, student: Any) -> None:
        """Raises: ValueError if a model has no layer of the name."""
        names = (self.teacher_layer_name, self.student_layer_name)
        for role, model, name in zip(("teacher", "student"), (teacher, student), names):
            if name is not None:
                try:
                    model.get_layer(name)
                except ValueError as error:
                    raise ValueError(f"FeatureDistillation: the {role} lacks the layer. {error}") from None


def mean_loss(loss, teacher, student):
    """The mean of a loss, a `Loss` or a function, over the rows that count."""
    loss = loss if isinstance(loss, losses_module.Loss) else LossFunctionWrapper(loss)
    value = loss(teacher, student)
    return value if len(value.shape) == 0 else reduce_weighted(value, None, None, "mean", "float32", loss.name)


def _plain(structure):
    """A structure in which tuples are lists, as files have it."""
    return list(structure) if isinstance(structure, tuple) else structure


def _told(structure):
    return str(optree.tree_structure(structure, none_is_leaf=True))[len("PyTreeSpec(") : -1].split(", NoneIsLeaf")[0]
