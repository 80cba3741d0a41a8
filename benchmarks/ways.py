"""Ways of training and predicting a tiny network: kerata beside Keras and beside a loop by hand, on one engine.

    python benchmarks/ways.py [jax | torch | tensorflow] [--ways arrays,batch_hook] [--turns 2]
    python benchmarks/ways.py [engine] --python-calls

Milliseconds a step of an epoch of 200 steps: the best of some rounds in a process of its own for each contender, turn by
turn, and kerata's time divided by the others'. What starts once an epoch is in it: for the ways with two processes, that is
mostly the time in which the processes start. With `--python-calls`: calls of Python functions a step, in the thread that
trains, in all files and in the contender's own: the difference of a longer and a shorter run, each after one like it.
"""

import argparse
import json
import os
import subprocess
import sys
import time

import programs

BATCH, STEPS = programs.SIZES["tiny_mlp"]
ROUNDS, SECONDS = 5, 6.0  # a way stops after so many rounds, or after so long
CONTENDERS = ("kerata", "keras", "by hand")
WAYS = (
    "arrays",
    "batch_hook",  # a callback's, that reads nothing
    "batch_hook_logs",  # one that reads the loss
    "train_on_batch",
    "test_on_batch",
    "predict_on_batch",
    "py_dataset",
    "py_dataset_2_threads",
    "py_dataset_2_processes",
    "generator",
    "evaluate",
    "evaluate_stream",  # of a `PyDataset`
    "predict",
    "predict_stream",
)


def ways_of(contender, engine):
    """A function `runs(steps)` that gives for each way a function that makes so many steps, and the contender's folder."""
    if contender == "by hand":
        import ways_by_hand

        return (lambda steps: ways_by_hand.runs(engine, *data(steps), BATCH)), os.path.dirname(os.path.abspath(__file__))
    os.environ["WAYS_LIBRARY"] = contender
    import ways_library

    return (lambda steps: ways_library.runs(*data(steps), BATCH)), os.path.dirname(ways_library.keras.__file__)


def data(steps):
    """Rows and labels of so many batches; labels as NumPy makes them, in 64 bits."""
    x, y = programs.data("tiny_mlp")
    return x[: steps * BATCH], y[: steps * BATCH].astype("int64")


def milliseconds(runs, way):
    """The best milliseconds a step."""
    run, times = runs(STEPS)[way], []
    run()
    end = time.perf_counter() + SECONDS
    while len(times) < ROUNDS and (not times or time.perf_counter() < end):
        started = time.perf_counter()
        run()
        times.append((time.perf_counter() - started) * 1e3 / STEPS)
    return min(times)


def calls(run, folder):
    """Calls of Python functions in this thread while it runs: all of them, and those into files of a folder."""
    counts = [0, 0]

    def count(frame, event, _):
        if event == "call":
            counts[0] += 1
            counts[1] += frame.f_code.co_filename.startswith(folder)

    sys.setprofile(count)
    try:
        run()
    finally:
        sys.setprofile(None)
    return counts


def calls_a_step(runs, way, folder, few=40, many=120):
    """Calls of Python functions a step."""
    found = []
    for steps in (few, many):
        run = runs(steps)[way]
        run(), run()
        found.append(calls(run, folder))
    return [(more - less) / (many - few) for less, more in zip(*found)]


def measure(options):
    """In a process of its own: a line of JSON for each way."""
    runs, folder = ways_of(options.measure, options.engine)
    for way in options.ways:
        value = calls_a_step(runs, way, folder) if options.python_calls else milliseconds(runs, way)
        print(json.dumps([way, value]), flush=True)


def measured(contender, options):
    """What a process of its own finds for each way."""
    engine = options.engine
    environment = {**os.environ, "KERATA_BACKEND": engine, "KERAS_BACKEND": engine, "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment.setdefault("JAX_PLATFORMS", "cpu")
    command = [sys.executable, "-W", "ignore", __file__, engine, "--measure", contender, "--ways", ",".join(options.ways)]
    command += ["--python-calls"] * options.python_calls
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        print(f"{contender} failed: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
    return dict(json.loads(line) for line in done.stdout.splitlines() if line.startswith('["'))


def times(options):
    best = {}
    for turn in range(options.turns):
        for contender in CONTENDERS[:: 1 if turn % 2 else -1]:
            for way, value in measured(contender, options).items():
                best[contender, way] = min(value, best.get((contender, way), value))
    print(f"{options.engine:24}", *[f"{c:>9}" for c in CONTENDERS], "  kerata/keras  kerata/by hand")
    for way in options.ways:
        own, keras, hand = (best.get((c, way), float("nan")) for c in CONTENDERS)
        print(f"{way:24} {own:9.3f} {keras:9.3f} {hand:9.3f} {own / keras:14.2f} {own / hand:15.2f}")


def python_calls(options):
    found = {c: measured(c, options) for c in CONTENDERS}
    print(f"{options.engine:24}", *[f"{c:>9} {'own files':>9}" for c in CONTENDERS])
    for way in options.ways:
        columns = (number for c in CONTENDERS for number in found[c].get(way, [float("nan")] * 2))
        print(f"{way:24}", *[f"{number:9.1f}" for number in columns])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("engine", nargs="?", choices=["jax", "torch", "tensorflow"], default="jax")
    parser.add_argument("--ways", type=lambda names: names.split(","), default=WAYS, help="some of " + ", ".join(WAYS))
    parser.add_argument("--turns", type=int, default=2, help="processes for each contender")
    parser.add_argument("--python-calls", action="store_true", help="count calls of Python functions instead")
    parser.add_argument("--measure", choices=CONTENDERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if unknown := set(options.ways) - set(WAYS):
        parser.error(f"no such ways: {', '.join(sorted(unknown))}; there are {', '.join(WAYS)}")
    (measure if options.measure else python_calls if options.python_calls else times)(options)


if __name__ == "__main__":
    main()
