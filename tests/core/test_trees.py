"""`kerata.tree` on namedtuples, dicts of all kinds, None, and structures that differ."""

import collections

import pytest

from kerata import tree

Pair = collections.namedtuple("Pair", "left right")


class Row(list):
    pass


class Table(dict):
    pass


def test_what_is_a_structure():
    nested = ([], (), {}, Pair(1, 2), collections.deque(), collections.OrderedDict())
    assert all(map(tree.is_nested, nested))
    assert not any(map(tree.is_nested, (1, "ab", {1}, None, range(3), Row(), Table())))
    assert tree.flatten([Row([1, 2]), Table(a=1)]) == [[1, 2], {"a": 1}]


def test_structures_mapped_together_are_alike():
    for left, right in (([1, 2], [3, [4]]), ([1, 2], (3, 4)), ([1, 2], [3]), ({"a": 1}, {"b": 1}), (Pair(1, 2), (3, 4))):
        with pytest.raises(ValueError):
            tree.map_structure(lambda a, b: a, left, right)
    ordered = collections.OrderedDict(a=2)
    assert tree.map_structure(lambda a, b: a + b, {"a": 1}, ordered) == {"a": 3}


def test_none_as_a_part_of_the_structure():
    assert tree.map_structure(lambda x: x is None, [None, 1]) == [True, False]
    assert tree.map_structure(lambda x: x is None, [None, 1], none_is_leaf=False) == [None, False]
    assert tree.map_structure(lambda a, b: (a, b), [None, 1], [None, 3], none_is_leaf=False) == [None, (1, 3)]
    for left, right in (([None, 1], [2, 3]), ([1, 2], [None, 3])):
        with pytest.raises(ValueError):
            tree.map_structure(lambda a, b: a, left, right, none_is_leaf=False)


def test_named_tuples_stay_what_they_are():
    assert tree.lists_to_tuples(Pair([1], 2)) == Pair((1,), 2)
    assert type(tree.lists_to_tuples(Pair([1], 2))) is Pair
    assert tree.traverse(lambda x: None, Pair(1, [2])) == Pair(1, [2])


def test_dicts_are_gone_through_in_the_order_of_their_keys():
    def visited(structure):
        seen = []
        tree.traverse(lambda x: seen.append(x) if isinstance(x, int) else None, structure)
        return seen

    assert visited({"b": 1, "a": 2}) == tree.flatten({"b": 1, "a": 2}) == [2, 1]
    assert visited(collections.OrderedDict([("b", 1), ("a", 2)])) == [1, 2]
    assert list(tree.traverse(lambda x: None, {"b": 1, "a": 2})) == ["b", "a"]
    assert visited({2: 1, "a": 2}) == [1, 2]
