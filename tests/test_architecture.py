"""The architecture as tests: imports point down the house, engines alone name a compute library, nothing is imported early."""

import ast
import pathlib
import subprocess
import sys

import pytest

from tests.inner_imports import KNOWN

ROOT = pathlib.Path(__file__).parent.parent / "src" / "kerata"

# From the roof to the ground: a folder imports from its own level and those below only.
HOUSE = [
    {"cli", "__main__"},
    {"visualization"},
    {"datasets", "utils", "preprocessing", "wrappers"},
    {"compat", "legacy", "mixed_precision", "backend"},
    {"distillation"},
    {"models"},
    {"saving"},
    {"training"},
    {"callbacks"},
    {"layers"},
    {"losses", "metrics", "optimizers", "quantizers", "random"},
    {"initializers", "regularizers", "constraints", "activations"},
    {"ops"},
    {"core", "tree", "config", "dtype_policies"},
    {"engines"},
]
LEVEL = {name: len(HOUSE) - i for i, names in enumerate(HOUSE) for name in names}
FILES = [f for f in sorted(ROOT.rglob("*.py")) if f != ROOT / "__init__.py"]
LIBRARIES = {"jax", "jaxlib", "torch", "tensorflow"}


def level(path):
    relative = path.relative_to(ROOT)
    return LEVEL[relative.parts[0].removesuffix(".py")]


def module_level_imports(tree):
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "kerata":
            yield from (f"kerata.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize("path", FILES, ids=lambda f: str(f.relative_to(ROOT)))
def test_imports_point_down(path):
    for name in module_level_imports(ast.parse(path.read_text())):
        parts = name.split(".")
        if parts[0] == "kerata" and len(parts) > 1 and parts[1] in LEVEL:
            assert LEVEL[parts[1]] <= level(path), f"{path.relative_to(ROOT)} imports {name} from above"


def inner_imports(path):
    """What functions of a file import, by statement and by `import_module`."""
    for function in ast.walk(ast.parse(path.read_text())):
        for node in ast.walk(function) if isinstance(function, (ast.FunctionDef, ast.Lambda)) else ():
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from (f"kerata.{a.name}" for a in node.names) if node.module == "kerata" else [node.module]
            elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
                name = node.args[0]
                yield name.value if isinstance(name, ast.Constant) else ast.unparse(name)


def test_imports_inside_functions_have_a_reason():
    found = {f"{path.relative_to(ROOT)}: {name}" for path in FILES for name in inner_imports(path)}
    assert not found - KNOWN, "import at the top of the file, or say why not in inner_imports.py"
    assert not KNOWN - found, "gone: take it out of inner_imports.py"


@pytest.mark.parametrize("path", [f for f in FILES if "engines" not in f.parts], ids=lambda f: str(f.relative_to(ROOT)))
def test_only_engines_name_a_compute_library(path):
    for node in ast.walk(ast.parse(path.read_text())):
        names = (
            [a.name for a in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
        assert not {n.split(".")[0] for n in names} & LIBRARIES, f"{path.relative_to(ROOT)}:{node.lineno}"


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()


def test_importing_kerata_imports_no_engine_and_nothing_heavy():
    loaded = run("import sys, kerata; print(*sorted(m.split('.')[0] for m in sys.modules))")
    assert not {"jax", "torch", "tensorflow", "h5py", "rich", "pandas", "scipy"} & set(loaded)


def test_building_a_model_imports_no_engine():
    code = (
        "import sys, kerata as k; m = k.Sequential([k.layers.Dense(3, input_shape=(4,)), k.layers.Dense(2)]);"
        "m.summary(print_fn=lambda line: None); m.get_weights(); print(*sorted(m.split('.')[0] for m in sys.modules))"
    )
    assert not {"jax", "torch", "tensorflow"} & set(run(code))


def test_functions_and_files_stay_small():
    long_files = [str(f.relative_to(ROOT)) for f in FILES if len(f.read_text().splitlines()) > 500]
    assert not long_files
    for f in FILES:
        for node in ast.walk(ast.parse(f.read_text())):
            if isinstance(node, ast.FunctionDef):
                first = node.body[1:2] if ast.get_docstring(node) is not None else node.body[:1]
                body = node.end_lineno - first[0].lineno + 1 if first else 0
                assert body <= 40, f"{f.relative_to(ROOT)}:{node.name} has {body} lines"
