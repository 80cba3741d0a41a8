"""Nested structures of lists, tuples and dicts; a thin face over optree."""

import collections
from typing import Any

import optree

from kerata.core.types import TensorLike, Tree


class MAP_TO_NONE:
    """Returned by a function given to `traverse`, to put None in place.

    >>> traverse(lambda x: MAP_TO_NONE if x == 2 else None, [1, 2])
    [1, None]
    """


def _is_leaf_none(x):
    return x is None


def is_nested(structure: Tree) -> bool:
    """Whether `structure` is a list, tuple or dict (classes of one's own that derive from these are leaves).

    >>> is_nested([1]), is_nested(1)
    (True, False)
    """
    return not optree.tree_is_leaf(structure, none_is_leaf=True)


def flatten(structure: Tree) -> Any:
    """The leaves, dict entries in the order of their keys; None is a leaf.

    >>> flatten({"b": 2, "a": [1, None]})
    [1, None, 2]
    """
    return optree.tree_leaves(structure, none_is_leaf=True)


def flatten_with_path(structure: Tree) -> Any:
    """The leaves as pairs of path and value; a path holds the keys and indices that lead to the leaf.

    >>> flatten_with_path({"a": [1, 2]})
    [(('a', 0), 1), (('a', 1), 2)]
    """
    paths, leaves, _ = optree.tree_flatten_with_path(structure, none_is_leaf=True)
    return list(zip(paths, leaves))


def map_structure(func: Any, *structures: Any, none_is_leaf: bool = True) -> Any:
    """`func` on every leaf (of several like structures at once), in the same structure.

    Args:
        func: a function of as many leaves as there are structures.
        structures: one or several.
        none_is_leaf: whether `func` is called for None, too.

    Raises: ValueError without structures, or if they differ.

    >>> map_structure(lambda a, b: a + b, {"x": 1}, {"x": 2})
    {'x': 3}
    """
    if not structures:
        raise ValueError("map_structure needs at least one structure.")

    if len(structures) == 1:
        return optree.tree_map(func, structures[0], none_is_leaf=none_is_leaf)
    form = _form(structures[0], none_is_leaf)
    for other in structures[1:]:
        if _form(other, none_is_leaf) != form:
            raise ValueError(f"The structures differ: {form} and {_form(other, none_is_leaf)}.")
    return optree.tree_map(func, *structures, none_is_leaf=none_is_leaf)


def map_structure_up_to(shallow_structure: Any, func: Any, *structures: Any) -> Any:
    """Like `map_structure`, no deeper than `shallow_structure` goes.

    >>> map_structure_up_to([0, 0], len, [[1, 2], [3]])
    [2, 1]
    """
    treedef = optree.tree_structure(shallow_structure, none_is_leaf=True)
    parts = [treedef.flatten_up_to(s) for s in structures]
    return treedef.unflatten([func(*leaves) for leaves in zip(*parts)])


def pack_sequence_as(structure: Tree, flat_sequence: Any) -> Any:
    """`flat_sequence` in the shape of `structure`.

    Raises: ValueError if there are more or fewer values than leaves.

    >>> pack_sequence_as({"a": 0, "b": [0, 0]}, [1, 2, 3])
    {'a': 1, 'b': [2, 3]}
    """
    treedef = optree.tree_structure(structure, none_is_leaf=True)
    flat_sequence = list(flat_sequence)
    if len(flat_sequence) != treedef.num_leaves:
        raise ValueError(f"The structure has {treedef.num_leaves} leaves; {len(flat_sequence)} values came.")
    return treedef.unflatten(flat_sequence)


def assert_same_structure(a: TensorLike, b: TensorLike, check_types: Any = None) -> None:
    """Check that two structures are alike, down to the types of their lists and tuples, whatever the leaves.

    Dicts of any kind are alike if they have the same keys.

    Args:
        a, b: the structures.
        check_types: accepted, and without effect, as Keras 3.15.1 documents; `assert_same_paths` is the looser check.

    Raises: ValueError if the structures differ.

    >>> assert_same_structure({"a": [1, 2]}, {"a": [3, None]})
    >>> assert_same_structure([1, 2], [1, [2]])
    Traceback (most recent call last):
    ValueError: The structures differ: ...
    """
    left, right = _form(a), _form(b)
    if left != right:
        raise ValueError(f"The structures differ: {left} and {right}.")


def _form(structure, none_is_leaf=True):
    return optree.tree_structure(_with_plain_dicts(structure), none_is_leaf=none_is_leaf)


def _with_plain_dicts(structure):
    """A structure whose dicts are all of one kind."""
    is_other_dict = lambda x: isinstance(x, (collections.OrderedDict, collections.defaultdict))
    plain = lambda x: {key: _with_plain_dicts(value) for key, value in x.items()} if is_other_dict(x) else x
    return optree.tree_map(plain, structure, is_leaf=is_other_dict, none_is_leaf=True)


def assert_same_paths(a: TensorLike, b: TensorLike) -> None:
    """Check that the leaves of two structures have the same paths; lists and tuples may stand for one another.

    Raises: ValueError if the leaves' paths differ.

    >>> assert_same_paths({"a": [1, 2]}, {"a": (3, 4)})
    >>> assert_same_paths({"a": 1}, {"b": 1})
    Traceback (most recent call last):
    ValueError: The paths differ: [('a',)] and [('b',)].
    """
    left, right = ([path for path, _ in flatten_with_path(x)] for x in (a, b))
    if left != right:
        raise ValueError(f"The paths differ: {left} and {right}.")


def lists_to_tuples(structure: Tree) -> Any:
    """The structure, its lists made tuples.

    >>> lists_to_tuples({"a": [1, [2, 3]]})
    {'a': (1, (2, 3))}
    """
    if isinstance(structure, tuple) and hasattr(structure, "_fields"):
        return type(structure)(*map(lists_to_tuples, structure))
    if isinstance(structure, (list, tuple)):
        return tuple(lists_to_tuples(x) for x in structure)
    if isinstance(structure, dict):
        return {key: lists_to_tuples(x) for key, x in structure.items()}
    return structure


def map_shape_structure(func: Any, structure: Tree) -> Any:
    """`func` on every shape, where a shape is a tuple or list of integers and None.

    >>> map_shape_structure(len, {"x": (None, 3), "y": [(2,)]})
    {'x': 2, 'y': [1]}
    """

    def is_shape(x):
        return isinstance(x, (list, tuple)) and all(isinstance(d, (int, type(None))) for d in x)

    return optree.tree_map(func, structure, is_leaf=is_shape, none_is_leaf=True)


def _in_order(mapping):
    """The keys in the order in which the entries are visited."""
    if isinstance(mapping, collections.OrderedDict):
        return list(mapping)
    try:
        return sorted(mapping)
    except TypeError:  # of kinds that have no order
        return list(mapping)


def traverse(func: Any, structure: Tree, top_down: bool = True) -> Any:
    """Replace any part for which `func` returns something; a part that it returns None for is left as it is.

    Args:
        func: a function of any part, leaf or structure.
        structure: lists, tuples and dicts.
        top_down: whether a part comes before what is inside it, which is then left out if the part is replaced.

    >>> traverse(lambda x: x * 10 if isinstance(x, int) else None, {"a": [1, 2]})
    {'a': [10, 20]}
    """

    def inside(part):
        if isinstance(part, dict):
            replaced = {key: traverse(func, part[key], top_down) for key in _in_order(part)}
            return type(part)((key, replaced[key]) for key in part)
        if isinstance(part, tuple) and hasattr(part, "_fields"):
            return type(part)(*[traverse(func, v, top_down) for v in part])
        if isinstance(part, (list, tuple, collections.deque)):
            return type(part)(traverse(func, v, top_down) for v in part)
        return part

    if not top_down:
        structure = inside(structure)
    result = func(structure)
    if result is MAP_TO_NONE:
        return None
    if result is not None:
        return result
    return inside(structure) if top_down else structure
