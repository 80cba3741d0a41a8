"""`Config`, beside the oracle's."""

import json

import pytest

from kerata.utils import Config
from tests.oracle import keras as oracle

CHANGES = [
    lambda c: setattr(c, "x", 1),
    lambda c: c.__setitem__("x", 1),
    lambda c: c.pop("a"),
    lambda c: c.update({"x": 3}, y=4),
    lambda c: c.__delitem__("b"),
    lambda c: c.pop("z", 5),
]


@pytest.mark.parametrize("change", CHANGES)
def test_changes_are_those_of_keras(change):
    mine, theirs = Config(a=1, b="t"), oracle().utils.Config(a=1, b="t")
    assert change(mine) == change(theirs)
    assert mine.as_dict() == theirs.as_dict() and mine.to_json() == theirs.to_json() and repr(mine) == repr(theirs)
    assert list(mine) == list(theirs) and list(mine.items()) == list(theirs.items())
    assert (len(mine), "x" in mine, mine.get("x"), mine.get("q", 7)) == (len(theirs), "x" in theirs, theirs.get("x"), 7)
    assert list(mine.values()) == list(theirs.values()) and json.loads(mine.to_json()) == mine.as_dict()


@pytest.mark.parametrize("change", [*CHANGES, lambda c: delattr(c, "a")])
def test_a_frozen_config_does_not_change(change):
    config = Config(a=1, b="t")
    config.freeze()
    assert config.frozen
    with pytest.raises(ValueError, match="frozen"):
        change(config)
    assert config.as_dict() == {"a": 1, "b": "t"} and config.a == config["a"] == 1
    config.unfreeze()
    change(config)
    assert config.as_dict() != {"a": 1, "b": "t"} or change is CHANGES[-1]


def test_unknown_names_raise():
    config = Config(a=1)
    with pytest.raises(AttributeError, match="'b'; it has a"):
        config.b  # noqa: B018
    with pytest.raises(KeyError):
        config["b"]
    with pytest.raises(AttributeError, match="'b'"):
        del config.b


def test_copies():
    import copy
    import pickle

    config = Config(a=1)
    for other in (copy.deepcopy(config), pickle.loads(pickle.dumps(config))):
        other.a = 2
        assert (config.a, other.a) == (1, 2)
