"""What all tests share, those in doc strings too: the engine of kerata and of the oracle unless a test names another."""

import os

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # the tests themselves run side by side
