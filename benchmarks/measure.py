"""One contender on one case, in a process of its own: prints the milliseconds of each round as JSON."""

import json
import os
import sys
import time

START = time.perf_counter()
LIBRARIES = ("kerata", "keras", "tf_keras")


def library(contender):
    """The module that the program is written for: "kerata", "kerata:torch", "keras", "keras:tensorflow", "tf_keras"."""
    name, _, engine = contender.partition(":")
    os.environ["KERATA_BACKEND"] = os.environ["KERAS_BACKEND"] = engine or "jax"
    return __import__(name)


def epoch_of(contender, case):
    """A function that trains one epoch, and the number of its steps."""
    import programs

    batch, steps = programs.SIZES[case]
    x, y = programs.data(case)
    if contender.startswith(LIBRARIES):
        model = programs.model(case, library(contender))
        return lambda: model.fit(x, y, batch_size=batch, verbose=0), steps
    hand = __import__(f"by_hand_{contender}")
    return hand.trainer(case, x, y, batch), steps


def predict_of(contender):
    import numpy as np
    import programs

    x = np.ones((1, 4), "float32")
    if contender.startswith(LIBRARIES):
        model = programs.model("tiny_mlp", library(contender))
        return lambda: model.predict(x, verbose=0)
    run = __import__(f"by_hand_{contender}").predictor()
    return lambda: run(x)


def timed(run, count):
    start = time.perf_counter()
    for _ in range(count):
        run()
    return (time.perf_counter() - start) * 1e3 / count


def main(contender, case, seconds=6.0):
    sys.path.insert(0, os.path.dirname(__file__))
    if case == "startup":
        import programs

        programs.model("tiny_mlp", library(contender))
        return [(time.perf_counter() - START) * 1e3]
    if case == "build_mobilenet":
        import programs

        keras = library(contender)
        __import__({"torch": "torch", "tensorflow": "tensorflow"}.get(contender.partition(":")[2], "jax"))
        start = time.perf_counter()
        programs.mobilenet(keras)
        return [(time.perf_counter() - start) * 1e3]
    if case == "predict_one":
        run = predict_of(contender)
        for _ in range(20):
            run()
        return [timed(run, 100) for _ in range(7)]
    run, steps = epoch_of(contender, case)
    run(), run()
    rounds, end = [], time.perf_counter() + seconds
    while len(rounds) < 3 or time.perf_counter() < end and len(rounds) < 15:
        rounds.append(timed(run, 1) / steps)
    return rounds


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2])))
