"""The signatures of older versions of Keras: what a call of that time means. The tables beside this file are facts of its API."""

import ast
import dataclasses
import functools
import pathlib
from typing import Any

_HERE = pathlib.Path(__file__).parent
NEEDED: Any = object()  # the default of an argument that has none


@dataclasses.dataclass(frozen=True)
class Signature:
    """The parameters of an old function.

    Attributes:
        defaults: name -> default, in the order in which they are given; `NEEDED` without one.
        any_position, any_name: whether `*args` and `**kwargs` are taken.
    """

    defaults: dict[str, Any]
    any_position: bool = False
    any_name: bool = False

    def by_name(self, what, args, kwargs):
        """The arguments of a call by their names.

        Raises: TypeError for too many arguments, or one given twice.
        """
        names = list(self.defaults)
        if len(args) > len(names):
            raise TypeError(f"{what} takes {len(names)} arguments ({', '.join(names)}) by position; {len(args)} came.")
        given = dict(zip(names, args))
        twice = given.keys() & kwargs.keys()
        if twice:
            raise TypeError(f"{what} was given {', '.join(sorted(twice))} twice: by position and by name.")
        return given | kwargs


@functools.cache
def _table(generation):
    """(namespace, name) -> signature's text; a method's name has its class before it."""
    lines = (_HERE / f"{generation}.tsv").read_text(encoding="utf-8").splitlines()
    found: dict[tuple[str, str], str] = {}
    for line in lines:
        path, text = line.split("\t")
        namespace, _, rest = path.partition(".") if "." in path else ("", "", path)
        parts = rest.split(".")
        name = ".".join(parts[-2:]) if len(parts) > 1 and parts[-2] in ("Model", "Sequential") else parts[-1]
        found.setdefault((namespace, name), text)
    return found


@functools.cache
def paths(generation):
    """The full paths of all that a generation's table has: "layers.convolutional.Convolution2D"."""
    lines = (_HERE / f"{generation}.tsv").read_text(encoding="utf-8").splitlines()
    return [line.partition("\t")[0] for line in lines]


def names(generation, namespace):
    """The names that a namespace of a generation had."""
    return [name for home, name in _table(generation) if home == namespace and "." not in name]


@functools.cache
def signature(generation, namespace, name):
    """The signature of a class or function of a generation, None if it is not known."""
    table = _table(generation)
    text = next((table[home, name] for home in (namespace, "engine", "models", "") if (home, name) in table), None)
    if text is None or text.startswith("("):
        return None if text is None else parsed(text)
    original = original_name(generation, namespace, name)
    return None if original is None else signature(generation, namespace, original)


def original_name(generation, namespace, name):
    """The name of which `name` is another one in a namespace: "MaxNorm" for "maxnorm"; None if it is none."""
    text = _table(generation).get((namespace, name), "(")
    original = text.rpartition(".")[2]
    return None if text.startswith("(") or original == name else original


def parsed(text):
    """The signature of a text such as "(units, activation=None, **kwargs)".

    >>> parsed("(x, alpha=0.0, **kwargs)").defaults["alpha"]
    0.0
    """
    arguments = ast.parse(f"def f{text}: pass").body[0].args  # type: ignore[attr-defined]
    named = [a.arg for a in (*arguments.posonlyargs, *arguments.args)]
    defaults = [NEEDED] * (len(named) - len(arguments.defaults)) + [_value(node) for node in arguments.defaults]
    only_named = {a.arg: NEEDED if d is None else _value(d) for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults)}
    return Signature({**dict(zip(named, defaults)), **only_named}, arguments.vararg is not None, arguments.kwarg is not None)


def _value(node):
    """A default: a literal, or None for what is told by an expression (a dtype, which is the usual one)."""
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None
