"""Fixtures that all tests share."""

import jax
import pytest

from kerata import engines

collect_ignore = ["typing/user_code.py"]  # for type checkers alone: half of it is wrong


@pytest.fixture(autouse=True, scope="session")
def quick_compilation():
    """Without most of XLA's optimizations: thousands of small programs are compiled here and run once."""
    jax.config.update("jax_disable_most_optimizations", True)


@pytest.fixture(params=["jax", "torch", "tensorflow", "numpy"])
def engine(request):
    """Each engine in turn, in force for the test; nothing is kept for gradients, so results turn into NumPy arrays."""
    with engines.use_engine(request.param) as current, current.no_gradients():
        yield current


@pytest.fixture(params=["jax", "torch", "tensorflow"])
def training_engine(request):
    """Each engine that trains."""
    with engines.use_engine(request.param) as current, current.no_gradients():
        yield current
