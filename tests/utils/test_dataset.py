"""The lazy data set, its methods, and what is made of it: windows and splits."""

import random

import numpy as np
import pytest

import kerata as k
from kerata.utils import split_dataset, timeseries_dataset_from_array
from kerata.utils.dataset import Dataset
from tests.oracle import keras as oracle


def numbers(n, **kwargs):
    return Dataset(n, lambda i: np.int32(i), **kwargs)


def values(dataset):
    return [np.asarray(x).tolist() for x in dataset]


def test_methods_make_new_data_sets():
    dataset = numbers(7)
    assert values(dataset) == list(range(7)) and len(dataset) == dataset.cardinality() == 7
    assert values(dataset.batch(3)) == [[0, 1, 2], [3, 4, 5], [6]]
    assert values(dataset.batch(3, drop_remainder=True)) == [[0, 1, 2], [3, 4, 5]]
    assert values(dataset.take(2)) == [0, 1] and values(dataset.take(-1)) == list(range(7)) == values(dataset.take(9))
    assert values(dataset.skip(5)) == [5, 6] and values(dataset.skip(-1)) == [] == values(dataset.skip(9))
    assert values(dataset.repeat(2)) == [*range(7), *range(7)]
    assert values(dataset.prefetch(2)) == list(range(7)) == values(dataset.as_numpy_iterator())
    assert dataset[-1] == 6
    with pytest.raises(IndexError, match="7 elements; there is no number 7"):
        dataset[7]


@pytest.mark.parametrize("workers", [1, 4])
def test_order_is_kept_whatever_the_workers(workers):
    assert values(numbers(50, workers=workers).map(lambda x: x + 1)) == list(range(1, 51))


def test_shuffling_changes_with_each_pass_and_follows_the_seed():
    first, again = numbers(20).shuffle(seed=3), numbers(20).shuffle(seed=3)
    passes = [values(first), values(first)]
    assert passes == [values(again), values(again)]
    assert passes[0] != passes[1] and sorted(passes[0]) == sorted(passes[1]) == list(range(20))
    fixed = numbers(20).shuffle(seed=3, reshuffle_each_iteration=False)
    assert values(fixed) == values(fixed) == passes[0]


def test_map_gets_the_parts_of_tuples_and_may_use_ops(engine):
    pairs = Dataset(3, lambda i: (np.float32(i), {"y": np.float32(-i)}))
    mapped = pairs.map(lambda x, y: (k.ops.exp(x), y["y"] * 2))
    results = list(mapped)
    np.testing.assert_allclose([x for x, _ in results], np.exp([0, 1, 2]), rtol=1e-6)
    assert [float(y) for _, y in results] == [0, -2, -4] and isinstance(results[0][0], np.ndarray)
    assert results[0][0].numpy() == 1


def test_cache_makes_each_element_once():
    made = []
    cached = Dataset(3, lambda i: made.append(i) or np.int32(i)).cache()
    assert values(cached) == values(cached) == [0, 1, 2] and made == [0, 1, 2]


def test_fit_takes_it(training_engine):
    data = Dataset(20, lambda i: (np.float32([i / 10]), np.float32([i / 5])), workers=2).shuffle(seed=0).batch(6)
    model = k.Sequential([k.layers.Dense(1)])
    model.compile(k.optimizers.SGD(0.3), "mse")
    history = model.fit(data, epochs=30, verbose=0)
    assert history.history["loss"][-1] < 1e-2 < history.history["loss"][0]
    assert model.predict(data.map(lambda x, y: x), verbose=0).shape == (20, 1)


# Windows

WINDOWS = [
    {"sequence_length": 5, "sequence_stride": 3, "sampling_rate": 2, "batch_size": 2},
    {"sequence_length": 5, "batch_size": 10},
    {"sequence_length": 5, "start_index": 3, "end_index": 12, "batch_size": 4},
    {"sequence_length": 5, "batch_size": None},
    {"sequence_length": 1, "sequence_stride": 2},
]


def lists(dataset):
    return [[np.asarray(part).tolist() for part in (e if isinstance(e, tuple) else (e,))] for e in dataset]


@pytest.mark.parametrize("arguments", WINDOWS, ids=str)
@pytest.mark.parametrize("targets", [None, 20, 10])
def test_windows_are_those_of_keras(arguments, targets):
    data = np.stack([np.arange(20), -np.arange(20)], 1)
    own = None if targets is None else np.arange(targets) * 10
    expected = lists(oracle().utils.timeseries_dataset_from_array(data, own, **arguments))
    with k.use_engine("numpy"):
        assert lists(timeseries_dataset_from_array(data, own, **arguments)) == expected
    with k.use_engine("tensorflow"):
        made = timeseries_dataset_from_array(data, own, **arguments)
        assert type(made).__module__.startswith("tensorflow") and lists(made) == expected


def test_shuffled_windows_are_all_there():
    with k.use_engine("jax"):
        dataset = timeseries_dataset_from_array(np.arange(20), np.arange(20), 5, shuffle=True, seed=3, batch_size=4)
    first, second = lists(dataset), lists(dataset)
    assert first != second
    starts = sorted(start for _, y in first for start in y)
    assert starts == list(range(16)) and all(x[0] == y for xs, ys in first for x, y in zip(xs, ys))


@pytest.mark.parametrize(
    "arguments",
    [
        {"start_index": -1},
        {"start_index": 30},
        {"start_index": 5, "end_index": 5},
        {"end_index": 21},
        {"end_index": -1},
        {"sampling_rate": 0},
        {"sampling_rate": 20},
        {"sequence_stride": 30},
        {"sequence_length": 0},
        {"sequence_length": 25},
        {"batch_size": 0},
        {"format": "csv"},
    ],
    ids=str,
)
def test_windows_out_of_range_raise(arguments):
    with pytest.raises(ValueError, match=next(iter(arguments)) if arguments != {"sequence_length": 25} else "spans 25 steps"):
        timeseries_dataset_from_array(np.arange(20), None, **{"sequence_length": 5, **arguments})


# Splits


@pytest.mark.parametrize(
    "arguments, left, right",
    [
        ({"left_size": 0.8}, range(8), range(8, 10)),
        ({"left_size": 3}, range(3), range(3, 10)),
        ({"right_size": 0.25}, range(8), range(8, 10)),
        ({"left_size": 0.35, "right_size": 0.35}, range(4), range(6, 10)),
        ({"left_size": 2, "right_size": 3}, range(2), range(7, 10)),
    ],
)
def test_splits_are_those_of_keras(engine, arguments, left, right):
    x = np.arange(10)
    parts = split_dataset((x, x * 2), **arguments)
    assert [[tuple(int(v) for v in e) for e in part] for part in parts] == [[(i, 2 * i) for i in p] for p in (left, right)]
    if engine.name == "tensorflow":
        assert [len(list(p)) for p in oracle().utils.split_dataset(x, **arguments)] == [len(left), len(right)]
        assert [int(p.cardinality()) for p in parts] == [len(left), len(right)]


def test_a_shuffled_split_is_that_of_keras():
    x = np.arange(10)
    expected = [[int(v) for v in part] for part in oracle().utils.split_dataset(x, left_size=0.5, shuffle=True, seed=3)]
    order = list(range(10))
    random.Random(3).shuffle(order)
    assert expected == [order[:5], order[5:]]
    with k.use_engine("jax"):
        assert [[int(v) for v in part] for part in split_dataset(x, left_size=0.5, shuffle=True, seed=3)] == expected


def test_other_data_sets_are_split_too():
    import tensorflow as tf
    import torch

    class Pairs(torch.utils.data.Dataset):
        def __len__(self):
            return 4

        def __getitem__(self, index):
            return index, torch.tensor(index * index)

    with k.use_engine("torch"):
        left, right = split_dataset(Pairs(), left_size=0.5)
        assert [(int(x), int(y)) for x, y in right] == [(2, 4), (3, 9)]
        batches = torch.utils.data.DataLoader(left, batch_size=2)
        assert [[v.tolist() for v in batch] for batch in batches] == [[[0, 1], [0, 1]]]
    with k.use_engine("numpy"):
        left, right = split_dataset(tf.data.Dataset.range(10).batch(4), right_size=1)
        assert values(left) == [[0, 1, 2, 3], [4, 5, 6, 7]] and values(right) == [[8, 9]]
        assert type(split_dataset(np.arange(4), 1, preferred_backend="tensorflow")[0]).__module__.startswith("tensorflow")


@pytest.mark.parametrize(
    "data, arguments, error, message",
    [
        (range(10), {}, ValueError, "needs left_size or right_size"),
        (range(10), {"left_size": 0}, ValueError, "left_size.*0 came"),
        (range(10), {"left_size": 10}, ValueError, "1 to 9.*10 came"),
        (range(10), {"right_size": 1.0}, ValueError, "right_size.*1.0 came"),
        (range(10), {"left_size": -1}, ValueError, "-1 came"),
        (range(10), {"left_size": "a"}, TypeError, "str came"),
        (range(10), {"left_size": 6, "right_size": 6}, ValueError, "more than the 10"),
        (range(10), {"left_size": 0.01}, ValueError, "none is on the left"),
        ("text", {"left_size": 2}, TypeError, "str came"),
        ({"a": 1}, {"left_size": 2}, TypeError, "dict came"),
        ((np.arange(3), np.arange(4)), {"left_size": 2}, ValueError, "3, 4"),
    ],
)
def test_splits_that_make_no_sense_raise(data, arguments, error, message):
    with pytest.raises(error, match=message):
        split_dataset(list(data) if isinstance(data, range) else data, **arguments)


def test_a_cache_on_disk_is_refused():
    with pytest.raises(ValueError, match="cache keeps elements in memory, not in the file 'kept'"):
        Dataset(3, lambda i: i).cache("kept")


@pytest.mark.parametrize("name", ["jax", "tensorflow"])
def test_splits_of_batches_of_several_lengths(name):
    import tensorflow as tf

    with k.use_engine(name):
        left, right = split_dataset(tf.data.Dataset.range(10).batch(4), left_size=2)
    assert [np.asarray(x).tolist() for x in [*left, *right]] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert left.element_spec.shape.as_list() == [None] and left.cardinality().numpy() == 2


def test_elements_of_kinds_that_programs_for_tf_data_ask_for():
    spec = Dataset(3, lambda i: {"a": np.zeros((i + 1, 2), "float32"), "b": np.int64(i)}).batch(1).element_spec
    assert spec["a"].dtype.name == "float32" and spec["b"].dtype.name == "int64"
