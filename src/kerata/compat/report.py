"""What was translated while an older program ran, line by line of the program. Off unless `start` was called."""

import os
import sys
from typing import Any

from kerata.engines.warning import is_between

_notes: dict[tuple[str, int, str], str] | None = None


def start() -> None:
    """Note translations from now on."""
    global _notes
    _notes = {}


def stop() -> list[tuple[str, int, str, str]]:
    """The notes since `start`, by file and line: (file, line, what the program says, what it is today)."""
    global _notes
    found, _notes = _notes or {}, None
    return sorted((file, line, old, new) for (file, line, old), new in found.items())


def is_on() -> bool:
    """Whether translations are noted."""
    return _notes is not None


def note(old: str, new: str) -> None:
    """Note that what the user's line says, `old`, is `new` today.

    >>> start()
    >>> note("SGD(lr=)", "SGD(learning_rate=)")
    >>> [entry[2:] for entry in stop()]
    [('SGD(lr=)', 'SGD(learning_rate=)')]
    """
    if _notes is None or old == new:
        return
    frame = sys._getframe(1)
    while frame.f_back is not None and is_between(frame):
        frame = frame.f_back
    _notes.setdefault((frame.f_code.co_filename, frame.f_lineno, old), new)


def note_call(name: str, given: dict[str, Any], today: Any, arguments: dict[str, Any]) -> None:
    """Note how a call by older names is made today.

    Args:
        name: what it was called.
        given: what the program gave, by the names of that time.
        today: the class or function that does it now.
        arguments: what it is given now.
    """
    if _notes is None or given == arguments and name == today.__name__:
        return
    then = ", ".join(f"{key}={_short(value)}" for key, value in given.items())
    now = ", ".join(f"{key}={_short(value)}" for key, value in arguments.items())
    note(f"{name}({then})", f"{_name_of(today)}({now})")


def _name_of(today):
    """The name of today's class or function; a class that kerata has for older programs alone goes by that of its base."""
    bases = getattr(today, "__mro__", ())
    base = next((c.__name__ for c in bases if not c.__module__.startswith("kerata.compat.")), "")
    return base if base and today.__name__.startswith(base) else today.__name__


def _short(value):
    if isinstance(value, (str, int, float, bool, type(None), tuple, list)):
        text = repr(value)
        return text if len(text) <= 40 else "..."
    return getattr(value, "__name__", type(value).__name__)


def show(notes: list[tuple[str, int, str, str]], file: Any) -> None:
    """Print the notes as a table."""
    from rich.console import Console
    from rich.table import Table

    if not notes:
        print("kerata: nothing had to be translated", file=file)
        return
    table = Table("line", "the program says", "today", title="Translated by kerata", title_justify="left")
    for path, line, old, new in notes:
        table.add_row(f"{os.path.basename(path)}:{line}", old, new, end_section=False)
    width = None if file.isatty() else 160
    Console(file=file, width=width, markup=False, highlight=False).print(table)
