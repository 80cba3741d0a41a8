"""`ImageDataGenerator` and its iterators: training, subclasses, files, older names and what is refused."""

import os
import pickle

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import kerata as k
from kerata.compat import translate
from kerata.preprocessing import image
from kerata.training.py_dataset import iterate

RNG = np.random.default_rng(0)
X = RNG.uniform(0, 255, (10, 6, 4, 3)).astype("float32")
Y = np.arange(10)


@pytest.fixture
def told(monkeypatch):
    """Old names are told of, whether or not they were told of before."""
    monkeypatch.setattr(translate, "_told", set())


@pytest.fixture
def folder(tmp_path):
    """A folder of six images of two classes."""
    for name in ("cat/a", "cat/b", "cat/c", "dog/d", "dog/e", "dog/f"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(RNG.integers(0, 255, (6, 4, 3)).astype("uint8")).save(tmp_path / f"{name}.png")
    return tmp_path


def test_models_train_on_batches_and_epochs_end(training_engine, folder):
    model = k.Sequential([k.Input((6, 4, 3)), k.layers.Flatten(), k.layers.Dense(2)])
    model.compile("sgd", k.losses.SparseCategoricalCrossentropy(from_logits=True))
    generator = image.ImageDataGenerator(rescale=1 / 255, horizontal_flip=True)
    batches = generator.flow(X, Y % 2, batch_size=4)
    seen = []
    count = k.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(batch))
    history = model.fit(batches, epochs=2, verbose=0, callbacks=[count], validation_data=batches)
    assert seen == [0, 1, 2] * 2 and len(history.history["val_loss"]) == 2
    settings = {"target_size": (6, 4), "batch_size": 4, "shuffle": False}
    files = image.ImageDataGenerator(rescale=1 / 255).flow_from_directory(folder, class_mode="sparse", **settings)
    expected = model.predict(np.concatenate([files[0][0], files[1][0]]), verbose=0)
    np.testing.assert_allclose(model.predict(files, verbose=0), expected, 1e-5, 1e-5)
    assert np.isfinite(model.evaluate(files, verbose=0))


def test_weights_and_further_inputs_go_along():
    batches = image.ImageDataGenerator().flow((X, [Y, Y[:, None]]), Y, 4, False, sample_weight=Y / 10)
    (x, one, other), y, weights = batches[2]
    np.testing.assert_array_equal(x, X[8:])
    assert one.tolist() == y.tolist() == [8, 9] and other.shape == (2, 1) and weights.tolist() == [0.8, 0.9]


def test_an_iterator_travels_to_processes():
    batches = image.ImageDataGenerator(rotation_range=20).flow(X, Y, 4, seed=3)
    next(batches)
    copy = pickle.loads(pickle.dumps(batches))
    for a, b in zip(next(batches), next(copy)):
        np.testing.assert_array_equal(a, b)
    assert copy.batch_index == 2 and copy.total_batches_seen == 2


@pytest.mark.parametrize("seed", [None, 7])
def test_processes_read_one_order_and_draw_by_themselves(seed):
    x = np.tile(np.linspace(0, 1, 24, dtype="float32").reshape(1, 6, 4, 1), (8, 1, 1, 1))
    batches = image.ImageDataGenerator(rotation_range=90).flow(x, np.arange(8), 1, seed=seed)
    batches.use_multiprocessing, batches.workers, batches.max_queue_size = True, 2, 2
    passes = []
    for _ in range(2):
        passes.append(list(iterate(batches)))
        batches.on_epoch_end()
    for read in passes:
        assert sorted(int(y[0]) for _, y in read) == list(range(8))
    changed = {image.tobytes() for read in passes for image, _ in read}
    assert len(changed) == 16 and batches.total_batches_seen == 16


def test_a_subclass_gives_its_own_batches():
    class Numbers(image.Iterator):
        def _get_batches_of_transformed_samples(self, index_array):
            return index_array * 10

    numbers = Numbers(5, 2, False, None)
    assert [b.tolist() for b in (numbers.next(), *(next(iter(numbers)) for _ in range(3)))] == [
        [0, 10],
        [20, 30],
        [40],
        [0, 10],
    ]
    assert len(numbers) == 3 and isinstance(numbers, k.utils.Sequence)
    with pytest.raises(NotImplementedError, match="Iterator has no _get_batches_of_transformed_samples"):
        next(image.Iterator(5, 2, False, None))


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_changed_images_are_written_and_come_in_the_dtype(tmp_path, data_format, dtype):
    x = X if data_format == "channels_last" else np.moveaxis(X, -1, 1)
    generator = image.ImageDataGenerator(data_format=data_format, dtype=dtype)
    batch = next(
        generator.flow(x, batch_size=2, shuffle=False, save_to_dir=tmp_path / "new", save_prefix="p", save_format="bmp")
    )
    assert batch.shape == x[:2].shape and batch.dtype == dtype
    names = sorted(os.listdir(tmp_path / "new"))
    assert [name[:4] for name in names] == ["p_0_", "p_1_"] and names[0].endswith(".bmp")
    with Image.open(tmp_path / "new" / names[0]) as written:
        assert written.size == (4, 6)


def test_whitened_pixels_are_uncorrelated():
    x = RNG.normal(size=(500, 2, 2, 1)) @ [[1.0]] + RNG.normal(size=(500, 1, 1, 1))
    generator = image.ImageDataGenerator(featurewise_center=True, zca_whitening=True, dtype="float64")
    generator.fit(x)
    white = generator.standardize(x.copy()).reshape(500, 4)
    np.testing.assert_allclose(white.T @ white / 500, np.eye(4), atol=1e-4)
    assert generator.zca_whitening_matrix is generator.principal_components


def test_scales_change_arrays_of_floats_in_place():
    generator = image.ImageDataGenerator(rescale=0.5)
    x = np.ones((2, 2, 1))
    assert generator.standardize(x) is x and x.max() == 0.5
    assert generator.standardize(np.ones((2, 2, 1), "uint8")).tolist() == x.tolist()


def test_what_needs_fit_tells():
    generator = image.ImageDataGenerator(featurewise_center=True)
    with pytest.warns(UserWarning, match="featurewise_center=True. does nothing yet: call fit"):
        generator.standardize(np.ones((2, 2, 1)))


@pytest.mark.parametrize(
    "settings, implied",
    [
        ({"zca_whitening": True}, {"featurewise_center": True}),
        ({"featurewise_std_normalization": True}, {"featurewise_center": True}),
        ({"samplewise_std_normalization": True}, {"samplewise_center": True}),
        (
            {"zca_whitening": True, "featurewise_center": True, "featurewise_std_normalization": True},
            {"featurewise_std_normalization": False},
        ),
    ],
)
def test_settings_that_imply_others_say_so(settings, implied):
    with pytest.warns(UserWarning, match="goes with"):
        generator = image.ImageDataGenerator(**settings)
    assert {name: getattr(generator, name) for name in implied} == implied


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"zoom_range": (1, 2, 3)}, "zoom_range is a number, or a pair"),
        ({"zoom_range": "ab"}, "zoom_range is a number, or a pair"),
        ({"brightness_range": 0.5}, "brightness_range is a pair of numbers"),
        ({"validation_split": 1.0}, "validation_split is between 0 and 1; 1.0 came"),
        ({"data_format": "last"}, "data_format must be"),
        ({"fill_mode": "mirror"}, "fill_mode is 'nearest'"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        image.ImageDataGenerator(**settings)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"x": X[0]}, r"4 axes; shape \(6, 4, 3\) came"),
        ({"x": X, "y": Y[:9]}, "x has 10 images, but y has 9 entries"),
        ({"x": X, "y": Y, "sample_weight": Y[:9]}, "sample_weight has 9 entries"),
        ({"x": X, "sample_weight": Y}, "sample_weight goes with labels"),
        ({"x": (X, Y[:9])}, r"x\[1\]\[0\] has 9 entries"),
        ({"x": X, "subset": "test"}, "subset is 'training', 'validation' or None; 'test' came"),
        ({"x": X, "subset": "validation"}, "needs a split"),
        ({"x": X, "batch_size": 0}, "batch_size is a positive integer; 0 came"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        image.ImageDataGenerator().flow(**arguments)


def test_parts_of_a_split_have_the_same_classes():
    generator = image.ImageDataGenerator(validation_split=0.5)
    with pytest.raises(ValueError, match="The two parts of the split have not the same classes"):
        generator.flow(X, Y, subset="training")
    assert generator.flow(X, Y, subset="training", ignore_class_split=True).n == 5


def test_odd_data_is_told_of():
    with pytest.warns(UserWarning, match="Images have 1, 3 or 4 channels"):
        image.ImageDataGenerator().flow(X[..., :2])
    with pytest.warns(UserWarning, match="Images have 1, 3 or 4 channels"):
        image.ImageDataGenerator().fit(X[..., :2])
    with pytest.raises(ValueError, match="fit takes a batch of images with 4 axes"):
        image.ImageDataGenerator().fit(X[0])
    with pytest.raises(ValueError, match="There are 3 batches, numbered from 0; number 3"):
        image.ImageDataGenerator().flow(X, batch_size=4)[3]
    with pytest.raises(ValueError, match="There are no samples"):
        next(image.ImageDataGenerator().flow(X[:0]))
    with pytest.raises(ValueError, match="apply_transform knows theta.*'rotation'"):
        image.ImageDataGenerator().apply_transform(X[0], {"rotation": 1})


@pytest.mark.parametrize(
    "settings, error, message",
    [
        ({"directory": "nowhere"}, FileNotFoundError, "There is no folder 'nowhere'"),
        ({"color_mode": "gray"}, ValueError, "color_mode is 'rgb'"),
        ({"class_mode": "raw"}, ValueError, "class_mode is one of"),
        ({"target_size": 3}, ValueError, "target_size is .height, width.; 3 came"),
        ({"interpolation": "cubic"}, ValueError, "interpolation is one of"),
    ],
)
def test_folders_that_do_not_fit_are_refused(folder, settings, error, message):
    with pytest.raises(error, match=message):
        next(image.ImageDataGenerator().flow_from_directory(**{"directory": folder, **settings}))


def test_tiff_files_are_told_of(folder):
    Image.fromarray(np.zeros((2, 2, 3), "uint8")).save(folder / "cat" / "x.tiff")
    with pytest.warns(UserWarning, match="several bands are distorted"):
        batches = image.ImageDataGenerator().flow_from_directory(folder)
    assert batches.nb_sample == 7 and batches.nb_class == 2


def test_links_to_folders_are_followed_when_asked(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    Image.fromarray(np.zeros((2, 2, 3), "uint8")).save(elsewhere / "x.png")
    (folder / "cat" / "link").symlink_to(elsewhere, target_is_directory=True)
    counts = [image.ImageDataGenerator().flow_from_directory(folder, follow_links=f).n for f in (False, True)]
    assert counts == [6, 7]


def table(folder, **columns):
    """A table of the images of the folder."""
    names = ["cat/a.png", "dog/d.png", "dog/e.png"]
    return pd.DataFrame({"filename": names, "class": ["cat", "dog", "dog"], "v": [1.0, 2.0, 3.0], **columns})


@pytest.mark.parametrize(
    "settings, error, message",
    [
        ({"class_mode": "one-hot"}, ValueError, "class_mode is one of"),
        ({"class_mode": "multi_output", "y_col": "v"}, TypeError, "takes a list of columns as y_col; 'v' came"),
        ({"y_col": "v"}, TypeError, "one column of texts, lists or tuples as y_col.*astype"),
        ({"class_mode": "sparse", "y_col": "v"}, TypeError, "one column of texts as y_col"),
        ({"y_col": ["v", "class"]}, TypeError, "one column of texts"),
        ({"x_col": "v"}, TypeError, "holds files' names, as texts; 1.0 is among them"),
        ({"x_col": "file"}, KeyError, "no column 'file'; it has 'filename'"),
        ({"weight_col": "class"}, TypeError, "weight_col. holds numbers"),
        ({"class_mode": "binary", "classes": ["a", "b", "c"]}, ValueError, "needs two classes; there are 3"),
        ({"has_ext": False}, ValueError, "give the files' names with their endings"),
        ({"weight": "v"}, TypeError, "Did you mean 'weight_col'"),
    ],
)
def test_tables_that_do_not_fit_are_refused(folder, settings, error, message):
    with pytest.raises(error, match=message):
        image.ImageDataGenerator().flow_from_dataframe(table(folder), folder, **settings)


def test_tables_name_files_in_several_ways(folder):
    generator = image.ImageDataGenerator()
    whole = table(folder)
    whole["filename"] = [str(folder / name) for name in whole["filename"]]
    assert generator.flow_from_dataframe(whole, has_ext=True, sort=True).filepaths == whole["filename"].tolist()
    twice = pd.concat([table(folder), table(folder)])
    counts = [generator.flow_from_dataframe(twice, folder, drop_duplicates=drop).n for drop in (False, True)]
    assert counts == [6, 3]
    missing = table(folder, filename=["cat/a.png", "cat/b.txt", "none.png"])
    with pytest.warns(UserWarning, match="2 names in the column 'filename' are left out"):
        assert generator.flow_from_dataframe(missing, folder).filenames == ["cat/a.png"]
    assert generator.flow_from_dataframe(missing, folder, validate_filenames=False).n == 3
    assert generator.flow_from_dataframe(table(folder), folder, y_col="v", class_mode="other").labels.tolist() == [1, 2, 3]
    plain = image.DataFrameIterator(table(folder), folder, class_mode=None, target_size=(6, 4), shuffle=False)
    with Image.open(folder / "cat" / "a.png") as img:
        np.testing.assert_array_equal(plain[0][0], np.asarray(img))


def test_names_of_keras_1_are_taken(told):
    with pytest.warns(DeprecationWarning, match="ImageDataGenerator.dim_ordering=. is now"):
        generator = image.ImageDataGenerator(dim_ordering="th")
    assert generator.data_format == "channels_first"
    with pytest.warns(DeprecationWarning, match="X="):
        assert generator.flow(X=np.moveaxis(X, -1, 1)).image_shape == (3, 6, 4)
    assert image.NumpyArrayIterator(X, Y, None, data_format="tf").data_format == "channels_last"
    assert image.ImageDataGenerator(data_format="default").data_format == "channels_last"
