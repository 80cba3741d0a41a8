"""An extension of griffe: examples in doc strings become blocks of code."""

import re

import griffe

_EXAMPLE = re.compile(r"(?m)^( *)>>> .*(?:\n(?! *$).*)*")


class Doctests(griffe.Extension):
    """Fences the examples, which stand in doc strings without a heading."""

    def on_object(self, *, obj, **kwargs):
        """Called for every object that has been read."""
        if obj.docstring:
            obj.docstring.value = _EXAMPLE.sub(_fenced, obj.docstring.value)


def _fenced(match):
    indent = match.group(1)
    return f"{indent}```pycon\n{match.group()}\n{indent}```"
