"""Every public name of Keras 3.15.1 is kerata's too, with the same arguments; what is not is in a table with its reason."""

import fnmatch

import pytest

from tests.api import conformance, exceptions


@pytest.fixture(scope="module")
def differences():
    return conformance.differences()


def test_every_name_is_there_with_the_same_arguments(differences):
    waiting = conformance.waiting()
    new = {n: d for n, d in differences.items() if n not in waiting and conformance.exception_for(n) is None}
    assert not new, "\n".join(f"{name}: {wrong}" for name, wrong in new.items())


def test_names_that_are_there_now_have_left_the_list_of_missing_ones(differences):
    there = sorted(conformance.waiting() - set(differences))
    assert not there, f"python -m tests.api.conformance --update takes them out of waiting.txt: {', '.join(there)}"


def test_every_exception_is_one(differences):
    for patterns in exceptions.REASONS.values():
        for pattern in patterns:
            assert fnmatch.filter(differences, pattern), f"{pattern} covers nothing: take it out of exceptions.py"


def test_no_name_waits_that_is_an_exception():
    assert not [name for name in conformance.waiting() if conformance.exception_for(name)]


@pytest.mark.parametrize(
    "name, kind, signature, wrong",
    [
        ("keras.layers.Dense.nothing", "method", "()", "missing"),
        ("keras.nothing", "function", "()", "missing"),
        ("keras.utils.normalize", "function", "(x, axis=0, order=2)", "axis=0"),
        ("keras.utils.normalize", "function", "(y, axis=-1, order=2)", "(y, axis"),
        ("keras.Layer.count_params", "method", "(self)", "count_params|Keras has"),
        ("keras.version", "property", "", None),
        ("keras.config", "class", "()", "no class"),
    ],
)
def test_a_difference_is_seen(name, kind, signature, wrong):
    complaint = conformance.complaint(name, kind, signature)
    assert complaint is None if wrong is None else any(part in complaint for part in wrong.split("|"))
