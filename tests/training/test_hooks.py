"""Hooks of callbacks and data sets: which are called, when, how often and with what."""

import warnings

import numpy as np
import pytest

import kerata
from kerata import callbacks, layers
from tests import oracle

pytestmark = pytest.mark.usefixtures("training_engine")

ROWS, STEPS, TEST_STEPS = 4, 5, 3
HOOKS = [name for name in dir(callbacks.Callback) if name.startswith("on_") and name not in ("on_batch_begin", "on_batch_end")]


def batches(steps, last=ROWS):
    """Arrays of so many batches, the last of which may be smaller; targets are 0, 1, ..., one for each batch."""
    y = np.repeat(np.arange(steps), ROWS)[: ROWS * (steps - 1) + last]
    return np.ones((len(y), 3), "float32"), y[:, None].astype("float32")


def model(keras=kerata, steps_per_execution=1):
    """Predicts 0 and never learns."""
    m = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, kernel_initializer="zeros")])
    m.compile(keras.optimizers.SGD(0.0), "mse", steps_per_execution=steps_per_execution)
    return m


def recorder(keras, events):
    """A callback that notes all hooks: their names, their numbers and the names of their logs."""

    def hook(name):
        def record(self, *arguments, logs=None):
            number = [a for a in arguments if not isinstance(a, dict)]
            found = logs if logs is not None else arguments[-1] if arguments else None
            assert isinstance(found, dict), f"{name}: logs are a dict, always"
            events.append((name.removeprefix("on_"), *number, *sorted(found)))

        return record

    class Record(keras.callbacks.Callback):
        def set_params(self, params):
            super().set_params(params)
            events.append(("params", dict(params)))

        def set_model(self, model):
            super().set_model(model)
            events.append(("model", type(model).__name__))

    for name in HOOKS:
        setattr(Record, name, hook(name))
    return Record()


class Numbered(kerata.utils.PyDataset):
    """Batches by number that note what is asked of them."""

    def __init__(self, steps, events, workers=1, last=ROWS):
        super().__init__(workers=workers)
        self.events, (self.x, self.y) = events, batches(steps, last)

    def __len__(self):
        return -(-len(self.y) // ROWS)

    def __getitem__(self, index):
        rows = slice(index * ROWS, (index + 1) * ROWS)
        self.events.append(("read", index))
        return self.x[rows], self.y[rows]

    def on_epoch_begin(self):
        self.events.append(("data begin",))

    def on_epoch_end(self):
        self.events.append(("data end",))


def forever(steps):
    x, y = batches(steps)
    while True:
        for i in range(steps):
            rows = slice(i * ROWS, (i + 1) * ROWS)
            yield x[rows], y[rows]


def given(kind, steps, last=ROWS):
    """Data of a kind with the arguments of fit that go with it, and those of validation."""
    if kind == "arrays":
        return batches(steps, last), {"batch_size": ROWS}
    if kind == "data set":
        return (Numbered(steps, [], last=last),), {}
    return (forever(steps),), {"steps_per_epoch": steps}


@pytest.mark.parametrize("steps_per_execution", [1, 2, 3])
@pytest.mark.parametrize("kind", ["arrays", "data set", "generator"])
def test_all_hooks_are_called_as_in_the_oracle(kind, steps_per_execution):
    def events_of(keras):
        events, ((x, *y), arguments) = [], given(kind, STEPS)
        if keras is not kerata and kind == "data set":
            x, arguments = forever(STEPS), {"steps_per_epoch": STEPS}  # the oracle knows data sets of its own only
        m, record = model(keras, steps_per_execution), recorder(keras, events)
        test = {"batch_size": ROWS} if kind == "arrays" else {"steps": TEST_STEPS}
        validation = {"validation_data": batches(TEST_STEPS), "validation_batch_size": ROWS}
        m.fit(x, *y, epochs=2, verbose=0, callbacks=[record], **validation, **arguments)
        m.evaluate(*(batches(TEST_STEPS) if kind == "arrays" else [forever(3)]), verbose=0, callbacks=[record], **test)
        return events

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = events_of(oracle.keras())
    assert events_of(kerata) == expected


@pytest.mark.parametrize("last", [ROWS, 1])
@pytest.mark.parametrize("steps_per_execution", [1, 2, 3])
@pytest.mark.parametrize("kind", ["arrays", "data set", "generator"])
def test_batch_hooks_come_after_whole_executions_with_the_logs_so_far(kind, steps_per_execution, last):
    """The loss after batches 0 to n is the mean of 0^2, ..., n^2 over the rows."""
    last = ROWS if kind == "generator" else last
    seen = []
    record = callbacks.LambdaCallback(
        on_train_batch_begin=lambda batch, logs: seen.append(("begin", batch)),
        on_train_batch_end=lambda batch, logs: seen.append(("end", batch, logs["loss"])),
    )
    data, arguments = given(kind, STEPS, last)
    m = model(kerata, steps_per_execution)
    m.fit(*data, verbose=0, shuffle=False, callbacks=[record], **arguments)
    squares = batches(STEPS, last)[1].ravel() ** 2
    expected = []
    for begun in range(0, STEPS, steps_per_execution):
        done = begun + steps_per_execution
        expected += [("begin", begun), ("end", done - 1, squares[: done * ROWS].mean())]
    assert [s[:2] for s in seen] == [e[:2] for e in expected]
    np.testing.assert_allclose([s[2] for s in seen[1::2]], [e[2] for e in expected[1::2]], rtol=1e-6)
    assert int(m.optimizer.iterations.numpy()) == STEPS


def test_hooks_under_their_old_names():
    class Old(callbacks.Callback):
        seen = ()

        def on_batch_begin(self, batch, logs):
            self.seen += (("begin", batch, logs.get("size")),)

        def on_batch_end(self, batch, logs):
            self.seen += (("end", batch, logs.get("loss")),)

    old = Old()
    model().fit(*batches(2), batch_size=ROWS, shuffle=False, verbose=0, callbacks=[old])
    assert old.seen == (("begin", 0, None), ("end", 0, 0.0), ("begin", 1, None), ("end", 1, 0.5))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_data_set_is_told_of_each_pass(workers):
    """Of training, of validation within it, and of an evaluation; before anything is read, and after all was."""
    train, test, hooks = [], [], []
    record = callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: train.append(("epoch", epoch)),
        on_epoch_end=lambda epoch, logs: train.append(("epoch end", epoch)),
    )
    m, data = model(), Numbered(STEPS, train, workers)
    m.fit(data, epochs=2, verbose=0, callbacks=[record], validation_data=Numbered(TEST_STEPS, test, workers))
    reads = [("read", i) for i in range(STEPS)]
    for epoch in range(2):
        events, train = train[: STEPS + 4], train[STEPS + 4 :]
        assert events[:2] == [("epoch", epoch), ("data begin",)]
        assert sorted(events[2:-2]) == reads
        assert events[-2:] == [("data end",), ("epoch end", epoch)]
    assert train == []
    assert [e for e in test if e[0] != "read"] == [("data begin",), ("data end",)] * 2
    m.evaluate(Numbered(TEST_STEPS, hooks, workers), verbose=0)
    assert hooks[0] == ("data begin",) and hooks[-1] == ("data end",) and len(hooks) == TEST_STEPS + 2


def test_a_data_set_may_change_before_an_epoch():
    """What on_epoch_begin does holds for the batches of the epoch, their number too."""

    class Growing(Numbered):
        def on_epoch_begin(self):
            self.x, self.y = batches(int(self.y.max()) + 2)

    events, seen = [], []
    record = callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append((batch, logs["loss"])))
    model().fit(Growing(1, events), epochs=2, verbose=0, shuffle=False, callbacks=[record])
    assert [e[1] for e in events if e[0] == "read"] == [0, 1, 0, 1, 2]
    np.testing.assert_allclose(seen, [(0, 0), (1, 0.5), (0, 0), (1, 0.5), (2, 5 / 3)], rtol=1e-6)


def test_an_endless_data_set_goes_on_in_the_next_epoch():
    class Endless(Numbered):
        num_batches = None

        def __getitem__(self, index):
            return super().__getitem__(index % 3)[0], np.full((ROWS, 1), float(index), "float32")

    seen = []
    record = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(logs["loss"]))
    model().fit(Endless(3, []), epochs=2, steps_per_epoch=2, verbose=0, callbacks=[record])
    np.testing.assert_allclose(seen, [(0 + 1) / 2, (4 + 9) / 2], rtol=1e-6)


def test_callbacks_that_count_batches_count_them_in_executions(tmp_path):
    """10 steps in executions of 2, 2 and 1: three or more are there after 4, 7 and 10."""
    m, saved = model(kerata, 2), []
    save = callbacks.ModelCheckpoint(tmp_path / "m.weights.h5", save_freq=3, save_weights_only=True)
    save._save_after = lambda epoch, logs: saved.append((epoch, int(m.optimizer.iterations.numpy())))
    m.fit(*batches(STEPS), batch_size=ROWS, epochs=2, verbose=0, callbacks=[save])
    assert saved == [(0, 4), (1, 7), (1, 10)]


def test_training_keeps_its_history_through_an_evaluation():
    m = model()
    history = m.fit(*batches(2), verbose=0)
    m.evaluate(*batches(2), verbose=0)
    assert m.history is history


def test_a_stop_before_the_first_batch_still_makes_one():
    m = model()
    stop = callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: setattr(m, "stop_training", True))
    for data in (batches(3), (Numbered(3, []),)):
        history = m.fit(*data, epochs=3, verbose=0, callbacks=[stop])
        assert len(history.epoch) == 1


@pytest.mark.parametrize("steps_per_execution", [2, 3])
def test_an_anomaly_is_found_in_its_step_of_an_execution(steps_per_execution):
    m = kerata.Sequential([kerata.Input((3,)), layers.Dense(1)])
    m.compile("sgd", "mse", detect_anomaly=True, steps_per_execution=steps_per_execution)
    x, y = batches(STEPS)
    x[ROWS * 3 + 1] = np.nan
    rows = [(x[i : i + ROWS], y[i : i + ROWS]) for i in range(0, len(x), ROWS)]
    for data in ((x, y), (iter(rows),)):
        with pytest.raises(FloatingPointError, match="Step 4 of epoch 1.*first in row 1"):
            m.fit(*data, batch_size=ROWS if len(data) == 2 else None, shuffle=False, verbose=0)
