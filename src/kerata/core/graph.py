"""Symbolic tensors, and the graph that calling layers and ops on them makes."""

from typing import Any

import optree

from kerata import engines
from kerata.core import dtypes, naming, op_names, signatures, suggestions
from kerata.core.configurable import NamedArguments
from kerata.core.operators import op_named, with_operators
from kerata.core.types import Axis, DType, Shape, TensorLike
from kerata.engines.abstract.array import AbstractArray, NoAbstractRule, RaggedAbstractArray, SparseAbstractArray
from kerata.engines.kinds import RAGGED, SPARSE, SYMBOLIC, kind_of, kind_of_call
from kerata.engines.shapes import standardize_shape

with_operators(AbstractArray)


_FIXED = frozenset(("shape", "dtype", "sparse", "ragged", "ragged_rank", "row_splits_dtype"))


class KerasTensor(AbstractArray):
    """A tensor of a model that is being built: a shape, a dtype, and where it comes from.

    Args:
        shape: a tuple, None for what is unknown: `(None, 28, 28, 1)`.
        dtype: a dtype's name.
        record_history: whether what is computed from it belongs to a graph.
        name: shown in summaries.

    Raises: ValueError for what is no shape.

    >>> import kerata
    >>> x = kerata.KerasTensor((None, 3))
    >>> kerata.ops.matmul(x, kerata.KerasTensor((3, 5))).shape
    (None, 5)
    """

    argument_kind = SYMBOLIC
    _keras_history: Any
    name: str
    sparse: bool
    ragged: bool
    record_history: bool

    def __init__(
        self,
        shape: Shape,
        dtype: DType = "float32",
        sparse: bool = False,
        ragged: bool = False,
        record_history: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if kwargs:
            suggestions.refuse(KerasTensor, kwargs, ("ragged_rank", "row_splits_dtype"))
        if sparse and ragged:
            raise ValueError("A KerasTensor is sparse or ragged, not both.")
        vars(self).update(
            shape=standardize_shape(shape),
            dtype=dtypes.standardize_dtype(dtype),
            sparse=bool(sparse),
            ragged=bool(ragged),
            ragged_rank=kwargs.get("ragged_rank"),
            row_splits_dtype=kwargs.get("row_splits_dtype"),
            name=name or naming.auto_name("keras_tensor"),
            record_history=record_history,
            _keras_history=None,
        )

    def __setattr__(self, name, value):
        if name in _FIXED and name in self.__dict__:
            raise AttributeError(f"{name} of a KerasTensor can't be set: make another KerasTensor.")
        object.__setattr__(self, name, value)

    def __iter__(self):
        raise NotImplementedError(
            f"{self!r} has no values, so it can't be iterated over. Use `ops.unstack`, `ops.map` or `ops.scan`."
        )

    def __len__(self):
        raise TypeError(f"{self!r} has no len(): its shape is its attribute `shape`.")

    def _no_value(self, *args, **kwargs):
        raise ValueError(
            f"{self!r} stands for a tensor of a model that is being built; it has no values, so it can't become a number or "
            "an array of NumPy or another library. Use the functions of `ops` (`keras.ops.sum(x)` in place of `np.sum(x)`), "
            "or wrap the code in a Layer."
        )

    __array__ = __int__ = __float__ = _no_value

    @property
    def _keras_mask(self):
        """The symbolic mask, which follows from the layer that made the tensor.

        Raises: AttributeError if there is none.
        """
        made_by = None if self._keras_history is None else node_of(self)
        mask = (
            getattr(made_by.operation, "symbolic_mask", lambda node, index: None)(made_by, self._keras_history[2])
            if made_by
            else None
        )
        if mask is None:
            raise AttributeError(f"{self!r} has no mask.")
        return mask

    def reshape(self, *newshape: Any) -> Any:
        """The tensor in another shape."""
        return op_named("reshape")(self, newshape[0] if len(newshape) == 1 and not isinstance(newshape[0], int) else newshape)

    def squeeze(self, axis: Axis = None) -> Any:
        """The tensor without axes of length one."""
        return op_named("squeeze")(self, axis)

    def __repr__(self):
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, sparse={self.sparse}, ragged={self.ragged}, name={self.name}>"


def is_keras_tensor(x: TensorLike) -> bool:
    """Whether `x` is symbolic.

    >>> is_keras_tensor(KerasTensor((None, 3))), is_keras_tensor([1.0])
    (True, False)
    """
    return isinstance(x, KerasTensor)


def get_source_inputs(tensor: TensorLike) -> Any:
    """The inputs that a symbolic tensor (or a structure of them) is computed from, in the order in which it needs them.

    >>> import kerata
    >>> x = kerata.Input((3,), name="x")
    >>> [t.name for t in get_source_inputs(kerata.layers.Dense(2)(x))]
    ['x']
    """
    found, seen, stack = {}, set(), symbolic_leaves(tensor)[::-1]
    while stack:
        x = stack.pop()
        if id(x) in seen:
            continue
        seen.add(id(x))
        if x._keras_history is None or node_of(x).is_input:
            found[id(x)] = x
        else:
            stack.extend(node_of(x).input_tensors[::-1])
    return list(found.values())


def symbolic_leaves(structure):
    """The `KerasTensor`s in a structure, in order."""
    return [x for x in optree.tree_leaves(structure) if isinstance(x, KerasTensor)]


def has_symbolic(args, kwargs):
    """Whether there is a `KerasTensor` among the arguments."""
    return kind_of_call(args, kwargs or {}) == SYMBOLIC


class Node:
    """One call of an operation: what went in and what came out."""

    def __init__(self, operation, args, kwargs, outputs):
        self.operation = operation
        self.args = args
        self.kwargs = kwargs
        self.outputs = outputs
        self.output_tensors = symbolic_leaves(outputs)
        self.input_tensors = symbolic_leaves((args, kwargs))
        index = len(operation._inbound_nodes)
        operation._inbound_nodes.append(self)
        for i, x in enumerate(self.output_tensors):
            x._keras_history = (operation, index, i)

    @property
    def parents(self):
        """The nodes that the inputs come from."""
        return [node_of(x) for x in self.input_tensors]

    @property
    def is_input(self):
        return not self.input_tensors


def node_of(x):
    """The node that made a symbolic tensor."""
    operation, node_index, _ = x._keras_history
    return operation._inbound_nodes[node_index]


_PLAIN = (bool, int, float, str, bytes, type(None))


class Operation(metaclass=NamedArguments):
    """Something that can be a node of a graph: a layer, or one use of an op.

    Args:
        name: a text without "/"; made from the class's name if None.

    Raises: ValueError for another name.

    >>> import kerata
    >>> class Doubled(kerata.Operation):
    ...     def call(self, x):
    ...         return kerata.ops.multiply(x, 2)
    >>> Doubled()([1, 2]).tolist(), Doubled()(kerata.KerasTensor((None, 3))).shape
    ([2, 4], (None, 3))
    """

    _arguments: tuple[tuple[Any, ...], dict[str, Any]]

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        instance = super().__new__(cls)
        object.__setattr__(instance, "_arguments", (args, kwargs))
        return instance

    def __init__(self, name: str | None = None) -> None:
        if name is not None and (not isinstance(name, str) or "/" in name):
            raise ValueError(f"An operation's name is a text without '/'; {name!r} came.")
        self.name = name or naming.auto_name(naming.to_snake_case(type(self).__name__))
        self._inbound_nodes: list[Node] = []

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if has_symbolic(args, kwargs):
            return self.symbolic_call(*args, **kwargs)
        return self.call(*args, **kwargs)

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """The computation."""
        raise NotImplementedError(f"{type(self).__name__} has no method call(self, inputs): write one.")

    def quantized_call(self, *args: Any, **kwargs: Any) -> Any:
        """The computation with quantized weights: `call` itself, for what has none."""
        return self.call(*args, **kwargs)

    def symbolic_call(self, *args: Any, **kwargs: Any) -> Any:
        """A node, its outputs symbolic."""
        return recorded(self, args, kwargs, self.compute_output_spec(*args, **kwargs))

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """The outputs' shapes and dtypes for symbolic inputs."""
        return symbolic_outputs(abstract_call(self.call, args, kwargs))

    def rematerialized_call(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        """`fn(*args)`, its inner values computed again in the backward pass."""
        from kerata.core.remat import remat

        return remat(fn)(*args, **kwargs)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """An operation from its config."""
        return cls(**config)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments.

        Raises: NotImplementedError if one of them is no plain data: the class then needs a `get_config` of its own.
        """
        config = signatures.constructor_arguments(type(self), *self._arguments)
        for name, value in config.items():
            if not all(isinstance(x, _PLAIN) for x in optree.tree_leaves(value, none_is_leaf=True)):
                raise NotImplementedError(
                    f"{type(self).__name__} was made with {name}={value!r}: write a get_config(self) for it."
                )
        return {"name": self.name} | config

    def _first_node(self, what):
        nodes = self._inbound_nodes
        if not nodes:
            raise AttributeError(f"{self.name!r} has no {what}: it has not been called on a symbolic tensor yet.")
        return nodes[0]

    @property
    def input(self) -> Any:
        """The symbolic input of the first call."""
        tensors = self._first_node("input").input_tensors or self._first_node("input").output_tensors
        return tensors[0] if len(tensors) == 1 else tensors

    @property
    def output(self) -> Any:
        """The symbolic output of the first call."""
        return self._first_node("output").outputs


class OpCall(Operation):
    """One use of an op in a graph."""

    fixed: dict[str, Any]  # of one that was read from a file: the arguments that are no tensors

    def __init__(self, op, name=None):
        super().__init__(name or naming.auto_name(op_names.prefix(op)))
        self.op = op

    def __call__(self, *args, **kwargs):
        return self.op(*args, **kwargs)

    call = __call__

    def get_config(self):
        """The op's name here; its arguments are in the node."""
        return {"name": self.name}


def to_spec(x):
    """A symbolic tensor without its history; anything else as it is."""
    if not isinstance(x, KerasTensor):
        return x
    return (SparseAbstractArray if x.sparse else RaggedAbstractArray if x.ragged else AbstractArray)(x.shape, x.dtype)


def abstract_call(fn, args, kwargs):
    """What `fn` returns for symbolic arguments, as abstract arrays: by the abstract engine, else by the engine's tracing.

    Code that calls the compute library itself (`jnp.sum(x)`) does not know abstract arrays, hence the second way.
    """
    args, kwargs = optree.tree_map(to_spec, (args, kwargs), none_is_leaf=True)
    try:
        with engines.use_engine("abstract"):
            return fn(*args, **kwargs)
    except (NoAbstractRule, TypeError, AttributeError) as error:
        engine = engines.current()
        if engine.is_abstract:
            raise
        try:
            return engine.infer(fn, *args, **kwargs)
        except Exception as second:
            raise (second if isinstance(error, NoAbstractRule) else error) from None


def recorded(operation, args, kwargs, specs):
    """The symbolic outputs of a call, and its node, unless an input says that no history is recorded."""
    outputs = symbolic_outputs(specs)
    if all(x.record_history for x in symbolic_leaves((args, kwargs))):
        Node(operation, args, kwargs, outputs)
    else:
        for x in symbolic_leaves(outputs):
            x.record_history = False
    return outputs


def symbolic_outputs(specs):
    """Abstract arrays as symbolic tensors that belong to a graph."""
    return optree.tree_map(_symbolic_output, specs)


def _symbolic_output(x):
    if not isinstance(x, AbstractArray):
        return x
    return KerasTensor(x.shape, x.dtype, sparse=kind_of(x) == SPARSE, ragged=kind_of(x) == RAGGED)


class SymbolicScope:
    """Code inside runs on shapes and dtypes alone, on the abstract engine: nothing is computed.

    >>> import kerata
    >>> with kerata.SymbolicScope():
    ...     kerata.ops.matmul(kerata.ops.ones((2, 3)), kerata.ops.ones((3, 4))).shape
    (2, 4)
    """

    def __enter__(self):
        self._engine = engines.use_engine("abstract")
        self._engine.__enter__()
        return self

    def __exit__(self, *error):
        self._engine.__exit__(*error)
