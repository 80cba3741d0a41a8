"""The files of data sets: where they come from, what they must hash to, and how they are read without running anything.

Names and folders are those of Keras, so that files that are there already are used.
"""

import gzip
import pathlib
import pickle
import struct
import zipfile

import numpy as np

from kerata.utils.downloads import get_file

_GOOGLE = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
_TORONTO = "https://www.cs.toronto.edu/~kriz/"

# Name -> (address, SHA-256, or the MD5 where the data's authors publish that).
FILES = {
    "mnist.npz": (_GOOGLE + "mnist.npz", "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"),
    "fashion-mnist/train-images-idx3-ubyte.gz": (
        _GOOGLE + "train-images-idx3-ubyte.gz",
        "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    ),
    "fashion-mnist/train-labels-idx1-ubyte.gz": (
        _GOOGLE + "train-labels-idx1-ubyte.gz",
        "25c81989df183df01b3e8a0aad5dffbe",
    ),
    "fashion-mnist/t10k-images-idx3-ubyte.gz": (_GOOGLE + "t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"),
    "fashion-mnist/t10k-labels-idx1-ubyte.gz": (_GOOGLE + "t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"),
    "cifar-10-batches-py-target": (
        _TORONTO + "cifar-10-python.tar.gz",
        "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    ),
    "cifar-100-python-target": (
        _TORONTO + "cifar-100-python.tar.gz",
        "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
    ),
    "imdb.npz": (_GOOGLE + "imdb.npz", "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f"),
    "imdb_word_index.json": (_GOOGLE + "imdb_word_index.json", "bfafd718b763782e994055a2d397834f"),
    "reuters.npz": (_GOOGLE + "reuters.npz", "d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916"),
    "reuters_word_index.json": (_GOOGLE + "reuters_word_index.json", "4d44cc38712099c9e383dc6e5f11a921"),
    "boston_housing.npz": (_GOOGLE + "boston_housing.npz", "f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5"),
    "california_housing.npz": (
        _GOOGLE + "california_housing.npz",
        "1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f",
    ),
}


def fetched(name, path=None, extract=False):
    """The path of a data set's file, downloaded if it isn't there.

    Args:
        name: in `FILES`.
        path: the name under which it is kept, if another one.
        extract: whether it is an archive; the path is then that of its folder.
    """
    origin, file_hash = FILES[name]
    folder, _, own = name.rpartition("/")
    return get_file(path or own, origin, file_hash=file_hash, cache_subdir=f"datasets/{folder}".rstrip("/"), extract=extract)


# What arrays, and the lists and dicts that hold them, are pickled as. Nothing else may be called.
_ALLOWED = {
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy.core.numeric", "_frombuffer"),
    ("numpy._core.numeric", "_frombuffer"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("_codecs", "encode"),
}


class _ArrayUnpickler(pickle.Unpickler):
    """Reads pickled arrays, lists, dicts, numbers and texts, and refuses whatever would call something else."""

    def find_class(self, module, name):
        if (module, name) not in _ALLOWED:
            raise ValueError(f"The file asks for {module}.{name}, which no array needs: it is not read.")
        return super().find_class(module.replace("numpy.core", "numpy._core") if hasattr(np, "_core") else module, name)


def unpickled(file):
    """The arrays, lists and dicts in a pickle file of any Python, texts of Python 2 as bytes.

    Raises: ValueError if there is anything else in it.
    """
    try:
        return _ArrayUnpickler(file, encoding="bytes").load()
    except (pickle.UnpicklingError, EOFError, KeyError, IndexError, AttributeError, TypeError) as error:
        raise ValueError(f"The file is damaged: {error}") from None


def read_npz(path):
    """The arrays of an `.npz` file, those of lists too, without running what it might hold.

    Raises: ValueError if it holds anything but arrays, lists, numbers and texts.
    """
    arrays = {}
    with zipfile.ZipFile(path) as archive:
        for member in archive.namelist():
            with archive.open(member) as file:
                arrays[member.removesuffix(".npy")] = _read_npy(file)
    return arrays


def _read_npy(file):
    version = np.lib.format.read_magic(file)
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran_order, dtype = read_header(file)
    if dtype.hasobject:
        return unpickled(file).reshape(shape)
    array = np.frombuffer(file.read(), dtype)
    return array.reshape(shape[::-1]).T.copy() if fortran_order else array.reshape(shape).copy()


def read_idx(path):
    """The array of a gzipped IDX file of bytes.

    Raises: ValueError for another format, or a file that is cut off.
    Source: Y. LeCun, "The MNIST database of handwritten digits".
    """
    content = gzip.decompress(pathlib.Path(path).read_bytes())
    if len(content) < 4 or content[:3] != b"\0\0\x08":
        raise ValueError(f"{str(path)!r} is no IDX file of bytes.")
    start = 4 + 4 * content[3]
    shape = struct.unpack(f">{content[3]}I", content[4:start])
    data = np.frombuffer(content, np.uint8, offset=start)
    if data.size != np.prod(shape):
        raise ValueError(f"{str(path)!r} is cut off: {np.prod(shape)} bytes are expected, {data.size} are there.")
    return data.reshape(shape)


def split_shuffled(x, y, test_split, seed):
    """`(x_train, y_train), (x_test, y_test)` of samples shuffled by `numpy.random.RandomState(seed)`.

    Raises: ValueError if `test_split` is not between 0 and 1.
    """
    if not 0 <= test_split < 1:
        raise ValueError(f"test_split must be at least 0 and below 1; {test_split} came.")
    order = np.arange(len(x))
    np.random.RandomState(seed).shuffle(order)
    x, y = x[order], y[order]
    cut = int(len(x) * (1 - test_split))
    return (x[:cut], y[:cut]), (x[cut:], y[cut:])
