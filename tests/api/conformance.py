"""kerata's public names held against Keras's: which are there, and whether they take the same arguments.

`python -m tests.api.conformance` prints what differs. With `--update` it takes the names that have appeared since out of
`waiting.txt`; it never adds one.
"""

import ast
import csv
import fnmatch
import importlib
import inspect
import pathlib
import sys
import types

import kerata
from kerata.core import fields
from tests.api import exceptions, instances

FOLDER = pathlib.Path(__file__).parent
WAITING = FOLDER / "waiting.txt"


def rows():
    """The public names of Keras 3.15.1 as `(name, kind, signature)`."""
    with (FOLDER / "keras-3.15.1.tsv").open(newline="") as file:
        return [tuple(row) for row in list(csv.reader(file, delimiter="\t"))[1:]]


def waiting():
    """The names that kerata lacks today."""
    return set(WAITING.read_text().split())


def found(name):
    """What kerata has under Keras's name `name`.

    Raises: AttributeError or ImportError if there is nothing.
    """
    value, path = kerata, "kerata"
    for part in name.split(".")[1:]:
        path += f".{part}"
        if isinstance(value, types.ModuleType) and not hasattr(value, part):
            value = importlib.import_module(path)
        elif inspect.isclass(value) and not hasattr(value, part) and part in fields.fields(value):
            value = fields.fields(value)[part]
        elif inspect.isclass(value) and not hasattr(value, part):
            value = getattr(instances.of(value), part)
        else:
            value = getattr(value, part)
    return value


def complaint(name, kind, signature):
    """What is wrong with kerata's `name`, None if it is as Keras's."""
    try:
        value = found(name)
    except (AttributeError, ImportError) as error:
        return f"missing: {error}"
    if kind not in ("class", "function", "method"):
        return None
    if not callable(value):
        return f"no {kind}: {value!r}"
    expected, given = parameters(signature), parameters(str(inspect.signature(value)))
    if kind == "method" and given[:1] == [("self", None)]:
        given = given[1:]
    if given == expected or expected == [("*args", None), ("**kwargs", None)]:
        return None
    return f"Keras has {signature}, kerata {inspect.signature(value)}"


def parameters(signature):
    """A written signature as a list of pairs: a parameter's name (with its stars) and its default as text, None if it has none.

    >>> parameters("(x, axis=-1, **kwargs)")
    [('x', None), ('axis', '-1'), ('**kwargs', None)]
    """
    text = signature.rpartition(" -> ")[0] or signature
    try:
        arguments = ast.parse(f"def f{text}: pass").body[0].args
    except SyntaxError:  # a default that is an object, shown as <...>
        return [(text, None)]
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(positional) - len(arguments.defaults)) + [ast.unparse(d) for d in arguments.defaults]
    result = [(a.arg, d) for a, d in zip(positional, defaults)]
    if arguments.vararg:
        result.append((f"*{arguments.vararg.arg}", None))
    result += [(a.arg, d and ast.unparse(d)) for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults)]
    return result + ([(f"**{arguments.kwarg.arg}", None)] if arguments.kwarg else [])


def exception_for(name):
    """The reason of the table of exceptions that covers `name`, None if none does."""
    for reason, patterns in exceptions.REASONS.items():
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns):
            return reason
    return None


def differences():
    """The names that differ, with what is wrong with them."""
    return {name: wrong for name, kind, signature in rows() if (wrong := complaint(name, kind, signature)) is not None}


def main():
    """Print what differs; with `--update`, shorten `waiting.txt`."""
    differing = differences()
    for name, wrong in differing.items():
        print(f"{name}: {wrong}", f"[{exception_for(name) or ('waiting' if name in waiting() else 'NEW')}]")
    if "--update" in sys.argv:
        WAITING.write_text("".join(f"{name}\n" for name in sorted(waiting() & set(differing))))


if __name__ == "__main__":
    main()
