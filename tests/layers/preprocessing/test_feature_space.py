"""Columns of tables as vectors: against Keras 3.15.1, in models, in pipelines, from files, on a year of real weather."""

import csv
import pathlib
import warnings

import numpy as np
import pandas
import pytest

import kerata
from kerata.utils import FeatureSpace
from tests.oracle import keras

RAW = {
    "plain": [0.0, 0.1, 0.2, 0.3],
    "normal": [1.0, 2.0, 4.0, 9.0],
    "scaled": [1.0, 2.0, 3.0, 4.0],
    "binned": [1.0, 5.0, 2.0, 7.0],
    "number": [3, 1, 3, 2],
    "text": ["a", "b", "a", "c"],
    "hashed_number": [10, 20, 30, 40],
    "hashed_text": ["x", "y", "z", "w"],
}
WEATHER = pathlib.Path(__file__).parents[3] / "examples" / "data" / "seattle-weather.csv"


def made(cls, **kwargs):
    """One feature of each kind, in no order, and two crossings."""
    features = {
        "hashed_text": cls.string_hashed(5),
        "plain": "float",
        "normal": "float_normalized",
        "scaled": cls.float_rescaled(2.0, 1.0, name="scaled"),
        "binned": cls.float_discretized(3, name="binned"),
        "number": "integer_categorical",
        "text": cls.string_categorical(max_tokens=3, num_oov_indices=1, name="text"),
        "hashed_number": "integer_hashed",
    }
    crosses = [("text", "number"), cls.cross(("binned", "hashed_number"), 8)]
    return cls(features=features, crosses=crosses, hashing_dim=4, crossing_dim=6, **kwargs)


def arrays(raw, start=0, stop=None):
    return {name: np.asarray(values)[start:stop] for name, values in raw.items()}


def as_numpy(x):
    return {k: np.asarray(v) for k, v in x.items()} if isinstance(x, dict) else np.asarray(x)


@pytest.fixture(scope="module")
def oracle():
    """Keras's space, adapted, with what it gives for all rows."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        space = made(keras().utils.FeatureSpace)
        space.adapt(RAW)
        return space, np.asarray(space(RAW))


@pytest.fixture(scope="module")
def oracle_dict():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        space = made(keras().utils.FeatureSpace, output_mode="dict")
        space.adapt(RAW)
        return {k: np.asarray(v) for k, v in space(RAW).items()}


def test_vectors_are_the_oracles(engine, oracle):
    space = made(FeatureSpace)
    space.adapt(RAW)
    np.testing.assert_allclose(as_numpy(space(RAW)), oracle[1], rtol=1e-5, atol=1e-6)


def test_dicts_are_the_oracles(engine, oracle_dict):
    space = made(FeatureSpace, output_mode="dict")
    space.adapt(RAW)
    found = as_numpy(space(arrays(RAW)))
    assert found.keys() == oracle_dict.keys()
    for name, expected in oracle_dict.items():
        np.testing.assert_allclose(found[name], expected, rtol=1e-5, atol=1e-6, err_msg=name)


def test_numbers_of_categories_are_the_oracles(engine):
    def numbers(cls):
        features = {
            "text": cls.string_categorical(output_mode="int", name="text"),
            "number": cls.integer_categorical(output_mode="int", name="number"),
            "binned": cls.float_discretized(3, output_mode="int", name="binned"),
            "hashed_text": cls.string_hashed(7, output_mode="int", name="hashed_text"),
        }
        space = cls(features, output_mode="dict", crosses=[cls.cross(("text", "number"), 9, output_mode="int")])
        used = {name: RAW[name] for name in features}
        space.adapt(used)
        return as_numpy(space(used))

    found = numbers(FeatureSpace)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = numbers(keras().utils.FeatureSpace)
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        assert found[name].dtype.kind == "i"
        np.testing.assert_array_equal(found[name], values, err_msg=name)


def test_single_rows_and_columns_with_two_axes(engine, oracle):
    space = made(FeatureSpace)
    space.adapt(RAW)
    single = space({name: values[2] for name, values in RAW.items()})
    np.testing.assert_allclose(as_numpy(single), oracle[1][2], rtol=1e-5, atol=1e-6)
    columns = {name: np.asarray(values)[:, None] for name, values in RAW.items()}
    np.testing.assert_allclose(as_numpy(space(columns)), oracle[1], rtol=1e-5, atol=1e-6)


def rows():
    return [{name: values[i] for name, values in RAW.items()} for i in range(4)]


def as_dataset(i):
    return {name: np.asarray(values)[i] for name, values in RAW.items()}


SOURCES = {
    "frame": lambda: pandas.DataFrame(RAW),
    "rows": rows,
    "batches": lambda: [arrays(RAW, 0, 3), arrays(RAW, 3)],
    "pairs": lambda: [(arrays(RAW), np.zeros(4))],
    "generator": lambda: iter(rows()),
    "data set": lambda: kerata.utils.dataset.Dataset(4, as_dataset),
    "batched data set": lambda: kerata.utils.dataset.Dataset(4, as_dataset).batch(3),
}


@pytest.mark.parametrize("source", SOURCES)
def test_data_of_every_kind_is_adapted_to(source, oracle):
    import kerata.utils.dataset  # noqa: F401

    space = made(FeatureSpace)
    space.adapt(SOURCES[source]())
    np.testing.assert_allclose(as_numpy(space(pandas.DataFrame(RAW))), oracle[1], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("batch", [None, 3])
def test_pipelines_of_tensorflow(engine, oracle, batch):
    import tensorflow

    data = tensorflow.data.Dataset.from_tensor_slices(RAW)
    data = data if batch is None else data.batch(batch)
    space = made(FeatureSpace)
    space.adapt(data)
    found = [x.numpy() for x in data.map(space)]
    found = np.stack(found) if batch is None else np.concatenate(found)
    np.testing.assert_allclose(found, oracle[1], rtol=1e-5, atol=1e-6)


def test_pipelines_of_kerata(engine, oracle):
    from kerata.utils.dataset import Dataset

    data = Dataset(4, lambda i: (as_dataset(i), np.float32(i)))
    space = made(FeatureSpace)
    space.adapt(data)
    x, y = next(iter(data.map(lambda x, y: (space(x), y)).batch(4)))
    np.testing.assert_allclose(x, oracle[1], rtol=1e-5, atol=1e-6)
    assert y.tolist() == [0, 1, 2, 3]


def test_in_a_model(training_engine, oracle):
    space = made(FeatureSpace)
    space.adapt(RAW)
    inputs, features = space.get_inputs(), space.get_encoded_features()
    assert inputs["text"].dtype == "string" and inputs["number"].shape == (None, 1)
    assert features.shape == (None, oracle[1].shape[1])
    model = kerata.Model(inputs, kerata.layers.Dense(1)(features))
    data = {name: np.asarray(values, object if name.endswith("text") else None) for name, values in RAW.items()}
    expected = oracle[1] @ model.layers[-1].kernel.numpy() + model.layers[-1].bias.numpy()
    np.testing.assert_allclose(model.predict(data, verbose=0), expected, rtol=1e-5, atol=1e-5)
    model.compile("sgd", "mse")
    losses = model.fit(data, np.array([[1.0], [0.0], [1.0], [2.0]]), epochs=5, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


def test_called_on_symbolic_tensors():
    space = made(FeatureSpace)
    space.adapt(RAW)
    inputs = {name: kerata.Input((), dtype=x.dtype, name=name) for name, x in space.get_inputs().items()}
    model = kerata.Model(inputs, space(inputs))
    data = {name: np.asarray(values, object if name.endswith("text") else None) for name, values in RAW.items()}
    np.testing.assert_allclose(model.predict(data, verbose=0), as_numpy(space(RAW)), rtol=1e-6)


def test_saved_and_loaded(engine, tmp_path, oracle):
    space = made(FeatureSpace, name="columns")
    space.adapt(RAW)
    space.save(tmp_path / "space.keras")
    again = kerata.models.load_model(tmp_path / "space.keras")
    assert isinstance(again, FeatureSpace) and again.crosses[0].feature_names == ("text", "number")
    np.testing.assert_allclose(as_numpy(again(RAW)), oracle[1], rtol=1e-5, atol=1e-6)


def test_a_space_that_has_seen_no_data_is_saved_too(tmp_path, oracle):
    made(FeatureSpace).save(tmp_path / "space.keras")
    again = kerata.models.load_model(tmp_path / "space.keras")
    with pytest.raises(ValueError, match="adapt"):
        again(RAW)
    again.adapt(RAW)
    np.testing.assert_allclose(as_numpy(again(RAW)), oracle[1], rtol=1e-5, atol=1e-6)


def test_files_go_to_keras_and_come_from_it(tmp_path, oracle):
    theirs, expected = oracle
    space = made(FeatureSpace)
    space.adapt(RAW)
    space.save(tmp_path / "ours.keras")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs.save(tmp_path / "theirs.keras")
        there = keras().models.load_model(tmp_path / "ours.keras")
        np.testing.assert_allclose(np.asarray(there(RAW)), expected, rtol=1e-5, atol=1e-6)
    here = kerata.models.load_model(tmp_path / "theirs.keras")
    np.testing.assert_allclose(as_numpy(here(RAW)), expected, rtol=1e-5, atol=1e-6)


def test_models_with_a_space_go_to_keras_and_come_from_it(tmp_path):
    numbers = {"normal": "float_normalized", "plain": "float", "number": "integer_categorical"}
    data = {name: np.asarray(RAW[name]) for name in numbers}
    space = FeatureSpace(numbers)
    space.adapt(data)
    model = kerata.Model(space.get_inputs(), kerata.layers.Dense(1)(space.get_encoded_features()))
    model.save(tmp_path / "ours.keras")
    expected = model.predict(data, verbose=0)
    np.testing.assert_allclose(kerata.models.load_model(tmp_path / "ours.keras").predict(data, verbose=0), expected, rtol=1e-5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = keras().models.load_model(tmp_path / "ours.keras")
        batch = {k: v[:, None] for k, v in data.items()}
        np.testing.assert_allclose(np.asarray(theirs(batch)), expected, rtol=1e-5, atol=1e-6)
        theirs.save(tmp_path / "theirs.keras")
    again = kerata.models.load_model(tmp_path / "theirs.keras")
    np.testing.assert_allclose(again.predict(data, verbose=0), expected, rtol=1e-5, atol=1e-6)


def test_layers_of_the_users_choice(engine):
    texts = {"review": ["good good film", "bad film", "film"], "stars": [5.0, 1.0, 3.0]}
    vectors = kerata.layers.TextVectorization(output_mode="count")
    stars = kerata.layers.Discretization([2.0, 4.0])
    space = FeatureSpace(
        {
            "review": FeatureSpace.feature(preprocessor=vectors, dtype="string", output_mode="float"),
            "stars": FeatureSpace.feature(preprocessor=stars, dtype="float32", output_mode="one_hot"),
        }
    )
    space.adapt(texts)
    words = vectors.get_vocabulary()
    counts = [[text.split().count(w) for w in words] for text in texts["review"]]
    expected = np.concatenate([counts, np.eye(3)[[2, 0, 1]]], axis=1)
    np.testing.assert_allclose(as_numpy(space(texts)), expected)


def test_features_that_need_no_data_need_no_adapt(engine):
    space = FeatureSpace({"b": "float", "a": FeatureSpace.float_discretized(None, bin_boundaries=[2.0]), "c": "string_hashed"})
    assert space({"a": [1.0, 3.0], "b": [5, 6], "c": ["x", "y"], "unused": [0, 0]}).shape == (2, 35)


def test_adapting_again_forgets_the_first_data():
    space = FeatureSpace({"text": "string_categorical"})
    space.adapt({"text": ["a", "b", "c"]})
    assert space({"text": ["a"]}).shape == (1, 4)
    space.adapt({"text": ["z"]})
    assert space({"text": ["z"]}).tolist() == [[0.0, 1.0]]


@pytest.mark.parametrize(
    "arguments, message",
    [
        (dict(features={}), "dict from column name"),
        (dict(features={"a": "number"}), "'a' must be one of float"),
        (dict(features={"a": 3}), "'a' must be one of float"),
        (dict(features={"a": "float"}, output_mode="list"), "'concat' or 'dict'; 'list' came"),
        (dict(features={"a": "string_hashed"}, crosses=[("a", "b")]), "needs b, no feature"),
        (dict(features={"a": "string_hashed"}, crosses=[("a",)]), "two or more names"),
        (dict(features={"a": "string_hashed"}, crosses=["aa"]), "tuple of column names"),
        (dict(features={"a": "string_hashed", "b": "float"}, crosses=[("a", "b")]), "b has output_mode 'float'"),
        (dict(features={"a": FeatureSpace.string_hashed(3, output_mode="int")}), "a would be numbers of categories"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        FeatureSpace(**arguments)


def test_wrong_kinds_of_features():
    with pytest.raises(ValueError, match="output_mode must be one of int, one_hot, float; 'multi_hot' came"):
        FeatureSpace.string_categorical(output_mode="multi_hot")
    with pytest.raises(ValueError, match="1 bin_boundaries make 2 bins; num_bins=5"):
        FeatureSpace.float_discretized(5, bin_boundaries=[1.0])
    with pytest.raises(ValueError, match="preprocessor must be a layer"):
        FeatureSpace.feature("string", "lookup", "int")
    with pytest.raises(ValueError, match="'float' came"):
        FeatureSpace.cross(("a", "b"), 3, output_mode="float")


def test_wrong_data():
    space = FeatureSpace({"text": "string_categorical", "number": "integer_categorical"}, name="columns")
    for use in (space, lambda data: space.get_inputs(), lambda data: space.get_encoded_features()):
        with pytest.raises(ValueError, match="text, number must see data first"):
            use({"text": ["a"], "number": [1]})
    with pytest.raises(ValueError, match="no 'number'; it has 'text'"):
        space.adapt({"text": ["a"]})
    space.adapt({"text": ["a"], "number": [1]})
    with pytest.raises(ValueError, match="no 'text'"):
        space({"number": [1]})
    with pytest.raises(ValueError, match="takes a dict"):
        space(np.ones(3))
    with pytest.raises(ValueError, match="'number' takes int32; \\[1.5\\] came"):
        space({"text": ["a"], "number": [1.5]})
    with pytest.raises(ValueError, match="single values and arrays"):
        space({"text": "a", "number": [1]})


def test_layers_that_do_not_tell_how_many_categories_there_are():
    space = FeatureSpace({"a": FeatureSpace.feature("float32", kerata.layers.Rescaling(2.0), "one_hot")})
    with pytest.raises(ValueError, match="Rescaling does not tell"):
        space({"a": [1.0]})


def weather_table():
    with WEATHER.open() as file:
        rows = list(csv.DictReader(file))
    numbers = ("precipitation", "temp_max", "temp_min", "wind")
    table = {name: np.array([float(row[name]) for row in rows], "float32") for name in numbers}
    table["month"] = np.array([int(row["date"][5:7]) for row in rows])
    order = np.random.default_rng(0).permutation(len(rows))
    return {name: values[order] for name, values in table.items()}


def test_weather_from_what_was_measured(training_engine):
    """Whether a day is wet, from temperatures, wind and the month: better than always saying what is most frequent."""
    kerata.utils.set_random_seed(0)
    table = weather_table()
    wet = (table["precipitation"] > 0).astype("float32")[:, None]
    features = {"temp_max": "float_normalized", "temp_min": "float_normalized", "month": "integer_categorical"}
    features["wind"] = FeatureSpace.float_discretized(8, name="wind")
    space = FeatureSpace(features, crosses=[("month", "wind")], crossing_dim=48)
    train, test = ({k: v[part] for k, v in table.items()} for part in (slice(None, 1096), slice(1096, None)))
    space.adapt(train)
    outputs = kerata.layers.Dense(1, "sigmoid")(kerata.layers.Dense(16, "relu")(space.get_encoded_features()))
    model = kerata.Model(space.get_inputs(), outputs)
    model.compile(kerata.optimizers.Adam(0.01), "binary_crossentropy", metrics=["accuracy"])
    use = {name: x for name, x in train.items() if name in features}
    model.fit(use, wet[:1096], epochs=10, verbose=0)
    _, accuracy = model.evaluate({name: test[name] for name in features}, wet[1096:], verbose=0)
    frequent = max(wet[1096:].mean(), 1 - wet[1096:].mean())
    assert accuracy > frequent + 0.05
