"""The JAX engine, kerata's default."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optree
from jax import lax

from kerata.engines.base import ROOM_ON_HOST, Engine
from kerata.engines.jax import kernels as jax_kernels
from kerata.engines.jax.compiled import CompiledFunction
from kerata.engines.lifting import in_a_scope, inferred, with_length, write
from kerata.engines.sparse_rows import KINDS_OF_ROWS
from kerata.engines.state import StateScope, isolated

for _kind in KINDS_OF_ROWS:
    jax.tree_util.register_pytree_node(_kind, _kind.flattened, _kind.of)

# Two sizes that stand for an unknown dimension: what differs between the two traces is unknown in the result.
_PROBES = (127, 131)


class JaxEngine(Engine):
    """JAX: variables' values go through `jit` as arguments and come back as results."""

    name = "jax"
    xp = jnp

    def __init__(self):
        super().__init__()
        self.kernels = dict(jax_kernels.KERNELS)
        self._widened = False  # whether JAX keeps 64 bits since the user's `floatx` is float64

    # Arrays

    @property
    def keeps_64_bits(self):  # type: ignore[override]  # the base has a plain attribute, which is read sooner
        return jax.config.jax_enable_x64  # type: ignore[attr-defined]  # JAX makes it when it is imported

    def keep_64_bits(self, keep):
        if keep != self.keeps_64_bits and (keep or self._widened):  # what the user told JAX himself stays so
            jax.config.update("jax_enable_x64", keep)
            self._widened = keep

    def room_for_data(self):
        stats = jax.devices()[0].memory_stats() if jax.default_backend() != "cpu" else None
        return ROOM_ON_HOST if not stats else (stats["bytes_limit"] - stats["bytes_in_use"]) // 4

    @property
    def sparse(self):
        from kerata.engines.jax import sparse

        return sparse

    def is_array(self, x):
        return isinstance(x, jax.Array)

    def is_concrete(self, x):
        return not isinstance(x, jax.core.Tracer)

    def is_batched(self, x):
        return type(x).__name__ == "BatchTracer"  # JAX has no public name for it

    def asarray(self, x, dtype=None):
        return jnp.asarray(x, dtype=self.known_dtype(dtype))

    def known_dtype(self, dtype):
        """`dtype`, where 64 bits become 32 unless JAX was told to use 64; without JAX's warning."""
        if dtype in ("float64", "int64", "uint64", "complex128") and not self.keeps_64_bits:
            return {"float64": "float32", "int64": "int32", "uint64": "uint32", "complex128": "complex64"}[dtype]
        return dtype

    def to_numpy(self, x):
        return np.asarray(x if isinstance(x, jax.Array) or not self.sparse.is_own(x) else self.sparse.to_dense(x))

    def on_host(self, fn, form, *arrays):
        if all(map(self.is_concrete, arrays)):
            return super().on_host(fn, form, *arrays)
        if form.dtype == "string":
            raise TypeError("A program compiled by JAX holds no texts: look them up outside it.")
        dtype = np.dtype(self.known_dtype(form.dtype))
        result = jax.ShapeDtypeStruct(form.shape, dtype)
        return jax.pure_callback(lambda *xs: np.asarray(fn(*map(np.asarray, xs)), dtype), result, *arrays)

    def cast(self, x, dtype):
        return lax.convert_element_type(x, self.known_dtype(dtype))

    def new_storage(self, x, dtype, trainable=False):
        with jax.ensure_compile_time_eval():  # a weight first read inside a trace must not become a tracer
            return jnp.array(x, dtype=self.known_dtype(dtype))

    def stored_after(self, stored, value):
        # A copy of the engine's: a compiled step may give the memory away. NumPy's is placed when it is read.
        return value if type(value) is np.ndarray else jnp.array(value)

    def block_until_ready(self, x):
        return jax.block_until_ready(x)

    def devices(self, kind=None):
        return [f"{d.platform}:{d.id}" for d in jax.devices(kind)]

    def device_scope(self, name):
        kind, _, index = name.replace("cuda", "gpu").partition(":")
        return jax.default_device(jax.devices(kind)[int(index or 0)])

    def take_rows(self, x, rows):
        return x.at[rows].get(mode="promise_in_bounds")

    # Kernels

    tree_flatten = staticmethod(jax.tree.flatten)  # knows the nodes that users registered with JAX
    tree_unflatten = staticmethod(jax.tree.unflatten)
    conv = staticmethod(jax_kernels.conv)
    pool = staticmethod(jax_kernels.pool)

    # Transforms

    def compile(self, fn, variables=(), donate=False, optimize=None):
        return CompiledFunction(fn, variables, donate=donate)

    def compile_loop(self, fn, variables=(), optimize=None):
        return CompiledFunction(fn, variables, loop=True, donate=True)

    def value_and_grad(self, fn, variables, has_aux=False):
        variables = list(variables)

        def call():
            assigned: list[Any] = []

            def pure(values):
                with StateScope(variables, values) as scope:
                    out = fn()
                loss, aux = out if has_aux else (out, None)
                owners, new = scope.updates()
                assigned[:] = owners
                leaves, treedef = optree.tree_flatten(aux)
                arrays = [x for x in leaves if isinstance(x, jax.Array)]
                shell = [None if isinstance(x, jax.Array) else (x,) for x in leaves]
                return loss, (arrays, new, _Static((treedef, shell)))

            values = [v.raw() for v in variables]
            (loss, (arrays, new, static)), grads = jax.value_and_grad(pure, has_aux=True)(values)
            write(assigned, new)
            if not has_aux:
                return loss, grads
            treedef, shell = static.value
            arrays = iter(arrays)
            aux = optree.tree_unflatten(treedef, [next(arrays) if x is None else x[0] for x in shell])
            return (loss, aux), grads

        return call

    def stop_gradient(self, x):
        return lax.stop_gradient(x)

    def custom_gradient(self, fn):
        return jax.custom_gradient(fn)

    def remat(self, fn):
        def call(*args):
            result, owners, values = _lifted(jax.checkpoint, isolated(fn), *args)
            write(owners, values)
            return result

        return call

    def profile(self, folder):
        jax.profiler.start_trace(str(folder))
        return jax.profiler.stop_trace

    def process(self):
        return jax.process_index(), jax.process_count()

    def vectorized_map(self, fn, xs):
        return jax.vmap(fn)(xs)

    def infer(self, fn, *args, **kwargs):
        def run(specs, rebuilt, probe):
            arrays = [jax.ShapeDtypeStruct(with_length(x, probe), self.known_dtype(x.dtype)) for x in specs]
            return jax.eval_shape(lambda arrays: in_a_scope(fn, rebuilt(arrays)), arrays)

        return inferred(self, run, _PROBES, args, kwargs)

    # Control flow. What a branch or a body assigns comes out of it beside its result.

    def cond(self, predicate, true_fn, false_fn):
        return self.switch(jnp.asarray(predicate, "bool").astype("int32"), [false_fn, true_fn])

    def switch(self, index, branches, *operands):
        owners = _assigned_by(branches, *operands)

        def lifted(branch):
            def run(operands):
                with StateScope() as scope:
                    result = branch(*operands)
                return result, [scope.values.get(id(v), v.raw()) for v in owners]

            return run

        result, values = lax.switch(index, [lifted(b) for b in branches], operands)
        write(owners, values)
        return result

    def while_loop(self, condition, body, loop_vars, maximum_iterations=None):
        is_list = isinstance(loop_vars, list)
        loop_vars = tuple(loop_vars)
        limit = np.iinfo(np.int32).max if maximum_iterations is None else maximum_iterations
        owners = _assigned_by([body], *loop_vars)

        def within(carry):
            i, values, state = carry
            with StateScope(owners, state):
                return (i < limit) & condition(*values)

        def step(carry):
            i, values, state = carry
            with StateScope(owners, state) as scope:
                result = body(*values)
            result = tuple(result) if isinstance(result, (list, tuple)) else (result,)
            return i + 1, _same_types(result, values), [scope.values[id(v)] for v in owners]

        start = (jnp.int32(0), jax.tree.map(jnp.asarray, loop_vars), [v.raw() for v in owners])
        _, values, state = lax.while_loop(within, step, start)
        write(owners, state)
        return list(values) if is_list else values

    def fori_loop(self, lower, upper, body, value):
        owners = _assigned_by([body], jnp.int32(0), value)

        def step(i, carry):
            value, state = carry
            with StateScope(owners, state) as scope:
                result = body(i, value)
            return _same_types(result, value), [scope.values[id(v)] for v in owners]

        value, state = lax.fori_loop(lower, upper, step, (jax.tree.map(jnp.asarray, value), [v.raw() for v in owners]))
        write(owners, state)
        return value

    def scan(self, fn, init, xs, length=None, reverse=False, unroll=1):
        first = jax.tree.map(lambda x: x[0], xs)
        owners = _assigned_by([fn], init, first)

        def step(carry, x):
            value, state = carry
            with StateScope(owners, state) as scope:
                value, y = fn(value, x)
            return (value, [scope.values[id(v)] for v in owners]), y

        (carry, state), ys = lax.scan(step, (init, [v.raw() for v in owners]), xs, length, reverse=reverse, unroll=unroll)
        write(owners, state)
        return carry, ys

    def associative_scan(self, fn, elems, reverse=False, axis=0):
        return lax.associative_scan(fn, elems, reverse=reverse, axis=axis)

    # Random

    def random(self, kind, seed, shape, dtype, *parameters):
        key = jax.random.wrap_key_data(jnp.asarray(seed, "uint32"), impl="threefry2x32")
        return _DRAWS[kind](key, shape, self.known_dtype(dtype), *parameters)


def _categorical(key, shape, dtype, logits, count):
    draws = jax.random.categorical(key, logits, shape=(count, *logits.shape[:-1]))
    return jnp.moveaxis(draws, 0, -1).astype(dtype)


_DRAWS: dict[str, Any] = {
    "uniform": jax.random.uniform,
    "normal": jax.random.normal,
    "truncated_normal": lambda key, shape, dtype: jax.random.truncated_normal(key, -2.0, 2.0, shape, dtype),
    "randint": lambda key, shape, dtype, low, high: jax.random.randint(key, shape, low, high, dtype),
    "bernoulli": lambda key, shape, dtype, p: jax.random.bernoulli(key, p, shape),
    "gamma": lambda key, shape, dtype, alpha: jax.random.gamma(key, alpha, shape, dtype),
    "beta": lambda key, shape, dtype, a, b: jax.random.beta(key, a, b, shape, dtype),
    "binomial": lambda key, shape, dtype, n, p: jax.random.binomial(key, n, p, shape, dtype),
    "categorical": _categorical,
    "permutation": lambda key, shape, dtype, x, axis: jax.random.permutation(key, x, axis),
}


@jax.tree_util.register_static
class _Static:
    """A part of a traced function's result that is no array."""

    def __init__(self, value):
        self.value = value

    def __hash__(self):
        return id(self)

    def __eq__(self, other):
        return self is other


def _lifted(transform, run, *args):
    """`transform(run)(*args)` where `run` also returns the variables that it assigned."""
    owners: list[Any] = []

    def arrays_only(*args):
        result, found, values = run(*args)
        owners[:] = found
        return result, values

    result, values = transform(arrays_only)(*args)
    return result, owners, values


def _assigned_by(functions, *args):
    """The variables that any of the functions assigns, found by tracing them."""
    owners = {}
    for fn in functions:

        def run(*args, fn=fn):
            with StateScope() as scope:
                fn(*args)
            owners.update(scope.assigned)
            return ()

        jax.eval_shape(run, *args)
    return list(owners.values())


def _same_types(result, like):
    """`result` with the dtypes of `like`: a loop's carry must not change its type."""
    return jax.tree.map(lambda new, old: jnp.asarray(new, jnp.asarray(old).dtype), result, like)
