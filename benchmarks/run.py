"""Kerata and its peers side by side: `python benchmarks/run.py [case ...]`.

Each contender runs each case in a process of its own, turn by turn, several times; the medians and their ratios to
kerata's peers are printed. On a shared machine only the ratios mean something.
"""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
CASES = ["tiny_mlp", "mlp_32", "mlp_128", "cnn", "lstm", "transformer", "predict_one", "startup", "build_mobilenet"]
ONLY_LIBRARIES = {"startup", "build_mobilenet"}


def measure(contender, case, python):
    """The median of one process's rounds, None if it could not run."""
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": os.environ.get("JAX_PLATFORMS", "cpu")}
    done = subprocess.run([python, str(HERE / "measure.py"), contender, case], capture_output=True, text=True, env=environment)
    if done.returncode:
        print(f"{contender} on {case}: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return None
    return statistics.median(json.loads(done.stdout.splitlines()[-1]))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", default=CASES)
    parser.add_argument("--turns", type=int, default=3, help="processes for each contender and case")
    parser.add_argument("--torch-python", default=sys.executable, help="an interpreter that has PyTorch")
    options = parser.parse_args()
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"{'case':16} {'kerata':>9} {'Keras/JAX':>10} {'JAX':>9} {'PyTorch':>9}   ms; ratios of kerata to each")
    for case in options.cases or CASES:
        contenders = ["kerata", "keras"] if case in ONLY_LIBRARIES else ["kerata", "keras", "jax", "torch"]
        found = {c: [] for c in contenders}
        for _ in range(options.turns):
            for c in contenders:
                found[c].append(measure(c, case, options.torch_python if c == "torch" else sys.executable))
        medians = {c: statistics.median([v for v in values if v is not None] or [float("nan")]) for c, values in found.items()}
        cells = [f"{medians.get(c, float('nan')):9.3f}" for c in ("kerata", "keras", "jax", "torch")]
        ratios = [f"{medians['kerata'] / medians[c]:.2f} x {c}" for c in contenders[1:]]
        print(f"{case:16} {cells[0]} {cells[1]:>10} {cells[2]} {cells[3]}   {', '.join(ratios)}", flush=True)


if __name__ == "__main__":
    main()
