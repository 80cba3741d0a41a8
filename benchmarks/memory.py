"""Growth of memory while a model goes over large arrays, kerata beside Keras on one engine.

    python benchmarks/memory.py [jax | torch | tensorflow] [--mib 953] [--cases fit:float32,predict:memmap]

Each contender and case has a process of its own: it makes the arrays, goes over a few batches of them, so that imports and
compilation don't count, and then over all. Its parent reads every few milliseconds how much memory it holds beyond files
(`RssAnon`: pages of a memory map that the system can drop don't count) and notes the peak above the start. Linux only.
"""

import argparse
import gc
import os
import select
import subprocess
import sys
import tempfile

import numpy as np

BATCH, WIDTH = 256, 1000
LIBRARIES = ("kerata", "keras")
CASES = (
    "fit:float32",
    "fit:float64",
    "fit:int64_labels",  # few inputs, as many labels as fill the memory
    "fit:memmap",
    "evaluate:float32",
    "evaluate:float64",
    "evaluate:memmap",
    "predict:float32",
    "predict:float64",
    "predict:memmap",
)


def arrays(kind, mib, folder):
    """Inputs and targets, the larger of which takes so many MiB: a whole number of batches."""
    dtype = np.dtype({"float64": "float64", "int64_labels": "int64"}.get(kind, "float32"))
    rows = max(1, mib * 2**20 // (WIDTH * dtype.itemsize * BATCH)) * BATCH
    random = np.random.default_rng(0)
    if kind == "int64_labels":
        return random.random((rows, 8), dtype="float32"), random.integers(0, 2, (rows, WIDTH))
    y = random.random((rows, 1), dtype="float32")
    if kind != "memmap":
        return random.random((rows, WIDTH), dtype=dtype), y
    path = os.path.join(folder, "x")
    written = np.memmap(path, dtype, "w+", shape=(rows, WIDTH))
    for start in range(0, rows, BATCH):
        written[start : start + BATCH] = random.random((BATCH, WIDTH), dtype=dtype)
    written.flush()
    return np.memmap(path, dtype, "r", shape=(rows, WIDTH)), y


def run(library, case, mib, folder):
    """In a process of its own: gets ready, says so, waits for a line, goes over the arrays, says so."""
    keras = __import__(library)
    method, kind = case.split(":")
    x, y = arrays(kind, mib, folder)
    model = keras.Sequential([keras.Input(x.shape[1:]), keras.layers.Dense(8, "relu"), keras.layers.Dense(y.shape[1])])
    model.compile("adam", "mse")
    few = slice(8 * BATCH)
    go = lambda *data: getattr(model, method)(*data, batch_size=BATCH, verbose=0)
    go(*(x[few], y[few])[: 1 if method == "predict" else 2])
    gc.collect()
    print("ready", flush=True)
    sys.stdin.readline()
    go(*(x, y)[: 1 if method == "predict" else 2])
    print("done", flush=True)
    sys.stdin.readline()


def held(process):
    """MiB that a process holds beyond files."""
    with open(f"/proc/{process.pid}/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("RssAnon"))


def growth(library, engine, case, mib):
    """MiB at the peak above the start."""
    environment = {**os.environ, "KERATA_BACKEND": engine, "KERAS_BACKEND": engine, "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment.setdefault("JAX_PLATFORMS", "cpu")
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+") as errors:
        command = [sys.executable, "-W", "ignore", __file__, engine, "--mib", str(mib), "--run", library, case, folder]
        pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)
        with subprocess.Popen(command, text=True, env=environment, **pipes) as process:
            if process.stdout.readline() != "ready\n":
                errors.seek(0)
                print(f"{library}, {case}: {errors.read().strip().splitlines()[-1:]}", file=sys.stderr)
                return float("nan")
            start = peak = held(process)
            process.stdin.write("go\n")
            process.stdin.flush()
            while not select.select([process.stdout], [], [], 0.003)[0]:
                peak = max(peak, held(process))
            if process.stdout.readline() != "done\n":
                return float("nan")
            peak = max(peak, held(process))
            process.communicate("\n")
            return peak - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("engine", nargs="?", choices=["jax", "torch", "tensorflow"], default="jax")
    parser.add_argument("--mib", type=int, default=953, help="size of the arrays")
    parser.add_argument("--cases", type=lambda names: names.split(","), default=CASES, help="some of " + ", ".join(CASES))
    parser.add_argument("--run", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        library, case, folder = options.run
        run(library, case, options.mib, folder)
        return
    print(f"{options.engine + ', ' + str(options.mib) + ' MiB':24}", *[f"{name + ' MiB':>12}" for name in LIBRARIES])
    for case in options.cases:
        grown = [growth(library, options.engine, case, options.mib) for library in LIBRARIES]
        print(f"{case.replace(':', ', ').replace('_', ' '):24}", *[f"{mib:12.0f}" for mib in grown], flush=True)


if __name__ == "__main__":
    main()
