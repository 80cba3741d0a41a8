"""Data sets of the files in a folder: the same files, labels, splits and batches as the oracle's."""

import struct
import wave

import numpy as np
import pytest
from PIL import Image

import kerata as k
from kerata import utils
from kerata.utils.waves import read_wave
from tests.oracle import keras as oracle


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    root, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for name, count in (("b", 7), ("a", 9), ("a-1", 2), ("a/sub", 1), ("c10", 3), (".hidden", 1)):
        (root / name).mkdir(parents=True, exist_ok=True)
        for i in range(count):
            pixels = rng.integers(0, 255, (5 + i, 6, 3)).astype("uint8")
            Image.fromarray(pixels).save(root / name / f"{i}.{('png', 'bmp')[i % 2]}")
    (root / "a" / "readme.txt").write_text("no picture")
    return root


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    """PNG alone, which TensorFlow reads as gray."""
    root, rng = tmp_path_factory.mktemp("photographs"), np.random.default_rng(0)
    (root / "gray").mkdir()
    for i in range(3):
        Image.fromarray(rng.integers(0, 255, (5 + i, 6, 3)).astype("uint8")).save(root / "gray" / f"{i}.png")
    return root


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    root = tmp_path_factory.mktemp("texts")
    for name in "ab":
        (root / name).mkdir()
        for i in range(3):
            (root / name / f"{i}.txt").write_text(f"héllo {name}{i} text", encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    root, rng = tmp_path_factory.mktemp("sounds"), np.random.default_rng(0)
    for name in "ab":
        (root / name).mkdir()
        for i in range(2):
            with wave.open(str(root / name / f"{i}.wav"), "wb") as file:
                file.setnchannels(2), file.setsampwidth(2), file.setframerate(16000)
                file.writeframes(rng.integers(-30000, 30000, (5 + 3 * i, 2)).astype("<i2").tobytes())
    return root


def parts(element):
    return [np.asarray(x) for x in (element if isinstance(element, tuple) else (element,))]


def assert_same(mine, theirs, **tolerance):
    mine, theirs = [parts(e) for e in mine], [parts(e) for e in theirs]
    assert len(mine) == len(theirs)
    for first, second in zip(mine, theirs):
        second = [x.astype("float32") if x.dtype == "uint8" else x for x in second]  # of "nearest", against its documentation
        assert [x.dtype for x in first] == [x.dtype for x in second]
        for x, y in zip(first, second):
            if x.dtype == object:
                np.testing.assert_array_equal(x, y)
            else:
                np.testing.assert_allclose(x, y, **tolerance)


IMAGES = [
    {},
    {"batch_size": None},
    {"batch_size": 5, "label_mode": "categorical"},
    {"label_mode": None},
    {"labels": None},
    {"labels": list(range(23))},
    {"class_names": ["c10", "a"], "label_mode": "binary"},
    {"color_mode": "rgba"},
    {"interpolation": "nearest"},
    {"crop_to_aspect_ratio": True},
    {"pad_to_aspect_ratio": True},
    {"data_format": "channels_first", "interpolation": "area"},
    {"validation_split": 0.3, "subset": "validation"},
    {"validation_split": 0.3, "subset": "training"},
]


@pytest.mark.parametrize("arguments", IMAGES, ids=str)
def test_images(pictures, arguments):
    arguments = {"image_size": (4, 6), "shuffle": False, "verbose": False, **arguments}
    theirs = oracle().utils.image_dataset_from_directory(pictures, **arguments)
    for name in ("jax", "tensorflow"):
        with k.use_engine(name):
            mine = utils.image_dataset_from_directory(pictures, **arguments)
        assert mine.file_paths == theirs.file_paths
        assert mine.class_names == getattr(theirs, "class_names", None)
        assert_same(mine, theirs, rtol=1e-4, atol=1e-2)
        if name == "tensorflow":
            assert int(mine.cardinality()) == int(theirs.cardinality())
        assert str(mine.element_spec) == str(theirs.element_spec).replace("uint8", "float32")


def test_square_images(pictures):
    images, _ = next(iter(utils.image_dataset_from_directory(pictures, image_size=5, verbose=False)))
    assert tuple(images.shape)[1:] == (5, 5, 3)


def test_gray_images(photographs):
    """Within a step of those of Keras: libpng and Pillow round the weighted sum of the colours differently."""
    arguments = {"color_mode": "grayscale", "image_size": (5, 6), "shuffle": False, "verbose": False}
    with k.use_engine("jax"):
        mine = utils.image_dataset_from_directory(photographs, **arguments)
    assert_same(mine, oracle().utils.image_dataset_from_directory(photographs, **arguments), atol=1.01)


@pytest.mark.parametrize("seed", [1, 12])
def test_shuffled_splits_are_those_of_keras(pictures, seed):
    arguments = {"seed": seed, "validation_split": 0.3, "subset": "both", "image_size": (2, 2), "verbose": False}
    with k.use_engine("jax"):
        training, validation = utils.image_dataset_from_directory(pictures, **arguments)
    theirs = oracle().utils.image_dataset_from_directory(pictures, **arguments)
    assert [training.file_paths, validation.file_paths] == [d.file_paths for d in theirs]
    (_, labels), (_, expected) = next(iter(validation)), next(iter(theirs[1]))
    assert sorted(labels.tolist()) == sorted(expected.numpy().tolist())


def test_each_pass_has_another_order_with_the_right_labels(pictures):
    with k.use_engine("jax"):
        data = utils.image_dataset_from_directory(pictures, seed=1, image_size=(5, 6), batch_size=4, verbose=False)
    seen = [[(x.tobytes(), int(y)) for xs, ys in data for x, y in zip(xs, ys)] for _ in range(2)]
    assert seen[0] != seen[1] and sorted(seen[0]) == sorted(seen[1]) and len(seen[0]) == 22


def test_a_model_is_trained_from_a_folder(pictures, training_engine):
    data = utils.image_dataset_from_directory(pictures, image_size=(4, 4), batch_size=8, seed=0, verbose=False)
    inputs = k.layers.Rescaling(1 / 255)
    model = k.Sequential([inputs, k.layers.Flatten(), k.layers.Dense(len(data.class_names), "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    assert len(model.fit(data, epochs=2, verbose=0, validation_data=data).history["val_loss"]) == 2
    mapped = data.map(lambda x, y: (k.ops.image.rgb_to_grayscale(x), y)) if training_engine.name != "tensorflow" else data
    for x, y in mapped.take(1):
        assert x.numpy().shape[:3] == (8, 4, 4) and y.numpy().dtype == "int32"


@pytest.mark.parametrize(
    "arguments", [{}, {"max_length": 8, "batch_size": 4}, {"label_mode": "binary"}, {"labels": None}], ids=str
)
def test_texts(texts, arguments):
    arguments = {"shuffle": False, "verbose": False, **arguments}
    theirs = oracle().utils.text_dataset_from_directory(texts, **arguments)
    for name in ("jax", "tensorflow"):
        with k.use_engine(name):
            assert_same(utils.text_dataset_from_directory(texts, **arguments), theirs)


@pytest.mark.parametrize("arguments", [{}, {"output_sequence_length": 6}, {"label_mode": None}, {"batch_size": None}], ids=str)
def test_sounds(sounds, arguments):
    arguments = {"shuffle": False, "verbose": False, **arguments}
    theirs = oracle().utils.audio_dataset_from_directory(sounds, **arguments)
    for name in ("jax", "tensorflow"):
        with k.use_engine(name):
            assert_same(utils.audio_dataset_from_directory(sounds, **arguments), theirs)


def test_sounds_keep_their_lengths_or_change_their_rate(sounds):
    ragged = utils.audio_dataset_from_directory(sounds, ragged=True, shuffle=False, verbose=False)
    assert [x.shape for x in next(iter(ragged))[0]] == [(5, 2), (8, 2)] * 2
    with k.use_engine("jax"):
        slower = utils.audio_dataset_from_directory(sounds, sampling_rate=8000, shuffle=False, verbose=False)
    assert next(iter(slower))[0].shape == (4, 4, 2)


def test_the_numbers_of_files_are_told(pictures, capsys):
    utils.image_dataset_from_directory(pictures, image_size=(2, 2), seed=1, validation_split=0.3, subset="both", format="grain")
    mine = capsys.readouterr().out
    oracle().utils.image_dataset_from_directory(pictures, image_size=(2, 2), seed=1, validation_split=0.3, subset="both")
    assert mine == capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"validation_split": 0.3}, "go together"),
        ({"subset": "training"}, "go together"),
        ({"validation_split": 0.3, "subset": "both"}, "needs a seed"),
        ({"validation_split": 1.5, "subset": "training", "seed": 1}, "1.5 came"),
        ({"validation_split": 0.01, "subset": "training", "seed": 1}, "leaves none"),
        ({"validation_split": 0.5, "subset": "test", "seed": 1}, "'test' came"),
        ({"labels": [1, 2]}, "2 entries, but there are 23 files"),
        ({"labels": "x"}, "'x' came"),
        ({"labels": None, "class_names": ["a"]}, "class_names goes with"),
        ({"label_mode": "binary"}, "there are 4"),
        ({"label_mode": "x"}, "'x' came"),
        ({"class_names": ["a", "z"]}, "class_names has 'z'"),
        ({"color_mode": "x"}, "'x' came"),
        ({"interpolation": "x"}, "'x' came"),
        ({"image_size": (3,)}, r"\(3,\) came"),
        ({"format": "x"}, "'x' came"),
        ({"crop_to_aspect_ratio": True, "pad_to_aspect_ratio": True}, "not both"),
    ],
    ids=str,
)
def test_arguments_that_make_no_sense_raise(pictures, arguments, message):
    with pytest.raises(ValueError, match=message):
        utils.image_dataset_from_directory(pictures, verbose=False, **arguments)


def test_folders_without_files_raise(tmp_path, pictures):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        utils.image_dataset_from_directory(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="no files.*.txt"):
        utils.text_dataset_from_directory(pictures / "b", labels=None)
    with pytest.raises(ValueError, match="not both"):
        utils.audio_dataset_from_directory(pictures, ragged=True, output_sequence_length=3)
    with pytest.raises(ValueError, match="-1 came"):
        utils.audio_dataset_from_directory(pictures, sampling_rate=-1)


def test_a_broken_picture_is_named(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "broken.png").write_bytes(b"no picture")
    with k.use_engine("jax"), pytest.raises(ValueError, match="broken.png"):
        list(utils.image_dataset_from_directory(tmp_path, verbose=False))


def wave_bytes(encoding, channels, bits, data, extensible=False):
    frame = channels * bits // 8
    form = struct.pack("<HHIIHH", 0xFFFE if extensible else encoding, channels, 8000, 8000 * frame, frame, bits)
    if extensible:
        form += struct.pack("<HHIH14s", 22, bits, 3, encoding, b"\0" * 14)
    chunks = b"LIST" + struct.pack("<I", 3) + b"odd\0" + b"fmt " + struct.pack("<I", len(form)) + form
    chunks += b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


@pytest.mark.parametrize("extensible", [False, True])
@pytest.mark.parametrize("encoding, bits", [(1, 8), (1, 16), (1, 24), (1, 32), (3, 32), (3, 64)])
def test_every_kind_of_sample(tmp_path, encoding, bits, extensible):
    x = np.linspace(-0.9, 0.9, 10).reshape(5, 2)
    if encoding == 3:
        data = x.astype(f"<f{bits // 8}").tobytes()
    elif bits == 8:
        data = np.round(x * 128 + 128).astype("u1").tobytes()
    else:
        whole = np.round(x * 2.0 ** (bits - 1)).astype("<i4")
        data = b"".join(v.tobytes()[: bits // 8] for v in whole.ravel())
    (tmp_path / "x.wav").write_bytes(wave_bytes(encoding, 2, bits, data, extensible))
    samples, rate = read_wave(tmp_path / "x.wav")
    assert rate == 8000 and samples.dtype == "float32"
    np.testing.assert_allclose(samples, x, atol=2.0 ** -min(bits - 1, 22))


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "no WAVE file"),
        (b"RIFF\0\0\0\0WAVX", "no WAVE file"),
        (wave_bytes(1, 1, 16, b"")[:40], "no samples|cut off"),
        (wave_bytes(2, 1, 4, b"1"), "encoding 2"),
        (wave_bytes(1, 1, 12, b"1"), "12-bit"),
        (wave_bytes(1, 0, 16, b"1"), "16-bit"),
    ],
)
def test_files_that_are_no_sounds_raise(tmp_path, content, message):
    (tmp_path / "x.wav").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_wave(tmp_path / "x.wav")
