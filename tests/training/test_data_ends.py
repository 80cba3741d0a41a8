"""Data that end before they should: training ends with a warning and keeps what was done."""

import warnings

import numpy as np
import pytest

import kerata
from kerata import callbacks, layers

pytestmark = pytest.mark.usefixtures("training_engine")

ROWS = 4


def model(steps_per_execution=1):
    """Predicts 0 and never learns: the loss is the mean of the targets' squares."""
    m = kerata.Sequential([kerata.Input((3,)), layers.Dense(1, kernel_initializer="zeros")])
    m.compile(kerata.optimizers.SGD(0.0), "mse", steps_per_execution=steps_per_execution)
    return m


def numbered(steps):
    """Batches whose targets are 1, 2, ..."""
    for i in range(1, steps + 1):
        yield np.ones((ROWS, 3), "float32"), np.full((ROWS, 1), float(i), "float32")


def losses(*epochs):
    return [np.mean([i**2 for i in epoch]) for epoch in epochs]


def events(seen):
    """A callback that notes beginnings and ends."""
    return callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: seen.append(("begin", epoch)),
        on_epoch_end=lambda epoch, logs: seen.append(("end", epoch)),
        on_train_end=lambda logs: seen.append(("train end", logs.get("loss"))),
    )


ENDS = {
    # steps that there are, steps of an epoch, epochs: the numbers of the batches in each epoch
    "at the end of an epoch without steps": (3, None, 2, [[1, 2, 3]], "after one epoch: training ends"),
    "many epochs asked for": (2, None, 9, [[1, 2]], "after one epoch: training ends"),
    "at the end of an epoch": (6, 3, 3, [[1, 2, 3], [4, 5, 6]], "after 2 epochs: training ends"),
    "within an epoch": (5, 3, 4, [[1, 2, 3], [4, 5]], "after 2 of 3 steps: training ends"),
    "within the first epoch": (2, 3, 4, [[1, 2]], "after 2 of 3 steps: training ends"),
    "within the last epoch": (5, 3, 2, [[1, 2, 3], [4, 5]], "after 2 of 3 steps: training ends"),
}


@pytest.mark.parametrize("steps_per_execution", [1, 2])
@pytest.mark.parametrize("case", ENDS)
def test_a_generator_that_ends(case, steps_per_execution):
    """One warning; the epochs that were begun are in the history, each begun one is ended, and training is ended."""
    count, steps, epochs, done, message = ENDS[case]
    seen, m = [], model(steps_per_execution)
    with pytest.warns(UserWarning, match=message) as told:
        history = m.fit(numbered(count), epochs=epochs, steps_per_epoch=steps, verbose=0, callbacks=[events(seen)])
    assert len(told) == 1
    np.testing.assert_allclose(history.history["loss"], losses(*done), rtol=1e-6)
    assert history.epoch == list(range(len(done))) and m.history is history
    pairs = [(what, epoch) for epoch in range(len(done)) for what in ("begin", "end")]
    assert seen[:-1] == pairs and seen[-1][0] == "train end"
    np.testing.assert_allclose(seen[-1][1], losses(done[-1])[0], rtol=1e-6)
    assert int(m.optimizer.iterations.numpy()) == sum(map(len, done))


def test_a_generator_that_is_just_long_enough_is_nothing_to_tell():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for steps, epochs in ((6, 1), (3, 2), (None, 1)):
            assert len(model().fit(numbered(6), steps_per_epoch=steps, epochs=epochs, verbose=0).epoch) == epochs


@pytest.mark.parametrize("steps", [None, 3])
def test_a_generator_that_gives_nothing_is_an_error(steps):
    with pytest.raises(ValueError, match="gave no batch"):
        model().fit(numbered(0), epochs=2, steps_per_epoch=steps, verbose=0)
    with pytest.raises(ValueError, match="gave no batch"):
        model().evaluate(numbered(0), steps=steps, verbose=0)
    with pytest.raises(ValueError, match="gave no batch"):
        model().predict(numbered(0), steps=steps, verbose=0)
    with pytest.raises(ValueError, match="gave no batch"):
        model().fit(*next(numbered(1)), validation_data=numbered(0), validation_steps=steps, verbose=0)


def test_data_that_can_be_read_once_only():
    """Something iterable that is empty the second time, though it is no iterator."""

    class Once:
        def __init__(self):
            self.batches = numbered(2)

        def __iter__(self):
            return iter([*self.batches])

    with pytest.warns(UserWarning, match="after one epoch: training ends here"):
        history = model().fit(Once(), epochs=3, verbose=0)
    np.testing.assert_allclose(history.history["loss"], losses([1, 2]), rtol=1e-6)


def test_data_that_can_be_read_again_go_on():
    """An epoch that is shorter than asked for is told, and the next one begins anew."""
    with pytest.warns(UserWarning, match="after 2 of 5 steps: the epoch ends here"):
        history = model().fit(Again(2), epochs=2, steps_per_epoch=5, verbose=0)
    np.testing.assert_allclose(history.history["loss"], losses([1, 2], [1, 2]), rtol=1e-6)


class Again:
    def __init__(self, steps):
        self.steps = steps

    def __iter__(self):
        return numbered(self.steps)


@pytest.mark.parametrize(
    "count, steps, found, message",
    [
        (2, None, [[1, 2]], "after one epoch: there is no validation from here on"),
        (4, 2, [[1, 2], [3, 4]], "after 2 epochs: there is no validation from here on"),
        (5, 2, [[1, 2], [3, 4], [5]], "after 1 of 2 steps: the results are those of these"),
    ],
)
def test_validation_that_ends(count, steps, found, message):
    """Training goes on; epochs without validation have no entry."""
    with pytest.warns(UserWarning, match=message) as told:
        history = (
            model()
            .fit(*next(numbered(1)), epochs=3, validation_data=numbered(count), validation_steps=steps, verbose=0)
            .history
        )
    assert len(told) == 1
    assert len(history["loss"]) == 3
    np.testing.assert_allclose(history["val_loss"], losses(*found), rtol=1e-6)


def test_evaluations_of_less_than_asked_for():
    with pytest.warns(UserWarning, match="after 3 of 5 steps: the results are those"):
        found = model().evaluate(numbered(3), steps=5, verbose=0)
    np.testing.assert_allclose(found, losses([1, 2, 3])[0], rtol=1e-6)
    x, y = (np.concatenate(parts) for parts in zip(*numbered(3)))
    with pytest.warns(UserWarning, match="5 steps are asked for of arrays that hold 3 batches of 4"):
        found = model().evaluate(x, y, batch_size=ROWS, steps=5, verbose=0)
    np.testing.assert_allclose(found, losses([1, 2, 3])[0], rtol=1e-6)


def test_more_steps_than_arrays_have():
    x, y = (np.concatenate(parts) for parts in zip(*numbered(2)))
    with pytest.warns(UserWarning, match="5 steps are asked for of arrays that hold 2 batches") as told:
        history = model().fit(x, y, batch_size=ROWS, steps_per_epoch=5, epochs=2, verbose=0)
    assert len(told) == 1
    np.testing.assert_allclose(history.history["loss"], losses([1, 2], [1, 2]), rtol=1e-6)


def test_an_error_in_a_generator_stays_one():
    def broken():
        yield from numbered(3)
        raise RuntimeError("the disk is gone")

    with pytest.raises(RuntimeError, match="the disk is gone"):
        model().fit(broken(), steps_per_epoch=3, epochs=2, verbose=0)


@pytest.mark.parametrize("shuffle", [False, True])
def test_epochs_that_are_parts_of_arrays_go_on_with_the_rest(shuffle, training_engine):
    """Seven rows by two are four batches: of three epochs of two steps, two see all rows, and the third begins again."""
    seen = []

    model = kerata.Sequential([kerata.Input((1,)), kerata.layers.Rescaling(1.0)])
    model.compile(kerata.optimizers.SGD(0.0), lambda t, p: kerata.ops.mean(p, -1))
    x = 10.0 ** np.arange(7, dtype="float32")[:, None]

    class Sums(kerata.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(logs["loss"])

    model.fit(x, x, batch_size=2, steps_per_epoch=2, epochs=4, shuffle=shuffle, verbose=0, callbacks=[Sums()])
    counts = [4, 3, 4, 3]
    totals = [round(mean * count) for mean, count in zip(seen, counts)]
    assert [len(str(t).replace("0", "")) for t in totals] == counts  # each row is a decimal of its own
    np.testing.assert_allclose([totals[0] + totals[1], totals[2] + totals[3]], [1111111, 1111111], rtol=1e-6)
    if not shuffle:
        np.testing.assert_allclose(totals, [1111, 1110000] * 2, rtol=1e-6)


@pytest.mark.parametrize("kind", ["PyDataset", "DataLoader", "tf.data", "repeated tf.data"])
def test_streams_go_on_with_the_rest(kind, training_engine):
    """What an epoch of fewer steps leaves is what the next one begins with, as for arrays."""
    import tensorflow as tf
    import torch

    x = 10.0 ** np.arange(6, dtype="float32")[:, None]

    class Pairs(kerata.utils.PyDataset):
        def __len__(self):
            return 3

        def __getitem__(self, i):
            return x[2 * i : 2 * i + 2], x[2 * i : 2 * i + 2]

    dataset = tf.data.Dataset.from_tensor_slices((x, x)).batch(2)
    tensors = torch.utils.data.TensorDataset(torch.tensor(x), torch.tensor(x))
    data = {
        "PyDataset": lambda: Pairs(),
        "DataLoader": lambda: torch.utils.data.DataLoader(tensors, batch_size=2),
        "tf.data": lambda: dataset,
        "repeated tf.data": lambda: dataset.repeat(),
    }[kind]()
    model = kerata.Sequential([kerata.Input((1,)), kerata.layers.Rescaling(1.0)])
    model.compile(kerata.optimizers.SGD(0.0), lambda t, p: kerata.ops.mean(p, -1))
    losses = model.fit(data, steps_per_epoch=2, epochs=3, shuffle=False, verbose=0).history["loss"]
    np.testing.assert_allclose(np.array(losses) * 4, [1111, 110011, 111100], rtol=1e-5)


@pytest.mark.parametrize(
    "name", ["epochs", "steps_per_epoch", "validation_steps", "validation_freq", "initial_epoch", "batch_size"]
)
def test_counts_that_are_none(name):
    x = np.ones((4, 1), "float32")
    model = kerata.Sequential([kerata.Input((1,)), kerata.layers.Dense(1)])
    model.compile("sgd", "mse")
    for value in (-1, 2.5, *((0,) if name not in ("epochs", "initial_epoch") else (None,))):
        if (name, value) == ("validation_freq", 2.5):
            continue  # it may be a list of epochs
        with pytest.raises(ValueError, match=name):
            model.fit(x, x, validation_data=(x, x), verbose=0, **{name: value})


def test_names_of_outputs_that_there_are_not_are_told_each_time():
    i = kerata.Input((2,))
    model = kerata.Model(i, {"a": kerata.layers.Dense(1, name="a")(i), "b": kerata.layers.Dense(1, name="b")(i)})
    x, y = np.ones((5, 2), "float32"), {"a": np.ones((5, 1)), "b": np.ones((5, 1))}
    for wrong in ({"metrics": {"a": "mae", "zz": "mae"}}, {"loss_weights": {"zz": 2.0}}):
        model.compile("sgd", {"a": "mse", "b": "mse"}, **wrong)
        for run in (model.evaluate, model.fit, model.evaluate, model.train_on_batch):
            with pytest.raises(ValueError, match="'zz'"):
                run(x, y, **({} if run == model.train_on_batch else {"verbose": 0}))
