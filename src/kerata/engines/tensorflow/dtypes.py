"""Some of TensorFlow's functions lack some dtypes: they are computed in a wider one."""

from kerata.engines.tensorflow.library import tf

# What some functions lack, and what that is computed in.
NUMBERS = {"bool": "int32"}
SIGNED = dict.fromkeys(("bool", "uint8", "uint16", "uint32", "uint64"), "int64")
SUMS = {"bool": "int32", "int8": "int32", "int16": "int32", "uint8": "uint32", "uint16": "uint32"}
PRODUCTS = {**dict.fromkeys(SUMS, "int32"), "uint32": "int64", "uint64": "int64"}
TILES = {"uint16": "uint32"}
WIDE_FLOATS = {"float16": "float32", "bfloat16": "float32"}


def is_bool(x):
    return x.dtype == tf.bool


def computed_in(dtype, fn, *xs):
    """`fn` computed in `dtype`; the result in the dtype of the first argument."""
    return tf.cast(fn(*[tf.cast(x, dtype) for x in xs]), xs[0].dtype)


def lacking(wider):
    """A decorator for functions that lack the dtypes of a table."""

    def decorate(fn):
        def run(x, *others):
            wide = wider.get(x.dtype.name)
            return fn(x, *others) if wide is None else computed_in(wide, fn, x, *others)

        return run

    return decorate


without_bool, signed = lacking(NUMBERS), lacking(SIGNED)


def widened(x):
    """`x` in the dtype in which it is added up."""
    return tf.cast(x, SUMS.get(x.dtype.name, x.dtype))


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
