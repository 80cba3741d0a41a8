"""Fixtures that all tests share."""

import os

os.environ.setdefault("KERAS_BACKEND", "jax")  # for the oracle
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import pytest

from kerata import engines


@pytest.fixture(params=["jax", "numpy"])
def engine(request):
    """Each engine in turn, in force for the test."""
    with engines.use_engine(request.param) as current:
        yield current


@pytest.fixture
def training_engine():
    """The engine that trains."""
    with engines.use_engine("jax") as current:
        yield current
