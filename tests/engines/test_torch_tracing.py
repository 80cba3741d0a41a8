"""Steps that PyTorch's engine records: the same numbers as step by step, and no recording where it could change anything."""

import warnings

import numpy as np
import pytest
import torch

import kerata
from kerata import engines, layers, ops
from kerata.engines.torch import programs as torch_programs, tracing as torch_tracing

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.normal(size=(52, 8, 8, 3)).astype("float32")
TOKENS = RANDOM.integers(0, 20, (52, 7)).astype("int32")
LABELS = RANDOM.integers(0, 3, 52).astype("int32")


@pytest.fixture(autouse=True)
def on_torch():
    with engines.use_engine("torch") as engine:
        yield engine


@pytest.fixture
def records(monkeypatch):
    """Every step is recorded that may be; the list of what was."""
    found = []
    monkeypatch.setattr(torch_tracing, "_SECONDS_WORTH_RECORDING", float("inf"))
    record = torch_tracing.record
    monkeypatch.setattr(torch_tracing, "record", lambda *args: found.append(record(*args)) or found[-1])
    return found


def image_network():
    return kerata.Sequential(
        [
            kerata.Input((8, 8, 3)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Dropout(0.3),
            layers.Flatten(),
            layers.Dense(3, activation="softmax", kernel_regularizer="l2", kernel_constraint="max_norm"),
        ]
    )


def text_network(layer):
    return lambda: kerata.Sequential(
        [
            kerata.Input((7,), dtype="int32"),
            layers.Embedding(20, 8, mask_zero=True),
            layer(),
            layers.GlobalAveragePooling1D(),
            layers.Dense(3, activation="softmax"),
        ]
    )


def attending():
    tokens = kerata.Input((7,), dtype="int32")
    x = layers.Embedding(20, 8, mask_zero=True)(tokens)
    x = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 4)(x, x))
    return kerata.Model(tokens, layers.Dense(3, activation="softmax")(layers.GlobalAveragePooling1D()(x)))


NETWORKS = {
    "images": (image_network, IMAGES),
    "lstm": (text_network(lambda: layers.LSTM(4, return_sequences=True)), TOKENS),
    "gru": (text_network(lambda: layers.Bidirectional(layers.GRU(4, return_sequences=True, dropout=0.2))), TOKENS),
    "attention": (attending, TOKENS),
}


def trained(network, x, recorded, optimizer="adam", **options):
    kerata.utils.set_random_seed(0)
    model = network()
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"], run_eagerly=not recorded)
    history = model.fit(x, LABELS, batch_size=8, epochs=2, verbose=0, **options).history
    scores = model.evaluate(x, LABELS, batch_size=8, verbose=0)
    return np.concatenate(
        [np.ravel(v) for v in (*history.values(), scores, *model.get_weights(), *model.optimizer.get_weights())]
    )


@pytest.mark.parametrize("name", NETWORKS)
def test_a_recorded_step_gives_the_same_numbers(name, records):
    network, x = NETWORKS[name]
    results = [trained(network, x, recorded) for recorded in (True, False)]
    assert len(records) == 2  # training and evaluation
    np.testing.assert_allclose(*results, rtol=1e-5, atol=1e-6)


OPTIMIZERS = ["SGD", "RMSprop", "Adam", "AdamW", "Adamax", "Nadam", "Ftrl", "Lion", "Lamb", "Adafactor", "Muon"]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers_are_recorded(name, records):
    def make():
        return getattr(kerata.optimizers, name)(kerata.optimizers.schedules.ExponentialDecay(0.01, 5, 0.9), clipnorm=1.0)

    results = [trained(image_network, IMAGES, recorded, make()) for recorded in (True, False)]
    assert len(records) == 2
    np.testing.assert_allclose(*results, rtol=1e-5, atol=1e-6)


def test_what_is_set_between_steps_counts(records):
    results = []
    for recorded in (True, False):
        kerata.utils.set_random_seed(0)
        model = kerata.Sequential([kerata.Input((3,)), layers.Dense(4), layers.Dense(1)])
        model.compile(kerata.optimizers.SGD(0.1), "mse", run_eagerly=not recorded)
        x = IMAGES[:, 0, 0]
        model.fit(x, LABELS, verbose=0, epochs=5)
        model.optimizer.learning_rate = 0.01
        model.fit(x, LABELS, verbose=0, epochs=2)
        model.set_weights([w + 0.5 for w in model.get_weights()])
        model.fit(x, LABELS, verbose=0)
        model.layers[0].trainable = False
        model.compile(kerata.optimizers.SGD(0.1), "mse", run_eagerly=not recorded)
        model.fit(x, LABELS, verbose=0, epochs=5)
        results.append(np.concatenate([w.ravel() for w in model.get_weights()]))
    assert records
    np.testing.assert_allclose(*results, rtol=1e-6)


class Counting(layers.Layer):
    """A layer whose Python code runs at every step."""

    calls = 0

    def call(self, inputs):
        self.calls += 1
        return inputs * (1.0 if self.calls < 4 else 0.0)


def test_code_of_the_users_runs_at_every_step(records):
    model = kerata.Sequential([kerata.Input((3,)), Counting(), layers.Dense(1)])
    model.compile("sgd", "mse")
    before = model.layers[0].calls
    model.fit(IMAGES[:, 0, 0], LABELS, batch_size=4, verbose=0)
    assert model.layers[0].calls - before == 13
    assert not records


@pytest.mark.parametrize("part", ["loss", "metrics", "activation"])
def test_functions_of_the_users_run_at_every_step(part, records):
    calls = []

    def watched(*args):
        calls.append(1)
        return ops.mean(ops.square(args[0] - args[-1]), -1) if len(args) > 1 else args[0]

    model = kerata.Sequential([kerata.Input((3,)), layers.Dense(1, activation=watched if part == "activation" else None)])
    model.compile("sgd", watched if part == "loss" else "mse", metrics=[watched] if part == "metrics" else None)
    model.fit(IMAGES[:, 0, 0], LABELS.reshape(-1, 1), batch_size=4, verbose=0)
    assert len(calls) >= 13
    assert not records


def test_long_steps_are_not_recorded(monkeypatch):
    monkeypatch.setattr(torch_tracing, "_SECONDS_WORTH_RECORDING", 0.0)
    monkeypatch.setattr(torch_tracing, "record", lambda *args: pytest.fail("recorded"))
    trained(image_network, IMAGES, True)


def test_a_profiler_of_the_users_goes_on():
    import sys

    seen = []
    watch = lambda frame, event, argument: seen.append(event)
    sys.setprofile(watch)
    try:
        trained(image_network, IMAGES, True)
        assert sys.getprofile() is watch
    finally:
        sys.setprofile(None)
    assert seen


class Doubling(layers.Layer):
    def call(self, inputs):
        return torch.relu(inputs) * 2


def test_asked_for_compilation_code_of_the_users_is_compiled_too(monkeypatch):
    compiled = []
    monkeypatch.setattr(torch, "compile", lambda fn: compiled.append(fn) or fn)
    results = []
    for jit_compile in (True, False):
        kerata.utils.set_random_seed(0)
        model = kerata.Sequential([kerata.Input((3,)), layers.Dense(4), Doubling(), layers.Dropout(0.5), layers.Dense(1)])
        model.compile("adam", "mse", jit_compile=jit_compile)
        results.append(model.fit(IMAGES[:, 0, 0], LABELS, batch_size=13, epochs=2, verbose=0).history["loss"])
    assert len(compiled) == 1
    np.testing.assert_allclose(*results, rtol=1e-6)


class Choosing(layers.Layer):
    def call(self, inputs):
        return inputs * 2.0 if bool(torch.sum(inputs) > 0) else inputs


def test_what_depends_on_values_runs_step_by_step_with_one_warning():
    results = []
    for jit_compile in (True, False):
        kerata.utils.set_random_seed(0)
        model = kerata.Sequential([kerata.Input((3,)), layers.Dense(4), Choosing(), layers.Dense(1)])
        model.compile("adam", "mse", jit_compile=jit_compile)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            history = model.fit(IMAGES[:, 0, 0], LABELS, batch_size=13, epochs=2, verbose=0).history
        assert [str(w.message)[:47] for w in caught] == ["jit_compile=True: this step can't be recorded a"] * jit_compile
        results.append(history["loss"])
    np.testing.assert_allclose(*results, rtol=1e-6)


@pytest.mark.parametrize("read", [lambda x: x.numpy(), lambda x: x.tolist(), lambda x: x.item(), lambda x: bool(x), np.asarray])
def test_reading_values_ends_a_recording(read):
    with torch_programs.Recording(), pytest.raises(torch_programs.CannotRecord, match="reads the values of a tensor"):
        read(torch.ones(()) + 1)


def played(fn, *inputs):
    with torch_programs.Recording() as recording:
        outputs = fn(*inputs)
    return torch_programs.program(recording.calls, inputs, outputs)


def test_programs_work_in_place_and_give_views():
    def step(x, y):
        total = torch.zeros(3)
        total += x
        x.mul_(2)
        return [total, x[0] + y, x.view(3, 1)]

    play = played(step, torch.ones(3), torch.ones(()))
    x = torch.tensor([1.0, 2.0, 3.0])
    for _ in range(2):  # the zeros are new each time
        before = x.clone()
        total, sum_, view = play(x, torch.tensor(5.0))
        assert torch.equal(total, before)
        assert torch.equal(x, before * 2)
        assert sum_ == x[0] + 5
        assert torch.equal(view[:, 0], x)


def test_what_does_not_depend_on_the_inputs_is_computed_once():
    calls = []

    def step(x):
        offset = torch.sin(torch.arange(3.0)) + torch.tensor(1.0)
        return [x + offset]

    play = played(step, torch.ones(3))
    original = torch.ops.aten.sin.default._op
    assert original not in [v for v in play.__globals__.values() if callable(v)]
    np.testing.assert_allclose(play(torch.zeros(3))[0], np.sin(np.arange(3)) + 1, rtol=1e-6)
    assert not calls


def test_a_tensor_from_outside_is_not_changed_by_a_program():
    outside = torch.zeros(3)
    with pytest.raises(torch_programs.CannotRecord, match="from outside"):
        played(lambda x: [outside.add_(x)], torch.ones(3))


def test_results_may_be_structures_with_other_things():
    recorder = torch_tracing.Recorder(lambda x, n: {"sum": x + n, "name": "a", "none": None}, [], True)
    recorder.optimize = None
    recorder.programs.clear()
    leaves, treedef = torch_tracing.optree.tree_flatten((torch.ones(2), 3), none_is_leaf=True)
    program = torch_tracing.record(recorder, leaves, treedef)
    leaves[0] = torch.zeros(2)
    result = program(leaves, treedef)
    assert result["name"] == "a" and result["none"] is None
    assert result["sum"].tolist() == [3.0, 3.0]


def trained_with_compilation(compile, monkeypatch):
    results = []
    monkeypatch.setattr(torch, "compile", compile)
    for jit_compile in (True, False):
        kerata.utils.set_random_seed(0)
        model = kerata.Sequential(
            [kerata.Input((3,)), layers.Dense(4, activation="relu"), layers.Dense(3, activation="softmax")]
        )
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=jit_compile)
        results.append(model.fit(IMAGES[:, 0, 0], LABELS, batch_size=13, epochs=2, verbose=0).history["loss"])
    return results


def test_what_is_recorded_can_be_compiled(monkeypatch):
    """Through all of torch.compile but its code generator, which takes a minute."""
    compile = torch.compile
    results = trained_with_compilation(lambda fn: compile(fn, backend="aot_eager", fullgraph=True), monkeypatch)
    np.testing.assert_allclose(*results, rtol=1e-5)


def test_what_cannot_be_compiled_runs_as_it_was_recorded(monkeypatch):
    def compile(fn):
        def fused(*tensors):
            tensors[0].add_(1.0)
            raise RuntimeError("no compiler was found")

        return fused

    with pytest.warns(UserWarning, match="can't be compiled and runs kernel by kernel instead.*no compiler was found"):
        results = trained_with_compilation(compile, monkeypatch)
    np.testing.assert_allclose(*results, rtol=1e-6)
