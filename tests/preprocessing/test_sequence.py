"""Windows and skip-grams: what the comparison with Keras 2 (`test_keras2.py`) does not hold."""

import json

import numpy as np
import pytest

import kerata as k
from kerata.preprocessing import sequence
from kerata.preprocessing.sequence import TimeseriesGenerator

SERIES = np.arange(20.0).reshape(10, 2)


def test_a_target_is_that_of_the_step_after_its_window():
    windows = TimeseriesGenerator(SERIES, np.arange(10), length=3, batch_size=4)
    batches = [windows[i] for i in range(len(windows))]
    x, y = (np.concatenate(part) for part in zip(*batches))
    assert y.tolist() == list(range(3, 10))
    np.testing.assert_array_equal(x, [SERIES[end - 3 : end] for end in y])


def test_a_model_trains_on_windows():
    with k.use_engine("torch"):
        model = k.Sequential([k.Input((3, 2)), k.layers.Flatten(), k.layers.Dense(1)])
        model.compile("sgd", "mse")
        windows = TimeseriesGenerator(SERIES / 20, np.arange(10) / 10, length=3, batch_size=4)
        assert isinstance(windows, k.utils.Sequence)
        assert len(model.fit(windows, epochs=2, verbose=0).history["loss"]) == 2
        assert model.predict(windows, verbose=0).shape == (7, 1)


def test_drawn_windows_are_within_the_part():
    np.random.seed(0)
    windows = TimeseriesGenerator(SERIES, np.arange(10), 2, start_index=3, end_index=6, shuffle=True, batch_size=50)
    assert set(windows[0][1].tolist()) == {5, 6}


def test_settings_go_to_json():
    windows = TimeseriesGenerator(SERIES, list(range(10)), 2)
    told = json.loads(windows.to_json(indent=1))
    assert told["class_name"] == "TimeseriesGenerator" and json.loads(told["config"]["data"]) == SERIES.tolist()
    with pytest.raises(TypeError, match="data is no array or list of numbers"):
        TimeseriesGenerator([object()] * 5, range(5), 2).to_json()


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((SERIES, range(9), 2), "data and targets have an entry for each step; 10 and 9 came"),
        (
            (SERIES, range(10), 10),
            "A window of 10 steps and the step after it do not fit between start_index=0 and end_index=9",
        ),
    ],
)
def test_series_that_do_not_fit_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        TimeseriesGenerator(*arguments)


def test_frequent_words_are_left_out_more_often():
    table = sequence.make_sampling_table(1000)
    assert table.shape == (1000,) and (np.diff(table[1:]) > 0).all() and table[-1] < 1
    none = sequence.skipgrams([1, 2, 3], 4, sampling_table=np.zeros(4))
    assert none == ([], [])


def test_pairs_are_of_near_words():
    couples, labels = sequence.skipgrams(list(range(1, 30)), 30, window_size=2, negative_samples=0.5)
    near = [couple for couple, label in zip(couples, labels) if label]
    assert all(0 < abs(a - b) <= 2 for a, b in near) and len(near) == 110 and len(couples) == 165
