"""`Model`: a layer that can be trained, saved and looked at."""

import json
from collections.abc import Callable
from typing import Any, Self

import optree

from kerata import engines, saving
from kerata.core import object_sharing, suggestions
from kerata.core.graph import abstract_call, node_of, symbolic_leaves
from kerata.core.paths import flattened, nested
from kerata.core.serialization import deserialize_keras_object, serialize_keras_object
from kerata.core.tree import map_shape_structure
from kerata.core.types import Path, Shape, TensorLike, Tree
from kerata.engines.abstract.array import AbstractArray
from kerata.layers.layer import Layer
from kerata.training.data import to_host
from kerata.training.trainer import Trainer

_NODES = "nodes in order"  # among what is pickled of a model


def is_functional_call(args, kwargs):
    """Whether the arguments are those of a model made from a graph: `Model(inputs, outputs)`."""
    return len(args) >= 2 or len(args) == 1 and "outputs" in kwargs or "inputs" in kwargs and "outputs" in kwargs


class Model(Trainer, Layer):
    """Layers put together, with training.

    Made in one of three ways: from a graph, `Model(inputs, outputs)`; as a chain, `Sequential([...])`; or by a subclass
    that makes its layers in `__init__` and uses them in `call`.

    Args:
        inputs: a symbolic tensor, or a list or dict of them.
        outputs: symbolic tensors that follow from the inputs.
        name: the model's name.

    >>> import kerata
    >>> x = kerata.Input((4,))
    >>> model = kerata.Model(x, kerata.layers.Dense(2)(x))
    >>> model.output_shape
    (None, 2)
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        if cls is Model and is_functional_call(args, kwargs):
            from kerata.models.functional import Functional

            return Functional.__new__(Functional, *args, **kwargs)  # type: ignore[return-value]  # to the tools it is a Model
        return super().__new__(cls, *args, **kwargs)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if is_functional_call(args, kwargs):
            from kerata.models.functional import set_graph

            names = ("inputs", "outputs", "name")
            given = dict(zip(names, args)) | {k: kwargs.pop(k) for k in names if k in kwargs}
            super().__init__(name=given.get("name"), **kwargs)
            set_graph(self, given["inputs"], given["outputs"])
        else:
            if args:
                raise TypeError(f"Model takes (inputs, outputs), or keyword arguments; {args!r} came.")
            super().__init__(**kwargs)

    plan: Any = None
    may_grow = False

    def _check_unlocked(self, what):
        if self.plan is None:
            super()._check_unlocked(what)

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """The computation: that of the graph, or what a subclass makes of it."""
        if self.plan is None:
            raise TypeError(
                f"Model {self.name!r} has no computation: give it a graph, Model(inputs, outputs), or write "
                f"call(self, inputs) in the class {type(self).__name__}."
            )
        from kerata.models.functional import run_graph

        return run_graph(self, *args, **kwargs)

    def _nodes(self):
        """The nodes of the graph, those of the inputs among them."""
        if self.plan is None:
            return []
        inputs = [node_of(x) for x in self.inputs]
        return [*inputs, *(n for n in self.plan.nodes if n not in inputs)]

    def _sublayers(self):
        graph: list[Layer] = [op for op in self._operations if isinstance(op, Layer)] if self.plan is not None else []
        return list({id(x): x for x in [*graph, *super()._sublayers()]}.values())

    @property
    def layers(self) -> Any:
        """The model's layers, from the inputs on."""
        return self._sublayers()

    def get_layer(self, name: str | None = None, index: Any = None) -> Any:
        """A layer by name or by its place.

        Raises: ValueError if there is none.
        """
        if (name is None) == (index is None):
            raise ValueError("get_layer takes a name or an index, one of them.")
        layers = self.layers
        if index is not None:
            if not -len(layers) <= index < len(layers):
                raise ValueError(f"The model has {len(layers)} layers; there is no index {index}.")
            return layers[index]
        names = [layer.name for layer in layers]
        if name in names:
            return layers[names.index(name)]
        hint = suggestions.hint(name, names) or f" It has {', '.join(names[:20])}."
        raise ValueError(f"The model {self.name!r} has no layer {name!r}.{hint}")

    @property
    def inputs(self) -> Any:
        """The symbolic inputs, as a list.

        Raises: AttributeError if the model has no graph, or none yet.
        """
        return symbolic_leaves(self._graph().inputs)

    @property
    def outputs(self) -> Any:
        """The symbolic outputs, as a list.

        Raises: AttributeError if the model has no graph, or none yet.
        """
        return symbolic_leaves(self._graph().outputs)

    @property
    def operations(self) -> Any:
        """The layers of the graph, and the ops between them.

        Raises: AttributeError if the model has no graph, or none yet.
        """
        return list(self._operations) if self._graph() is not None else []

    def _graph(self):
        if self.plan is None:
            raise AttributeError(
                f"The model {self.name!r} has no graph: it is not built, or its layers are put together by call()."
            )
        return self.plan

    @property
    def input(self) -> Any:
        """The symbolic input, in the structure that it was given in."""
        return super().input if self.plan is None else self.plan.inputs

    @property
    def output(self) -> Any:
        """The symbolic output, in the structure that it was given in."""
        return super().output if self.plan is None else self.plan.outputs

    @property
    def input_shape(self) -> Any:
        """The shape of the input; a list of them where there are several."""
        return _shapes(self.input)

    @property
    def output_shape(self) -> Any:
        """The shape of the output; a list of them where there are several."""
        return _shapes(self.output)

    @property
    def input_names(self) -> Any:
        """The names of the inputs."""
        return [] if self.plan is None else [x._keras_history[0].name for x in self.inputs]

    @property
    def output_names(self) -> Any:
        """The names of the layers that make the outputs."""
        return None if self.plan is None else [x._keras_history[0].name for x in self.outputs]

    def _inputs_from(self, x, to_host=to_host):
        if self.plan is None or self.plan.host_split is None:
            return super()._inputs_from(x, to_host)
        from kerata.models.functional import run_on_host

        return run_on_host(self, x)

    def build(self, input_shape: Shape | None = None) -> None:
        """Make the weights of a model without a graph, for inputs of this shape."""
        if self.plan is None and input_shape is not None:
            self._build_by_call(input_shape)

    def get_build_config(self) -> dict[str, Any] | None:
        """The shapes for which the model was built; none for a graph, which knows its own."""
        return super().get_build_config() if self.plan is None else {"input_shape": None}

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Build for the shapes that `get_build_config` noted: the model's own weights, and its layers by a call."""
        super().build_from_config(config)
        shape = (config or {}).get("input_shape")
        if self.plan is None and shape is not None and any(not layer.built for layer in self._flatten_layers()):
            self._build_by_call(shape)

    def _call_inside_outer(self, *args, **kwargs):
        self._remember_engine()  # the one that the model's weights are made on, if they are made now
        return super()._call_inside_outer(*args, **kwargs)

    def _build_by_call(self, input_shape):
        spec = map_shape_structure(lambda s: AbstractArray(s, self.compute_dtype), input_shape)
        self.built = True
        try:
            abstract_call(self._call_inside_outer, (spec,), {})
        except Exception as error:
            self.built = False
            raise ValueError(
                f"Model {self.name!r} could not be built for the input shape {input_shape}: {error} Call it on real data instead."
            ) from error

    @suggestions.named
    def summary(
        self,
        line_length: int | None = None,
        positions: Any = None,
        print_fn: Callable[..., Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Any = None,
    ) -> None:
        """Print a table of the layers, their outputs' shapes and their parameters.

        Args:
            line_length: the table's width.
            positions: where the columns end, as parts of the width.
            print_fn: called with each line in place of `print`.
            expand_nested: whether the layers of nested models are shown.
            show_trainable: whether a column tells which layers are trainable.
            layer_range: the names of the first and the last layer to show.
        """
        from kerata.models.summary import print_summary

        print_summary(self, line_length, positions, print_fn, expand_nested, show_trainable, layer_range)

    def compute_mask(self, inputs: Tree, previous_mask: TensorLike | None) -> None:
        """Masks travel through the graph by themselves."""
        return

    # Quantization

    def quantize(  # type: ignore[override]
        self, mode: Any = None, config: Any = None, filters: Any = None, **kwargs: Any
    ) -> None:
        """Keep the weights of the layers inside in few bits from now on, those of layers that can't as floats.

        Args:
            mode: "int8", "int4" or "float8"; not needed with a config.
            config: a `kerata.quantizers.QuantizationConfig`, which says how; needed for "gptq" and "awq", whose data it has.
            filters: which layers: a pattern that is searched for in their names, a list of such, or a function of the layer
                that returns whether it is one of them. All if None.

        Raises: ValueError if the model is not built, if a layer is quantized already, and for filters of another kind;
        nothing is changed then.

        >>> import kerata
        >>> model = kerata.Sequential([kerata.Input((4,)), kerata.layers.Dense(3), kerata.layers.Dense(2, name="head")])
        >>> model.quantize("int8", filters="^dense")
        >>> [layer.quantization_mode for layer in model.layers]
        ['int8', None]
        """
        from kerata.models.quantization import quantize

        quantize(self, mode, config, filters, kwargs)
        self._compilation.forget_programs()

    def get_quantization_layer_structure(self, mode: Any = None) -> None:
        """What "gptq" and "awq" are to quantize, one after another; overridden by models that know.

        Returns: a dict of "pre_block_layers", through which data pass first, and "sequential_blocks"; None if not known.
        """
        return

    # Saving

    def save(self, filepath: Path, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any) -> Any:
        """Save the model in a `.keras` file; see `saving.save_model`."""
        return saving.save_model(self, filepath, overwrite=overwrite, zipped=zipped, **kwargs)

    @suggestions.named
    def save_weights(self, filepath: Path, overwrite: bool = True, max_shard_size: Any = None) -> Any:
        """Save the weights, and the optimizer's state, in a `.weights.h5` file, or several; see `saving.save_weights`."""
        return saving.save_weights(self, filepath, overwrite=overwrite, max_shard_size=max_shard_size)

    def load_weights(self, filepath: Path, skip_mismatch: bool = False, **kwargs: Any) -> Any:
        """Load weights from a `.weights.h5`, `.weights.json` or `.keras` file; see `saving.load_weights`."""
        return saving.load_weights(self, filepath, skip_mismatch=skip_mismatch, **kwargs)

    def to_json(self, **kwargs: Any) -> str:
        """The model's structure as JSON text; `model_from_json` reads it."""
        return json.dumps(object_sharing.whole(lambda: serialize_keras_object(self)), **kwargs)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; for a model made from a graph, the graph."""
        if self.plan is not None:
            from kerata.models.functional import graph_config

            return graph_config(self)
        return super().get_config()

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        if "layers" in config and "input_layers" in config:
            from kerata.models.functional import Functional, functional_from_config

            return functional_from_config(Functional if cls is Model else cls, config, custom_objects)
        return cls(**config)

    def __getstate__(self):
        """What is pickled and copied: all but the compiled programs, which are made again.

        The nodes come first, each after those that it needs, so that no deep graph is descended from its outputs.
        """
        return {_NODES: self._nodes(), **super().__getstate__()}

    def __setstate__(self, state):
        super().__setstate__({name: value for name, value in state.items() if name != _NODES})

    def to_engine(self, name: str | None) -> Any:
        """Move the model, with its weights and its optimizer's, to another engine; returns the model."""
        engines.get(name)
        for v in self._compilation.variables():
            v.to_engine(name)
        for layer in self._flatten_layers():
            if layer._engine_name not in (None, name):
                vars(layer).pop("_place", None)  # a device of the engine before
            layer._engine_name = name
            layer._losses.clear()
            if isinstance(layer, Model):
                layer._compilation.forget_programs()
        return self

    def get_state_tree(self, value_format: str = "backend_tensor") -> Any:
        """All variables' values, nested by path: trainable, non-trainable, the optimizer's and the metrics'."""
        read = (lambda v: v.numpy()) if value_format == "numpy_array" else (lambda v: v.value)
        return {kind: nested({v.path: read(v) for v in variables}) for kind, variables in self._state_groups().items()}

    def set_state_tree(self, state_tree: Any) -> None:
        """Set what `get_state_tree` returned, or a part of it.

        Raises: ValueError for kinds and paths that the model does not have, with the nearest; nothing is set then.
        """
        groups = self._state_groups()
        trees = {kind: flattened(tree) for kind, tree in state_tree.items()}
        known = {kind: {v.path: v for v in variables} for kind, variables in groups.items()}
        for kind, values in trees.items():
            unknown = [kind] if kind not in known else [path for path in values if path not in known[kind]]
            if unknown:
                hint = suggestions.hint(unknown[0], known if kind not in known else known[kind])
                more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
                raise ValueError(
                    f"The model {self.name!r} has no state {unknown[0]!r}{more}.{hint} Names are those of its layers."
                )
        for kind, values in trees.items():
            for path, value in values.items():
                known[kind][path].assign(value)

    def _state_groups(self):
        optimizer = getattr(self, "optimizer", None)
        return {
            "trainable_variables": self.trainable_variables,
            "non_trainable_variables": self.non_trainable_variables,
            "optimizer_variables": optimizer.variables if optimizer is not None else [],
            "metrics_variables": self.metrics_variables,
        }


def _shapes(structure):
    shapes = [x.shape for x in optree.tree_leaves(structure)]
    return shapes if len(shapes) > 1 else shapes[0]


def model_from_json(json_string: str, custom_objects: dict[str, Any] | None = None) -> Any:
    """A model, without weights, from the text that `to_json` made.

    Args:
        json_string: the text.
        custom_objects: a dict from name to class or function, for those that are not registered.

    Raises: ValueError for what is unknown or not allowed, naming it.

    >>> import kerata
    >>> model = kerata.Sequential([kerata.layers.Input((2,)), kerata.layers.Dense(1)])
    >>> model_from_json(model.to_json()).output_shape
    (None, 1)
    """
    with object_sharing.reading():
        return deserialize_keras_object(json.loads(json_string), custom_objects=custom_objects)
