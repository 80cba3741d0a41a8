"""Small programs for the data tools of Keras 2, and what they give on the releases that are the oracle.

`python tests/preprocessing/expected/programs.py keras_preprocessing` (1.1.2, of Keras 2.2.4 and 2.3.1) or `... tf_keras` (2.21),
in an environment that has it, Pillow, SciPy and pandas, writes the results to the JSON file of this name here. It runs on
Python 3.7.
"""

import json
import os
import random
import sys
import tempfile

import numpy as np

TEXTS = ["The cat sat on the mat.", "The dog, sat on the log!\tIt\nwas it", "dogs and cats living together", ""]
ONE = np.random.RandomState(0).uniform(0, 255, (5, 6, 1)).astype("float32")
MANY = np.random.RandomState(1).uniform(0, 255, (10, 3, 2, 1)).astype("float32")
ALL = dict(
    rotation_range=10,
    width_shift_range=0.2,
    height_shift_range=0.1,
    shear_range=5,
    zoom_range=0.2,
    channel_shift_range=3,
    horizontal_flip=True,
    vertical_flip=True,
)


def transforms(image):
    """What is drawn, and what becomes of an image."""
    for reach in (0.2, 3, [1, 2], 1.5, 1, 0.999, [0.25, 0.5], -0.2):
        settings = dict(ALL, width_shift_range=reach, height_shift_range=reach, brightness_range=(0.5, 1))
        generator = image.ImageDataGenerator(**settings)
        yield f"drawn {reach}", generator.get_random_transform((10, 20, 3), seed=4)
    for name, value in ALL.items():
        for data_format in ("channels_last", "channels_first"):
            generator = image.ImageDataGenerator(data_format=data_format, **{name: value})
            x = ONE if data_format == "channels_last" else np.moveaxis(ONE, -1, 0)
            yield f"{name} {data_format}", generator.random_transform(x, seed=6)
    for settings in (dict(fill_mode="constant", cval=9.0), dict(interpolation_order=0)):  # SciPy changed "reflect" since
        generator = image.ImageDataGenerator(**dict(ALL, **settings))
        yield f"all {sorted(settings.items())}", generator.random_transform(ONE, seed=8)
    theta = dict(theta=30, tx=1, ty=-0.5, shear=10, zx=0.8, zy=1.2, row_axis=0, col_axis=1, channel_axis=2)
    yield "affine", image.apply_affine_transform(ONE, fill_mode="constant", cval=9.0, **theta)
    yield "affine of bytes", image.apply_affine_transform(ONE.astype("uint8"), **theta)
    for name, argument in dict(rotation=20, shear=15, zoom=(0.5, 0.9), channel_shift=30).items():
        axes = dict(channel_axis=2) if name == "channel_shift" else dict(row_axis=0, col_axis=1, channel_axis=2)
        np.random.seed(2)
        yield "random_" + name, getattr(image, "random_" + name)(ONE, argument, **axes)
    np.random.seed(2)
    yield "random_shift", image.random_shift(ONE, 0.3, 0.4, row_axis=0, col_axis=1, channel_axis=2)


def standardizing(image):
    """Common scales."""
    for settings in (
        dict(featurewise_center=True, featurewise_std_normalization=True, rescale=1 / 255.0),
        dict(zca_whitening=True, featurewise_center=True, zca_epsilon=0.1),
        dict(samplewise_center=True, samplewise_std_normalization=True, preprocessing_function=np.sqrt),
    ):
        generator = image.ImageDataGenerator(horizontal_flip=True, **settings)
        generator.fit(MANY, augment=True, rounds=2, seed=3)
        yield f"standardize {sorted(map(str, settings))}", generator.standardize(MANY[:2].copy())
        yield f"mean {sorted(map(str, settings))}", [generator.mean, generator.std]


def flowing(image):
    """Batches of arrays."""
    generator = image.ImageDataGenerator(validation_split=0.3, horizontal_flip=True)
    batches = generator.flow((MANY, [np.arange(10), np.arange(20).reshape(10, 2)]), np.arange(10), 4, seed=5)
    yield "next", [next(batches) for _ in range(4)]
    yield "where", [batches.batch_index, batches.total_batches_seen, len(batches), batches.n]
    batches.reset()
    yield "after reset", [next(batches)[1] for _ in range(2)]
    batches = generator.flow(MANY, np.arange(10), 4, sample_weight=np.arange(10) / 10.0, seed=5)
    yield "by number", [batches[i] for i in (0, 1, 2, 0)]
    batches.on_epoch_end()
    yield "by number again", batches[1]
    for subset in ("training", "validation"):
        yield subset, generator.flow(MANY, np.arange(10) % 2, 4, shuffle=False, subset=subset)[0][1]
    yield "alone", generator.flow(MANY, batch_size=3, shuffle=False)[3]


def described(batches):
    """What users read of an iterator over files, and its first batch."""
    names = ("filenames", "class_indices", "n", "samples", "image_shape", "filepaths", "labels")
    found = {name: getattr(batches, name, None) for name in names}
    found["class_indices"] = found["class_indices"] or None
    if batches.class_mode in ("input", None):  # Keras 2's has no labels then
        found["labels"] = None
    return dict(found, first=batches[0])


def make_folder():
    """A folder of images in the current one."""
    from PIL import Image

    draw = np.random.RandomState(0)
    for name in ["cat/b.png", "cat/a.PNG", "cat/sub/z.png", "cat/.h.png", "dog/1.png", "dog/2.png", "dog/3.bmp", "bat/4.png"]:
        if not os.path.isdir(os.path.dirname("data/" + name)):
            os.makedirs(os.path.dirname("data/" + name))
        Image.fromarray(draw.randint(0, 255, (4, 5, 3)).astype("uint8")).save("data/" + name)
    os.makedirs("data/empty")
    open("data/cat/notes.txt", "w").close()


def folders(image):
    """Batches of files in folders."""
    make_folder()
    generator = image.ImageDataGenerator(validation_split=0.4)
    for kept in (
        dict(),
        dict(subset="training", class_mode="sparse"),
        dict(subset="validation", class_mode="binary"),
        dict(classes=["."], class_mode=None),
        dict(classes=["dog", "cat"], class_mode="input", color_mode="rgba"),
        dict(classes=["dog", "nothing"], color_mode="grayscale", shuffle=True, seed=3),
    ):
        settings = dict(dict(shuffle=False, target_size=(2, 1), batch_size=3), **kept)
        yield f"folder {sorted(map(str, kept.items()))}", described(generator.flow_from_directory("data", **settings))
    np.random.seed(0)
    first = image.ImageDataGenerator(data_format="channels_first", rescale=1 / 255.0, horizontal_flip=True)
    settings = dict(save_to_dir="saved", save_prefix="s", batch_size=3, target_size=(4, 5), classes=["dog"], class_mode=None)
    os.makedirs("saved")
    yield "channels first", next(first.flow_from_directory("data", **settings))
    yield "saved", sorted(os.listdir("saved"))


def tables(image):
    """Batches of files that a table names."""
    import pandas

    make_folder()
    table = pandas.DataFrame(
        {
            "filename": ["cat/b.png", "dog/1.png", "dog/2.png", "cat/a.PNG", "missing.png", "dog/3.bmp"],
            "class": ["cat", "dog", "dog", "cat", "dog", "bird"],
            "v": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
            "w": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6],
            "many": [["a"], ["b", "a"], ["c"], ["a", "c"], ["b"], ["b"]],
        }
    )
    generator = image.ImageDataGenerator(validation_split=0.4)
    for kept in (
        dict(),
        dict(subset="training", weight_col="w"),
        dict(subset="validation", class_mode="sparse"),
        dict(class_mode="binary", classes=["cat", "dog"]),
        dict(class_mode="raw", y_col="v", weight_col="w"),
        dict(class_mode="raw", y_col=["v", "w"]),
        dict(class_mode="multi_output", y_col=["v", "w"]),
        dict(class_mode="input"),
        dict(class_mode=None, y_col="nothing"),
        dict(y_col="many"),
        dict(y_col="many", classes=["a", "c"]),
    ):
        settings = dict(dict(shuffle=False, target_size=(2, 1), batch_size=3), **kept)
        yield f"table {sorted(map(str, kept.items()))}", described(generator.flow_from_dataframe(table, "data", **settings))


def tokenizing(text):
    """Texts and numbers."""
    for settings in (
        dict(),
        dict(num_words=5),
        dict(oov_token="<u>"),
        dict(num_words=4, oov_token="<u>"),
        dict(char_level=True),
        dict(lower=False, filters=""),
        dict(split="a"),
        dict(document_count=3),
        dict(char_level=True, lower=False, num_words=8),
    ):
        tokenizer = text.Tokenizer(**settings)
        tokenizer.fit_on_texts(TEXTS)
        tokenizer.fit_on_texts(["new cat", ["A", "list", "of", "The"]])
        name = str(sorted(settings.items()))
        config = tokenizer.get_config()
        counted = {key: json.loads(value) for key, value in config.items() if key.startswith(("word_", "index_"))}
        if "num_words" not in settings:
            yield "config " + name, dict(config, **counted)
        yield "order " + name, [list(tokenizer.word_counts.items()), list(tokenizer.word_index)]
        yield "sequences " + name, tokenizer.texts_to_sequences(["the cat met a dog", "THE unknown list", ["cat", "x"]])
        yield "texts " + name, tokenizer.sequences_to_texts([[1, 2, 3], [0, 5, 100], []])
        for mode in ("binary", "count", "freq", "tfidf") if "num_words" in settings else ["tfidf"]:
            yield mode + name, tokenizer.texts_to_matrix(["the cat the dog", "", "zz"], mode)
        read = text.tokenizer_from_json(tokenizer.to_json())
        yield "read " + name, [read.texts_to_sequences(TEXTS), read.texts_to_matrix(TEXTS[:1], "tfidf").sum()]
    tokenizer = text.Tokenizer(num_words=5)
    tokenizer.fit_on_sequences([[1, 2, 2], [2, 3, 7]])
    yield "of sequences", tokenizer.sequences_to_matrix([[1, 2, 9], [2]], "tfidf")
    yield "md5", text.hashing_trick("The cat, the dog", 50, "md5")
    yield "hashed by length", text.hashing_trick("The cat", 50, len)
    yield "split", text.text_to_word_sequence("a::b,c", split="::", filters=",")


def pairs_and_windows(sequence):
    """Skip-grams and windows."""
    yield "table of 6", sequence.make_sampling_table(6)
    yield "table of 4", sequence.make_sampling_table(4, 0.1)
    for settings in (
        dict(),
        dict(window_size=1),
        dict(negative_samples=0.0),
        dict(negative_samples=2.5, categorical=True),
        dict(shuffle=False),
        dict(seed=3),
        dict(sampling_table=np.linspace(0, 1, 10)),
    ):
        random.seed(7)
        yield f"skipgrams {sorted(map(str, settings))}", sequence.skipgrams([1, 5, 0, 3, 9, 2], 10, **settings)
    yield "none", sequence.skipgrams([0], 10)
    yield "long ones", sequence._remove_long_seq(3, [[1], [1, 2], [1, 2, 3]], [1, 2, 3])
    for settings in (
        dict(length=3),
        dict(length=4, sampling_rate=2, stride=2, batch_size=2),
        dict(length=3, start_index=2, end_index=7, reverse=True, batch_size=3),
        dict(length=2, batch_size=3, stride=3),
        dict(length=3, shuffle=True, batch_size=2),
        dict(length=9),
    ):
        np.random.seed(0)
        windows = sequence.TimeseriesGenerator(np.arange(20).reshape(10, 2), np.arange(10), **settings)
        name = str(sorted(settings.items()))
        yield "windows " + name, [windows[i] for i in range(len(windows))]
        yield "config " + name, json.loads(windows.to_json())


def newer(image):
    """What `tf_keras` has beyond Keras 2.3.1, or does otherwise on purpose."""
    for scale in (True, False):
        for name, x in dict(bytes=ONE, parts=ONE / 255 - 0.5, large=ONE * 2).items():
            yield f"brightness {scale} {name}", image.apply_brightness_shift(x, 0.5, scale)
    generator = image.ImageDataGenerator(brightness_range=(0.2, 1.5), channel_shift_range=20)
    yield "drawn brightness", generator.random_transform(ONE, seed=6)
    np.random.seed(2)
    yield "random_brightness", image.random_brightness(ONE, (0.2, 1.5))
    split = image.ImageDataGenerator(validation_split=0.3)
    yield "classes of any part", split.flow(MANY, np.arange(10), ignore_class_split=True, subset="validation", shuffle=False)[0]
    make_folder()
    settings = dict(target_size=(2, 2), keep_aspect_ratio=True, shuffle=False, class_mode=None, interpolation="bilinear")
    yield "the middle", split.flow_from_directory("data", **settings)[0]


PROGRAMS = {
    "keras_preprocessing": {
        "image": [transforms, standardizing, flowing, folders, tables],
        "text": [tokenizing],
        "sequence": [pairs_and_windows],
    },
    "tf_keras": {"image": [newer]},
}


def plain(value):
    """A result as JSON holds it, with five digits."""
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in sorted(value.items(), key=str)}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, (np.generic, np.bool_)):
        return plain(value.item())
    return float(f"{value:.5g}") if isinstance(value, float) else value


def results(program, module):
    """What a program gives in an empty folder: name -> plain result."""
    here = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            return {name: plain(value) for name, value in program(module)}
        finally:
            os.chdir(here)


def main(oracle):
    """Write an oracle's results."""
    folder = os.path.dirname(os.path.abspath(__file__))
    found = {}
    for module, programs in PROGRAMS[oracle].items():
        package = oracle if oracle == "keras_preprocessing" else oracle + ".preprocessing"
        imported = __import__(package + "." + module, fromlist=["*"])
        found.update({program.__name__: results(program, imported) for program in programs})
    with open(os.path.join(folder, oracle + ".json"), "w") as file:
        json.dump(found, file, separators=(",", ":"))


if __name__ == "__main__":
    main(sys.argv[1])
