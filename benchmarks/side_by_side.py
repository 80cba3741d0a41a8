"""Kerata and a program written by hand for its engine, round by round in one process: `python benchmarks/side_by_side.py`.

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


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", default=CASES)
    parser.add_argument("--engine", choices=["jax", "torch"], default="torch")
    parser.add_argument("--seconds", type=float, default=25.0)
    options = parser.parse_args()
    os.environ["KERATA_BACKEND"] = options.engine
    import programs

    import kerata

    by_hand = __import__(f"by_hand_{options.engine}")
    for case in options.cases or CASES:
        batch, steps = programs.SIZES[case]
        x, y = programs.data(case)
        model = programs.model(case, kerata)
        ours = lambda: model.fit(x, y, batch_size=batch, verbose=0)
        theirs = by_hand.trainer(case, x, y, batch)
        rounds([ours, theirs], steps, 0)
        mine, other = rounds([ours, theirs], steps, options.seconds)
        ratios = min(mine) / min(other), statistics.median(mine) / statistics.median(other)
        print(f"{case:12} kerata {min(mine):8.3f} ms, by hand {min(other):8.3f}; ratio of the best rounds {ratios[0]:.2f}, "
              f"of the medians {ratios[1]:.2f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
