"""An extension of griffe: examples in doc strings become blocks of code, and arguments told together are told one by one."""

import re

import griffe

_EXAMPLE = re.compile(r"(?m)^( *)>>> .*(?:\n(?! *$).*)*")
# "    first, second: what they are" and the lines that go on with it.
_TOGETHER = re.compile(r"(?m)^( +)(\w+(?:, \w+)+)(: .*(?:\n\1 +\S.*)*)")


class Doctests(griffe.Extension):
    """Fences the examples, which stand in doc strings without a heading; gives each argument its row, type and default."""

    def on_object(self, *, obj, **kwargs):
        """Called for every object that has been read."""
        if obj.docstring:
            obj.docstring.value = _EXAMPLE.sub(_fenced, one_by_one(obj.docstring.value))


def one_by_one(text):
    """A doc string whose arguments, where several share a line, have one each.

    >>> print(one_by_one("Args:\\n    a, b: a number."))
    Args:
        a: a number.
        b: a number.
    """
    return _TOGETHER.sub(lambda m: "\n".join(f"{m[1]}{name}{m[3]}" for name in m[2].split(", ")), text)


def _fenced(match):
    indent = match.group(1)
    return f"{indent}```pycon\n{match.group()}\n{indent}```"
