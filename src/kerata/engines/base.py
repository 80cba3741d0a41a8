"""The contract between kerata and an engine.

Everything above this folder is written against `Engine`; everything that names a compute library is below it. An engine
gives a numpy-like namespace `xp`, a few kernels, and the transforms. Defaults that any engine can share are here.
"""

import abc
import contextlib

import numpy as np

# Data of more bytes go to the device in blocks: where a copy of them is in the same memory, and where nothing is known of it.
ROOM_ON_HOST, ROOM_ON_DEVICE = 1 << 26, 1 << 30


def numpy_dtype(name):
    """NumPy's dtype of a name, also of those of ml_dtypes (bfloat16, float8, int4)."""
    if name.startswith(("bfloat16", "float8", "int4", "uint4")):
        import ml_dtypes

        return np.dtype(getattr(ml_dtypes, name))
    return np.dtype(name)


def _narrowed(array, engine):
    return array.astype("int32") if array.dtype == "int64" and not engine.keeps_64_bits else array


class Engine(abc.ABC):
    """A compute library, seen through one small contract.

    Arrays are the engine's own. Images and sequences reach the kernels with channels last, paddings as `"same"`,
    `"valid"` or a list of pairs, and strides, dilations and windows as one number for each spatial axis.
    """

    name: str
    title = property(lambda self: type(self).__name__.removesuffix("Engine"), doc="The name as texts have it.")
    trains = True
    recompiles = True  # whether a batch of another size costs a compilation
    has_graphs = False  # whether a step may be one graph without being compiled
    is_abstract = False
    keeps_64_bits = True
    reads_slowly = False  # whether a result of a program reaches the host sooner than variables that it assigned
    layer_base: type | None = None  # a class of the library's that layers made on this engine are instances of, too

    def __init__(self):
        # Ops that this engine runs faster than their one body does: op name -> function.
        self.kernels = {}

    # Arrays

    @property
    @abc.abstractmethod
    def xp(self):
        """The numpy-like namespace."""

    @abc.abstractmethod
    def is_array(self, x):
        """Whether `x` is an array of this engine (or a tracer of one)."""

    @property
    def sparse(self):
        """The module of the library's sparse tensors, see `engines/README.md`; None where there are none."""
        return

    def room_for_data(self):
        """How many bytes of a program's data may go to the device at once; None where it shares the host's memory."""
        return

    def check_trains(self):
        """Raises: RuntimeError on an engine without gradients."""
        if not self.trains:
            raise RuntimeError(
                f"The {self.title} engine runs models but can't train them: it has no gradients. Choose an engine that trains, "
                "with KERATA_BACKEND=jax in the environment or kerata.config.set_backend('jax') before the model is built."
            )

    def keep_64_bits(self, keep):
        """Keep 64-bit numbers while the user's `floatx` is float64; called whenever it is set."""
        return  # most always do

    def as_own_array(self, x):
        """`x` as an array, if it is something else of the engine's library that stands for one; otherwise None."""
        return

    @abc.abstractmethod
    def asarray(self, x, dtype=None):
        """`x` as an array, of `dtype` if given."""

    @abc.abstractmethod
    def to_numpy(self, x):
        """`x` on the host."""

    @abc.abstractmethod
    def cast(self, x, dtype):
        """`x` in another dtype; `x` itself if it has that dtype."""

    def is_concrete(self, x):
        """Whether `x` has values now, and does not stand for those of a later run."""
        return not self.is_abstract

    def is_batched(self, x):
        """Whether `x` stands for one row in a vectorised function, so that it can't be assigned to a variable."""
        return False

    def dtype(self, x):
        """The dtype's name, such as "float32"."""
        return x.dtype.name

    def known_dtype(self, dtype):
        """The dtype that stands for `dtype` here, in the form that `xp` takes."""
        return dtype

    def on_host(self, fn, form, *arrays):
        """`fn(*arrays)`, NumPy arrays to one NumPy array, run on the host; `form` tells the result's shape and dtype.

        Texts are NumPy arrays on every engine. Raises: TypeError in a graph of an engine whose graphs hold no texts.
        """
        foreign = lambda x: hasattr(x, "__array__") and not self.is_array(x)  # another library's, as from a `tf.data.Dataset`
        result = fn(*[np.asarray(x) if foreign(x) else self.to_numpy(x) for x in arrays])
        return result if result.dtype.kind in "OUS" else self.asarray(_narrowed(result, self))

    # State. A variable's value may share memory with its storage: code that needs the value from before an assignment
    # copies it.

    def new_storage(self, x, dtype, trainable=False):
        """A variable's storage, from an array: memory of its own."""
        return self.asarray(x, dtype)

    def read(self, stored):
        """The value of a variable's storage."""
        return stored

    def stored_after(self, stored, value):
        """The storage after an assignment, by itself or with the value in it; no two variables share memory.

        `value` is an array of the engine's, or NumPy's; NumPy's may itself be returned, to be placed when it is read.
        """
        return value

    def next_seed(self, seed):
        """A random generator's state (seed, counter) with the counter one on."""
        return self.cast(seed + self.asarray(np.array([0, 1], "uint32")), "uint32")

    def no_gradients(self):
        """A context in which nothing is kept for gradients."""
        return contextlib.nullcontext()

    def block_until_ready(self, x):
        """Wait for the work behind `x`."""
        return x

    def devices(self, kind=None):
        """The names of the devices of a kind ("cpu", "gpu", ...), or of the default kind, such as `["cpu:0"]`."""
        return ["cpu:0"] if kind in (None, "cpu") else []

    def device_scope(self, name):
        """A context in which new arrays go to the device `name`, one of `devices()`."""
        return contextlib.nullcontext()

    def device_in_force(self):
        """A context in which another thread's new arrays go where this one's go."""
        return contextlib.nullcontext()

    def getitem(self, x, key):
        """`x[key]`."""
        return x[key]

    def take_rows(self, x, rows):
        """Rows of `x` by number; the numbers are known to be in range."""
        return x[rows]

    # Kernels

    @abc.abstractmethod
    def conv(self, inputs, kernel, strides, padding, input_dilation, kernel_dilation, groups):
        """Cross-correlation: (batch, *spatial, channels), (*window, channels // groups, filters) -> (batch, *, filters)."""

    def biased_conv(self, inputs, kernel, bias, strides, padding, input_dilation, kernel_dilation, groups):
        """`conv` plus a bias (filters,) of the same dtype."""
        return self.xp.add(self.conv(inputs, kernel, strides, padding, input_dilation, kernel_dilation, groups), bias)

    @abc.abstractmethod
    def pool(self, inputs, window, strides, padding, kind):
        """`kind` "max", "min" or "sum" over windows; padding never wins and counts nothing."""

    # Transforms

    def fused(self, fn, *arrays):
        """`fn(xp, *arrays)`, a few small operations without gradients, in as few kernels as the engine can do it."""
        return fn(self.xp, *arrays)

    @abc.abstractmethod
    def compile(self, fn, variables=(), donate=False, optimize=None):
        """A fast version of the stateful `fn(*args)`; `variables` are those that it reads or assigns, as far as known.

        With `donate`, the variables' old storage may be used for the new values. `optimize` says whether kernels are
        fused by a compiler where the engine can also do without: True, False, or None for what it finds best.
        """

    @abc.abstractmethod
    def compile_loop(self, fn, variables=(), optimize=None):
        """`loop(start, stop, *args)` that runs the stateful `fn(i, *args)` for `i` in `range(start, stop)`."""

    @abc.abstractmethod
    def value_and_grad(self, fn, variables, has_aux=False):
        """`() -> (value, gradients)` or, with `has_aux`, `((value, aux), gradients)`, for a stateful `fn`.

        What `fn` assigns inside stays assigned.
        """

    @abc.abstractmethod
    def stop_gradient(self, x):
        """`x`, constant to differentiation."""

    @abc.abstractmethod
    def custom_gradient(self, fn):
        """`fn(*args) -> (result, grad)` with `grad(upstream) -> gradients` as a differentiable function."""

    def remat(self, fn):
        """`fn`, its inner values computed again in the backward pass rather than kept."""
        return fn

    @abc.abstractmethod
    def vectorized_map(self, fn, xs):
        """`fn` over the first axis of every array in `xs`."""

    def profile(self, folder):
        """Start the library's profiler, which writes for TensorBoard; returns the function that stops it."""
        raise ValueError(f"The engine {self.name!r} has no profiler.")

    def process(self):
        """The number of this process among those that compute together, and how many they are."""
        return 0, 1

    def as_dataset(self, dataset, spec):
        """A data set in the form that the library's programs know; kerata's own serves where there is none."""
        return dataset

    @abc.abstractmethod
    def infer(self, fn, *args, **kwargs):
        """The engine's own shape inference, for code that calls the compute library itself.

        Arrays among the arguments and in the result are `AbstractArray`s.
        """

    def told_by_shapes(self, result):
        """`result` of an op that looked at nothing but shapes, because a length is not known yet."""
        return result

    def believed(self, fn, *args, **kwargs):
        """`fn(*args, **kwargs)`, of which the user says that each row of its result follows from that row alone."""
        return fn(*args, **kwargs)

    # Control flow

    @abc.abstractmethod
    def cond(self, predicate, true_fn, false_fn):
        """One of two functions of no arguments."""

    @abc.abstractmethod
    def switch(self, index, branches, *operands):
        """One of several functions."""

    @abc.abstractmethod
    def while_loop(self, condition, body, loop_vars, maximum_iterations=None):
        """`loop_vars = body(*loop_vars)` while `condition(*loop_vars)`."""

    @abc.abstractmethod
    def fori_loop(self, lower, upper, body, value):
        """`value = body(i, value)` for `i` in `range(lower, upper)`."""

    @abc.abstractmethod
    def scan(self, fn, init, xs, length=None, reverse=False, unroll=1):
        """`carry, y = fn(carry, x)` along the first axis of `xs`: the last carry, and the `y`s stacked."""

    @abc.abstractmethod
    def associative_scan(self, fn, elems, reverse=False, axis=0):
        """All prefixes of an associative operation."""

    # Random: `seed` is an array of two unsigned integers

    @abc.abstractmethod
    def random(self, kind, seed, shape, dtype, *parameters):
        """A draw: "uniform", "normal", "truncated_normal" (standard ones), "randint" (low, high), "bernoulli" (p),
        "gamma" (alpha), "beta" (a, b), "binomial" (n, p), "categorical" (logits, count), "permutation" (array, axis)."""
