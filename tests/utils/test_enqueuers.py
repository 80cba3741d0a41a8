"""Batches read ahead by threads and processes."""

import itertools
import random
import subprocess
import sys
import threading

import numpy as np
import pytest

import kerata as k
from kerata.compat import translate
from kerata.utils.enqueuers import GeneratorEnqueuer, OrderedEnqueuer, SequenceEnqueuer


class Squares(k.utils.Sequence):
    """Five batches; it does not call the base's constructor."""

    def __init__(self, fails_at=None):
        self.fails_at, self.ends = fails_at, 0

    def __len__(self):
        return 5

    def __getitem__(self, index):
        if index == self.fails_at:
            raise KeyError("no such batch")
        return np.full(2, index**2)

    def on_epoch_end(self):
        self.ends += 1


def taken(enqueuer, count, **start):
    """The first entries of so many batches."""
    enqueuer.start(**start)
    result = [int(batch[0]) for batch in itertools.islice(enqueuer.get(), count)]
    enqueuer.stop()
    assert not enqueuer.is_running()
    return result


@pytest.mark.parametrize("workers", [1, 3])
def test_batches_come_in_order_pass_after_pass(workers):
    squares = Squares()
    assert taken(OrderedEnqueuer(squares), 12, workers=workers, max_queue_size=3) == [0, 1, 4, 9, 16, 0, 1, 4, 9, 16, 0, 1]
    assert squares.ends == 2


def test_processes_read_too():
    assert taken(OrderedEnqueuer(Squares(), use_multiprocessing=True), 6, workers=2) == [0, 1, 4, 9, 16, 0]


def test_the_order_is_drawn_by_pythons_random():
    random.seed(4)
    order = list(range(5))
    expected = []
    for _ in range(2):
        random.shuffle(order)
        expected += [i**2 for i in order]
    random.seed(4)
    assert taken(OrderedEnqueuer(Squares(), shuffle=True), 10) == expected


@pytest.mark.parametrize("workers", [1, 3])
def test_an_error_comes_in_its_turn(workers):
    enqueuer = OrderedEnqueuer(Squares(fails_at=2))
    enqueuer.start(workers=workers)
    batches = enqueuer.get()
    assert [int(next(batches)[0]) for _ in range(2)] == [0, 1]
    with pytest.raises(KeyError, match="no such batch"):
        next(batches)
    assert not enqueuer.is_running()


def test_a_generator_is_read_to_its_end():
    for workers in (1, 3):
        enqueuer = GeneratorEnqueuer(n**2 for n in range(5))
        enqueuer.start(workers, max_queue_size=2)
        assert list(enqueuer.get()) == [0, 1, 4, 9, 16]
        enqueuer.stop()


def test_threads_share_an_iterator():
    class Met:
        """Each `next` waits for another one at the same time."""

        def __init__(self):
            self.meeting, self.count = threading.Barrier(2, timeout=20), itertools.count()

        def __iter__(self):
            return self

        def __next__(self):
            number = next(self.count)
            if number >= 4:
                raise StopIteration
            self.meeting.wait()
            return number

    enqueuer = GeneratorEnqueuer(Met())
    enqueuer.start(workers=2)
    assert sorted(enqueuer.get()) == [0, 1, 2, 3]
    enqueuer.stop()


def test_images_that_change_are_read_ahead():
    batches = k.preprocessing.image.ImageDataGenerator().flow(np.zeros((4, 2, 2, 1)), np.arange(4), 2, shuffle=False)
    enqueuer = GeneratorEnqueuer(batches)
    enqueuer.start()
    assert [y.tolist() for _, y in itertools.islice(enqueuer.get(), 3)] == [[0, 1], [2, 3], [0, 1]]
    enqueuer.stop()


def test_processes_have_copies_of_a_generator():
    code = """if True:
        import numpy as np
        from kerata.utils.enqueuers import GeneratorEnqueuer
        def draws():
            for _ in range(2):
                yield float(np.random.uniform())
        def fails():
            yield 1.0
            raise KeyError("no more")
        enqueuer = GeneratorEnqueuer(draws(), use_multiprocessing=True, random_seed=3)
        enqueuer.start(workers=2)
        print(sorted(enqueuer.get()) == sorted(np.random.RandomState(s).uniform(size=2)[i] for s in (3, 4) for i in (0, 1)))
        enqueuer.stop()
        enqueuer = GeneratorEnqueuer(fails(), use_multiprocessing=True)
        enqueuer.start()
        try:
            list(enqueuer.get())
        except KeyError as error:
            print(error)
    """
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert run.stdout.split("\n") == ["True", "'no more'", ""], run.stderr


def test_what_can_not_be_done_is_told(monkeypatch):
    enqueuer = OrderedEnqueuer(Squares())
    with pytest.raises(RuntimeError, match="was not started: call start"):
        next(enqueuer.get())
    enqueuer.stop()
    with pytest.raises(ValueError, match="workers and max_queue_size are at least 1; 0 and 10 came"):
        enqueuer.start(workers=0)
    with pytest.raises(TypeError, match="Did you mean 'workers'"):
        enqueuer.start(worker=1)
    enqueuer.start()
    with pytest.raises(RuntimeError, match="runs already"):
        enqueuer.start()
    enqueuer.stop(timeout=10)
    assert list(enqueuer.get()) == []
    with pytest.raises(NotImplementedError, match="has no _batches"):
        SequenceEnqueuer(None).start()
    monkeypatch.setattr("multiprocessing.get_all_start_methods", lambda: ["spawn"])
    with pytest.raises(ValueError, match="use threads, or a Sequence"):
        GeneratorEnqueuer(iter([]), use_multiprocessing=True)


def test_a_sequence_without_batches_is_told_of():
    class Nothing(Squares):
        def __len__(self):
            return 0

    enqueuer = OrderedEnqueuer(Nothing())
    enqueuer.start()
    with pytest.raises(ValueError, match="This Nothing has no batches"):
        next(enqueuer.get())


def test_names_of_keras_1_are_taken(monkeypatch):
    monkeypatch.setattr(translate, "_told", set())
    with pytest.warns(DeprecationWarning, match="wait_time"):
        GeneratorEnqueuer(iter([]), wait_time=0.1)
    with pytest.warns(DeprecationWarning, match="pickle_safe"):
        enqueuer = GeneratorEnqueuer(iter([1, 2]), pickle_safe=False)
    with pytest.warns(DeprecationWarning, match="nb_worker|max_q_size"):
        enqueuer.start(nb_worker=1, max_q_size=3, wait_time=0.05)
    assert enqueuer.is_running() and enqueuer.queue.get(timeout=10) == 1 and enqueuer.queue.get(timeout=10) == 2
    enqueuer.stop()
