"""`Input`: where a graph of layers begins."""

from collections.abc import Sequence
from typing import Any

from kerata.core.graph import KerasTensor, Node
from kerata.core.sparse import check_available
from kerata.layers.layer import Layer


class InputLayer(Layer):
    """The beginning of a graph. Users write `Input(shape)`.

    Args:
        shape: the shape without the batch axis, None for what is unknown.
        batch_size: the batch axis's length if it is fixed.
        dtype: "float32" if None.
        batch_shape: the whole shape, in place of `shape` and `batch_size`.
        sparse: whether the input is a sparse tensor, on JAX and TensorFlow.
        ragged: whether it is a ragged tensor, on TensorFlow.
        input_tensor: an existing symbolic tensor to begin at.
        optional: whether the input may be None.

    >>> import kerata
    >>> kerata.layers.InputLayer((28, 28)).output.shape
    (None, 28, 28)
    """

    batch_shape: tuple[int | None, ...]

    def __init__(
        self,
        shape: int | Sequence[int | None] | None = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        batch_shape: Sequence[int | None] | None = None,
        input_tensor: KerasTensor | None = None,
        optional: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        shape = kwargs.pop("input_shape", shape)
        if input_tensor is not None and not isinstance(input_tensor, KerasTensor):
            raise ValueError(f"An input begins at a KerasTensor; {type(input_tensor).__name__} came.")
        whole: Any = kwargs.pop("batch_input_shape", batch_shape)
        super().__init__(name=name, **kwargs)
        if whole is None:
            if shape is None and input_tensor is None:
                raise ValueError("Input needs a shape: Input(shape=(784,)), or Input(shape=()) for scalars.")
            if shape is not None:
                whole = (batch_size, *_dims(shape))
        elif shape is not None:
            raise ValueError("Input takes shape (without the batch axis) or batch_shape (with it), not both.")
        if input_tensor is not None:
            whole, dtype = input_tensor.shape, dtype or input_tensor.dtype
        self.batch_shape = tuple(whole)
        self._dtype = dtype or "float32"
        self.sparse, self.ragged, self.optional = bool(sparse), bool(ragged), bool(optional)
        check_available("Input", sparse)
        check_available("Input", ragged, ragged=True)
        tensor = input_tensor
        if tensor is None:
            tensor = KerasTensor(self.batch_shape, self._dtype, sparse=self.sparse, ragged=self.ragged, name=self.name)
        Node(self, (), {}, tensor)
        self.built = True
        self._remember_engine()

    dtype = property(lambda self: self._dtype)

    def call(self) -> Any:
        """Nothing to compute: the graph is given its inputs."""
        raise ValueError("An input layer is not called; call the model that begins with it.")

    def get_config(self) -> dict[str, Any]:
        return {
            "batch_shape": self.batch_shape,
            "dtype": self.dtype,
            "sparse": self.sparse,
            "ragged": self.ragged,
            "name": self.name,
            "optional": self.optional,
        }


def _dims(shape):
    if isinstance(shape, int) or shape is None:
        return (shape,)
    for d in shape:
        if d is not None and (not hasattr(d, "__index__") or int(d) < 0):
            raise ValueError(f"A shape holds non-negative integers and None; {tuple(shape)} came.")
    return tuple(shape)


def Input(
    shape: int | Sequence[int | None] | None = None,
    batch_size: int | None = None,
    dtype: Any = None,
    sparse: bool | None = None,
    ragged: bool | None = None,
    batch_shape: Sequence[int | None] | None = None,
    name: str | None = None,
    tensor: KerasTensor | None = None,
    optional: bool = False,
) -> Any:
    """A symbolic tensor for a model to begin with.

    Args:
        shape: the shape without the batch axis: `(784,)`, `(28, 28, 1)`, `(None, 16)` for sequences of any length.
        batch_size: the batch axis's length if it is fixed.
        dtype: "float32" if None.
        sparse: whether the input is a sparse tensor, on JAX and TensorFlow.
        ragged: whether it is a ragged tensor, on TensorFlow.
        batch_shape: the whole shape, in place of `shape` and `batch_size`.
        name: shown in summaries, and the key in a dict of inputs.

    >>> import kerata
    >>> kerata.Input(shape=(784,)).shape
    (None, 784)
    """
    layer = InputLayer(shape, batch_size, dtype, sparse, ragged, batch_shape, tensor, optional, name)
    return layer._inbound_nodes[0].output_tensors[0]
