"""The stubs of `kerata.ops` are those that the modules make."""

import pytest

from tests.api import stubs


@pytest.mark.parametrize("path", stubs.stubs(), ids=lambda path: path.name)
def test_stubs_are_up_to_date(path):
    assert path.read_text() == stubs.formatted(stubs.stubs()[path]), "run `python -m tests.api.stubs`"
