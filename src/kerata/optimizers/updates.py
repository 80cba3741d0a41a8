"""Parts of an update."""

from kerata import engines, ops
from kerata.core.arrays import as_array, cast, dtype_of
from kerata.engines import state


def float32(x):
    """A number or a tensor in float32, in which rates and step counts are exact enough."""
    return cast(as_array(x), "float32")


def in_dtype_of(x, number):
    """`number` in the dtype of `x`, so that engines that promote nothing compute with both."""
    dtype = dtype_of(x)
    return number if dtype.startswith("complex") else cast(number, dtype)


def run_if(condition, update):
    """Run the stateful `update()`; what it assigns stays only where the condition holds. No branch in compiled code."""
    if engines.current().is_concrete(condition):
        if bool(condition):
            update()
        return
    _, variables, values = state.isolated(update)()
    for variable, value in zip(variables, values):
        variable.write(ops.where(condition, value, variable.raw()))
