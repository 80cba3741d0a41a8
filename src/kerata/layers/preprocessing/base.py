"""What layers that prepare data have in common: they run in models, on NumPy arrays, and in a `tf.data` pipeline."""

from typing import Any, ClassVar

import numpy as np
import optree

from kerata import engines, ops, random
from kerata.core import sparse
from kerata.core.arrays import as_array, dtype_of, static_shape, to_numpy
from kerata.core.fields import dataclass, field
from kerata.core.types import DType, Shape, Tree
from kerata.engines.abstract.array import AbstractArray, RaggedAbstractArray, SparseAbstractArray
from kerata.engines.state import context
from kerata.layers.layer import Layer


class PipelineOps:
    """The ops as a data layer's `backend`, with the name of the engine that computes: TensorFlow in a `tf.data` pipeline."""

    def __init__(self) -> None:
        self.name = engines.concrete_name()

    def __getattr__(self, name):
        return random if name == "random" else getattr(ops, name)


class DataLayer(Layer):
    """A layer that may also be called in the graph of a `tf.data` pipeline, whatever engine is in force."""

    takes_any_value = True
    casts_in_pipelines = False  # whether all numbers come in the layer's floats there, as in Keras

    @property
    def backend(self) -> Any:
        """The ops that the layer may compute with; `backend.name` is the engine's name."""
        return PipelineOps()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        owner = engines.owner_of_graph((args, kwargs))
        casts = self.casts_in_pipelines and not context.depth
        if owner is None or owner == engines.current_name() and not casts:
            return super().__call__(*args, **kwargs)
        with engines.use_engine(owner):
            if casts:
                args, kwargs = optree.tree_map(self._cast_in_pipelines, (args, kwargs))
            return super().__call__(*args, **kwargs)

    def _cast_in_pipelines(self, x):
        is_number = engines.current().is_array(x) and not is_text(x)
        return as_array(x, self.compute_dtype) if is_number else x


class ClosedLayer(DataLayer):
    """A data layer that takes a dtype and a name, and nothing of what layers take besides."""

    def __init__(self, *, dtype: DType = None, name: str | None = None) -> None:
        super().__init__(dtype=dtype, name=name)


class Adaptable:
    """What learns from data: `adapt`, made of `reset_state`, `update_state(batch)` and `finalize_state`."""

    _check_adaptable: Any
    reset_state: Any
    update_state: Any
    finalize_state: Any

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Learn what the layer needs to know of the data.

        Args:
            data: an array, or what gives batches of inputs: a generator, a `PyDataset`, a `tf.data.Dataset`.
            steps: the most batches that are read.

        Raises: ValueError if the layer was given what it would learn, or there is no data.
        """
        self._check_adaptable()
        self.reset_state()
        for batch in batches(data, steps):
            self.update_state(batch)
        self.finalize_state()


class HostLayer(DataLayer):
    """A layer whose work is done on the host, in NumPy: that with text, and with whole numbers of 64 bits.

    A subclass computes in `on_host(inputs)`, from NumPy arrays to one NumPy array, and tells its output beforehand in
    `output_form(shapes)`. In a model made from a graph such layers, and those before them, run before the compiled step.
    """

    runs_on_host = True

    def _converted(self, args, kwargs, dtype):
        return args, kwargs  # no engine's dtypes: 64 bits and texts stay what they are

    def on_host(self, inputs: Tree) -> None:
        """The outputs in NumPy, for inputs in NumPy."""
        raise TypeError(f"{type(self).__name__} has no method on_host(self, inputs): write one, it is the layer's computation.")

    def output_form(self, shapes: Any) -> Any:
        """The output's shape and dtype, for the shape of the inputs (or a list of them)."""
        raise TypeError(f"{type(self).__name__} has no method output_form(self, shapes): write one.")

    def call(self, inputs: Tree) -> Any:
        """The outputs; texts come as NumPy arrays, numbers as the engine's."""
        if sparse.is_ragged(inputs):
            return self._each_of(inputs)
        leaves = [inputs] if not isinstance(inputs, (list, tuple)) or _is_plain(inputs) else list(inputs)
        single = leaves[0] is inputs
        leaves = [x if hasattr(x, "dtype") and hasattr(x, "shape") else np.asarray(x) for x in leaves]
        shapes = [static_shape(x) for x in leaves]
        form = AbstractArray(*self.output_form(shapes[0] if single else shapes))
        made = engines.current().on_host(lambda *xs: self.on_host(xs[0] if single else list(xs)), form, *leaves)
        return made if self._kept_as is None else sparse.from_dense(made, ragged=self._kept_as == "ragged")

    def _each_of(self, ragged):
        """The outputs for a ragged tensor, as ragged as it.

        Raises: ValueError if an output is not that of one value.
        """
        if tuple(self.output_form((None,))[0]) != (None,):
            raise ValueError(f"{type(self).__name__}: a ragged tensor's rows differ in length. Pad them: x.to_tensor().")
        return ragged.with_flat_values(to_numpy(self.call(ragged.flat_values)))

    @property
    def _kept_as(self):
        """ "sparse" or "ragged" for outputs that are, None for dense ones."""
        is_vector = getattr(self, "output_mode", "int") != "int"
        wanted = getattr(self, "sparse", False) if is_vector else getattr(self, "ragged", False)
        return ("sparse" if is_vector else "ragged") if wanted else None

    def _output_spec(self, inputs: Tree):
        shapes = optree.tree_map(static_shape, inputs)
        return _SPECS[self._kept_as](*self.output_form(shapes))

    def compute_output_shape(self, input_shape: Shape) -> Any:
        return tuple(self.output_form(input_shape)[0])


_SPECS: dict = {None: AbstractArray, "sparse": SparseAbstractArray, "ragged": RaggedAbstractArray}


@dataclass(unlisted=("vocabulary_size",))
class VocabularyLayer(Adaptable, HostLayer):
    """A layer that knows a vocabulary, or learns it; its size is in the config."""

    _expected_size: ClassVar[int | None]

    vocabulary_size: int | None = field(default=None, kw_only=True, attribute="_expected_size")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, and the vocabulary's size."""
        size: Any = self.vocabulary_size  # a method of subclasses
        return super().get_config() | {"vocabulary_size": size()}


def _is_plain(inputs):
    """Whether a list is one array written out: numbers, texts, or lists of them."""
    return all(isinstance(x, (list, tuple, str, bytes, int, float, np.generic)) for x in inputs)


def is_text(x):
    """Whether an array holds text."""
    return dtype_of(x) == "string"


def texts(x, encoding="utf-8"):
    """An array of bytes or of anything that `str` takes, as one of Python's texts."""
    array = np.asarray(x, object)
    read = lambda value: value.decode(encoding) if isinstance(value, bytes) else str(value)
    return np.array([read(value) for value in array.ravel().tolist()], object).reshape(array.shape)


def batches(data, steps=None):
    """The inputs in `data`, batch by batch, as NumPy arrays: arrays of any kind are one batch.

    Args:
        data: an array, a list, or what gives batches: a generator, a `PyDataset`, a `tf.data.Dataset`, a `DataLoader`.
        steps: the most batches that are read.

    Raises: ValueError if there is none.
    """
    if isinstance(data, (list, tuple)) or hasattr(data, "__array__") or hasattr(data, "to_numpy"):
        yield host(data)
        return
    from kerata.training.data import StreamData, adapt

    stream = adapt(data)
    assert isinstance(stream, StreamData)
    count = 0
    for batch in stream.batches():
        if count == steps:
            break
        yield host(batch[0] if isinstance(batch, (list, tuple)) else batch)
        count += 1
        if count == stream.steps:
            break
    if count == 0:
        raise ValueError("The data to adapt to gave no batch: it is empty, or a generator that was used up before.")


def host(x):
    """`x` as a NumPy array, texts among them; a sparse one with its zeros."""
    if sparse.is_sparse(x):
        return sparse.to_numpy(x)
    if hasattr(x, "detach"):
        x = x.detach().cpu()
    return x.to_numpy() if hasattr(x, "to_numpy") else np.asarray(x)
