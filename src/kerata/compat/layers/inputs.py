"""`Input` as it was: its names are "input_1", and it may stand for a tensor."""

from typing import Any

from kerata.compat import translate
from kerata.core.graph import KerasTensor
from kerata.core.naming import get_uid
from kerata.layers import input_layer


def make_input(generation):
    """`Input` of a generation."""

    def Input(
        shape: Any = None,
        batch_shape: Any = None,
        name: str | None = None,
        dtype: Any = None,
        sparse: bool = False,
        tensor: Any = None,
        **kwargs: Any,
    ) -> Any:
        """A symbolic tensor that a model takes.

        Args:
            shape: that of one sample; `batch_shape` has the batch's size, or None, before it.
            name: "input_1" and so on if None.
            tensor: a symbolic tensor, which is the input then.

        Raises: ValueError for a tensor of numbers, which is no input of a model today.
        """
        if generation.name == "tf_keras":  # batch_size comes before name there
            name, batch_size, batch_shape = _of_tensorflow(shape, batch_shape, name, kwargs)
            kwargs["batch_size"] = batch_size
        if tensor is not None:
            if not isinstance(tensor, KerasTensor):
                raise ValueError(
                    "Input(tensor=) takes a symbolic tensor today; give an array of numbers to K.constant, or to fit as data."
                )
            return tensor
        kwargs = translate.today(input_layer.InputLayer, kwargs, told=False)
        number = get_uid("input")
        if shape is not None and not hasattr(shape, "__len__"):
            shape = tuple(shape) if hasattr(shape, "__iter__") else (shape,)
        return input_layer.Input(
            shape, batch_shape=batch_shape, dtype=dtype, sparse=sparse, name=name or f"input_{number}", **kwargs
        )

    return Input


def _of_tensorflow(shape, second, third, kwargs):
    """The name, the batch's size and the batch's shape: `Input(shape, batch_size, name)` is the order of tf.keras."""
    by_position = second if isinstance(second, int) else None
    batch_shape = kwargs.pop("batch_input_shape", None if isinstance(second, int) else second)
    return third, kwargs.pop("batch_size", by_position), batch_shape
