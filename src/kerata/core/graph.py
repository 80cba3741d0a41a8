"""Symbolic tensors, the graph that calling layers and ops on them makes, and the plan that runs it."""

import functools
import inspect
import typing

import optree

from kerata import engines
from kerata.core import dtypes, naming, suggestions
from kerata.core.configurable import NamedArguments
from kerata.core.operators import with_operators
from kerata.engines.abstract.array import AbstractArray, NoAbstractRule

with_operators(AbstractArray)


class KerasTensor(AbstractArray):
    """A tensor of a model that is being built: a shape, a dtype, and where it comes from.

    Args:
        shape: a tuple, None for what is unknown: `(None, 28, 28, 1)`.
        dtype: a dtype's name.
        name: shown in summaries.

    >>> import kerata
    >>> x = kerata.KerasTensor((None, 3))
    >>> kerata.ops.matmul(x, kerata.KerasTensor((3, 5))).shape
    (None, 5)
    """

    def __init__(self, shape, dtype="float32", sparse=False, ragged=False, record_history=True, name=None, **kwargs):
        if kwargs:
            suggestions.refuse(KerasTensor, kwargs, ("ragged_rank", "row_splits_dtype"))
        super().__init__([None if d is None else int(d) for d in shape], dtypes.standardize_dtype(dtype))
        self.sparse = bool(sparse)
        self.ragged = bool(ragged)
        self.ragged_rank = kwargs.get("ragged_rank")
        self.row_splits_dtype = kwargs.get("row_splits_dtype")
        self.name = name or naming.auto_name("keras_tensor")
        self.record_history = record_history
        self._keras_history = None
        self._keras_mask = None

    def reshape(self, *newshape):
        """The tensor in another shape."""
        from kerata.ops.numpy import reshape

        return reshape(self, newshape[0] if len(newshape) == 1 and not isinstance(newshape[0], int) else newshape)

    def squeeze(self, axis=None):
        """The tensor without axes of length one."""
        from kerata.ops.numpy import squeeze

        return squeeze(self, axis)

    def __repr__(self):
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, name={self.name}>"


def is_keras_tensor(x):
    """Whether `x` is symbolic.

    >>> is_keras_tensor(KerasTensor((None, 3))), is_keras_tensor([1.0])
    (True, False)
    """
    return isinstance(x, KerasTensor)


def get_source_inputs(tensor):
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


_STRUCTURES = frozenset((list, tuple, dict))


def has_symbolic(args, kwargs):
    """Whether there is a `KerasTensor` among the arguments."""
    for x in args:
        if isinstance(x, KerasTensor) or type(x) in _STRUCTURES and symbolic_leaves(x):
            return True
    return bool(kwargs) and has_symbolic(kwargs.values(), None)


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


class Operation(metaclass=NamedArguments):
    """Something that can be a node of a graph: a layer, or one use of an op.

    >>> import kerata
    >>> class Doubled(kerata.Operation):
    ...     def call(self, x):
    ...         return kerata.ops.multiply(x, 2)
    >>> Doubled()([1, 2]).tolist(), Doubled()(kerata.KerasTensor((None, 3))).shape
    ([2, 4], (None, 3))
    """

    def __init__(self, name=None):
        self.name = name or naming.auto_name(naming.to_snake_case(type(self).__name__))
        self._inbound_nodes = []

    def __call__(self, *args, **kwargs):
        if has_symbolic(args, kwargs):
            return self.symbolic_call(*args, **kwargs)
        return self.call(*args, **kwargs)

    def call(self, *args, **kwargs):
        """The computation."""
        raise NotImplementedError(f"{type(self).__name__} has no method call(self, inputs): write one.")

    def quantized_call(self, *args, **kwargs):
        """The computation with quantized weights: `call` itself, for what has none."""
        return self.call(*args, **kwargs)

    def symbolic_call(self, *args, **kwargs):
        """A node, its outputs symbolic."""
        outputs = symbolic_outputs(self.compute_output_spec(*args, **kwargs))
        Node(self, args, kwargs, outputs)
        return outputs

    def compute_output_spec(self, *args, **kwargs):
        """The outputs' shapes and dtypes for symbolic inputs."""
        return abstract_call(self.call, args, kwargs)

    def rematerialized_call(self, fn, *args, **kwargs):
        """`fn(*args)`, its inner values computed again in the backward pass."""
        from kerata.core.remat import remat

        return remat(fn)(*args, **kwargs)

    @classmethod
    def from_config(cls, config):
        """An operation from its config."""
        return cls(**config)

    def get_config(self):
        """The arguments that make this operation."""
        return {"name": self.name}

    def _single(self, what):
        nodes = self._inbound_nodes
        if not nodes:
            raise AttributeError(f"{self.name!r} has no {what}: it has not been called on a symbolic tensor yet.")
        if len(nodes) > 1:
            raise AttributeError(f"{self.name!r} was called {len(nodes)} times, so it has no single {what}.")
        return nodes[0]

    @property
    def input(self):
        """The symbolic input of the one call."""
        tensors = self._single("input").input_tensors or self._single("input").output_tensors
        return tensors[0] if len(tensors) == 1 else tensors

    @property
    def output(self):
        """The symbolic output of the one call."""
        return self._single("output").outputs


class OpCall(Operation):
    """One use of an op in a graph."""

    def __init__(self, op, name=None):
        super().__init__(name or naming.auto_name(op.__name__))
        self.op = op

    def __call__(self, *args, **kwargs):
        return self.op(*args, **kwargs)

    call = __call__

    def get_config(self):
        """The op's name here; its arguments are in the node."""
        return {"name": self.name}


def to_spec(x):
    """A symbolic tensor without its history; anything else as it is."""
    return AbstractArray(x.shape, x.dtype) if isinstance(x, KerasTensor) else x


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


def symbolic_outputs(specs):
    """Abstract arrays as symbolic tensors that belong to a graph."""
    return optree.tree_map(lambda x: KerasTensor(x.shape, x.dtype) if isinstance(x, AbstractArray) else x, specs)


class FromHost(typing.NamedTuple):
    """What the host's part of a model gave for a batch, in place of the model's inputs."""

    values: tuple


def _needs_host(operation):
    """Whether an operation runs on the host.

    Raises: ValueError for a model that does so in part.
    """
    plan = getattr(operation, "plan", None)
    if plan is None or plan.parted is None:
        return getattr(operation, "runs_on_host", False)
    if operation.trainable_variables:
        inner = next(node.operation for node in plan.nodes if _needs_host(node.operation))
        raise ValueError(
            f"Layer {inner.name!r}, which works with texts on the host, is inside the model {operation.name!r}, which has "
            "weights to train. Call that layer before, outside of the inner model."
        )
    return True


class Plan:
    """A graph from `inputs` to `outputs`, sorted once into a flat list of steps; a call runs down the list.

    Raises: ValueError if an output does not follow from the inputs.
    """

    def __init__(self, inputs, outputs):
        self.inputs, self.outputs = inputs, outputs
        self.nodes = _sorted_nodes(symbolic_leaves(inputs), symbolic_leaves(outputs))
        self.slots = {}
        for x in symbolic_leaves(inputs):
            self._slot(x)
        self.steps = [self._step(node) for node in self.nodes]
        leaves, self._output_tree = optree.tree_flatten(outputs)
        self._output_slots = [self._slot(x) for x in leaves]

    def _slot(self, x):
        return self.slots.setdefault(id(x), len(self.slots))

    def _step(self, node):
        leaves, treedef = optree.tree_flatten((node.args, node.kwargs), none_is_leaf=True)
        slots = [(i, self._slot(x)) for i, x in enumerate(leaves) if isinstance(x, KerasTensor)]
        simple = len(node.args) == 1 and not node.kwargs and isinstance(node.args[0], KerasTensor)
        constants = [None if isinstance(x, KerasTensor) else x for x in leaves]
        return node.operation, simple, slots, constants, treedef, [self._slot(x) for x in node.output_tensors]

    @functools.cached_property
    def parted(self):
        """The part that runs on the host, texts among its values, and the rest; None if no operation needs the host.

        The first takes the inputs, the second what the first gives.
        """
        on_host = set()
        for node in reversed(self.nodes):
            if id(node) in on_host or _needs_host(node.operation):
                on_host.update([id(node), *map(id, node.parents)])
        if not on_host:
            return None
        rest = [node for node in self.nodes if id(node) not in on_host]
        made = {id(x) for node in rest for x in node.output_tensors}
        wanted = [x for node in rest for x in node.input_tensors] + symbolic_leaves(self.outputs)
        between = list({id(x): x for x in wanted if id(x) not in made}.values())
        return Plan(self.inputs, between), Plan(between, self.outputs)

    def run(self, flat_inputs, call=None):
        """The outputs for arrays given in the order of the inputs; `call(operation, args, kwargs)` makes each call."""
        values = [None] * len(self.slots)
        values[: len(flat_inputs)] = flat_inputs
        for operation, simple, slots, constants, treedef, results in self.steps:
            if simple:
                args, kwargs = (values[slots[0][1]],), {}
            else:
                leaves = list(constants)
                for i, slot in slots:
                    leaves[i] = values[slot]
                args, kwargs = optree.tree_unflatten(treedef, leaves)
            out = operation(*args, **kwargs) if call is None else call(operation, args, kwargs)
            if len(results) == 1 and not isinstance(out, (list, tuple, dict)):
                values[results[0]] = out
            else:
                for slot, value in zip(results, optree.tree_leaves(out)):
                    values[slot] = value
        return optree.tree_unflatten(self._output_tree, [values[slot] for slot in self._output_slots])


def _sorted_nodes(inputs, outputs):
    """The nodes between, each after those that it needs; in the order of their making where that is free."""
    known = {id(x) for x in inputs}
    done, order = set(), []
    for output in outputs:
        if id(output) in known:
            continue
        if output._keras_history is None:
            raise ValueError(f"The output {output!r} comes from no layer: it was made by hand, outside any graph.")
        stack = [(node_of(output), False)]
        while stack:
            node, ready = stack.pop()
            if id(node) in done:
                continue
            if ready:
                done.add(id(node))
                order.append(node)
                continue
            if node.is_input:
                raise ValueError(
                    f"The model's outputs need the input {node.operation.name!r}, which is not among its inputs "
                    f"({', '.join(x.name for x in inputs)}). Add it to Model(inputs=...)."
                )
            stack.append((node, True))
            for x in reversed(node.input_tensors):
                if id(x) not in known and x._keras_history is None:
                    raise ValueError(f"{x!r}, an input of {node.operation.name!r}, comes from no layer and is no input.")
                if id(x) not in known and id(node_of(x)) not in done:
                    stack.append((node_of(x), False))
    return order


class Function(Operation):
    """A graph of operations as one function.

    Args:
        inputs: symbolic tensors, in any structure.
        outputs: symbolic tensors that follow from them.

    Shapes: it takes and returns tensors in the structures of `inputs` and `outputs`.

    Raises: ValueError if an output does not follow from the inputs.

    >>> import kerata
    >>> x = kerata.KerasTensor((2,))
    >>> squares = kerata.Function(x, {"squares": kerata.ops.square(x), "sum": kerata.ops.sum(x)})
    >>> {name: value.tolist() for name, value in squares(kerata.ops.array([1.0, 2.0])).items()}
    {'squares': [1.0, 4.0], 'sum': 3.0}
    """

    def __init__(self, inputs, outputs, name=None):
        super().__init__(name)
        self.plan = Plan(inputs, outputs)
        self.inputs, self.outputs = symbolic_leaves(inputs), symbolic_leaves(outputs)
        self._inputs_struct, self._outputs_struct = inputs, outputs

    @property
    def operations(self):
        """The operations, in the order in which they run."""
        return list({id(n.operation): n.operation for n in self.plan.nodes}.values())

    def call(self, inputs):
        """The outputs for `inputs`.

        Raises: ValueError if there are more or fewer than the graph's, or they have other names.
        """
        leaves, own = optree.tree_leaves(inputs), self._inputs_struct
        renamed = isinstance(inputs, dict) and isinstance(own, dict) and inputs.keys() != own.keys()
        if renamed or len(leaves) != len(self.inputs):
            came = f"a dict of {', '.join(map(repr, inputs))}" if isinstance(inputs, dict) else f"{len(leaves)} tensors"
            raise ValueError(f"{self.name!r} takes inputs in the structure {own!r}; {came} came.")
        return self.plan.run(leaves)

    def compute_output_spec(self, inputs):
        """The outputs' shapes and dtypes for symbolic inputs."""
        return super().compute_output_spec(inputs)

    def compute_output_shape(self, input_shape):
        """The outputs' shapes for inputs of these shapes, in the inputs' own structure."""
        shapes = [input_shape] if len(self.inputs) == 1 else list(_shapes_in(input_shape))
        if len(shapes) != len(self.inputs):
            raise ValueError(f"{self.name!r} has {len(self.inputs)} inputs; {len(shapes)} shapes came: {input_shape}.")
        specs = [AbstractArray(tuple(shape), x.dtype) for shape, x in zip(shapes, self.inputs)]
        return optree.tree_map(lambda x: x.shape, abstract_call(lambda *leaves: self.plan.run(list(leaves)), specs, {}))

    def get_config(self):
        """The graph."""
        from kerata.core import graph_form

        first = {id(n): n for n in map(node_of, self.inputs)}
        operations = list({id(n.operation): n.operation for n in [*first.values(), *self.plan.nodes]}.values())
        nodes = [*first.values(), *self.plan.nodes]
        return {"name": self.name} | graph_form.serialized(self._inputs_struct, self._outputs_struct, operations, nodes)

    @classmethod
    def from_config(cls, config):
        """A function from its graph."""
        from kerata.core import graph_form

        return cls(*graph_form.restored(config), name=config.get("name"))


def _shapes_in(structure):
    """The shapes in a structure of them, in order."""
    if isinstance(structure, (list, tuple)) and all(d is None or isinstance(d, int) for d in structure):
        yield structure
    else:
        parts = [structure[k] for k in sorted(structure)] if isinstance(structure, dict) else structure
        for part in parts:
            yield from _shapes_in(part)


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


def accepts(fn, name):
    """Whether `fn` takes an argument called `name`."""
    try:
        parameters = inspect.signature(fn).parameters
    except (TypeError, ValueError):
        return False
    return name in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())
