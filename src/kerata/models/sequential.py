"""`Sequential`: layers one after another."""

from typing import Any

from kerata.core import masks, suggestions
from kerata.core.arrays import dtype_of, is_text
from kerata.core.config import floatx
from kerata.core.graph import KerasTensor
from kerata.core.plan import Plan
from kerata.core.serialization import deserialize_keras_object, serialize_keras_object
from kerata.core.types import Shape, TensorLike, Tree
from kerata.engines.state import context, thread_context
from kerata.layers import Lambda
from kerata.layers.input_layer import InputLayer
from kerata.layers.layer import Layer
from kerata.models.functional import run_graph
from kerata.models.model import Model
from kerata.training.data import to_host, with_texts


class Sequential(Model):
    """A chain of layers, each with one input and one output.

    Args:
        layers: a list of layers, or of tensors made by `Input`. More come with `add`.
        trainable: whether training changes the weights.
        name: the model's name.

    The input's shape comes from an `Input` at the beginning, from the first layer's `input_shape=`, or from the first
    data; with it, each layer is checked and built as it is added.

    >>> import kerata
    >>> model = kerata.Sequential([kerata.layers.Dense(8, input_shape=(4,)), kerata.layers.Dense(1)])
    >>> model.count_params()
    49
    """

    computes_wide = True  # its layers cast for themselves

    def __init__(self, layers: Any = None, trainable: bool = True, name: str | None = None) -> None:
        Layer.__init__(self, trainable=trainable, name=name)
        self._chain: list[Layer] = []  # the layers, an InputLayer at the beginning if there is one
        self._tensors: list[Any] = []  # the symbolic outputs of the layers in _chain, empty while the input is unknown
        self._deferred = True
        for layer in [] if layers is None else layers if isinstance(layers, (list, tuple)) else [layers]:
            self.add(layer)

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Put a layer at the end.

        Args:
            layer: the layer, or a tensor made by `Input`, or a function.
            rebuild: accepted; the graph only grows by the layer, and nothing is built twice.

        Raises: ValueError if it is no layer, its name is taken, or it does not fit; nothing is added then.
        """
        layer = self._as_layer(layer)
        if any(layer.name == other.name for other in self._chain):
            raise ValueError(f"The model already has a layer called {layer.name!r}; layers' names must differ.")
        if isinstance(layer, InputLayer) and self._chain:
            raise ValueError(f"The model {self.name!r} has layers already; an Input comes first.")
        new_input = None
        if not self._chain and not isinstance(layer, InputLayer):
            shape, dtype = _first_shape(layer)
            if shape is not None:
                new_input = InputLayer(batch_shape=shape, dtype=dtype)
        if new_input is not None:
            tensors = [new_input.output, layer(new_input.output)]
            self._chain, self._tensors = [new_input, layer], tensors
        elif isinstance(layer, InputLayer):
            self._chain, self._tensors = [layer], [layer.output]
        elif self._tensors:
            output = self._one_output(layer, layer(self._tensors[-1]))
            self._chain.append(layer)
            self._tensors.append(output)
        else:
            self._chain.append(layer)
        self._changed()

    @staticmethod
    def _one_output(layer, output):
        if not isinstance(output, KerasTensor):
            raise ValueError(
                f"Layer {layer.name!r} has several outputs; each layer of a Sequential has one. Use Model(inputs, outputs)."
            )
        return output

    @staticmethod
    def _as_layer(layer):
        if isinstance(layer, KerasTensor) and layer._keras_history is not None:
            return layer._keras_history[0]
        if not isinstance(layer, Layer):
            if callable(layer) and not isinstance(layer, type):
                return Lambda(layer)
            hint = f" Make one: {layer.__name__}(...)." if isinstance(layer, type) else ""
            raise ValueError(f"Sequential holds layers; {layer!r} came.{hint}")
        return layer

    def pop(self, rebuild: bool = True) -> Any:
        """Take the last layer away, and return it. `rebuild` is accepted: nothing has to be built again."""
        if not self.layers:
            raise ValueError(f"The model {self.name!r} has no layer to take away.")
        layer = self._chain.pop()
        if self._tensors:
            self._tensors.pop()
        self._changed()
        return layer

    def _changed(self):
        known = len(self._tensors) > 1
        self.plan = Plan(self._tensors[0], self._tensors[-1]) if known else None
        self.built = known
        if known:
            self._remember_engine()
        self._compilation.forget_programs()

    def build(self, input_shape: Shape | None = None) -> None:
        """Make the weights, for inputs of this shape (the batch axis among it)."""
        if self._tensors or not self._chain or input_shape is None:
            return
        if not isinstance(input_shape, (list, tuple)):
            return
        first = self._chain[0]
        dtype = first.index_dtype or ("string" if first.runs_on_host else floatx())
        self._begin_with(input_shape, dtype)

    def _begin_with(self, input_shape, dtype):
        source = InputLayer(batch_shape=(None, *tuple(input_shape)[1:]), dtype=dtype)
        tensors = [source.output]
        for layer in self._chain:
            tensors.append(self._one_output(layer, layer(tensors[-1])))
        self._chain, self._tensors = [source, *self._chain], tensors
        self._changed()

    def _inputs_from(self, x, to_host=to_host):
        if self._chain and not self._tensors and self._chain[0].runs_on_host and not isinstance(x, (list, tuple, dict)):
            x = with_texts(x)
            self._begin_with(x.shape, "string" if is_text(x) else dtype_of(x))
        return super()._inputs_from(x, to_host)

    def call(self, inputs: Tree, training: bool | None = None, mask: TensorLike | None = None, **kwargs: Any) -> Any:
        """Each layer on the output of the one before; `mask` says which steps of the input count.

        Raises: TypeError for arguments by other names: the layers of a chain take none.
        """
        suggestions.refuse(Sequential.call, kwargs)
        if self.plan is not None:
            return run_graph(self, inputs, training, mask)
        training = context.training if training is None else training
        with masks.masked([inputs], [mask]) as (x,), thread_context(training=training):
            for layer in self._chain:
                x = layer(x)
        return x

    @property
    def layers(self) -> Any:
        """The layers, without the input layer."""
        return [layer for layer in self._chain if not isinstance(layer, InputLayer)]

    def _sublayers(self):
        return list(self._chain)

    def compute_output_shape(self, input_shape: Shape) -> Any:
        shape = input_shape
        for layer in self.layers:
            shape = layer.compute_output_shape(shape)
        return shape

    def get_config(self) -> dict[str, Any]:
        """The layers' configs."""
        config = {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": serialize_keras_object(self.dtype_policy),
            "layers": [serialize_keras_object(layer) for layer in self._chain],
        }
        if self._tensors:
            config["build_input_shape"] = list(self._tensors[0].shape)
        return config

    def get_build_config(self) -> dict[str, Any] | None:
        """The input's shape."""
        return {"input_shape": list(self._tensors[0].shape)} if self._tensors else None

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        """A model from its config, or from the list of layers that Keras 1 and 2.2 wrote."""
        if isinstance(config, list):
            config = {"layers": config}
        model = cls(name=config.get("name"))
        for data in config["layers"]:
            if "module" not in data:
                data = {"module": "keras.layers", "registered_name": None, **data}
            model.add(deserialize_keras_object(data, custom_objects=custom_objects))
        if not model._tensors and config.get("build_input_shape"):
            model.build(tuple(config["build_input_shape"]))
        return model


def _first_shape(layer):
    """The input shape that the first layer names, and its dtype: that of a nested model is the model's."""
    if isinstance(layer, Model) and layer.plan is not None:
        return layer.inputs[0].shape, layer.inputs[0].dtype
    return getattr(layer, "_batch_input_shape", None), layer.index_dtype
