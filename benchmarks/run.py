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
ENGINES = {  # the contenders of each engine: kerata first, then its peers
    "jax": ["kerata", "keras", "jax", "torch"],
    "torch": ["kerata:torch", "keras:torch", "torch"],
    "tensorflow": ["kerata:tensorflow", "keras:tensorflow", "tf_keras"],
}
CASES = ["tiny_mlp", "mlp_32", "mlp_128", "cnn", "lstm", "transformer", "predict_one", "startup", "build_mobilenet"]
LIBRARIES = ("kerata", "keras", "tf_keras")
ONLY_LIBRARIES = {"startup", "build_mobilenet"}


def measure(contender, case, python):
    """The median of one process's rounds, None if it could not run."""
    environment = {**os.environ, "JAX_PLATFORMS": os.environ.get("JAX_PLATFORMS", "cpu")}
    done = subprocess.run([python, str(HERE / "measure.py"), contender, case], capture_output=True, text=True, env=environment)
    if done.returncode:
        print(f"{contender} on {case}: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return None
    return statistics.median(json.loads(done.stdout.splitlines()[-1]))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", default=CASES)
    parser.add_argument("--turns", type=int, default=3, help="processes for each contender and case")
    parser.add_argument("--engine", choices=ENGINES, default="jax", help="the engine that kerata runs on")
    options = parser.parse_args()
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    own, *peers = contenders = ENGINES[options.engine]
    print(f"{'case':16}", *[f"{c:>17}" for c in contenders], "  ms; ratios of kerata to each")
    for case in options.cases or CASES:
        running = [c for c in contenders if c.startswith(LIBRARIES) or case not in ONLY_LIBRARIES]
        found = {c: [] for c in contenders}
        for _ in range(options.turns):
            for c in running:
                found[c].append(measure(c, case, sys.executable))
        medians = {c: statistics.median([v for v in values if v is not None] or [float("nan")]) for c, values in found.items()}
        ratios = [f"{medians[own] / medians[c]:.2f} x {c}" for c in peers if c in running]
        print(f"{case:16}", *[f"{medians[c]:17.3f}" for c in contenders], f"  {', '.join(ratios)}", flush=True)


if __name__ == "__main__":
    main()
