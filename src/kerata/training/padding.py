"""Whether rows may be added to a batch: only where it is proven that they change nothing.

The proof runs a model's step on the engine that knows of each array which axis is the batch's (`engines/rowwise.py`), once
for each kind of batch. It holds for kerata's own code, which does the same on that engine and on the others. What users
wrote may look at the number of rows, so it is believed only if it says that its rows are independent: `row_wise = True`
in the class, or set on the function.
"""

import contextlib
import types

import optree

from kerata import engines
from kerata.core import batch as current_batch, sparse
from kerata.core.arrays import dtype_of, static_shape
from kerata.core.configurable import is_own
from kerata.engines.abstract.array import AbstractArray
from kerata.engines.abstract.row_rules import MixesRows, facts, note
from kerata.engines.state import StateScope, thread_context

# Attributes of layers that hold functions of weights, not of rows.
_OF_WEIGHTS = ("_initializer", "_regularizer", "_constraint")
_OVERRIDDEN = {
    "predict": ("predict_step",),
    "train": ("train_step", "compute_loss", "compute_metrics", "metrics"),
    "test": ("test_step", "compute_loss", "compute_metrics", "metrics"),
}


def why_not(compilation, mode, batch):
    """Why batches like this one can't be padded in a model's step, as a text; None if they can.

    Args:
        compilation: what the model was compiled for; it is built.
        mode: "train", "test" or "predict".
        batch: `(x, y, sample_weight)`, as the step takes it; their lengths do not matter.
    """
    model = compilation.model
    try:
        _refuse_users_code(compilation, mode)
        if sparse.has_rows(batch):
            raise MixesRows("the batch has sparse or ragged tensors")
        specs = as_rows(batch)
        if mode == "predict":
            with proof(masked=False):
                _check_outputs(model.predict_step((specs[0],)))
        else:
            with proof(masked=True):
                compilation.without_update(specs, training=mode == "train")
    except Exception as reason:  # whatever stops the proof: there is none
        return str(reason) or type(reason).__name__
    return None


@contextlib.contextmanager
def proof(masked):
    """Inside, `MixesRows` is raised where rows of a batch meet; `masked` says whether losses and metrics know the real rows."""
    valid = note(AbstractArray((None,), "float32"), zero=True) if masked else None
    with engines.use_engine("rowwise"), thread_context(depth=0, training=None), StateScope(), current_batch.valid_rows(valid):
        yield


def as_rows(structure):
    """What stands for a structure of batches in a proof."""
    return optree.tree_map(lambda a: AbstractArray((None, *static_shape(a)[1:]), dtype_of(a)), structure)


def kind_of(batch):
    """What batches that can be padded alike have in common."""
    leaves, structure = optree.tree_flatten(batch)
    return structure, tuple((static_shape(a)[1:], dtype_of(a)) for a in leaves)


def _check_outputs(outputs):
    for y in optree.tree_leaves(outputs):
        if y.shape[:1] != (None,) or facts(y).per_row not in (1, None):
            raise MixesRows(f"an output of shape {y.shape} has no row for each of the batch")


# Users' code


def _refuse_users_code(compilation, mode):
    model = compilation.model
    row_wise = getattr(model, "row_wise", False)
    for name in (*_OVERRIDDEN[mode], *(() if row_wise else ("call",))):
        if compilation.overrides(name):
            raise MixesRows(f"{name} of {type(model).__name__} is the user's code")
    for layer in compilation.layers():
        if layer is not model:
            _refuse_users(layer)
        for node in getattr(getattr(layer, "plan", None), "nodes", ()):
            for part in optree.tree_leaves((node.operation, node.args, node.kwargs)):
                _refuse_function(part, node.operation.name)
    if mode != "predict":
        for part in compilation.measures():
            _refuse_users(part)


def _refuse_users(part):
    """Raises: MixesRows for a layer, a loss or a metric of the user's, or one that holds a function of his."""
    if getattr(part, "row_wise", False):
        return
    if isinstance(part, types.FunctionType):
        _refuse_function(part, part.__name__)
        return
    name = getattr(part, "name", type(part).__name__)
    if not is_own(type(part)):
        raise MixesRows(f"{name!r} is of the user's class {type(part).__name__}")
    for key, value in vars(part).items():
        if not key.endswith(_OF_WEIGHTS):
            _refuse_function(value, name)


def _refuse_function(value, where):
    inner = getattr(value, "func", value)  # of a functools.partial
    if not callable(inner) or isinstance(inner, type) or getattr(inner, "row_wise", False):
        return
    owner = inner if isinstance(inner, (types.FunctionType, types.BuiltinFunctionType, types.MethodType)) else type(inner)
    if not str(getattr(owner, "__module__", "")).startswith("kerata."):
        raise MixesRows(f"{where!r} holds the user's function {getattr(inner, '__name__', type(inner).__name__)}")
