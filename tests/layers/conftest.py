"""Many small programs are compiled here and run once: compiling them without optimization is faster."""

import os
import tempfile

import jax
import pytest

SETTINGS = {
    "jax_disable_most_optimizations": True,
    "jax_compilation_cache_dir": os.path.join(tempfile.gettempdir(), "kerata-tests-jax"),
    "jax_persistent_cache_min_compile_time_secs": 0.0,
}


@pytest.fixture(autouse=True, scope="module")
def quick_compilation():
    """Without most of XLA's optimizations, and with what earlier runs compiled, while a module of this folder runs."""
    before = {name: jax.config.values[name] for name in SETTINGS}
    for name, value in SETTINGS.items():
        jax.config.update(name, value)
    yield
    for name, value in before.items():
        jax.config.update(name, value)
