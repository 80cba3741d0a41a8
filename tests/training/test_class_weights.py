"""Weights of classes: in every form of labels, for classes that have none, and what is refused."""

import numpy as np
import pytest

import kerata
from kerata import layers

pytestmark = pytest.mark.usefixtures("training_engine")

X = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")
LABELS = np.array([0, 1, 2, 0, 1, 2, 2, 0])
KINDS = {
    "class numbers": (LABELS, "sparse_categorical_crossentropy"),
    "class numbers in a column": (LABELS[:, None], "sparse_categorical_crossentropy"),
    "class numbers in floats": (LABELS.astype("float32"), "sparse_categorical_crossentropy"),
    "one-hot": (np.eye(3, dtype="float32")[LABELS], "categorical_crossentropy"),
}


def model(loss):
    kerata.utils.set_random_seed(0)
    m = kerata.Sequential([kerata.Input((3,)), layers.Dense(3, activation="softmax", kernel_initializer="glorot_uniform")])
    m.compile(kerata.optimizers.SGD(0.0), loss)
    return m


def expected(m, weights):
    """The mean of weight * -log p(label)."""
    chances = m.predict(X, verbose=0)[np.arange(len(X)), LABELS]
    return (weights * -np.log(chances)).mean()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "given, weights",
    [
        ({0: 1.0, 1: 3.0, 2: 0.5}, [1, 3, 0.5]),
        ({1: 3.0}, [1, 3, 1]),
        ({}, [1, 1, 1]),
        ({np.int64(2): 2, 7: 5.0, -1: 4.0}, [1, 1, 2]),
        ({0.0: 2.0, 1: -3.0}, [2, -3, 1]),
        ("balanced", [8 / 9, 8 / 6, 8 / 9]),
    ],
)
def test_a_class_without_weight_weighs_one(kind, given, weights):
    y, loss = KINDS[kind]
    m, rows = model(loss), np.array(weights)[LABELS]
    want = expected(m, rows)
    np.testing.assert_allclose(m.fit(X, y, class_weight=given, verbose=0).history["loss"], [want], rtol=1e-5)
    np.testing.assert_allclose(m.train_on_batch(X, y, class_weight=given), want, rtol=1e-5)
    stream = m.fit(iter([(X, y)]), class_weight=given, verbose=0)
    np.testing.assert_allclose(stream.history["loss"], [want], rtol=1e-5)
    samples = np.linspace(0, 1, len(X), dtype="float32")
    both = m.fit(X, y, class_weight=given, sample_weight=samples, verbose=0)
    np.testing.assert_allclose(both.history["loss"], [expected(m, rows * samples)], rtol=1e-5)


def test_steps_of_sequences_are_weighted_one_by_one():
    labels = np.array([[0, 1, 1], [1, 0, 0]])
    sequences = kerata.Sequential([kerata.Input((3, 2)), layers.Dense(2, activation="softmax", kernel_initializer="zeros")])
    sequences.compile("sgd", "sparse_categorical_crossentropy")
    loss = sequences.fit(np.ones((2, 3, 2)), labels[..., None], class_weight={1: 3.0}, verbose=0).history["loss"]
    np.testing.assert_allclose(loss, [np.log(2) * np.where(labels, 3, 1).mean()], rtol=1e-5)


def test_validation_is_not_weighted():
    m = model("sparse_categorical_crossentropy")
    history = m.fit(X, LABELS, class_weight={1: 30.0}, validation_split=0.5, verbose=0).history
    rows = -np.log(m.predict(X, verbose=0)[np.arange(8), LABELS])
    np.testing.assert_allclose(history["val_loss"], [rows[4:].mean()], rtol=1e-5)
    np.testing.assert_allclose(history["loss"], [(rows * np.where(LABELS == 1, 30, 1))[:4].mean()], rtol=1e-5)


@pytest.mark.filterwarnings("ignore:The loss")
def test_a_weight_that_is_not_a_number_is_taken():
    assert np.isnan(model("sparse_categorical_crossentropy").train_on_batch(X, LABELS, class_weight={1: float("nan")}))


@pytest.mark.parametrize("given", [[1.0, 3.0, 1.0], (1.0, 3.0), np.ones(3), "none", 2.0])
@pytest.mark.parametrize("how", ["fit", "stream", "split", "batch"])
def test_what_is_no_dict_is_refused(given, how):
    m = model("sparse_categorical_crossentropy")
    hint = r"\{0: 1\.0, 1: 3\.0\}" + (r".*dict\(enumerate\(weights\)\)" if np.ndim(given) else "")
    with pytest.raises(TypeError, match=hint):
        fit(m, given, how)


@pytest.mark.parametrize("key", ["0", "a", 0.5, None, (1,)])
@pytest.mark.parametrize("how", ["fit", "stream", "split", "batch"])
def test_keys_that_are_no_class_numbers_are_refused(key, how):
    with pytest.raises(ValueError, match=r"class numbers, as in \{0: 1\.0, 1: 3\.0\}"):
        fit(model("sparse_categorical_crossentropy"), {0: 1.0, key: 2.0}, how)


def fit(m, given, how):
    if how == "batch":
        m.train_on_batch(X, LABELS, class_weight=given)
    elif how == "stream":
        m.fit(iter([(X, LABELS)]), class_weight=given, verbose=0)
    else:
        m.fit(X, LABELS, class_weight=given, validation_split=0.5 if how == "split" else 0.0, verbose=0)


def test_without_targets_there_are_no_classes():
    with pytest.raises(ValueError, match="class_weight needs targets"):
        model("sparse_categorical_crossentropy").fit(X, class_weight={0: 1.0}, verbose=0)
