"""Symbolic calls with values among their operands: tensors, NumPy arrays, variables and Python numbers, on every engine."""

import numpy as np
import pytest
from tests.engines.test_agreement import every_call, outputs_of

import kerata
from kerata import layers, ops

KINDS = {
    "tensors": ops.convert_to_tensor,
    "NumPy arrays": lambda x: x,
    "variables": lambda x: kerata.Variable(x, trainable=False),
    "Python numbers": lambda x: x.tolist(),
}


@every_call
def test_values_in_every_place(call, training_engine):
    """An op with one symbolic operand, whatever the others are, gives what it gives for values."""
    if len(call.arrays) < 2 or call.op.startswith("random"):
        return
    expected = outputs_of(call, [training_engine.asarray(x) for x in call.arrays])
    for place, x in enumerate(call.arrays):
        for kind, make in KINDS.items():
            if kind == "Python numbers" and call.op == "scan":
                continue  # a list is a structure of several sequences there
            symbolic = kerata.KerasTensor(x.shape, x.dtype.name)
            operands = [symbolic if i == place else make(a) for i, a in enumerate(call.arrays)]
            outputs = outputs_of(call, operands)
            found = kerata.Function(symbolic, outputs)(training_engine.asarray(x))
            for y, other in zip(found, expected, strict=True):
                y, other = training_engine.to_numpy(y), training_engine.to_numpy(other)
                np.testing.assert_allclose(y, other, rtol=2e-5, atol=2e-6, err_msg=f"{kind} beside place {place}")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.filterwarnings("ignore:Variable")
def test_operators(kind, turned, training_engine):
    x, other = 1 + np.arange(8, dtype="float32").reshape(2, 4), np.full(4, 3.0, "float32")
    i, value = kerata.Input((4,)), KINDS[kind](other)
    if kind == "Python numbers":
        value = 3.0
    calls = [lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a * b, lambda a, b: a / b, lambda a, b: a > b]
    if turned and kind == "tensors" and training_engine.name == "tensorflow":
        with pytest.raises(ValueError, match="Use the functions of `ops`"):
            calls.pop()(value, i)  # a comparison of TensorFlow's leaves nothing to its right operand
    for call in calls:
        graph, want = (call(value, i), call(other, x)) if turned else (call(i, value), call(x, other))
        np.testing.assert_allclose(kerata.Model(i, graph).predict(x, verbose=0), want, rtol=1e-6)


def test_saved_with_the_model(training_engine, tmp_path):
    x, i = np.arange(8, dtype="float32").reshape(2, 4), kerata.Input((4,))
    model = kerata.Model(i, ops.where(i > ops.full((4,), 2.0), i * ops.ones((4,)), np.zeros(4, "float32")))
    model.save(tmp_path / "m.keras")
    loaded = kerata.saving.load_model(tmp_path / "m.keras")
    np.testing.assert_allclose(loaded.predict(x, verbose=0), np.where(x > 2, x, 0))


class TestStrangers:
    """What looks like a part of a model and is none is told, once each, by name."""

    def test_layer_called_on_values(self, training_engine):
        i, stranger = kerata.Input((4,)), layers.Dense(4, name="stranger")
        made = stranger(np.ones((1, 4), "float32"))
        with pytest.warns(UserWarning, match="'stranger' was called on values") as caught:
            model = kerata.Model(i, i + made + made)
        assert len(caught) == 1 and model.weights == []

    def test_variable_of_no_layer(self, training_engine):
        i, v = kerata.Input((4,)), kerata.Variable(np.ones(4, "float32"), name="scale")
        with pytest.warns(UserWarning, match="'scale' is used in the model"):
            kerata.Model(i, i * v)

    def test_nothing_to_tell(self, training_engine):
        i, embedding, shape = kerata.Input((3,), dtype="int32"), layers.Embedding(5, 4), layers.Reshape((4,))
        h = embedding(i)
        tied = ops.matmul(h, ops.transpose(h, (0, 2, 1))) + ops.sum(embedding.embeddings * 0)
        model = kerata.Model(i, ops.add(ops.multiply(h, embedding.embeddings[0]), ops.sum(tied)))
        assert len(model.weights) == 1
        j = kerata.Input((4,))
        kerata.Model(j, j + shape(np.ones((1, 2, 2), "float32")))  # it has no weights
