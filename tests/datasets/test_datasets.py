"""Data sets, from small files of the same format on a server of this machine; the oracle reads the same files."""

import gzip
import hashlib
import io
import json
import os
import pickle
import struct
import sys
import tarfile

import numpy as np
import pytest

from kerata import datasets
from kerata.datasets import files
from tests.oracle import keras as oracle
from tests.utils import served

RNG = np.random.default_rng(0)


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    with served.folder(tmp_path / "www") as running:
        yield running


@pytest.fixture
def serve(server, monkeypatch):
    """Have a data set's file come from the server, with these bytes."""

    def put(name, content):
        own = name.rpartition("/")[2]
        (server.folder / own).write_bytes(content)
        monkeypatch.setitem(files.FILES, name, (server.url + own, hashlib.sha256(content).hexdigest()))

    return put


def npz(**arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def lists(count):
    result = np.empty(count, object)
    result[:] = [list(map(int, RNG.integers(1, 20, RNG.integers(1, 9)))) for _ in range(count)]
    return result


def archive(folder, batches):
    """A tar archive of pickled batches, with bytes as keys, as Python 2 has them."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as file:
        for name, batch in batches.items():
            content = pickle.dumps({k.encode(): v for k, v in batch.items()}, protocol=3)
            info = tarfile.TarInfo(f"{folder}/{name}")
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def pixels(count):
    return RNG.integers(0, 255, (count, 3072)).astype("uint8")


def theirs(monkeypatch, module, tmp_path, **arguments):
    """What the oracle reads from the files that kerata fetched."""
    oracle()
    loaded = sys.modules[f"keras.src.datasets.{module}"]

    def get_file(fname, origin, cache_subdir="datasets", **kwargs):
        return os.path.join(tmp_path, "home", cache_subdir, fname)

    monkeypatch.setattr(loaded, "get_file", get_file)
    return loaded.load_data(**arguments)


def assert_same(mine, expected):
    for (x, y), (u, v) in zip(mine, expected, strict=True):
        assert (x.dtype, y.dtype, len(x), y.shape) == (u.dtype, v.dtype, len(u), v.shape)
        if x.dtype == object:
            assert x.tolist() == u.tolist()
        else:
            np.testing.assert_array_equal(x, u)
        np.testing.assert_array_equal(y, v)


def test_mnist(serve, server, monkeypatch, tmp_path):
    x = RNG.integers(0, 255, (5, 28, 28)).astype("uint8")
    serve("mnist.npz", npz(x_train=x, y_train=np.arange(5, dtype="uint8"), x_test=x[:2], y_test=np.arange(2, dtype="uint8")))
    mine = datasets.mnist.load_data()
    assert_same(mine, theirs(monkeypatch, "mnist", tmp_path))
    assert_same(datasets.mnist.load_data(), mine)
    assert server.asked == ["/mnist.npz"] and (tmp_path / "home/datasets/mnist.npz").exists()


def test_fashion_mnist(serve, monkeypatch, tmp_path):
    for part, count in (("train", 4), ("t10k", 2)):
        x, y = RNG.integers(0, 255, (count, 28, 28)).astype("uint8"), np.arange(count, dtype="uint8")
        images = b"\0\0\x08\x03" + struct.pack(">3I", *x.shape) + x.tobytes()
        serve(f"fashion-mnist/{part}-images-idx3-ubyte.gz", gzip.compress(images))
        serve(
            f"fashion-mnist/{part}-labels-idx1-ubyte.gz",
            gzip.compress(b"\0\0\x08\x01" + struct.pack(">I", count) + y.tobytes()),
        )
    assert_same(datasets.fashion_mnist.load_data(), theirs(monkeypatch, "fashion_mnist", tmp_path))


def test_cifar10(serve):
    names = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]
    batches = {name: {"data": pixels(2), "labels": [i, 9 - i]} for i, name in enumerate(names)}
    serve("cifar-10-batches-py-target", archive("cifar-10-batches-py", batches))
    (x_train, y_train), (x_test, y_test) = datasets.cifar10.load_data()
    assert x_train.shape == (10, 32, 32, 3) and y_train.tolist() == [[v] for i in range(5) for v in (i, 9 - i)]
    assert {a.dtype.name for a in (x_train, y_train, x_test, y_test)} == {"uint8"} and y_test.tolist() == [[5], [4]]
    colours = batches["data_batch_3"]["data"][1].reshape(3, 1024)  # all of red, then of green, then of blue
    np.testing.assert_array_equal(x_train[5].reshape(1024, 3), colours.T)
    np.testing.assert_array_equal(np.moveaxis(x_test, -1, 1).reshape(2, 3072), batches["test_batch"]["data"])


def test_channels_come_first_where_that_is_the_default(serve, monkeypatch):
    batch = {"data": pixels(2), "fine_labels": [3, 4]}
    serve("cifar-100-python-target", archive("cifar-100-python", {"train": batch, "test": batch}))
    monkeypatch.setattr("kerata.core.config.settings.image_data_format", "channels_first")
    (x, _), _ = datasets.cifar100.load_data()
    np.testing.assert_array_equal(x.reshape(2, 3072), batch["data"])


@pytest.mark.parametrize("label_mode", ["fine", "coarse"])
def test_cifar100(serve, monkeypatch, tmp_path, label_mode):
    batch = lambda n: {"data": pixels(n), "fine_labels": list(range(n)), "coarse_labels": [i // 2 for i in range(n)]}
    serve("cifar-100-python-target", archive("cifar-100-python", {"train": batch(6), "test": batch(3)}))
    mine = datasets.cifar100.load_data(label_mode)
    assert_same(mine, theirs(monkeypatch, "cifar100", tmp_path, label_mode=label_mode))
    with pytest.raises(ValueError, match="'middle' came"):
        datasets.cifar100.load_data("middle")


TEXTS = [
    {},
    {"num_words": 10},
    {"skip_top": 5},
    {"maxlen": 6},
    {"start_char": None},
    {"oov_char": None, "num_words": 10},
    {"index_from": 0},
    {"seed": 7, "num_words": 12, "skip_top": 3, "index_from": 2},
]


@pytest.mark.parametrize("arguments", TEXTS, ids=str)
def test_imdb(serve, monkeypatch, tmp_path, arguments):
    serve("imdb.npz", npz(x_train=lists(9), y_train=np.arange(9), x_test=lists(7), y_test=np.arange(7)))
    assert_same(datasets.imdb.load_data(**arguments), theirs(monkeypatch, "imdb", tmp_path, **arguments))


@pytest.mark.parametrize("arguments", [*TEXTS, {"test_split": 0.4}], ids=str)
def test_reuters(serve, monkeypatch, tmp_path, arguments):
    serve("reuters.npz", npz(x=lists(12), y=np.arange(12)))
    assert_same(datasets.reuters.load_data(**arguments), theirs(monkeypatch, "reuters", tmp_path, **arguments))


def test_word_indices_and_labels(serve):
    for module in (datasets.imdb, datasets.reuters):
        name = module.__name__.rpartition(".")[2]
        serve(f"{name}_word_index.json", json.dumps({"the": 1, "café": 2}).encode())
        assert module.get_word_index() == {"the": 1, "café": 2}
    assert datasets.reuters.get_label_names() == oracle().datasets.reuters.get_label_names()


def test_boston_housing(serve, monkeypatch, tmp_path):
    serve("boston_housing.npz", npz(x=RNG.normal(size=(20, 13)), y=np.arange(20.0)))
    for arguments in ({}, {"test_split": 0.5, "seed": 1}):
        assert_same(
            datasets.boston_housing.load_data(**arguments), theirs(monkeypatch, "boston_housing", tmp_path, **arguments)
        )


@pytest.mark.parametrize("arguments", [{}, {"version": "small"}, {"test_split": 0.5, "seed": 1}], ids=str)
def test_california_housing(serve, monkeypatch, tmp_path, arguments):
    serve("california_housing.npz", npz(x=RNG.normal(size=(1000, 8)), y=np.arange(1000.0)))
    mine = datasets.california_housing.load_data(**arguments)
    assert_same(mine, theirs(monkeypatch, "california_housing", tmp_path, **arguments))


def test_arguments_out_of_range_raise(serve):
    with pytest.raises(ValueError, match="'medium' came"):
        datasets.california_housing.load_data("medium")
    serve("boston_housing.npz", npz(x=np.zeros((3, 2)), y=np.zeros(3)))
    for module in (datasets.boston_housing, datasets.reuters):
        with pytest.raises(ValueError, match="test_split.*1.5 came"):
            module.load_data(test_split=1.5)
    serve("imdb.npz", npz(x_train=lists(2), y_train=np.arange(2), x_test=lists(2), y_test=np.arange(2)))
    with pytest.raises(ValueError, match="shorter than maxlen=1"):
        datasets.imdb.load_data(maxlen=1)
    with pytest.raises(TypeError, match="'words'"):
        datasets.imdb.load_data(words=3)


def test_a_file_with_another_hash_is_not_used(serve, server, tmp_path):
    content = npz(x=np.zeros((3, 2)), y=np.zeros(3))
    serve("boston_housing.npz", content)
    (server.folder / "boston_housing.npz").write_bytes(b"other")
    with pytest.raises(ValueError, match="expected"):
        datasets.boston_housing.load_data()
    assert list((tmp_path / "home/datasets").iterdir()) == []


class Harmful:
    def __reduce__(self):
        return os.system, ("exit 3",)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_what_would_run_code_is_refused(serve, protocol):
    with pytest.raises(ValueError, match="system, which no array needs"):
        files.unpickled(io.BytesIO(pickle.dumps({"data": [Harmful()]}, protocol)))
    array = np.empty(1, object)
    array[0] = Harmful()
    serve("boston_housing.npz", npz(x=array, y=np.zeros(1)))
    with pytest.raises(ValueError, match="system, which no array needs"):
        datasets.boston_housing.load_data()


def test_arrays_of_every_kind_come_back(tmp_path):
    arrays = {"a": np.asfortranarray(RNG.normal(size=(3, 4))), "b": np.array(5), "c": np.zeros((0, 2), "int8"), "d": lists(3)}
    (tmp_path / "x.npz").write_bytes(npz(**arrays))
    for name, array in files.read_npz(tmp_path / "x.npz").items():
        assert array.dtype == arrays[name].dtype and array.tolist() == arrays[name].tolist()
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        restored = files.unpickled(io.BytesIO(pickle.dumps({b"x": arrays["a"], b"y": [1, b"z"]}, protocol)))
        np.testing.assert_array_equal(restored[b"x"], arrays["a"])


@pytest.mark.parametrize("content", [b"", b"\0\0\x09\x01\0\0\0\0", b"\0\0\x08\x01\0\0\0\x05abc"])
def test_damaged_files_raise(tmp_path, content):
    (tmp_path / "x.gz").write_bytes(gzip.compress(content))
    with pytest.raises(ValueError, match="no IDX file|cut off"):
        files.read_idx(tmp_path / "x.gz")
    with pytest.raises(ValueError, match="damaged"):
        files.unpickled(io.BytesIO(content))
