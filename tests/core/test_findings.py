"""Findings: the first counts; notes inside gradients, loops and branches come out; nothing is noted where nothing can be."""

import numpy as np
import pytest

import kerata
from kerata import engines, ops
from kerata.core.findings import Findings, check_range, note, note_not_finite


def message(value):
    return f"{value} came"


def compiled(fn, findings):
    def run(*args):
        with findings.collecting(args[-1]):
            return fn(*args[:-1])

    return engines.current().compile(run, [findings.record])


def test_the_first_finding_counts():
    findings = Findings()
    step = compiled(lambda x: check_range(x, 10, message), findings)
    for number, value in enumerate((3, 12, 3, -5)):
        step(np.array([1, value]), number)
    assert findings.first() == (1, "range", 12, "12 came")
    findings.clear()
    assert findings.first() is None
    step(np.array([-5, 2]), 7)
    assert findings.first() == (7, "range", -5, "-5 came")


def test_values_that_are_there_are_checked_at_once(engine):
    x = engine.asarray(np.array([0, 4, 9]))
    check_range(x, 10, message)
    check_range(engine.asarray(np.zeros((0,), "int32")), 10, message)
    check_range(engine.asarray(np.array([-1, 3])), 10, message, ignore=-1)
    with pytest.raises(ValueError, match="9 came"):
        check_range(x, 9, message)


def test_inside_gradients_loops_and_branches(training_engine):
    def body(x, weight):
        def loss_fn():
            def each(carry, row):
                note("range", row[0] > 5, row[0], message)
                return carry + ops.sum(row * weight), None

            total, _ = ops.scan(each, ops.zeros(()), x)
            return total

        return kerata.value_and_grad(loss_fn, [weight])[0]

    weight, findings = kerata.Variable(2.0), Findings()

    def run(x):
        with findings.collecting(4):
            return ops.cond(ops.sum(x) > 0, lambda: body(x, weight), lambda: ops.zeros(()))

    step = engines.current().compile(run, [findings.record, weight])
    assert float(step(np.array([[1.0, 2.0], [7.0, 0.0]], "float32"))) == 20.0
    assert findings.first() == (4, "range", 7, "7 came")


def test_vectorised_functions_note_nothing(training_engine):
    findings = Findings()
    step = compiled(lambda x: ops.vectorized_map(lambda row: note("range", row > 5, row, message) or row * 2, x), findings)
    assert np.asarray(step(np.arange(8), 0)).tolist() == list(range(0, 16, 2))
    assert findings.first() is None


@pytest.mark.parametrize(("value", "nan"), [(np.nan, 1), (np.inf, 0), (-np.inf, 0)])
def test_not_finite(training_engine, value, nan):
    findings = Findings()
    step = compiled(lambda x, i: note_not_finite("x", i, x), findings)
    step(np.ones(3, "float32"), np.arange(3), 0)
    assert findings.first() is None
    step(np.array([1.0, value], "float32"), np.arange(3), 1)
    assert findings.first() == (1, "not finite", nan, "x")


def test_infinity_may_be_passed_over():
    findings = Findings(only_nan=True)
    with findings.collecting():
        note_not_finite("x", ops.array([np.inf]))
        assert findings.first() is None
        note_not_finite("x", ops.array([np.nan]))
    assert findings.first().value == 1


def test_python_bools_are_noted(engine):
    findings = Findings()
    with findings.collecting(step=2):
        note("range", False, 1, message)
        assert findings.first() is None
        note("range", True, 7, message)
    assert findings.first() == (2, "range", 7, "7 came")
