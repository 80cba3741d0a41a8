"""Namespaces whose names are loaded when they are first used.

A namespace's stub, the `__init__.pyi` beside its `__init__.py`, is the one list of its names: type checkers and editors read
it, and so does Python (as in SPEC 1 of Scientific Python, whose `lazy_loader` takes names of the same folder only).
"""

import importlib
import sys


def attach(package, file):
    """`__getattr__`, `__dir__` and `__all__` of a package, from its stub.

    Args:
        package: the package's `__name__`.
        file: its `__file__`.
    """
    names = names_in(file.removesuffix("c").removesuffix(".py") + ".pyi")
    module = sys.modules[package]

    def __getattr__(name):
        if name not in names or names[name] is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        home, original = names[name]
        if home == package:
            return importlib.import_module(f"{home}.{original}")
        found = getattr(importlib.import_module(home), original)
        setattr(module, name, found)
        return found

    return __getattr__, lambda: sorted(names), list(names)


def names_in(stub):
    """The names that a stub exports: name -> (module, name there), or None for what the stub itself declares."""
    with open(stub, encoding="utf-8") as file:
        text = file.read()
    names = {}
    for statement in text.split("\nfrom ")[1:]:
        home, _, imported = statement.partition(" import ")
        imported = imported[1:].partition(")")[0] if imported.startswith("(") else imported.partition("\n")[0]
        for item in filter(str.strip, imported.split(",")):
            original, _, name = item.strip().partition(" as ")
            names[name] = home, original
    renamed = [line.split(" = ") for line in text.splitlines() if " = " in line and line[0].isalpha()]
    names |= {name: names[original] for name, original in renamed}
    declared = [line.removeprefix("def ") for line in text.splitlines() if line.startswith("def ") or line[:1] == "_"]
    return names | {line.partition("(")[0].partition(":")[0]: None for line in declared}
