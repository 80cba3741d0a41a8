"""Values by their paths, such as "dense/kernel", and the same as nested dicts."""

from typing import Any


def nested(flat):
    """A dict from path to value as nested dicts.

    Raises: ValueError if one path goes on where another ends.

    >>> nested({"dense/kernel": 1, "dense/bias": 2})
    {'dense': {'kernel': 1, 'bias': 2}}
    """
    tree: dict[str, Any] = {}
    for path, value in flat.items():
        *parents, last = path.split("/")
        place = tree
        for part in parents:
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                raise ValueError(f"The variable {path!r} stands inside another one by its name. Give its layer another name.")
        if last in place:
            raise ValueError(f"The path {path!r} stands for two things: give one of the layers in it another name.")
        place[last] = value
    return tree


def flattened(tree, prefix=""):
    """Nested dicts as a dict from path to value.

    >>> flattened({"dense": {"kernel": 1, "bias": 2}})
    {'dense/kernel': 1, 'dense/bias': 2}
    """
    found: dict[str, Any] = {}
    for key, value in tree.items():
        path = f"{prefix}/{key}" if prefix else key
        found |= flattened(value, path) if isinstance(value, dict) else {path: value}
    return found
