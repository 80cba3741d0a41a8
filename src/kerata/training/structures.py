"""What is given for a model's outputs (losses, metrics, targets, weights), matched with them in whatever structure they have."""

from typing import Any

from kerata.core import suggestions, tree


class Outputs:
    """A model's outputs by name.

    A name is a dict's key, or that of the layer which makes the output; inside of nested structures the way there comes
    first: "heads/left".

    Args:
        structure: the outputs, or anything in their structure.
        names: those of the layers that make them, in the order of the leaves; None where there is no graph.

    Attributes:
        items: a dict from name to output, in order.
        short: a dict from name to how the names of its metrics begin.
        nested: whether there are structures inside of the structure.
    """

    def __init__(self, structure: Any, names: Any = None) -> None:
        self.structure = structure
        found = tree.flatten_with_path(structure)
        in_graph = bool(names) and len(names) == len(found)
        if not in_graph:
            names = ["output"] if len(found) == 1 else [f"output_{i}" for i in range(len(found))]
        self.nested = any(len(path) > 1 for path, _ in found)
        whole = [_name_of(path, name) for (path, _), name in zip(found, names)]
        unique = [f"{n}_{whole[:i].count(n)}" if n in whole[:i] else n for i, n in enumerate(whole)]
        self.items = dict(zip(unique, (leaf for _, leaf in found)))
        ends = names if in_graph else [str(n).rsplit("/", 1)[-1] for n in unique]
        self.short = dict(zip(unique, ends if self.nested else unique))

    def matched(self, what: str, given: Any) -> dict[Any, Any]:
        """What is given for each output: one thing for all, a dict by name, or things in the outputs' structure.

        Raises: ValueError for names that no output has, which is a KeyError too where the outputs are a dict, and for lists
        of another length.
        """
        names = list(self.items)
        if isinstance(given, dict) and (not self.nested or given.keys() <= self.items.keys()):
            for key in given:
                if key not in self.items:
                    raise self._unknown(what, key)
            return {name: given.get(name) for name in names}
        return dict(zip(names, self._spread(what, given, self.structure)))

    def _unknown(self, what, key):
        names, kind = list(self.items), UnknownOutput if isinstance(self.structure, dict) else ValueError
        hint = suggestions.hint(key, names)
        return kind(f"{what} names the output {key!r}; the model's outputs are {', '.join(map(repr, names))}.{hint}")

    def _spread(self, what, given, structure):
        """What is given for a part of the outputs, as a list of what is for each of its leaves."""
        if not tree.is_nested(structure):
            if not isinstance(given, (list, tuple)) or what == "metrics":
                return [given]
            if len(given) == 1:
                return self._spread(what, given[0], structure)
            raise ValueError(f"{what} has {len(given)} entries for 1 outputs ({', '.join(map(str, self.items))}).")
        if not isinstance(given, (list, tuple, dict)):
            return [given] * len(tree.flatten(structure))
        parts = [structure[key] for key in sorted(structure)] if isinstance(structure, dict) else list(structure)
        if isinstance(given, dict):
            keys = sorted(structure) if isinstance(structure, dict) else []
            for key in given:
                if key not in keys:
                    raise self._unknown(what, key)
            given = [given.get(key) for key in keys]
        if len(given) != len(parts):
            raise ValueError(f"{what} has {len(given)} entries for {len(parts)} outputs ({', '.join(map(str, self.items))}).")
        return [x for one, part in zip(given, parts) for x in self._spread(what, one, part)]

    def targets(self, structure: Any, what: str = "y") -> dict[Any, Any]:
        """Targets or weights by output name; weights may be one array for all outputs.

        Raises: ValueError for lists of another length, and for one array of targets where there are several outputs.
        """
        names = list(self.items)
        if structure is None:
            return dict.fromkeys(names)
        if isinstance(structure, dict) and (not self.nested or set(structure) == set(names)):
            return _by_name(structure, names)
        if isinstance(structure, (list, tuple, dict)):
            return dict(zip(names, self._spread(what, structure, self.structure)))
        if len(names) > 1 and what == "y":
            raise ValueError(
                f"The model has {len(names)} outputs ({', '.join(map(str, names))}); y is one array. Give a list or a dict."
            )
        return dict.fromkeys(names, structure)


class UnknownOutput(KeyError, ValueError):
    """A name that no output has: as a key of a dict it is a KeyError, as an argument a ValueError."""

    def __str__(self):
        return self.args[0]


def _name_of(path, name):
    """The name of the output at a path, `name` being that of the layer that makes it."""
    if not path or len(path) == 1 and isinstance(path[0], str):
        return path[0] if path else name
    last = name if isinstance(path[-1], int) else path[-1]
    return "/".join(map(str, [*path[:-1], last])) if len(path) > 1 else last


def _by_name(structure, names):
    missing = [n for n in names if n not in structure]
    if missing and len(structure) == len(names) and all(str(n).startswith("output") for n in names):
        return dict(zip(names, structure.values()))
    return {name: structure.get(name) for name in names}
