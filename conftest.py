"""What all tests share, those in doc strings too, and the processes that they start.

The engine of kerata and of the oracle, unless a test names another; and the programs that JAX compiled in earlier runs,
kept in the system's temporary folder: with them the tests take about half the time.
"""

import gc
import os
import tempfile

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # the tests themselves run side by side
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", os.path.join(tempfile.gettempdir(), "kerata-tests-jax"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
# Small programs that run once take less time so than with the kernels of XLA's newer generator.
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_use_fusion_emitters=false")


def pytest_collection_finish():
    """What the libraries hold for good is not looked through for garbage again and again."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
