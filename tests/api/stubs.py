"""The stubs of `kerata.ops`, made from the modules: what editors and type checkers see of functions that are rows of tables.

`python -m tests.api.stubs` writes them; `test_stubs.py` holds them against the modules.
"""

import importlib
import inspect
import pathlib
import subprocess
import sys
import types

import kerata

ROOT = pathlib.Path(kerata.__file__).parent
# The files whose names are those of `keras.ops`, and of `keras.ops.numpy`.
NUMPY = "creation elementwise indexing joining products reductions shaping statistics windows".split()
OTHERS = (
    "activation attention complex_numbers convolution core crossentropy ctc_decoding distances layouts linalg "
    "normalization pooling segments sets signal special vectorizing"
).split()
# Those of `keras.ops.nn`; `min_pool` is one of `keras.ops` alone.
NN = "activation attention convolution crossentropy ctc_decoding normalization pooling".split()
BESIDE = {"depth_to_space": "layouts", "fold": "layouts", "polar": "complex_numbers", "psnr": "distances",
          "space_to_depth": "layouts", "unfold": "layouts"}  # fmt: skip
ABOVE = {
    "bincount": "segments",
    "slogdet": "linalg",
    "unique": "sets",
    "vectorize": "vectorizing",
    "view": "complex_numbers",
}
MODULES = {"image": "image", "linalg": "linalg", "nn": "nn", "numpy": "numpy"}


def exports(file):
    """The public names of a file of `ops`."""
    module = importlib.import_module(f"kerata.ops.{file}")
    own = [name for name, value in vars(module).items() if getattr(value, "__module__", None) == module.__name__]
    return sorted(getattr(module, "__all__", [name for name in own if not name.startswith("_")]))


def imports(files, more=()):
    """Lines that import the public names of some files."""
    found = {name: file for file in files for name in exports(file)} | dict(more)
    return [f"from kerata.ops.{file} import {name} as {name}" for name, file in sorted(found.items(), key=lambda p: p[::-1])]


def gathered(doc, lines):
    """A stub that imports names."""
    return "\n".join([f'"""{doc}"""', "", *lines, ""])


def declared(file):
    """A stub that declares the functions of a file which is made of tables."""
    module = importlib.import_module(f"kerata.ops.{file}")
    lines = [
        f'"""{module.__doc__}"""',
        "",
        "from typing import Any",
        "",
        "from kerata.core.types import Tensor, TensorLike",
        "",
    ]
    for name, value in sorted(vars(module).items()):
        if isinstance(value, types.FunctionType) and value.__module__ == module.__name__ and not name.startswith("_"):
            lines += [declaration(name, value), ""]
    return "\n".join([*lines, f"__all__: list[str] = {exports(file)!r}", ""])


def declaration(name, function):
    """`def add(x1: TensorLike, x2: TensorLike) -> Tensor:` and the doc string's first line."""
    parameters = []
    for p in inspect.signature(function).parameters.values():
        kind = "TensorLike" if p.name[0] in "xyabn" and p.default is p.empty else "Any"
        parameters.append(f"{p.name}: {kind}" + ("" if p.default is p.empty else f" = {p.default!r}"))
    doc = (inspect.getdoc(function) or "").splitlines()
    returns = "bool" if name.startswith("is_") else "Tensor"
    return f'def {name}({", ".join(parameters)}) -> {returns}:\n    """{doc[0] if doc else ""}"""'


def stubs():
    """All stubs that are made: path -> text."""
    namespaces = [f"from kerata.ops import {module} as {name}" for name, module in MODULES.items()]
    return {
        ROOT / "ops/__init__.pyi": gathered(
            "Every op, once. The names here are those of `keras.ops`.", namespaces + imports([*NUMPY, *OTHERS])
        ),
        ROOT / "ops/numpy.pyi": gathered(
            "The numpy-like ops, gathered: the names of `keras.ops.numpy`.", imports(NUMPY, ABOVE.items())
        ),
        ROOT / "ops/nn.pyi": gathered(
            "The ops of neural networks, gathered: the names of `keras.ops.nn`.", imports(NN, BESIDE.items())
        ),
        ROOT / "ops/elementwise.pyi": declared("elementwise"),
    }


def formatted(text):
    """A stub as ruff writes it."""
    for arguments in (["check", "--select", "I", "--fix", "-q"], ["format", "-q"]):
        command = [sys.executable, "-m", "ruff", *arguments, "--stdin-filename", str(ROOT / "ops/stub.pyi"), "-"]
        text = subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout
    return text


if __name__ == "__main__":
    for path, text in stubs().items():
        path.write_text(formatted(text))
