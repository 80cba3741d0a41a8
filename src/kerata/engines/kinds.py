"""What an argument is, by its type: looked up once for each type, since ops ask it of all their arguments."""

import optree

SYMBOLIC, SPARSE, RAGGED = "symbolic", "sparse", "ragged"
_NESTED = "nested"

_LIBRARIES = {
    "scipy": {"spmatrix": SPARSE, "sparray": SPARSE},
    "jax": {"JAXSparse": SPARSE},
    "tensorflow": dict.fromkeys(("SparseTensor", "SparseTensorValue", "IndexedSlices", "IndexedSlicesValue"), SPARSE)
    | dict.fromkeys(("RaggedTensor", "RaggedTensorValue"), RAGGED),
}


class _Kinds(dict):
    def __missing__(self, cls):
        self[cls] = kind = _kind_of(cls)
        return kind


def _kind_of(cls):
    if cls in (list, tuple, dict):
        return _NESTED
    own = getattr(cls, "argument_kind", None)
    if own is not None:
        return own
    found = (_LIBRARIES.get(c.__module__.split(".")[0], {}).get(c.__name__) for c in cls.__mro__)
    return next((kind for kind in found if kind), None)


def library_of(x):
    """The library that a sparse or ragged tensor is of."""
    modules = (c.__module__.split(".")[0] for c in type(x).__mro__)
    return next(module for module in modules if module in _LIBRARIES)


KINDS = _Kinds()  # type -> kind; None for what is an array or a setting


def kind_of(x):
    """`SPARSE` or `RAGGED` for tensors of any library that are; `SYMBOLIC` for those of graphs; otherwise None."""
    kind = KINDS[type(x)]
    return None if kind is _NESTED else kind


def kind_of_call(args, kwargs):
    """What is special about a call: `SYMBOLIC` if a symbolic tensor is anywhere in its arguments, else sparse or ragged."""
    for x in args:
        if KINDS[type(x)] is not None:
            return _looked_into(args, kwargs)
    for x in kwargs.values():
        if KINDS[type(x)] is not None:
            return _looked_into(args, kwargs)
    return None


def _looked_into(args, kwargs):
    found = None
    for x in (*args, *kwargs.values()):
        kind = KINDS[type(x)]
        for leaf in optree.tree_leaves(x) if kind is _NESTED else (x,):
            kind = KINDS[type(leaf)]
            if kind is SYMBOLIC:
                return kind
            found = kind or found
    return found
