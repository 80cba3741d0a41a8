"""Ways of training and predicting a tiny network, kerata beside Keras on one engine: `python benchmarks/ways.py [engine]`.

Arrays alone, arrays with a callback that has a batch hook, single batches, a `PyDataset`, a generator: milliseconds a step,
the best of some rounds in a process of its own for each contender, turn by turn, and their ratio.
"""

import json
import os
import subprocess
import sys
import time

STEPS, BATCH, ROUNDS = 200, 32, 5
WAYS = ("arrays", "batch_hook", "train_on_batch", "py_dataset", "generator", "evaluate", "predict")


def runs(keras):
    """A function for each way that makes `STEPS` steps."""
    import numpy as np

    rng = np.random.default_rng(0)
    x, y = rng.random((STEPS * BATCH, 4)).astype("float32"), rng.integers(0, 3, STEPS * BATCH)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(16, "relu"), keras.layers.Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])

    class Hook(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.seen = batch

    class Batches(keras.utils.PyDataset):
        def __len__(self):
            return STEPS

        def __getitem__(self, i):
            return x[i * BATCH : (i + 1) * BATCH], y[i * BATCH : (i + 1) * BATCH]

    def stream():
        return ((x[i * BATCH : (i + 1) * BATCH], y[i * BATCH : (i + 1) * BATCH]) for i in range(STEPS))

    return {
        "arrays": lambda: model.fit(x, y, verbose=0),
        "batch_hook": lambda: model.fit(x, y, verbose=0, callbacks=[Hook()]),
        "train_on_batch": lambda: [model.train_on_batch(x[:BATCH], y[:BATCH]) for _ in range(STEPS)],
        "py_dataset": lambda: model.fit(Batches(), verbose=0),
        "generator": lambda: model.fit(stream(), steps_per_epoch=STEPS, verbose=0),
        "evaluate": lambda: model.evaluate(x, y, verbose=0),
        "predict": lambda: model.predict(x, verbose=0),
    }


def measured(contender):
    """The best milliseconds a step of each way."""
    found = {}
    for way, run in runs(__import__(contender)).items():
        run()
        times = []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            run()
            times.append((time.perf_counter() - started) * 1e3 / STEPS)
        found[way] = min(times)
    return found


def main(engine="jax", turns=2):
    best = {}
    for turn in range(turns):
        for contender in ("kerata", "keras") if turn % 2 else ("keras", "kerata"):
            environment = {**os.environ, "KERATA_BACKEND": engine, "KERAS_BACKEND": engine, "JAX_PLATFORMS": "cpu"}
            command = [sys.executable, "-W", "ignore", __file__, "--measure", contender]
            done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
            for way, value in json.loads(done.stdout.splitlines()[-1]).items():
                best[contender, way] = min(value, best.get((contender, way), value))
    print(f"{engine:16} {'kerata':>9} {'keras':>9}  ratio")
    for way in WAYS:
        ours, theirs = best["kerata", way], best["keras", way]
        print(f"{way:16} {ours:9.3f} {theirs:9.3f} {ours / theirs:6.2f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(measured(sys.argv[2])))
    else:
        main(*sys.argv[1:2])
