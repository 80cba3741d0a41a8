"""Padded equals unpadded: rows added to a batch change no value, no gradient and no metric, on the engines that add them."""

import numpy as np
import pytest

import kerata
from kerata import engines, layers, ops
from kerata.core import batch as current_batch
from kerata.training import padding
from tests.layers.cases import CASES

RNG = np.random.default_rng(0)
ROWS = (1, 3, 5, 7, 33)


def floats(*shape):
    return RNG.standard_normal(shape).astype("float32")


# Layers, one by one: the proof, and what it claims.


def model_of(case):
    shapes = case.shapes
    inputs = [kerata.Input(s[1:], dtype="int32" if case.integers else "float32") for s in shapes]
    layer = getattr(layers, case.cls)(**case.args)
    outputs = layer(inputs if isinstance(case.shape, list) else inputs[0])
    model = kerata.Model(inputs if isinstance(case.shape, list) else inputs[0], outputs)
    model.compile("sgd", "mse", metrics=["mae"])
    return model


def rows_of(case, count):
    """So many rows, the first ones of the case's inputs among them."""
    arrays = case.inputs() if isinstance(case.shape, list) else [case.inputs()]
    longer = [np.concatenate([a] * count)[:count] * (1 if a.dtype.kind == "i" else np.linspace(0.5, 1.5, count).reshape(
        -1, *[1] * (a.ndim - 1)).astype("float32")) for a in arrays]  # fmt: skip
    return longer if isinstance(case.shape, list) else longer[0]


def padded(x, count):
    return [padded(a, count) for a in x] if isinstance(x, list) else np.concatenate([x, *[x[:1]] * count])


def step(model, x, y, valid):
    """The loss, the gradients, the metrics' state and the state afterwards of one batch; the model stays as it was."""
    variables = [*model.variables, *(v for m in model.metrics for v in m.variables)]
    before = [v.numpy() for v in variables]
    tracked = model.trainable_variables

    def run():
        y_pred = model(x, training=True)
        loss = model.compute_loss(x, y, y_pred, None)
        model._compilation.metrics.update_state(y, y_pred, None)
        return loss

    with current_batch.valid_rows(valid):
        if tracked:
            loss, gradients = kerata.value_and_grad(run, tracked)
        else:
            loss, gradients = run(), []
    state = [np.asarray(v.numpy()) for v in variables if v.dtype != "uint32"]
    for v, value in zip(variables, before):
        v.assign(value)
    return [np.asarray(ops.convert_to_numpy(a)) for a in (loss, *gradients)] + state


MIXING = ("ActivityRegularization",)


@pytest.mark.parametrize("case", [c for c in CASES if c.mask is None], ids=lambda c: c.name)
def test_layers(case):
    """The proof holds for each of kerata's layers that keeps rows apart, and what it says is so."""
    with engines.use_engine("torch"):
        model, x = model_of(case), rows_of(case, 5)
        y = floats(5, *model.output_shape[1:])
        reason = padding.why_not(model._compilation, "train", (x, y, None))
        if case.cls in MIXING or "activity_regularizer" in case.args:
            assert "adds up all rows" in reason
            return
        assert reason is None
        if "Dropout" in case.cls or "Noise" in case.cls:
            return  # draws are others where there are more of them, with the same distribution
        valid = engines.current().asarray(np.array([1.0] * 5 + [0.0] * 3, "float32"))
        want = step(model, x, y, None)
        got = step(model, padded(x, 3), padded(y, 3), valid)
        for a, b in zip(got, want, strict=True):
            np.testing.assert_allclose(a, b, rtol=2e-4, atol=1e-5)


# Whole trainings, against PyTorch, which adds no rows


def dense():
    return kerata.Sequential([kerata.Input((3,)), layers.Dense(4, "tanh"), layers.Dense(2)]), floats(33, 3)


def images():
    parts = [layers.Conv2D(3, 2), layers.BatchNormalization(), layers.ReLU(), layers.MaxPooling2D(), layers.Flatten()]
    return kerata.Sequential([kerata.Input((5, 5, 1)), *parts, layers.Dense(2)]), floats(33, 5, 5, 1)


def texts():
    parts = [layers.Embedding(9, 3, mask_zero=True), layers.LSTM(3), layers.LayerNormalization(), layers.Dense(2)]
    return kerata.Sequential([kerata.Input((4,), dtype="int32"), *parts]), RNG.integers(0, 9, (33, 4)).astype("int32")


def centred():
    inputs = kerata.Input((3,))
    x = inputs - ops.mean(inputs, axis=0)
    return kerata.Model(inputs, layers.Dense(2)(x)), floats(33, 3)


def gram():
    inputs = kerata.Input((3,))
    x = layers.Dense(3)(inputs)
    return kerata.Model(inputs, layers.Dense(2)(ops.matmul(ops.softmax(ops.matmul(x, ops.transpose(x))), x))), floats(33, 3)


def of_layers(layer):
    def make():
        return kerata.Sequential([kerata.Input((3,)), layer(), layers.Dense(2)]), floats(33, 3)

    return make


class Mixes(layers.Layer):
    """A user's layer that mixes rows, and does not say so."""

    def call(self, x):
        return x - ops.mean(x, axis=0, keepdims=True)


class Apart(layers.Layer):
    """A user's layer that says that it doesn't mix rows."""

    row_wise = True

    def call(self, x):
        return x * 2.0


MODELS = {
    "dense": dense,
    "images": images,
    "texts": texts,
    "centred": centred,
    "gram": gram,
    "softmax over rows": of_layers(lambda: layers.Softmax(axis=0)),
    "unit over rows": of_layers(lambda: layers.UnitNormalization(axis=0)),
    "lambda": of_layers(lambda: layers.Lambda(lambda z: z - ops.mean(z, axis=0))),
    "activation": of_layers(lambda: layers.Activation(lambda z: z - ops.max(z, axis=0))),
    "dense activation": of_layers(lambda: layers.Dense(3, activation=lambda z: z - ops.max(z, axis=0))),
    "user's": of_layers(Mixes),
    "row-wise": of_layers(Apart),
    "regularized activity": of_layers(lambda: layers.Dense(3, activity_regularizer="l2")),
}


def contrast(y_true, y_pred):
    """A loss of one value a row, each computed from all rows."""
    scores = ops.matmul(y_pred, ops.transpose(y_pred))
    return ops.logsumexp(scores, axis=-1) - ops.diagonal(scores) + ops.mean(y_true, -1)


LOSSES = {"mse": "mse", "contrast": contrast, "cosine": "cosine_similarity", "scalar": lambda t, p: ops.max(ops.abs(t - p))}


def results(engine, name, loss, rows, batch_size, streamed):
    """What `predict`, `evaluate` and two epochs of `fit` give, and the weights afterwards."""
    global RNG
    RNG = np.random.default_rng(1)
    with engines.use_engine(engine):
        kerata.utils.set_random_seed(3)
        model, x = MODELS[name]()
        x, y = x[:rows], floats(33, 2)[:rows]
        model.compile(kerata.optimizers.SGD(0.05), LOSSES[loss], metrics=["mae"])

        def data():
            if not streamed:
                return {"x": x, "y": y, "batch_size": batch_size}
            starts = range(0, rows, batch_size)
            return {"x": ((x[i : i + batch_size], y[i : i + batch_size]) for i in starts)}

        steps = {"steps_per_epoch": -(-rows // batch_size)} if streamed else {}
        found = [model.evaluate(**data(), verbose=0)]
        for _ in range(2):
            found.append(model.fit(**data(), **steps, shuffle=False, verbose=0).history["loss"][0])
        found.append(model.predict(x, batch_size=batch_size, verbose=0))
        return [np.asarray(v) for v in (*found, *model.get_weights())], model


@pytest.mark.parametrize("engine", ["jax", "tensorflow"])
@pytest.mark.parametrize("name", MODELS)
def test_models(name, engine):
    for rows, batch_size, streamed in ((7, 4, False), (7, 4, True), (3, 32, False)):
        want, _ = results("torch", name, "mse", rows, batch_size, streamed)
        got, _ = results(engine, name, "mse", rows, batch_size, streamed)
        for a, b in zip(got, want, strict=True):
            np.testing.assert_allclose(a, b, rtol=2e-3, atol=1e-4, err_msg=f"{rows} rows by {batch_size}, {streamed=}")


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("batch_size", [4, 32])
@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("engine", ["jax", "tensorflow"])
def test_sizes(engine, rows, batch_size, streamed):
    want, _ = results("torch", "images", "mse", rows, batch_size, streamed)
    got, _ = results(engine, "images", "mse", rows, batch_size, streamed)
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-3, atol=1e-4)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("engine", ["jax", "tensorflow"])
def test_losses(engine, loss):
    for rows, batch_size in ((7, 4), (5, 32)):
        want, _ = results("torch", "dense", loss, rows, batch_size, False)
        got, _ = results(engine, "dense", loss, rows, batch_size, False)
        for a, b in zip(got, want, strict=True):
            np.testing.assert_allclose(a, b, rtol=2e-3, atol=1e-4)


class TestWhenRowsAreAdded:
    """What decides it: the proof, and what users say of their code."""

    def reason(self, name, mode="predict"):
        model, x = MODELS[name]()
        model.compile("sgd", "mse")
        return padding.why_not(model._compilation, mode, (x[:3], floats(3, 2), None))

    @pytest.mark.parametrize("name", ["dense", "images", "texts", "row-wise"])
    def test_proven(self, name):
        assert self.reason(name) is None and self.reason(name, "train") is None and self.reason(name, "test") is None

    @pytest.mark.parametrize("name", sorted(set(MODELS) - {"dense", "images", "texts", "row-wise"}))
    def test_not_proven(self, name):
        assert self.reason(name, "train") and self.reason(name, "test")

    def test_a_layer_that_mixes_rows_is_caught(self, monkeypatch):
        """Without the question whose code it is, the proof itself finds what mixes rows."""
        monkeypatch.setattr(padding, "_refuse_users_code", lambda model, mode: None)
        for name in ("user's", "lambda", "activation", "softmax over rows"):
            assert "all rows" in self.reason(name) or "along the batch" in self.reason(name)

    def test_promises_of_functions(self):
        def loss(t, p):
            return ops.mean(ops.square(t - p), -1)

        model, x = dense()
        for promised in (False, True):
            loss.row_wise = promised
            model.compile("sgd", loss, metrics=[loss])
            assert (padding.why_not(model._compilation, "train", (x[:3], floats(3, 2), None)) is None) is promised

    def test_a_model_that_promises(self):
        class Net(kerata.Model):
            row_wise = True

            def __init__(self):
                super().__init__()
                self.inner = layers.Dense(2)

            def call(self, x):
                return self.inner(x) if x.shape[0] is None else self.inner(x) * 1.0

        model = Net()
        model(floats(1, 3))
        assert padding.why_not(model._compilation, "predict", (floats(3, 3), None, None)) is None

    def test_a_wrong_promise(self):
        class Liar(Apart):
            def call(self, x):
                return ops.mean(x, axis=0)

        model = kerata.Sequential([kerata.Input((3,)), Liar()])
        assert "no row for each" in padding.why_not(model._compilation, "predict", (floats(3, 3), None, None))

    @pytest.mark.parametrize("engine", ["jax", "tensorflow"])
    def test_compilations(self, engine):
        """`predict` of many sizes compiles a few programs where rows may be added, one for each size where not."""
        with engines.use_engine(engine):
            counts = []
            for name in ("row-wise", "user's"):
                model, x = MODELS[name]()
                traces = []
                layer = model.layers[0]
                call = layer.call
                layer.call = lambda z, call=call, traces=traces: traces.append(z) or call(z)
                for rows in (5, 6, 7, 8):
                    model.predict(x[:rows], verbose=0)
                counts.append(len({tuple(t.shape) for t in traces if t.shape[0] is not None}))
            assert counts == [1, 4]

    def test_several_outputs_and_inputs(self):
        a, b = kerata.Input((3,)), kerata.Input((2,))
        model = kerata.Model([a, b], {"x": layers.Dense(2)(a), "y": layers.Concatenate()([a, b])})
        x = [floats(3, 3), floats(3, 2)]
        assert padding.why_not(model._compilation, "predict", (x, None, None)) is None
        model.compile("sgd", {"x": "mse", "y": contrast})
        assert padding.why_not(model._compilation, "test", (x, {"x": floats(3, 2), "y": floats(3, 5)}, None))

    def test_weights_of_samples(self):
        model, x = dense()
        model.compile("sgd", "mse", weighted_metrics=["mae"])
        assert padding.why_not(model._compilation, "train", (x[:3], floats(3, 2), np.ones(3, "float32"))) is None

    def test_scalars_and_turned_outputs(self):
        inputs = kerata.Input((3,))
        for outputs, want in (
            (ops.mean(inputs), ()),
            (ops.transpose(inputs), (3, 3)),
            (ops.concatenate([inputs] * 2, 0), (6, 3)),
        ):
            assert kerata.Model(inputs, outputs).predict(floats(3, 3), verbose=0).shape == want

    def test_metrics_that_compare_rows(self):
        model, x = dense()
        model.compile("sgd", "mse", metrics=[lambda t, p: ops.mean(ops.abs(p - ops.mean(p, 0)), -1)])
        y, p = floats(7, 2), model.predict(x[:7], verbose=0)
        got = model.evaluate(x[:7], y, batch_size=4, verbose=0)[1]
        parts = [np.abs(q - q.mean(0)).mean(-1) for q in (p[:4], p[4:])]
        np.testing.assert_allclose(got, np.concatenate(parts).mean(), rtol=1e-5)

    def test_normalization_that_always_trains(self):
        inputs = kerata.Input((3,))
        model, x = kerata.Model(inputs, layers.BatchNormalization()(inputs, training=True)), floats(7, 3)
        want = (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-3)
        np.testing.assert_allclose(model.predict(x, verbose=0), want, rtol=1e-4, atol=1e-5)


def chain(*parts, shape=(4, 3), dtype="float32"):
    return kerata.Sequential([kerata.Input(shape, dtype=dtype), *parts])


def graph(fn, shape=(4, 3)):
    inputs = kerata.Input(shape)
    return kerata.Model(inputs, fn(inputs))


def changed(change, model):
    change(model)
    return model


SEQUENCES = {
    "LSTM": lambda: chain(layers.LSTM(3)),
    "GRU of all steps": lambda: chain(layers.GRU(3, return_sequences=True)),
    "masked LSTM": lambda: chain(layers.Masking(), layers.LSTM(3)),
    "both directions": lambda: chain(layers.Bidirectional(layers.LSTM(3))),
    "stacked cells": lambda: chain(layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)])),
    "masked embedding": lambda: chain(layers.Embedding(9, 3, mask_zero=True), layers.SimpleRNN(3), shape=(4,), dtype="int32"),
    "attention": lambda: graph(lambda x: layers.Attention()([x, x])),
    "additive attention": lambda: graph(lambda x: layers.AdditiveAttention()([x, x])),
    "heads": lambda: graph(lambda x: layers.MultiHeadAttention(2, 3)(x, x)),
    "causal heads": lambda: graph(lambda x: layers.MultiHeadAttention(2, 3)(x, x, use_causal_mask=True)),
    "grouped heads": lambda: graph(lambda x: layers.GroupQueryAttention(3, 4, 2)(x, x)),
    "ConvLSTM1D": lambda: chain(layers.ConvLSTM1D(2, 2), shape=(3, 5, 2)),
    "each step": lambda: chain(layers.TimeDistributed(layers.Dense(2))),
    "each step's convolution": lambda: chain(layers.TimeDistributed(layers.Conv1D(2, 2)), shape=(3, 5, 2)),
    "each step normalized": lambda: chain(layers.TimeDistributed(layers.BatchNormalization())),
    "spectral": lambda: chain(layers.SpectralNormalization(layers.Dense(3))),
    "LoRA": lambda: changed(lambda m: m.layers[0].enable_lora(2), chain(layers.Dense(3))),
    "int8": lambda: changed(lambda m: m.quantize("int8"), chain(layers.Dense(3))),
    "nested": lambda: chain(chain(layers.Dense(3)), layers.LayerNormalization()),
}


@pytest.mark.parametrize("name", SEQUENCES)
def test_layers_of_layers(name):
    """Recurrent, attending and wrapping layers keep rows apart, and so does what changes their weights."""
    with engines.use_engine("torch"):
        kerata.utils.set_random_seed(2)
        model = SEQUENCES[name]()
        model.compile("sgd", "mse", metrics=["mae"])
        shape = (5, *model.input_shape[1:])
        x = RNG.integers(0, 9, shape).astype("int32") if "embedding" in name else floats(*shape)
        y = floats(5, *model.output_shape[1:])
        assert padding.why_not(model._compilation, "train", (x, y, None)) is None
        assert padding.why_not(model._compilation, "predict", (x, None, None)) is None
        valid = engines.current().asarray(np.array([1.0] * 5 + [0.0] * 3, "float32"))
        for a, b in zip(step(model, padded(x, 3), padded(y, 3), valid), step(model, x, y, None), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)
