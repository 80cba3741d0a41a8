"""Kerata and a peer, round by round in one process: `python benchmarks/side_by_side.py --engine torch --against keras`.

The peer is the same program written by hand for the engine (JAX and PyTorch), or on Keras 3 or tf_keras.

On a machine that others use too, rounds that alternate suffer alike; processes that follow one another do not.
"""

import argparse
import os
import statistics
import time

CASES = ["tiny_mlp", "mlp_32", "mlp_128", "cnn", "lstm", "transformer"]


def rounds(contenders, steps, seconds):
    """The milliseconds a step of each contender in each round."""
    found, end = [[] for _ in contenders], time.perf_counter() + seconds
    while time.perf_counter() < end or len(found[0]) < 3:
        for run, times in zip(contenders, found):
            start = time.perf_counter()
            run()
            times.append((time.perf_counter() - start) / steps * 1e3)
    return found


def peer(name, engine, case, x, y, batch):
    """A function that trains the peer's model for an epoch."""
    import programs

    if name == "hand":
        return __import__(f"by_hand_{engine}").trainer(case, x, y, batch)
    model = programs.model(case, __import__(name))
    return lambda: model.fit(x, y, batch_size=batch, verbose=0)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", default=CASES)
    parser.add_argument("--engine", choices=["jax", "torch", "tensorflow"], default="torch")
    parser.add_argument("--against", choices=["hand", "keras", "tf_keras"], default="hand")
    parser.add_argument("--seconds", type=float, default=25.0)
    options = parser.parse_args()
    os.environ["KERATA_BACKEND"] = os.environ["KERAS_BACKEND"] = options.engine
    import programs

    import kerata

    for case in options.cases or CASES:
        batch, steps = programs.SIZES[case]
        x, y = programs.data(case)
        model = programs.model(case, kerata)
        contenders = [
            lambda: model.fit(x, y, batch_size=batch, verbose=0),
            peer(options.against, options.engine, case, x, y, batch),
        ]
        rounds(contenders, steps, 0)
        mine, other = rounds(contenders, steps, options.seconds)
        ratios = min(mine) / min(other), statistics.median(mine) / statistics.median(other)
        print(f"{case:12} kerata {min(mine):8.3f} ms, {options.against} {min(other):8.3f}; ratio of the best rounds "
              f"{ratios[0]:.2f}, of the medians {ratios[1]:.2f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
