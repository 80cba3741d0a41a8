"""Some of TensorFlow's functions lack some dtypes: they are computed in a wider one."""

from kerata.engines.tensorflow.library import tf

_SMALL_SIGNED, _SMALL_UNSIGNED = ("bool", "int8", "int16"), ("uint8", "uint16")


def is_bool(x):
    return x.dtype == tf.bool


def computed_in(dtype, fn, *xs):
    """`fn` computed in `dtype`; the result in the dtype of the first argument."""
    return tf.cast(fn(*[tf.cast(x, dtype) for x in xs]), xs[0].dtype)


def without_bool(fn):
    """A function that takes bools too, as 0 and 1."""
    return lambda x, *others: computed_in("int32", fn, x, *others) if is_bool(x) else fn(x, *others)


def signed(fn):
    """A function that takes unsigned integers and bools too."""

    def run(x, *others):
        unsigned = x.dtype.is_unsigned or is_bool(x)
        return computed_in("int64", fn, x, *others) if unsigned else fn(x, *others)

    return run


def widened(x):
    """`x` in the dtype in which it is added up."""
    if x.dtype.name in _SMALL_SIGNED:
        return tf.cast(x, "int32")
    return tf.cast(x, "uint32") if x.dtype.name in _SMALL_UNSIGNED else x


def typed(x, like):
    """A Python number in the dtype of an array."""
    if tf.is_tensor(x):
        return x
    return tf.constant(int(x) if isinstance(x, bool) and like.dtype != tf.bool else x, like.dtype)


def as_tensors(x1, x2):
    if tf.is_tensor(x1):
        return x1, typed(x2, x1)
    if tf.is_tensor(x2):
        return typed(x1, x2), x2
    return tf.convert_to_tensor(x1), tf.convert_to_tensor(x2)


def binary(fn):
    return lambda x1, x2: fn(*as_tensors(x1, x2))


def logical(fn):
    return lambda x1, x2: fn(*[tf.cast(x, "bool") for x in as_tensors(x1, x2)])


def bitwise(fn, of_bools=None):
    def run(x1, x2):
        x1, x2 = as_tensors(x1, x2)
        if is_bool(x1):
            return of_bools(x1, x2) if of_bools else computed_in("int32", fn, x1, x2)
        return fn(x1, x2)

    return run


def test_of_floats(fn, otherwise):
    """A test of floats; integers all pass or all fail."""

    def run(x):
        floating = x.dtype.is_floating or x.dtype.is_complex
        return fn(x) if floating else tf.fill(tf.shape(x), otherwise)

    return run
