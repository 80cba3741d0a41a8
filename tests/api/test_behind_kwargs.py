"""What Keras's constructors take behind `**kwargs`: the arguments of their bases, which a table of signatures does not show."""

import inspect

import pytest

import kerata
from kerata.core import suggestions
from tests.oracle import keras

NAMESPACES = (
    "layers losses metrics optimizers optimizers.schedules initializers regularizers constraints callbacks quantizers".split()
)
# Set by the class itself: a caller who gave them would give them twice.
SET_BY_THE_CLASS = {
    "rank": "convolutions of one, two and three axes",
    "pool_dimensions": "pooling along one, two and three axes",
    "pool_mode": "pooling by the maximum and by the mean",
    "fn": "losses and metrics of one function",
    "factor": "image layers without one",
}
# Keras's base has them, and the class hands nothing on.
NOT_HANDED_ON = {
    ("ReduceLROnPlateau", "baseline"),
    ("StringLookup", "vocabulary_dtype"),
    ("StringLookup", "oov_method"),
    ("IntegerLookup", "oov_method"),
}


def arguments_behind(cls):
    """The arguments of a class's constructor and, where that takes `**kwargs`, of its bases'."""
    names = []
    for base in cls.__mro__:
        if "__init__" not in vars(base) or base is object:
            continue
        parameters = inspect.signature(base.__init__).parameters.values()
        names += [p.name for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL) and p.name != "self"]
        if not any(p.kind is p.VAR_KEYWORD for p in parameters):
            break
    return dict.fromkeys(names)


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_every_argument_is_taken(namespace):
    theirs = keras()
    for part in namespace.split("."):
        theirs = getattr(theirs, part)
    mine = kerata
    for part in namespace.split("."):
        mine = getattr(mine, part)
    lacking = []
    for name in dir(theirs):
        cls = getattr(theirs, name)
        if not inspect.isclass(cls) or name.startswith("_") or not hasattr(mine, name):
            continue
        known = suggestions.arguments_of(getattr(mine, name))
        lacking += [
            (name, argument)
            for argument in arguments_behind(cls)
            if argument not in known and argument not in SET_BY_THE_CLASS and (name, argument) not in NOT_HANDED_ON
        ]
    assert not lacking


def test_arguments_behind_are_used():
    assert kerata.layers.CenterCrop(2, 2, bounding_box_format="xywh").bounding_box_format == "xywh"
    assert kerata.layers.Conv2D(2, 1, lora_rank=3, lora_alpha=6).lora_alpha == 6
    scaled = kerata.optimizers.LossScaleOptimizer(kerata.optimizers.SGD(), name="scaled")
    assert scaled.name == "scaled"
    with pytest.raises(TypeError, match="bounding_box_format"):
        kerata.layers.CenterCrop(2, 2, bounding_box_formt="xywh")
