"""Fixtures that all tests share."""

import os

os.environ.setdefault("KERAS_BACKEND", "jax")  # for the oracle
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import pytest

from kerata import engines


@pytest.fixture(params=["jax", "tensorflow", "numpy"])
def engine(request):
    """Each engine in turn, in force for the test."""
    with engines.use_engine(request.param) as current:
        yield current


@pytest.fixture(params=["jax", "tensorflow"])
def training_engine(request):
    """Each engine that trains."""
    with engines.use_engine(request.param) as current:
        yield current
