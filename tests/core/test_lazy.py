"""Namespaces are lists of names in stubs: each is there, and nothing else shows."""

import importlib
import pathlib
import pkgutil
import types

import pytest

import kerata
from kerata.core import lazy

ROOT = pathlib.Path(kerata.__file__).parent
STUBS = sorted(
    f for f in ROOT.rglob("*.pyi") if f.with_suffix(".py").exists() and "lazy.attach" in f.with_suffix(".py").read_text()
)


def package_of(stub):
    parts = stub.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("stub", STUBS, ids=package_of)
def test_every_name_of_a_stub_is_there(stub):
    module = importlib.import_module(package_of(stub))
    names = lazy.names_in(str(stub))
    assert names
    for name in names:
        assert getattr(module, name) is not None, name
    assert dir(module) == sorted(names)
    assert set(module.__all__) == set(names)


@pytest.mark.parametrize("stub", STUBS, ids=package_of)
def test_no_name_is_hidden_by_a_file(stub):
    """Python sets a file that is imported as an attribute of its folder: it must not take a name's place."""
    package = package_of(stub)
    module = importlib.import_module(package)
    files = {m.name for m in pkgutil.iter_modules(getattr(module, "__path__", []))}
    for name in files & lazy.names_in(str(stub)).keys():
        assert isinstance(getattr(module, name), types.ModuleType), name


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'kerata.layers' has no attribute 'Dens'"):
        _ = kerata.layers.Dens
