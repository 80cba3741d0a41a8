"""`HDF5Matrix` against the array that the file holds."""

import pickle

import h5py
import numpy as np
import pytest

import kerata as k
from kerata.utils.hdf5_matrix import HDF5Matrix

X = np.random.default_rng(0).normal(size=(20, 3)).astype("float32")


@pytest.fixture
def path(tmp_path):
    """A file with the array as it is, and in compressed chunks."""
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["x"] = X
        file["group/y"] = X[:, 0] > 0
        file.create_dataset("chunks", data=X, chunks=(4, 3), compression="gzip")
    return tmp_path / "x.h5"


KEYS = [
    0, -1, np.int64(3), slice(None), slice(2, 7), slice(-4, None), slice(1, 100, 3), slice(9, 2, -2), [3, 1, 1, -2], [],
    np.array([7, 0]), np.arange(10) % 3 == 0, range(2, 5), (4, 2),
]  # fmt: skip


@pytest.mark.parametrize("name", ["x", "chunks"])
@pytest.mark.parametrize("key", KEYS, ids=str)
def test_keys_mean_what_they_mean_for_arrays(path, name, key):
    matrix = HDF5Matrix(path, name, start=4, end=14)
    whole = isinstance(key, (int, np.integer, slice))
    expected = X[4:14][key if whole else np.array(key, None if len(key) else int)]
    np.testing.assert_array_equal(matrix[key], expected)
    np.testing.assert_array_equal(HDF5Matrix(path, name, 4, 14, lambda rows: rows * 2)[key], expected * 2)


@pytest.mark.parametrize("name", ["x", "chunks"])
def test_it_looks_like_an_array(path, name):
    matrix = HDF5Matrix(path, name, 5)
    assert (len(matrix), matrix.shape, matrix.dtype, matrix.ndim, matrix.size) == (15, (15, 3), "float32", 2, 45)
    np.testing.assert_array_equal(np.asarray(matrix), X[5:])
    assert np.asarray(matrix, "float64").dtype == "float64"
    copy = np.array(matrix, copy=True)
    copy[:] = 0
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(matrix))[:], X[5:])
    normalized = HDF5Matrix(path, name, normalizer=lambda rows: np.float64(rows[:, :2]))
    assert (normalized.shape, normalized.dtype, normalized.size) == ((20, 2), "float64", 40)
    np.testing.assert_array_equal(np.asarray(normalized), X[:, :2].astype("float64"))


def test_data_in_one_piece_is_mapped_not_read(path):
    matrix = np.asarray(HDF5Matrix(path, "x", 2))
    base = matrix
    while base.base is not None and not isinstance(base, np.memmap):
        base = base.base
    assert isinstance(base, np.memmap)


def test_models_train_on_it(path, training_engine):
    model = k.Sequential([k.Input((3,)), k.layers.Dense(1)])
    model.compile("sgd", "mse")
    x, y = HDF5Matrix(path, "x", 0, 16), HDF5Matrix(path, "group/y", 0, 16, normalizer=np.float32)
    history = model.fit(x, y, batch_size=5, epochs=2, shuffle="batch", verbose=0, validation_data=(x, y))
    assert len(history.history["val_loss"]) == 2
    np.testing.assert_allclose(model.predict(x, verbose=0), model.predict(X[:16], verbose=0), 1e-6)


@pytest.mark.parametrize("key", [16, -17, [0, 16], np.array([[1]]), [0.5], "a", np.array([True])])
def test_rows_that_there_are_not_are_told_of(path, key):
    with pytest.raises(IndexError, match="16 rows|Rows are named by"):
        HDF5Matrix(path, "x", 0, 16)[key]


def test_files_that_do_not_fit_are_refused(path):
    with pytest.raises(FileNotFoundError):
        HDF5Matrix(path.with_name("none.h5"), "x")
    with pytest.raises(KeyError, match="has no data set 'z'; it has chunks, group, x"):
        HDF5Matrix(path, "z")
    with pytest.raises(ValueError, match="has 20 rows; start=0 and end=21"):
        HDF5Matrix(path, "x", end=21)
