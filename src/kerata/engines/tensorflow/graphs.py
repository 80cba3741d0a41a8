"""Stateful functions as TensorFlow's graphs."""

import functools

import numpy as np
import optree

from kerata.engines.state import StateScope, thread_context
from kerata.engines.tensorflow.library import tf
from kerata.engines.warning import warn


class GraphScope(StateScope):
    """Losses and masks of one trace; variables are read and assigned in the graph itself."""

    def __init__(self):
        super().__init__(in_place=True)

    def write(self, variable, value):
        variable.stored.assign(value)


class CompiledFunction:
    """A stateful function as graphs: one for each structure, and each set of shapes and dtypes, of its arguments.

    With `optimize` they are compiled by XLA, as long as it knows all their operations.
    """

    def __init__(self, engine, fn, variables, optimize=None):
        self.engine, self.fn = engine, fn
        self.variables, self.storage = list(variables), []
        self.optimize = optimize is True  # XLA is faster for some networks and slower for others: by itself it is not used
        self.graphs = {}

    def __call__(self, *args):
        self._bring_variables()
        leaves, treedef = optree.tree_flatten(args)
        leaves = [
            x if isinstance(x, tf.Tensor) else _number(int(x)) if type(x) is np.int32 else self.engine.asarray(x)
            for x in leaves
        ]
        key = (treedef, *[(x.dtype, x.shape) for x in leaves])
        graph = self.graphs.get(key)
        if graph is not None:
            return graph(*leaves)
        graph = self._graph(treedef, leaves)
        if self.optimize:
            return self._first_run(graph, key, leaves)
        self.graphs[key] = graph
        return graph(*leaves)

    def _bring_variables(self):
        """Move variables here that were made while another engine was in force, or that were moved.

        Graphs hold the storage: they are made anew if there is another one.
        """
        for v in self.variables:
            if v.engine_name != "tensorflow":
                v.to_engine("tensorflow")
        storage = [v.stored for v in self.variables]
        if any(new is not old for new, old in zip(storage, self.storage)):
            self.graphs.clear()
        self.storage = storage

    def _graph(self, treedef, leaves):
        specs = [tf.TensorSpec(x.shape, x.dtype) for x in leaves]
        structure: list = []
        function = tf.function(self._flat(treedef, structure), autograph=False, jit_compile=self.optimize or None)
        concrete = function.get_concrete_function(*specs)
        call = _without_checks(concrete)

        def run(*leaves):
            return optree.tree_unflatten(structure[0], call(*leaves) or ())

        setattr(run, "concrete", concrete)
        return run

    def _first_run(self, graph, key, leaves):
        """What `graph` returns, which XLA compiles now; without XLA if it can't. Nothing is assigned before it is compiled."""
        try:
            result = graph(*leaves)
        except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError, tf.errors.InternalError) as error:
            self.optimize = False
            graph = self._graph(key[0], leaves)
            result = graph(*leaves)  # what is no matter of XLA is raised again
            warn(_without_xla(error))
        self.graphs[key] = graph
        return result

    def _flat(self, treedef, structure):
        engine = self.engine

        def run(*leaves):
            with thread_context(engine=engine), GraphScope():
                outputs, structure[:] = _flattened(self.fn(*optree.tree_unflatten(treedef, leaves)))
            return outputs

        return run


def _without_checks(concrete):
    """A graph's call without TensorFlow's checks of its arguments, which take a third of the time of a small step."""
    captured = tuple(concrete.captured_inputs)
    direct = getattr(getattr(concrete, "_inference_function", None), "call_flat", None)
    return concrete if direct is None else lambda *leaves: direct(*leaves, *captured)


@functools.lru_cache(1 << 12)
def _number(x):
    """The number of a step as a tensor."""
    with tf.init_scope():
        return tf.constant(x, tf.int32)


def _flattened(result):
    """The tensors of a result, and its structure in a list."""
    leaves, treedef = optree.tree_flatten(result)
    return [_dense(x) for x in leaves], [treedef]


def _dense(x):
    if isinstance(x, tf.RaggedTensor):
        return x.to_tensor()
    return tf.sparse.to_dense(x) if isinstance(x, tf.SparseTensor) else tf.convert_to_tensor(x)


def _without_xla(error):
    """What to tell a user whose step XLA does not compile."""
    reason = next((line.strip() for line in error.message.splitlines() if "unsupported" in line.lower()), None)
    reason = reason or error.message.strip().splitlines()[0]
    return (
        "jit_compile=True: XLA can't compile this step, which runs as a plain TensorFlow graph instead. "
        f"Replace what XLA lacks, or leave jit_compile out. XLA says: {reason}"
    )
