"""Data of every kind gives the same training."""

import numpy as np
import pytest

import kerata
from kerata.training.data import adapt, weighted_by_class

pytestmark = pytest.mark.usefixtures("training_engine")

X = np.random.default_rng(0).normal(size=(48, 4)).astype("float32")
Y = (X.sum(1, keepdims=True) > 0).astype("float32")


def model():
    kerata.utils.set_random_seed(0)
    m = kerata.Sequential(
        [kerata.layers.Dense(3, activation="tanh", input_shape=(4,)), kerata.layers.Dense(1, activation="sigmoid")]
    )
    m.compile("sgd", "binary_crossentropy")
    return m


class Batches(kerata.utils.PyDataset):
    def __len__(self):
        return 3

    def __getitem__(self, index):
        return X[16 * index : 16 * index + 16], Y[16 * index : 16 * index + 16]


class Loader:
    """Looks like a torch DataLoader."""

    __module__ = "torch.utils.data"

    def __len__(self):
        return 3

    def __iter__(self):
        return (Batches()[i] for i in range(3))


def forever():
    while True:
        yield from (Batches()[i] for i in range(3))


def on_disk(tmp_path):
    stored = np.memmap(tmp_path / "x.bin", dtype="float32", mode="w+", shape=X.shape)
    stored[:] = X
    return stored


KINDS = {
    "lists": lambda path: ((X.tolist(), Y.tolist()), {"batch_size": 16}),
    "pandas": lambda path: (
        (pytest.importorskip("pandas").DataFrame(X), pytest.importorskip("pandas").Series(Y[:, 0])),
        {"batch_size": 16},
    ),
    "float64": lambda path: ((X.astype("float64"), Y.astype("int64")), {"batch_size": 16}),
    "engine tensors": lambda path: ((kerata.ops.array(X), kerata.ops.array(Y)), {"batch_size": 16}),
    "memory map": lambda path: ((on_disk(path), Y), {"batch_size": 16}),
    "generator": lambda path: ((forever(),), {"steps_per_epoch": 3}),
    "PyDataset": lambda path: ((Batches(),), {}),
    "PyDataset with threads": lambda path: ((Batches(workers=3),), {}),
    "a torch loader": lambda path: ((Loader(),), {}),
    "one target axis less": lambda path: ((X, Y[:, 0]), {"batch_size": 16}),
}


@pytest.fixture(scope="module")
def expected():
    m = model()
    m.fit(X, Y, batch_size=16, epochs=2, shuffle=False, verbose=0)
    return m.get_weights()


@pytest.mark.parametrize("kind", KINDS)
def test_all_kinds_train_alike(kind, expected, tmp_path):
    arguments, keywords = KINDS[kind](tmp_path)
    m = model()
    m.fit(*arguments, epochs=2, shuffle=False, verbose=0, **keywords)
    for w, e in zip(m.get_weights(), expected):
        np.testing.assert_allclose(w, e, atol=1e-6)


def test_dicts_and_lists_of_inputs():
    a, b = kerata.Input((2,), name="a"), kerata.Input((2,), name="b")
    m = kerata.Model([a, b], kerata.layers.Dense(1)(kerata.layers.concatenate([a, b])))
    m.compile("sgd", "mse")
    as_list = m.predict([X[:, :2], X[:, 2:]], verbose=0)
    np.testing.assert_array_equal(as_list, m.predict({"b": X[:, 2:], "a": X[:, :2]}, verbose=0))
    m.fit({"a": X[:, :2], "b": X[:, 2:]}, Y, verbose=0)
    with pytest.raises(ValueError, match="'b' is missing|'b'"):
        m.predict({"a": X[:, :2]}, verbose=0)


def test_processes_read_in_order():
    from kerata.training.py_dataset import iterate
    from tests.training.spawned import Numbers

    assert [int(x[0]) for x in iterate(Numbers(workers=2, use_multiprocessing=True))] == list(range(6))


def test_an_error_in_a_worker_names_the_batch():
    class Broken(Batches):
        def __getitem__(self, index):
            if index == 1:
                raise KeyError("no such file")
            return super().__getitem__(index)

    with pytest.raises(KeyError, match="no such file") as caught:
        model().fit(Broken(workers=2), verbose=0, shuffle=False)
    assert any("__getitem__(1)" in note for note in caught.value.__notes__)


def test_a_generator_is_not_read_further_than_needed():
    count = 0

    def counted():
        nonlocal count
        for batch in forever():
            count += 1
            yield batch

    model().fit(counted(), steps_per_epoch=3, epochs=2, verbose=0)
    assert count == 6


def test_a_generator_that_ends_early_is_told():
    with pytest.warns(UserWarning, match="ended after 2 of 5 steps"):
        model().fit((Batches()[i] for i in range(2)), steps_per_epoch=5, verbose=0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((X, Y[:10]), "different numbers of samples: x 48, y 10"),
        ((X[:0], Y[:0]), "0 samples"),
        ((np.array([["a"]]), Y[:1]), "no numbers"),
        (([[1.0, 2.0], [3.0]], [0, 1]), "different lengths|equal length|inhomogeneous"),
        ((forever(), Y), "y is not given beside"),
        ((3.0, None), "no data that can be understood|single number"),
    ],
)
def test_bad_data_is_told(arguments, message):
    with pytest.raises((ValueError, TypeError), match=message):
        adapt(*arguments)


def test_a_nested_list_is_data():
    assert model().predict([[1, 2, 3, 4]], verbose=0).shape == (1, 1)


def test_class_weights():
    y = np.array([0, 0, 0, 1])
    assert weighted_by_class((X[:4], y, None), {0: 1.0, 1: 3.0})[2].tolist() == [1, 1, 1, 3]
    assert weighted_by_class((X[:4], np.eye(2)[y], np.full(4, 2.0)), {0: 1.0, 1: 3.0})[2].tolist() == [2, 2, 2, 6]
    np.testing.assert_allclose(weighted_by_class((X[:4], y, None), "balanced")[2], [2 / 3, 2 / 3, 2 / 3, 2])
    assert weighted_by_class((X[:4], y, None), {1: 3.0})[2].tolist() == [1, 1, 1, 3]


def test_shuffling_changes_the_order_and_follows_the_seed():
    weights = []
    for _ in range(2):
        m = model()
        m.fit(X, Y, batch_size=16, epochs=2, verbose=0)
        weights.append(m.get_weights()[0])
    np.testing.assert_array_equal(*weights)
    m = model()
    m.fit(X, Y, batch_size=16, epochs=2, shuffle=False, verbose=0)
    assert not np.array_equal(m.get_weights()[0], weights[0])
