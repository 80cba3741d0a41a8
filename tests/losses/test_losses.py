"""Losses against the oracle: values, gradients, reductions, configs; then padding, masks, shapes and labels."""

import warnings

import jax
import keras
import numpy as np
import pytest

import kerata
from kerata import engines, losses, ops
from kerata.core import batch, masks
from kerata.core.variable import Variable
from kerata.engines.abstract.array import AbstractArray
from kerata.engines.abstract.row_rules import MixesRows
from kerata.losses import labels
from kerata.training import padding

RNG = np.random.default_rng(0)
N, D = 6, 5


def pads(loss, *data):
    """Whether it is proven that rows added to a batch leave a loss as it is."""
    try:
        with padding.proof(masked=True):
            loss(*padding.as_rows(data))
    except MixesRows:
        return False
    return True


def floats(*shape):
    return RNG.normal(size=shape).astype("float32")


def softmaxed(x):
    e = np.exp(x)
    return (e / e.sum(-1, keepdims=True)).astype("float32")


NUMBERS = (floats(N, D), floats(N, D))
BINARY = ((RNG.uniform(size=(N, D)) > 0.5).astype("float32"), RNG.uniform(0.05, 0.95, (N, D)).astype("float32"))
SIGNS = (np.where(BINARY[0] > 0, 1, -1).astype("float32"), floats(N, D))
ONE_HOT = (np.eye(D, dtype="float32")[[0, 1, 4, 2, 2, 3]], softmaxed(floats(N, D)))
LOGITS = (ONE_HOT[0], floats(N, D))
SPARSE = (np.array([0, 1, 4, 2, 2, 3]), ONE_HOT[1])
MAPS = ((RNG.uniform(size=(N, 4, 3)) > 0.5).astype("float32"), RNG.uniform(0.05, 0.95, (N, 4, 3)).astype("float32"))
TIMES = (np.array([[1, 2, 2], [3, 1, 2]]), floats(2, 9, 5))
EMBEDDINGS = (np.array([0, 1, 2, 0, 1, 0]), NUMBERS[0] / np.linalg.norm(NUMBERS[0], axis=1, keepdims=True))
CASES = [
    ("MeanSquaredError", {}, NUMBERS),
    ("MeanAbsoluteError", {}, NUMBERS),
    ("MeanAbsolutePercentageError", {}, NUMBERS),
    ("MeanSquaredLogarithmicError", {}, (np.abs(NUMBERS[0]), np.abs(NUMBERS[1]))),
    ("Huber", {}, NUMBERS),
    ("Huber", {"delta": 0.4}, NUMBERS),
    ("LogCosh", {}, NUMBERS),
    ("CosineSimilarity", {}, NUMBERS),
    ("Hinge", {}, SIGNS),
    ("Hinge", {}, (BINARY[0], SIGNS[1])),
    ("SquaredHinge", {}, SIGNS),
    ("CategoricalHinge", {}, LOGITS),
    ("KLDivergence", {}, (softmaxed(floats(N, D)), ONE_HOT[1])),
    ("Poisson", {}, (np.abs(NUMBERS[0]), np.abs(NUMBERS[1]))),
    ("BinaryCrossentropy", {}, BINARY),
    ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.2}, (BINARY[0], SIGNS[1])),
    ("BinaryFocalCrossentropy", {}, BINARY),
    ("BinaryFocalCrossentropy", {"from_logits": True, "apply_class_balancing": True}, (BINARY[0], SIGNS[1])),
    ("BinaryFocalCrossentropy", {"gamma": 1.5, "alpha": 0.4, "label_smoothing": 0.1}, BINARY),
    ("CategoricalCrossentropy", {}, ONE_HOT),
    ("CategoricalCrossentropy", {"from_logits": True}, LOGITS),
    ("CategoricalCrossentropy", {"label_smoothing": 0.3}, ONE_HOT),
    ("CategoricalCrossentropy", {"from_logits": True, "axis": 1}, MAPS),
    ("CategoricalFocalCrossentropy", {}, ONE_HOT),
    ("CategoricalFocalCrossentropy", {"from_logits": True, "alpha": 0.5, "gamma": 1.0}, LOGITS),
    ("SparseCategoricalCrossentropy", {}, SPARSE),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, (SPARSE[0][:, None], LOGITS[1])),
    ("SparseCategoricalCrossentropy", {"ignore_class": 2}, SPARSE),
    ("SparseCategoricalCrossentropy", {"ignore_class": -1, "from_logits": True}, (np.array([0, -1, 4, -1, 2, 3]), LOGITS[1])),
    ("CategoricalGeneralizedCrossEntropy", {"q": 0.7}, SPARSE),
    ("Dice", {"axis": (1, 2)}, MAPS),
    ("Dice", {}, MAPS),
    ("Tversky", {"axis": (1, 2), "alpha": 0.3, "beta": 0.7}, MAPS),
    ("Tversky", {}, MAPS),
    ("Circle", {}, EMBEDDINGS),
    ("Circle", {"gamma": 2.0, "margin": 0.2, "remove_diagonal": False}, EMBEDDINGS),
    ("CTC", {}, TIMES),
]
IDS = [f"{name}-{i}" for i, (name, _, _) in enumerate(CASES)]
REDUCTIONS = ["sum", "sum_over_batch_size", "mean", "mean_with_sample_weight", "none"]


def close(got, want, rtol=1e-5, atol=1e-5):
    np.testing.assert_allclose(np.asarray(got), np.asarray(want), rtol=rtol, atol=atol)


@pytest.mark.parametrize("name,kwargs,data", CASES, ids=IDS)
class TestParity:
    def test_value(self, name, kwargs, data, engine):
        weights = np.linspace(0.2, 1.7, len(data[1]), dtype="float32")
        scalar = kwargs.get("axis", 0) is None or name in ("Dice", "Tversky") and not kwargs.get("axis")
        for reduction in REDUCTIONS if name != "CTC" else ["none"]:  # a loop is compiled anew in each eager call
            ours = getattr(losses, name)(reduction=reduction, **kwargs)
            oracle = getattr(keras.losses, name)(reduction=reduction, **kwargs)
            close(ours(*data), oracle(*data))
            if not scalar:
                several = name == "CategoricalCrossentropy" and kwargs.get("axis") == 1
                if several and reduction == "mean_with_sample_weight":
                    continue  # the oracle divides by the weights of the samples, not of the values
                theirs = weights[:, None] if several else weights
                close(ours(*data, sample_weight=weights), oracle(*data, sample_weight=theirs))

    def test_gradient_and_compiled(self, name, kwargs, data, training_engine):
        y_true, y_pred = data
        oracle, ours = getattr(keras.losses, name)(**kwargs), getattr(losses, name)(**kwargs)
        want = jax.grad(lambda p: oracle(y_true, p))(y_pred)
        x = Variable(y_pred)
        step = training_engine.compile(lambda: ops.value_and_grad(lambda: ours(y_true, x.value), [x]))
        value, (got,) = step()
        close(value, oracle(y_true, y_pred))
        close(got, want, rtol=1e-4)

    def test_config(self, name, kwargs, data):
        ours, oracle = getattr(losses, name)(**kwargs), getattr(keras.losses, name)(**kwargs)
        config = ours.get_config()
        assert oracle.get_config().items() <= config.items()
        again = type(ours).from_config(config)
        assert again.get_config() == config
        close(again(*data), ours(*data))
        serialized = losses.serialize(ours)
        assert losses.deserialize(serialized).get_config() == config
        if name != "CategoricalGeneralizedCrossEntropy":  # the oracle can't read its own
            close(keras.losses.deserialize(serialized)(*data), ours(*data))

    def test_spec(self, name, kwargs, data):
        y_true, y_pred = (AbstractArray((None, *x.shape[1:]), x.dtype.name) for x in data)
        if name != "Circle":
            with engines.use_engine("abstract"):
                assert getattr(losses, name)(**kwargs)(y_true, y_pred).shape == ()

    def test_padding(self, name, kwargs, data):
        """A padded batch has the loss of the batch without its padding, exactly, whatever the padding holds."""
        y_true, y_pred = data
        weights = np.linspace(0.2, 1.7, len(y_pred), dtype="float32")
        padded = [np.concatenate([x, np.zeros_like(x[:2])]) for x in (y_true, y_pred)]
        if padded[1].dtype == np.float32 and name != "CTC":
            padded[1][-1] = np.nan
        valid = np.array([1.0] * len(y_pred) + [0.0] * 2, "float32")
        # Hinge losses look at all labels to know whether they are 0 and 1, or -1 and 1.
        mixes = name in ("Circle", "Hinge", "SquaredHinge") or name in ("Dice", "Tversky") and not kwargs.get("axis")
        assert pads(getattr(losses, name)(**kwargs), y_true, y_pred) is not mixes
        for reduction in REDUCTIONS[:-1] if name != "CTC" else ["mean"]:
            loss = getattr(losses, name)(reduction=reduction, **kwargs)
            plain, weighted = loss(y_true, y_pred), None
            with batch.valid_rows(valid):
                if mixes:
                    continue
                close(loss(*padded), plain, rtol=1e-6)
                weighted = loss(*padded, sample_weight=np.concatenate([weights, [5.0, 5.0]]))
            close(weighted, loss(y_true, y_pred, sample_weight=weights), rtol=1e-6)


@pytest.mark.parametrize("name", [n for n in dir(keras.losses) if not n.startswith("_")])
def test_every_name(name):
    assert hasattr(losses, name)


@pytest.mark.parametrize(
    "alias,name",
    [
        ("mse", "mean_squared_error"),
        ("MAE", "mean_absolute_error"),
        ("MAPE", "mean_absolute_percentage_error"),
        ("msle", "mean_squared_logarithmic_error"),
        ("BCE", "binary_crossentropy"),
        ("KLD", "kl_divergence"),
        ("ctc", "ctc"),
        ("mean_squared_error", "mean_squared_error"),
    ],
)
def test_aliases(alias, name):
    assert losses.get(alias) is getattr(losses, name)
    assert keras.losses.get(alias).__name__ == name


def test_get():
    assert losses.get(None) is None
    assert isinstance(losses.get("CategoricalCrossentropy"), losses.CategoricalCrossentropy)
    assert isinstance(losses.get({"class_name": "Huber", "config": {"delta": 2.0}}), losses.Huber)
    assert losses.get(losses.serialize(losses.mean_squared_error)) is losses.mean_squared_error
    assert losses.serialize(losses.huber) == keras.losses.serialize(keras.losses.huber)
    with pytest.raises(ValueError, match="Did you mean 'mean_squared_error'"):
        losses.get("mean_squared_eror")
    with pytest.raises(ValueError, match="can't be understood"):
        losses.get(3)


def test_wrapper_and_subclass():
    wrapped = losses.LossFunctionWrapper(losses.huber, name="h", delta=2.0)
    again = losses.LossFunctionWrapper.from_config(wrapped.get_config())
    close(again(*NUMBERS), losses.Huber(2.0)(*NUMBERS))

    class Biased(losses.Loss):
        def __init__(self, bias=1.0, **kwargs):
            super().__init__(**kwargs)
            self.bias = bias

        def call(self, y_true, y_pred):
            return ops.mean(ops.abs(y_true - y_pred), -1) + self.bias

    loss = Biased(3.0, reduction="sum")
    assert loss.get_config() == {"bias": 3.0, "name": "biased", "reduction": "sum"}
    close(Biased.from_config(loss.get_config())(*NUMBERS), np.abs(NUMBERS[0] - NUMBERS[1]).mean(-1).sum() + 3 * N)


def test_structures():
    loss = losses.LossFunctionWrapper(lambda t, p: losses.mean_squared_error(t["a"], p["a"]))
    close(loss({"a": NUMBERS[0]}, {"a": NUMBERS[1]}), losses.MeanSquaredError()(*NUMBERS))


def test_mixed_precision():
    loss = losses.MeanSquaredError()(NUMBERS[0], ops.cast(NUMBERS[1], "bfloat16"))
    assert loss.dtype == np.float32
    assert losses.MeanSquaredError(dtype="bfloat16")(*NUMBERS).dtype.name == "bfloat16"
    assert losses.MeanSquaredError(dtype="bfloat16").get_config()["dtype"] == "bfloat16"


def test_mask():
    """Like the oracle: a mean is over what the mask leaves."""
    y_true, y_pred = floats(2, 3, 4), floats(2, 3, 4)
    mask = np.array([[True, True, False], [True, False, False]])
    per_step = ((y_true - y_pred) ** 2).mean(-1)
    marked = ops.convert_to_tensor(y_pred)
    masks.set_mask(marked, ops.convert_to_tensor(mask))
    oracle = keras.ops.convert_to_tensor(y_pred)
    oracle._keras_mask = keras.ops.convert_to_tensor(mask)
    for reduction in REDUCTIONS:
        for weights in (None, np.array([[1.0, 2.0, 3.0], [0.5, 1.0, 1.0]], "float32")):
            got = losses.MeanSquaredError(reduction=reduction)(y_true, marked, weights)
            close(got, keras.losses.MeanSquaredError(reduction=reduction)(y_true, oracle, weights))
    close(losses.MeanSquaredError()(y_true, marked), per_step[mask].mean())


def test_mask_and_padding():
    y_true, y_pred = floats(3, 3, 4), floats(3, 3, 4)
    mask = np.array([[1, 1, 0], [1, 0, 0], [1, 1, 1]], bool)
    marked = ops.convert_to_tensor(y_pred)
    masks.set_mask(marked, ops.convert_to_tensor(mask))
    with batch.valid_rows(np.array([1.0, 1.0, 0.0], "float32")):
        got = losses.MeanSquaredError()(y_true, marked)
    close(got, ((y_true - y_pred) ** 2).mean(-1)[:2][mask[:2]].mean())


def test_weights_of_samples_with_several_values():
    """One weight for each sample counts for all its time steps, also where lengths coincide."""
    y_true, y_pred = floats(3, 3, 2), floats(3, 3, 2)
    weights = np.array([1.0, 0.0, 2.0], "float32")
    per_step = ((y_true - y_pred) ** 2).mean(-1)
    close(losses.MeanSquaredError()(y_true, y_pred, weights), (per_step * weights[:, None]).mean())
    close(losses.MeanSquaredError()(y_true, y_pred, weights[:, None]), (per_step * weights[:, None]).mean())


def test_squeeze():
    for a, b in (((N,), (N, 1)), ((N, 1), (N,))):
        x, y = floats(*a), floats(*b)
        close(losses.MeanSquaredError()(x, y), ((x.ravel() - y.ravel()) ** 2).mean())


@pytest.mark.parametrize(
    "true,pred,words",
    [
        ((8,), (8, 10), "1 unit wide"),
        ((8, 3), (8, 4), "3 units wide"),
        ((8, 3), (7, 3), "numbers of rows differ"),
        ((8, 3, 2), (8, 2), "Reshape"),
    ],
)
def test_shapes_must_match(true, pred, words):
    for loss in (losses.MeanSquaredError(), losses.Hinge(), losses.BinaryCrossentropy(), losses.CategoricalCrossentropy()):
        with pytest.raises(ValueError, match=f"{str(true)[1:-1].rstrip(',')}.*{str(pred)[1:-1]}.*{words}"):
            loss(np.ones(true, "float32"), np.ones(pred, "float32"))


def test_labels_out_of_range():
    with pytest.raises(ValueError, match="label 7 is out of range for 5 classes"):
        losses.SparseCategoricalCrossentropy()(np.array([0, 7]), np.full((2, 5), 0.2, "float32"))
    with pytest.raises(ValueError, match="label -1"):
        losses.sparse_categorical_crossentropy(np.array([0, -1]), np.full((2, 5), 0.2, "float32"))
    labels.check_labels(np.array([0, -1]), 5, "loss", ignore=-1)
    with pytest.raises(ValueError, match="label 0.5"):
        labels.check_labels(np.array([0.5]), 5, "loss")
    with pytest.raises(ValueError, match="one-hot targets use categorical"):
        losses.sparse_categorical_crossentropy(*LOGITS)


def test_bad_inputs():
    with pytest.raises(ValueError, match="reduction must be one of"):
        losses.MeanSquaredError(reduction="average")
    with pytest.raises(ValueError, match=r"sample_weight of shape \(3,\)"):
        losses.MeanSquaredError()(*NUMBERS, sample_weight=np.ones(3))
    with pytest.raises(ValueError, match="q must be"):
        losses.CategoricalGeneralizedCrossEntropy(2.0)
    with pytest.raises(ValueError, match="ctc needs"):
        losses.ctc(np.ones((2, 3, 1)), np.ones((2, 3, 4)))
    with pytest.raises(NotImplementedError, match="call"):
        losses.Loss()(*NUMBERS)


def test_scalar_function_refuses_padding():
    loss = losses.LossFunctionWrapper(lambda t, p: ops.mean(ops.square(t - p)))
    close(loss(*NUMBERS), ((NUMBERS[0] - NUMBERS[1]) ** 2).mean())
    assert not pads(loss, *NUMBERS)
    assert pads(losses.LossFunctionWrapper(lambda t, p: ops.mean(ops.square(t - p), -1)), *NUMBERS)


def test_ctc_is_the_sum_over_alignments():
    """Against all paths, written out, for ragged lengths."""
    import itertools

    rng = np.random.default_rng(3)
    scores, targets = rng.normal(size=(3, 5, 4)), np.array([[1, 1], [2, 3], [3, 0]])
    target_length, output_length = np.array([2, 2, 1]), np.array([5, 4, 3])
    logs = scores - np.log(np.exp(scores).sum(-1, keepdims=True))
    want = []
    for row in range(3):
        total = 0.0
        for path in itertools.product(range(4), repeat=output_length[row]):
            collapsed = [c for i, c in enumerate(path) if c and (i == 0 or c != path[i - 1])]
            if collapsed == targets[row][: target_length[row]].tolist():
                total += np.exp(sum(logs[row, t, c] for t, c in enumerate(path)))
        want.append(-np.log(total))
    close(ops.ctc_loss(targets, scores.astype("float32"), target_length, output_length), want, rtol=1e-4)


def test_ctc_takes_zeros_behind_the_labels_for_padding(engine):
    y_pred = np.random.default_rng(4).normal(size=(4, 6, 5)).astype("float32")
    y_true = np.array([[1, 2, 3], [4, 4, 0], [2, 0, 0], [0, 0, 0]], "int32")
    got = engine.to_numpy(losses.ctc(y_true, y_pred))
    close(got, np.asarray(keras.losses.ctc(y_true, y_pred)), rtol=1e-5)
    alone = [engine.to_numpy(losses.ctc(row[None, :n], y_pred[i : i + 1])) for i, (row, n) in enumerate(zip(y_true, (3, 2, 1)))]
    close(got[:3], np.concatenate(alone), rtol=1e-5)
    close(losses.CTC()(y_true, y_pred), float(keras.losses.CTC()(y_true, y_pred)), rtol=1e-5)


def test_ops_parity(engine):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        t, p = ONE_HOT
        close(ops.binary_crossentropy(*BINARY), keras.ops.binary_crossentropy(*BINARY))
        close(ops.categorical_crossentropy(t, p), keras.ops.categorical_crossentropy(t, p))
        close(ops.sparse_categorical_crossentropy(*SPARSE), keras.ops.sparse_categorical_crossentropy(*SPARSE))
        close(ops.one_hot([0, 2, -1, 9], 3, axis=0), keras.ops.one_hot(np.array([0, 2, -1, 9]), 3, axis=0))
        close(ops.multi_hot([[0, 2], [1, 1]], 3), keras.ops.multi_hot(np.array([[0, 2], [1, 1]]), 3))
        for order in (1, 2, 3):
            close(ops.normalize(p, order=order), keras.ops.normalize(p, order=order))
        close(ops.normalize(p, axis=(0, 1)), keras.ops.normalize(p, axis=(0, 1)))
        for k in (1, 2, 3):
            predictions = np.array([[0.5, 0.5, 0.5], [0.1, 0.2, 0.3]], "float32")
            for target in ([0, 0], [1, 1], [2, 2], [5, 1]):
                want = keras.ops.in_top_k(np.array(target), predictions, k)
                close(ops.in_top_k(target, predictions, k), want)
        for a, b in zip(ops.top_k(NUMBERS[0], 3), keras.ops.top_k(NUMBERS[0], 3)):
            close(a, b)
        close(ops.erf(NUMBERS[0]), keras.ops.erf(NUMBERS[0]))
        close(ops.erfinv(BINARY[1]), keras.ops.erfinv(BINARY[1]))
        close(ops.rsqrt(BINARY[1]), keras.ops.rsqrt(BINARY[1]))
        close(ops.logsumexp(NUMBERS[0], axis=(0, 1)), keras.ops.logsumexp(NUMBERS[0], axis=(0, 1)))


LOSSES = [losses.MeanSquaredError, losses.BinaryCrossentropy, losses.CategoricalCrossentropy, losses.Huber, losses.Dice]


@pytest.mark.parametrize("make", LOSSES)
@pytest.mark.parametrize("reduction", ["none", "sum_over_batch_size"])
def test_losses_of_symbolic_tensors_are_symbolic(make, reduction, engine):
    """Of the shape that they have for values."""
    loss, x = make(reduction=reduction), np.full((4, 3), 0.5, "float32")
    found = loss(kerata.KerasTensor((None, 3)), kerata.KerasTensor((None, 3)))
    shape = tuple(loss(x, x).shape)
    assert isinstance(found, kerata.KerasTensor) and found.dtype == "float32"
    assert [*found.shape] == [None if n == 4 else n for n in shape]


def test_weights_in_a_column_make_a_column_of_losses(engine):
    """As in Keras, where nothing is reduced; sums and means are the same."""
    x, weights = np.arange(6, dtype="float32").reshape(3, 2), np.array([[1.0], [0.0], [2.0]])
    values = ops.convert_to_numpy(losses.MeanSquaredError(reduction="none")(0 * x, x, weights))
    np.testing.assert_allclose(values, (x**2).mean(1, keepdims=True) * weights)
    np.testing.assert_allclose(float(losses.MeanSquaredError()(0 * x, x, weights)), values.mean(), rtol=1e-6)


def test_a_loss_of_the_whole_batch_is_weighted_by_each_sample(engine):
    x, weights = np.array([[1.0, 0.0], [0.25, 0.75]], "float32"), np.array([1.0, 3.0], "float32")
    whole = float(losses.Dice()(x[::-1], x))
    np.testing.assert_allclose(float(losses.Dice()(x[::-1], x, weights)), 2 * whole, rtol=1e-5)
