"""Parameters that a function takes and never reads, found in the source.

`python -m tests.api.parameters` prints those that no table of `test_parameters.py` explains.
"""

import ast
import dataclasses
import functools
import importlib
import inspect
import pathlib
import re

import kerata

ROOT = pathlib.Path(kerata.__file__).parent

# Methods that Python calls, with arguments that are its own affair.
OF_PYTHON = {"__exit__", "find_spec", "create_module"}

# Arguments that `make_weight` reads by the weight's name.
OF_WEIGHTS = ("_initializer", "_regularizer", "_constraint")


@dataclasses.dataclass(frozen=True)
class Unread:
    """A parameter that is accepted and ignored."""

    where: str  # "kerata.ops.special.top_k"
    parameter: str
    told: bool  # whether a doc string tells of it: the function's own, that of its class, or that of its constructor


def files():
    """The modules of kerata, but for the engines: those keep a contract, which `tests/engines/test_contract.py` checks."""
    return [f for f in sorted(ROOT.rglob("*.py")) if "engines" not in f.parts]


def module_of(path):
    """A file's module: src/kerata/ops/nn.py -> "kerata.ops.nn"."""
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def functions(tree):
    """The public functions of a module and methods of its classes as `(class node or None, function node)`."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and is_public(node.name) and not is_overload(node):
            yield None, node
        elif isinstance(node, ast.ClassDef):
            yield from ((node, f) for f in node.body if isinstance(f, ast.FunctionDef) and is_public(f.name))


def is_overload(function):
    """Whether a function only tells type checkers of a form of the one below it."""
    return any(ast.unparse(decorator).endswith("overload") for decorator in function.decorator_list)


def is_public(name):
    """Whether users call a function or method of this name, or Python does for them."""
    return not name.startswith("_") or name.startswith("__") and name.endswith("__")


def body_of(function):
    """A function's statements without its doc string."""
    return function.body[1:] if ast.get_docstring(function) is not None else function.body


def parameters(function):
    """The names of a function's parameters, those with stars among them; a leading underscore says that one is not used."""
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    named += [a for a in (arguments.vararg, arguments.kwarg) if a is not None]
    return [a.arg for a in named if a.arg not in ("self", "cls") and not a.arg.startswith("_")]


def unread(function):
    """The parameters that a function's body never reads; `locals()` reads them all."""
    read = {
        node.id
        for statement in function.body
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Load, ast.Del))
    }
    return [] if "locals" in read else [name for name in parameters(function) if name not in read]


def is_hook(function):
    """Whether a method is there to be overridden: it does nothing, raises, returns a constant or what it was given, or calls
    another hook with all that it was given."""
    for statement in body_of(function):
        value = getattr(statement, "value", None)
        if isinstance(value, ast.Call):
            given = [*value.args, *(keyword.value for keyword in value.keywords)]
            if [getattr(a, "id", None) for a in given] == parameters(function):
                continue
        nothing = isinstance(statement, (ast.Pass, ast.Raise)) or isinstance(statement, ast.Expr) and _is_constant(value)
        given = isinstance(value, ast.Name) and value.id in parameters(function)
        if not nothing and not (isinstance(statement, ast.Return) and (value is None or _is_constant(value) or given)):
            return False
    return True


def _is_constant(node):
    return isinstance(node, ast.Constant)


@functools.cache
def tree_of(path):
    """A file's syntax tree."""
    return ast.parse(path.read_text())


@functools.cache
def methods():
    """All methods of kerata's classes: `(module, class, method)` -> node."""
    return {
        (module_of(path), cls.name, node.name): node
        for path in files()
        for cls in tree_of(path).body
        if isinstance(cls, ast.ClassDef)
        for node in own_nodes(cls)
        if isinstance(node, ast.FunctionDef)
    }


def own_nodes(cls):
    """What a class's body holds at run time; `if TYPE_CHECKING: ... else: ...` is its `else`."""
    for node in cls.body:
        yield from node.orelse if isinstance(node, ast.If) else [node]


def fills_a_hook(module, cls, method, parameter):
    """Whether a base class sets the method's parameters, and its own method of the name is a hook that has this one."""
    bases = getattr(importlib.import_module(module), cls).__mro__[1:]
    found = (methods().get((base.__module__, base.__name__, method)) for base in bases)
    return any(node is not None and is_hook(node) and parameter in parameters(node) for node in found)


def found():
    """All parameters that are accepted and ignored."""
    for path in files():
        module = module_of(path)
        for cls, function in functions(tree_of(path)):
            if function.name in OF_PYTHON or cls is not None and is_hook(function):
                continue
            told = " ".join(filter(None, (ast.get_docstring(node) for node in (cls, function) if node is not None)))
            for name in unread(function):
                if cls is None or not fills_a_hook(module, cls.name, function.name, name):
                    where = ".".join(filter(None, (module, cls and cls.name, function.name)))
                    yield Unread(where, name, name in re.findall(r"\w+", told))


def kept_only():
    """Constructors' parameters that become attributes, and that nobody reads again."""
    trees = [tree_of(path) for path in sorted(ROOT.rglob("*.py"))]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    read = {node.attr for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)}
    read |= {
        n.slice.value for n in nodes if isinstance(n, ast.Subscript) and isinstance(n.slice, ast.Constant)
    }  # vars(self)["a"]
    for (module, cls, method), node in methods().items():
        if method == "__init__":
            uses = [n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)]
            for attribute, name in _kept(node):
                if attribute not in read and uses.count(name) == 1:
                    yield f"{module}.{cls}", name
    for module, cls in classes():
        value = getattr(importlib.import_module(module), cls)
        function = getattr(value, "fn", getattr(value, "_fn", None))  # losses and metrics give a function its arguments
        handed_on = inspect.signature(function).parameters if function is not None else ()
        for name, declared in vars(value).get("_own_fields", {}).items():
            if declared.attribute not in {*read, *handed_on, getattr(value, "limit", None)} and not declared.attribute.endswith(
                OF_WEIGHTS
            ):
                yield f"{module}.{cls}", name


def classes():
    """All of kerata's classes: `(module, class)`."""
    for path in files():
        yield from ((module_of(path), node.name) for node in tree_of(path).body if isinstance(node, ast.ClassDef))


def _kept(constructor):
    """The parameters that a constructor sets as attributes just as they come: `(attribute, parameter)`."""
    for node in ast.walk(constructor):
        if isinstance(node, ast.Assign):
            targets, values = ([x.elts if isinstance(x, ast.Tuple) else [x]][0] for x in (node.targets[0], node.value))
            for target, value in zip(targets, values):
                if isinstance(target, ast.Attribute) and isinstance(value, ast.Name) and value.id in parameters(constructor):
                    yield target.attr, value.id


if __name__ == "__main__":
    from tests.api.test_parameters import reason_for

    for parameter in found():
        if reason_for(parameter) is None:
            print(parameter)
