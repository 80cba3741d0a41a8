"""The TensorFlow engine."""

import concurrent.futures
import contextlib
from typing import Any

import numpy as np
import optree

from kerata.engines.base import ROOM_ON_DEVICE, ROOM_ON_HOST
from kerata.engines.eager import EagerEngine
from kerata.engines.lifting import Listing, inferred, with_length, write
from kerata.engines.state import StateScope, UnlistedVariables, context, pure_function, thread_context
from kerata.engines.tensorflow import kernels as tensorflow_kernels, numpy as tensorflow_numpy, sparse as tensorflow_sparse
from kerata.engines.tensorflow.graphs import CompiledFunction, GraphScope
from kerata.engines.tensorflow.library import tf

# Two sizes that stand for an unknown dimension: what differs between the two traces is unknown in the result.
_PROBES = (127, 131)


class TensorflowEngine(EagerEngine):
    """TensorFlow: variables are `tf.Variable`s, which graphs read and assign themselves.

    Control flow is Python's outside graphs. In a graph it is TensorFlow's, and what a branch or a body assigns comes out
    of it beside its result.
    """

    name = "tensorflow"
    has_graphs = True
    recompiles = True
    reads_slowly = True
    xp = tensorflow_numpy

    def __init__(self):
        super().__init__()
        self.kernels = dict(tensorflow_kernels.KERNELS)
        # The class itself: `tf.Variable(...)` in a function that is being traced makes one that the trace initializes.
        # A thread has no graph yet, even if the engine is first used in that of a data set.
        with concurrent.futures.ThreadPoolExecutor(1) as outside:
            self._storage = outside.submit(lambda: type(tf.Variable(0.0))).result()
        _introduce_variables()

    @staticmethod
    def saved_model(path):
        """The functions and variables of a SavedModel."""
        from kerata.engines.tensorflow.saved import SavedFunctions

        return SavedFunctions(path)

    # Arrays

    def room_for_data(self):
        return ROOM_ON_HOST if not tf.config.list_logical_devices("GPU") else ROOM_ON_DEVICE

    @property
    def sparse(self):
        return tensorflow_sparse

    def is_array(self, x):
        return isinstance(x, (tf.Tensor, tf.Variable))

    def is_concrete(self, x):
        return not tf.is_symbolic_tensor(x)

    def is_batched(self, x):
        return context.vectorizing > 0

    def as_own_array(self, x):
        return _dense(x) if isinstance(x, tf.IndexedSlices) else None

    def asarray(self, x, dtype=None):
        if dtype is None and type(x) is np.ndarray:
            return tf.constant(x)
        if tf.is_tensor(x):
            x = tf.convert_to_tensor(x)
            return x if dtype is None else self.cast(x, dtype)
        if dtype is not None and not isinstance(x, np.ndarray):
            x = np.asarray(x)
        if dtype is not None and x.dtype != tf.as_dtype(dtype).as_numpy_dtype:
            x = x.astype(tf.as_dtype(dtype).as_numpy_dtype)
        return tf.convert_to_tensor(x)

    def on_host(self, fn, form, *arrays):
        if all(map(self.is_concrete, arrays)):
            return super().on_host(fn, form, *arrays)
        dtype = tf.as_dtype(form.dtype)
        computed = lambda *xs: np.asarray(fn(*xs), object if dtype == tf.string else dtype.as_numpy_dtype)
        result = tf.numpy_function(computed, arrays, dtype)
        result.set_shape(form.shape)
        return result

    def to_numpy(self, x):
        if isinstance(x, (tf.SparseTensor, tf.RaggedTensor)):
            x = tf.sparse.to_dense(x) if isinstance(x, tf.SparseTensor) else x.to_tensor()
        return x.numpy() if isinstance(x, (tf.Tensor, tf.Variable)) else np.asarray(x)

    def cast(self, x, dtype):
        return tf.cast(x, dtype)

    # State

    def new_storage(self, x, dtype, trainable=False):
        if tf.is_symbolic_tensor(x):  # a copy that lives in the graph
            return tf.identity(tf.cast(x, dtype))
        with tf.init_scope():
            return self._storage(self.asarray(x, dtype), trainable=trainable)

    def read(self, stored):
        return tf.convert_to_tensor(stored)

    def stored_after(self, stored, value):
        stored.assign(value)
        return stored

    def devices(self, kind=None):
        found = tf.config.list_logical_devices(None if kind is None else kind.upper())
        return [f"{d.device_type.lower()}:{d.name.rpartition(':')[2]}" for d in found]

    def device_scope(self, name):
        return tf.device(name.replace("cuda", "gpu"))

    def getitem(self, x, key):
        return _indexed(x, key)

    def take_rows(self, x, rows):
        return tf.gather(x, rows)

    # Kernels

    conv = staticmethod(tensorflow_kernels.conv)
    biased_conv = staticmethod(tensorflow_kernels.biased_conv)
    pool = staticmethod(tensorflow_kernels.pool)

    # Transforms

    def compile(self, fn, variables=(), donate=False, optimize=None):
        return CompiledFunction(self, fn, variables, optimize)

    def compile_loop(self, fn, variables=(), optimize=None):
        def steps(start, stop, *args):
            def body(i):
                with GraphScope():
                    fn(i, *args)
                return (i + 1,)

            tf.while_loop(lambda i: i < stop, body, (start,), parallel_iterations=1)

        return CompiledFunction(self, steps, variables, optimize)

    def value_and_grad(self, fn, variables, has_aux=False):
        variables = list(variables)

        def call():
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                values = [v.raw() for v in variables]
                outside = {i: v.stored for i, v in enumerate(variables) if getattr(v, "read_from_outside", False)}
                tape.watch([*values, *outside.values()])
                with StateScope(variables, values) as scope:
                    out = fn()
                loss = self._loss(out[0] if has_aux else out)
            gradients = tape.gradient(loss, [*values, *outside.values()], unconnected_gradients="zero")
            for i in outside:  # what a saved function read itself; nothing comes by the value that was read here
                gradients[i] = gradients.pop(len(values))
            write(*scope.updates())
            return ((loss, out[1]) if has_aux else loss), [_dense(g) for g in gradients]

        return call

    def _loss(self, loss):
        loss = tf.convert_to_tensor(loss)
        if loss.shape.rank:
            raise TypeError(f"Gradients are taken of a scalar; the function returned shape {tuple(loss.shape)}.")
        return loss

    def stop_gradient(self, x):
        return tf.stop_gradient(x)

    def custom_gradient(self, fn):
        return lambda *args, **kwargs: tf.custom_gradient(lambda *inner: fn(*inner, **kwargs))(*args)

    def remat(self, fn):
        variables: list[Any] = []

        def call(*args):
            for attempt in Listing(variables):
                with attempt:
                    before = [v.raw() for v in variables]
                    result, after = tf.recompute_grad(pure_function(fn, variables))(before, *args)
            for variable, old, new in zip(variables, before, after):
                if new is not old:
                    variable.write(new)
            return result

        return call

    def vectorized_map(self, fn, xs):
        with thread_context(vectorizing=context.vectorizing + 1):
            return tf.vectorized_map(fn, xs)

    def profile(self, folder):
        tf.profiler.experimental.start(str(folder))
        return tf.profiler.experimental.stop

    def as_dataset(self, dataset, spec):
        from kerata.engines.tensorflow.data import as_dataset

        return as_dataset(dataset, spec)

    def infer(self, fn, *args, **kwargs):
        def run(specs, rebuilt, probe):
            def traced():
                arrays = [tf.compat.v1.placeholder(x.dtype, with_length(x, probe)) for x in specs]
                inner_args, inner_kwargs = rebuilt(arrays)
                return fn(*inner_args, **inner_kwargs)

            return _traced(traced)[0]

        return inferred(self, run, _PROBES, args, kwargs)

    # Control flow

    def cond(self, predicate, true_fn, false_fn):
        if not tf.is_symbolic_tensor(predicate):
            return super().cond(predicate, true_fn, false_fn)
        return self.switch(tf.cast(predicate, "int32"), [false_fn, true_fn])

    def switch(self, index, branches, *operands):
        if not tf.is_symbolic_tensor(index):
            return super().switch(index, branches, *operands)

        def run(owners):
            def lifted(branch):
                with _lifting(owners) as scope:
                    leaves, structure[0] = _flat(branch(*operands))
                return leaves, [_value_in(scope, v) for v in owners]

            structure = [None]
            leaves, values = tf.switch_case(index, [lambda b=b: lifted(b) for b in branches])
            return optree.tree_unflatten(structure[0], leaves), values

        return _with_owners(run)

    def while_loop(self, condition, body, loop_vars, maximum_iterations=None):
        if tf.executing_eagerly():
            return super().while_loop(condition, body, loop_vars, maximum_iterations)
        is_list = isinstance(loop_vars, list)

        def within(*values):
            return condition(*values)

        def step(*values):
            result = body(*values)
            return tuple(result) if isinstance(result, (list, tuple)) else (result,)

        values = _looped(within, step, tuple(loop_vars), maximum_iterations)
        return list(values) if is_list else values

    def fori_loop(self, lower, upper, body, value):
        if not any(tf.is_symbolic_tensor(x) for x in (lower, upper)) and tf.executing_eagerly():
            return super().fori_loop(lower, upper, body, value)
        start = tf.cast(lower, "int32")
        known = all(isinstance(x, (int, np.integer)) for x in (lower, upper))
        most = max(upper - lower, 0) if known else None
        return _looped(lambda i, value: i < upper, lambda i, value: (i + 1, body(i, value)), (start, value), most)[1]

    def scan(self, fn, init, xs, length=None, reverse=False, unroll=1):
        leaves, treedef = optree.tree_flatten(xs)
        most = steps = length if length is not None else leaves[0].shape[0]
        if tf.executing_eagerly() or steps is not None and unroll >= steps:
            return super().scan(fn, init, xs, length, reverse, unroll)
        steps = tf.shape(leaves[0])[0] if steps is None else steps
        inputs = [_sequence(x.dtype, x.shape[1:], steps).unstack(x) for x in leaves]
        row = lambda i: optree.tree_unflatten(treedef, [x.read(i) for x in inputs])
        # A first trace shows what the outputs are, for which the loop must have room before it begins.
        (_, first), _ = _traced(fn, init, optree.tree_unflatten(treedef, [x[0] for x in leaves]))
        kinds, outputs_tree = optree.tree_flatten(first)
        outputs = [_sequence(y.dtype, y.shape, steps) for y in kinds]

        def step(i, carry, outputs):
            at = steps - 1 - i if reverse else i
            carry, y = fn(carry, row(at))
            return i + 1, carry, [o.write(at, v) for o, v in zip(outputs, optree.tree_leaves(y))]

        start = (tf.constant(0), init, outputs)
        _, carry, outputs = _looped(lambda i, carry, outputs: i < steps, step, start, most)
        return carry, optree.tree_unflatten(outputs_tree, [o.stack() for o in outputs])

    # Random

    def random(self, kind, seed, shape, dtype, *parameters):
        seed = tf.bitcast(tf.cast(seed, "uint32"), tf.int32)
        return _DRAWS[kind](tensorflow_numpy.known_shape(shape), seed, tf.as_dtype(dtype), *parameters)


# Variables


def _introduce_variables():
    """Let TensorFlow's own functions take kerata's variables: as tensors, and as what a `GradientTape` differentiates by.

    A tape asks anything that acts as a resource variable for its handle, that of the storage here.
    """
    from kerata.core.variable import Variable

    setattr(Variable, "__tf_tensor__", lambda self, dtype=None, name=None: _tensor_of(self, dtype))
    setattr(Variable, "handle", property(lambda self: self.stored.handle))
    setattr(Variable, "_should_act_as_resource_variable", True)


def _tensor_of(variable, dtype):
    value = variable.value
    value = value if tf.is_tensor(value) else tf.convert_to_tensor(variable.numpy())
    if dtype is not None and not tf.as_dtype(dtype).is_compatible_with(value.dtype):
        raise ValueError(f"Variable {variable.path!r} has dtype {value.dtype.name}; it can't stand for {dtype.name}: cast it.")
    return value


def _dense(gradient):
    """A gradient as one array; those of look-ups come as rows and their numbers."""
    if isinstance(gradient, tf.IndexedSlices):
        return tf.math.unsorted_segment_sum(gradient.values, gradient.indices, gradient.dense_shape[0])
    return gradient


# Graphs


def _traced(fn, *args):
    """`fn(*args)` in a graph that is thrown away: its result, and the variables that it assigned."""
    graph = tf.__internal__.FuncGraph("probe")
    with graph.as_default(), StateScope() as scope:
        result = fn(*args)
    return result, list(scope.assigned.values())


@contextlib.contextmanager
def _lifting(owners, values=()):
    """A scope that lets `owners` alone be assigned.

    Raises: UnlistedVariables at the end if others were.
    """
    with StateScope(owners[: len(values)], values) as scope:
        yield scope
    known = {id(v) for v in owners}
    found = [v for key, v in scope.assigned.items() if key not in known]
    if found:
        raise UnlistedVariables(found)


def _with_owners(run):
    """`run(owners) -> (result, their values)`, tried with no owners first; the values are written."""
    owners: list = []
    for attempt in Listing(owners):
        with attempt:
            result, values = run(list(owners))
    write(owners, values)
    return result


def _value_in(scope, variable):
    value = scope.values.get(id(variable))
    return variable.raw() if value is None else value


def _flat(structure):
    leaves, treedef = optree.tree_flatten(structure)
    return [x if isinstance(x, tf.TensorArray) else tf.convert_to_tensor(x) for x in leaves], treedef


def _looped(condition, body, start, maximum_iterations=None):
    """`values = body(*values)` while `condition(*values)`, in a graph; the values keep their structure and dtypes.

    XLA must know the maximum to differentiate the loop.
    """
    leaves, treedef = _flat(start)

    def run(owners):
        def within(leaves, state):
            with StateScope(owners, state):
                return tf.reshape(tf.cast(condition(*optree.tree_unflatten(treedef, leaves)), "bool"), [])

        def step(leaves, state):
            with _lifting(owners, state) as scope:
                new = treedef.flatten_up_to(body(*optree.tree_unflatten(treedef, leaves)))
            return [_like(x, old) for x, old in zip(new, leaves)], [scope.values[id(v)] for v in owners]

        state = [v.raw() for v in owners]
        new, state = tf.while_loop(within, step, (leaves, state), maximum_iterations=maximum_iterations)
        return optree.tree_unflatten(treedef, new), state

    return _with_owners(run)


def _like(x, old):
    return x if isinstance(x, tf.TensorArray) else tf.cast(x, old.dtype)


def _sequence(dtype, shape, steps):
    return tf.TensorArray(dtype, steps, element_shape=shape)


# Indices


def _indexed(x, key):
    """`x[key]` by NumPy's rules: numbers, slices, None, Ellipsis, one boolean mask, arrays of integers."""
    parts = list(key) if isinstance(key, tuple) else [key]
    parts = [tf.convert_to_tensor(p) if isinstance(p, (list, np.ndarray)) else p for p in parts]
    parts = [p.value if getattr(type(p), "holds_state", False) else p for p in parts]
    arrays = [i for i, p in enumerate(parts) if tf.is_tensor(p) and p.shape.rank]
    masks = [i for i in arrays if parts[i].dtype == tf.bool]
    if not arrays:
        return x[tuple(parts)]
    width = lambda p: 0 if p is None else p.shape.rank if tf.is_tensor(p) and p.dtype == tf.bool else 1
    if Ellipsis in [p for p in parts if not tf.is_tensor(p)]:
        at = next(i for i, p in enumerate(parts) if p is Ellipsis)
        missing = x.shape.rank - sum(width(p) for p in parts if p is not Ellipsis)
        return _indexed(x, (*parts[:at], *[slice(None)] * missing, *parts[at + 1 :]))
    if masks:
        at = masks[0]
        found = tuple(tf.unstack(tf.where(parts[at]), num=parts[at].shape.rank, axis=1))
        return _indexed(x, (*parts[:at], *found, *parts[at + 1 :]))
    return _gathered(x, parts)


def _gathered(x, parts):
    """`x[parts]` where arrays of integers are among the parts; single numbers then count as arrays too."""
    chosen = [i for i, p in enumerate(parts) if p is not None and not isinstance(p, slice)]
    x = x[tuple(slice(None) if i in chosen else p for i, p in enumerate(parts))]
    lengths = tf.shape(x, out_type=tf.int64)
    indices = [tf.cast(parts[i], tf.int64) for i in chosen]
    indices = [tf.where(index < 0, index + lengths[axis], index) for axis, index in zip(chosen, indices)]
    if len(indices) == 1:
        return tf.gather(x, indices[0], axis=chosen[0])
    zeros = tf.zeros_like(sum(indices))
    rest = [axis for axis in range(x.shape.rank) if axis not in chosen]
    rows = tf.gather_nd(tf.transpose(x, [*chosen, *rest]), tf.stack([index + zeros for index in indices], -1))
    together = chosen == [*range(chosen[0], chosen[0] + len(chosen))]
    before, rank = chosen[0] if together else 0, zeros.shape.rank
    return tf.transpose(rows, [*range(rank, rank + before), *range(rank), *range(rank + before, rows.shape.rank)])


# Draws


def _real(draw):
    return lambda shape, seed, dtype: draw(shape, seed, dtype=dtype)


def _randint(shape, seed, dtype, low, high):
    wide = dtype if dtype in (tf.int32, tf.int64) else tf.int64
    low, high = tf.cast(low, wide), tf.cast(high, wide)
    return tf.cast(tf.random.stateless_uniform(shape, seed, low, high, wide), dtype)


def _bernoulli(shape, seed, dtype, p):
    return tf.random.stateless_uniform(shape, seed) < p


def _gamma(shape, seed, dtype, alpha):
    drawn = "float32" if dtype == "bfloat16" else dtype  # of which there are no draws
    return tf.cast(tf.random.stateless_gamma(shape, seed, tf.cast(alpha, drawn), dtype=drawn), dtype)


def _beta(shape, seed, dtype, a, b):
    first, second = tf.unstack(tf.random.split(seed, 2), num=2)
    x, y = _gamma(shape, first, dtype, a), _gamma(shape, second, dtype, b)
    return x / (x + y)


def _binomial(shape, seed, dtype, n, p):
    drawn = tf.random.stateless_binomial(shape, seed, tf.cast(n, "float32"), tf.cast(p, "float32"), tf.float32)
    return tf.cast(drawn, dtype)


def _categorical(shape, seed, dtype, logits, count):
    flat = tf.reshape(logits, [-1, logits.shape[-1]])
    draws = tf.random.stateless_categorical(flat, count, seed, tf.int32)
    return tf.cast(tensorflow_numpy.reshape(draws, (*logits.shape[:-1], count)), dtype)


def _permutation(shape, seed, dtype, x, axis):
    length = tf.shape(x)[axis] if x.shape[axis] is None else x.shape[axis]
    return tf.gather(x, tf.random.experimental.stateless_shuffle(tf.range(length), seed), axis=axis)


_DRAWS = {
    "uniform": _real(tf.random.stateless_uniform),
    "normal": _real(tf.random.stateless_normal),
    "truncated_normal": _real(tf.random.stateless_truncated_normal),
    "randint": _randint,
    "bernoulli": _bernoulli,
    "gamma": _gamma,
    "beta": _beta,
    "binomial": _binomial,
    "categorical": _categorical,
    "permutation": _permutation,
}
