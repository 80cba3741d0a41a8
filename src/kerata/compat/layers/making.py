"""How the layers of this folder come to the generations that had them."""

from kerata.compat import editions, initializations, regularizers
from kerata.compat.generations import ByGeneration
from kerata.compat.layers.old_layer import OldLayer
from kerata.compat.layers.recurrent import OldRNN
from kerata.core.registry import public_name
from kerata.layers.recurrent import RNN

ALL = ("keras1", "keras2", "tf_keras")
_PARTS = "kernel recurrent bias embeddings beta gamma alpha depthwise pointwise".split()


def values(generation):
    """Functions that turn initializers and regularizers of a generation into those of today, by the arguments' names."""
    name = generation.name
    found = {f"{part}_initializer": lambda value: initializations.initializer(value, name) for part in _PARTS}
    found |= {f"{part}_regularizer": lambda value: regularizers.regularizer(value, name) for part in (*_PARTS, "activity")}
    return found


def layer(cls=None, *generations, **by_generation):
    """A layer as some generations called it; the others have that of its name in `kerata.layers`, if there is one.

    Args:
        cls: the class, with arguments of today's names.
        generations: "keras1", "keras2" or "tf_keras"; all if none is given.
        by_generation: the classes of single generations, in place of that.
    """

    def make(generation):
        found = by_generation.get(generation.name, cls if generation.name in (generations or ALL) else None)
        return None if found is None else _edition(found, generation)

    return ByGeneration(make)


def _edition(cls, generation):
    call = editions.Call(generation.name, cls, "layers", public_name(cls), generation.values("layers"))
    mixins = (OldRNN, OldLayer) if issubclass(cls, RNN) else (OldLayer,)
    return editions.edition_of_class(call, mixins, generation.numbers_names)


def function(found, *generations):
    """A function that some generations had."""
    return ByGeneration(lambda generation: found if generation.name in (generations or ALL) else None)
