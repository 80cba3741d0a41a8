"""The base of mixins: what they add to has what they call, which type checkers need not know."""

from typing import Any

Mixin: Any = object
