"""Random programs: what Keras makes of one, kerata makes of it, on each engine.

`KERATA_RANDOM_PROGRAMS=200` in the environment tries that many, new ones each time.
"""

import contextlib
import json
import os
import warnings

import numpy as np
import optree
import pytest
from hypothesis import HealthCheck, assume, given, reject, settings

import kerata
from tests.oracle import keras as oracle

from .random_programs import Built, compile_arguments, data, policy_of, programs, targets

MANY = int(os.environ.get("KERATA_RANDOM_PROGRAMS", 0))
SOME = settings(
    max_examples=MANY or 3,
    derandomize=not MANY,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
ROUGH = {"float16": 2e-2, "bfloat16": 1e-1}


class Side:
    """A library that runs programs, and the engine that it runs them on."""

    def __init__(self, keras, engine=None):
        self.keras, self.engine = keras, engine

    @contextlib.contextmanager
    def running(self, policy):
        chosen = kerata.use_engine(self.engine) if self.engine else contextlib.nullcontext()
        with chosen, policy_of(self.keras, policy), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield

    def built(self, program):
        with self.running(program.policy):
            built = Built(self.keras, program.inputs)
            return built, [built.take(step) for step in program.steps]


def arrays(tree):
    """The arrays of a structure; integers of one size, since JAX has none of 64 bits."""
    found = [np.asarray(x) for x in optree.tree_leaves(tree)]
    return [x.astype("int32") if x.dtype == "int64" else x for x in found]


def close(found, expected, tolerance, what):
    """Equal but for rounding, measured by the largest number of each array."""
    found, expected = arrays(found), arrays(expected)
    assert len(found) == len(expected), what
    for a, b in zip(found, expected):
        assert (a.shape, a.dtype) == (b.shape, b.dtype), (what, a.shape, a.dtype, b.shape, b.dtype)
        a, b = a.astype("float64"), b.astype("float64")
        size = max([1.0, *np.abs(b[np.isfinite(b)])])
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * size, err_msg=str(what))


REFUSALS = {  # what Keras can't and kerata can
    "Unsupported dtype": "orthogonal matrices of 16 bits",
    "The precision 'F16_F16_F32' is not supported": "products of halves on a CPU",
    "ConvLSTM layers only support static": "images of any size",
}


def vaguer(theirs, ours):
    """Whether shapes are equal, but for lengths that only one side knows."""
    return len(theirs) == len(ours) and all(
        a[1] == b[1] and len(a[0]) == len(b[0]) and all(x in (None, y) for x, y in zip(a[0], b[0]))
        for a, b in zip(theirs, ours)
    )


def both_refuse(ours, theirs, what):
    assume(not any(text in str(theirs) for text in REFUSALS))
    assert isinstance(ours, Exception), f"{what}: {theirs!r}, but {ours}"


def same_outcomes(program, found, expected):
    for step, ours, theirs in zip(program.steps, found, expected):
        if isinstance(theirs, Exception):
            both_refuse(ours, theirs, step)
        else:
            assume(ours == theirs or isinstance(ours, Exception) or not vaguer(theirs, ours))
            assert ours == theirs, f"{step}: {ours!r}, but {theirs!r}"


def described(model):
    """All that can be said of a model without running it."""
    return {
        "layers": [layer.name for layer in model.layers],
        "weights": [(w.path, tuple(w.shape), w.dtype, w.trainable) for w in model.weights],
        "output names": model.output_names,
        "shapes": (model.input_shape, model.output_shape),
        "parameters": model.count_params(),
        "config": without_identities(json.loads(json.dumps(model.get_config()))),
    }


UNCOMPARED = {
    "shared_object_id",
    "registered_name",
    "build_config",
    "compile_config",
    "attention_axes",
}  # the last: Keras notes what it found


def without_identities(config):
    """A config without what no other program can rely on: which objects are one, the defaults of ops' arguments and of calls."""
    if not isinstance(config, dict):
        return [without_identities(v) for v in config] if isinstance(config, list) else config
    kept = {k: v for k, v in config.items() if k not in UNCOMPARED}
    if "inbound_nodes" in kept and str(kept["module"]).startswith("keras.src.ops"):
        kept = {k: v for k, v in kept.items() if k not in ("config", "inbound_nodes")}
    if set(kept) == {"args", "kwargs"}:
        kept["kwargs"] = {k: v for k, v in kept["kwargs"].items() if k != "training" and v is not None}
    return {k: round(v, 6) if isinstance(v, float) else without_identities(v) for k, v in kept.items()}


def random_weights(model):
    """Weights for both models: not the initial ones, of which many are zeros."""
    random = np.random.default_rng(9)

    def value(w):
        if "float" not in w.dtype:
            return np.asarray(w)
        if any(word in w.path for word in ("variance", "stddev")):
            return random.uniform(0.5, 1.5, w.shape)
        return random.normal(size=w.shape) * 0.5

    return [value(w) for w in model.weights]


def rough(program):
    """The tolerance: numbers of 16 bits anywhere make it a large one."""
    return max(value for name, value in {**ROUGH, "": 1e-4}.items() if name in repr(program))


class Pair:
    """The same program in two libraries, or on two engines."""

    def __init__(self, program, sides):
        self.program, self.sides = program, sides
        self.tolerance = rough(program)
        (ours, found), (theirs, expected) = [side.built(program) for side in sides]
        same_outcomes(program, found, expected)
        self.models = []
        if program.outputs:
            self.models = self.both(lambda side, i: (ours, theirs)[i].model(program), [0, 1])
            same_description(*self.models)
            values = random_weights(self.models[0])
            self.both(lambda side, model: model.set_weights(values), self.models)

    def both(self, function, arguments):
        results = []
        for side, argument in zip(self.sides, arguments):
            with side.running(self.program.policy):
                results.append(function(side, argument))
        return results

    def predict(self, models):
        x = data(self.program)
        found, expected = self.both(lambda _, m: tried(m.predict, x, batch_size=self.program.batch_size, verbose=0), models)
        if isinstance(expected, Exception):
            both_refuse(found, expected, "predict")
            reject()
        assert not isinstance(found, Exception), found
        close(found, expected, self.tolerance, "predict")
        return expected

    def train(self, outputs):
        """Two steps and an evaluation: logs, weights and the optimizer's state."""
        program = self.program
        x, y = data(program), targets(program, outputs)
        weights = np.linspace(0.5, 2.0, program.rows).astype("float32") if program.training.sample_weight else None

        def run(side, model):
            model.compile(**compile_arguments(program, side.keras))
            split = {"validation_split": program.validation_split}
            more = {"batch_size": program.batch_size, "verbose": 0, "sample_weight": weights}
            history = model.fit(x, y, shuffle=False, **more, **split).history
            return history, model.evaluate(x, y, return_dict=True, **more)

        found, expected = self.both(run, self.models)
        assert [sorted(logs) for logs in found] == [sorted(logs) for logs in expected]
        tolerance = 10 * self.tolerance
        for ours, theirs in zip(found, expected):
            for name, value in theirs.items():
                close(ours[name], value, tolerance, name)
        ours, theirs = self.models
        self.same_weights(ours.weights, theirs.weights)
        if theirs.trainable_weights:  # without them, no step is one
            self.same_weights(kept(ours.optimizer), kept(theirs.optimizer))

    def same_weights(self, ours, theirs):
        assert [tuple(w.shape) for w in ours] == [tuple(w.shape) for w in theirs], (
            [w.path for w in ours],
            [w.path for w in theirs],
        )
        for a, b in zip(ours, theirs):
            close(a.numpy(), np.asarray(b), 10 * self.tolerance, b.path)

    def crossed(self, folder):
        """Each library's file, read by the other: the same predictions, and the same state of the optimizer."""
        paths = [folder / f"{i}.keras" for i in range(2)]
        self.both(lambda _, pair: pair[0].save(pair[1]), list(zip(self.models, paths)))
        copies = self.both(lambda side, path: side.keras.models.load_model(path), paths[::-1])
        assert described(copies[0])["layers"] == described(copies[1])["layers"]
        self.predict(copies)
        if self.program.training and copies[1].trainable_weights:
            self.same_weights(*map(kept, [copy.optimizer for copy in copies]))


def kept(optimizer):
    """An optimizer's variables, but for those that Keras lists at times: Nadam's product, and Adafactor's place holders."""
    return [v for v in optimizer.variables if "/" in v.path and not v.path.endswith("u_product")]


def tried(function, *args, **kwargs):
    """The result, or the error of values that don't fit together where shapes are open."""
    try:
        return function(*args, **kwargs)
    except (ValueError, TypeError) as error:
        return error


def same_description(ours, theirs):
    found, expected = described(ours), described(theirs)
    assert found == expected, next(differences(found, expected))


def differences(found, expected, path=""):
    """Where two structures differ."""
    if isinstance(found, dict) and isinstance(expected, dict) and found.keys() == expected.keys():
        for k in found:
            yield from differences(found[k], expected[k], f"{path}/{k}")
    elif isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        for i, (a, b) in enumerate(zip(found, expected)):
            yield from differences(a, b, f"{path}/{i}")
    elif isinstance(found, dict) and isinstance(expected, dict):
        yield f"{path} has {found.keys() ^ expected.keys()} on one side alone"
    elif found != expected:
        yield f"{path}: {found}, but {expected}"


def check(program, sides, folder):
    pair = Pair(program, sides)
    if pair.models:
        outputs = pair.predict(pair.models)
        if program.training:
            pair.train(outputs)
        pair.crossed(folder)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("files")


@SOME
@given(programs())
def test_equal_to_the_oracle(folder, program):
    check(program, (Side(kerata, "jax"), Side(oracle())), folder)


@pytest.mark.parametrize("engine", ["torch", "tensorflow"])
def test_equal_on_every_engine(engine, folder):
    @SOME
    @given(programs())
    def equal(program):
        check(program, (Side(kerata, engine), Side(kerata, "jax")), folder)

    equal()
