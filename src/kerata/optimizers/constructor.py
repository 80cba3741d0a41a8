"""The constructors of the built-in optimizers, from tables: own arguments, then those that every optimizer takes."""

import difflib
import inspect

import numpy as np

COMMON = {
    "weight_decay": None,
    "clipnorm": None,
    "clipvalue": None,
    "global_clipnorm": None,
    "use_ema": False,
    "ema_momentum": 0.99,
    "ema_overwrite_frequency": None,
    "loss_scale_factor": None,
    "gradient_accumulation_steps": None,
    "name": None,
}


def constructor(cls, later, base):
    """An `__init__` of a class that keeps its own arguments, `cls.defaults`, as attributes; `base` gets the common ones.

    Its signature lists them all, so that help, completion and configs are right.
    """
    own = cls.defaults
    defaults = own | {name: value for name, value in COMMON.items() if name not in own} | later
    keyword = inspect.Parameter.POSITIONAL_OR_KEYWORD
    signature = inspect.Signature(
        [
            inspect.Parameter("self", keyword),
            *[inspect.Parameter(name, keyword, default=value) for name, value in defaults.items()],
            inspect.Parameter("kwargs", inspect.Parameter.VAR_KEYWORD),
        ]
    )

    def __init__(self, *args, **kwargs):
        bound = signature.bind(self, *args, **kwargs)
        bound.apply_defaults()
        arguments = dict(bound.arguments)
        arguments.pop("self")
        unknown = arguments.pop("kwargs")
        handed = {name: arguments.pop(name) for name in ("learning_rate", *COMMON)}
        for name, value in arguments.items():
            setattr(self, name, value)
        base(self, **handed, **unknown)

    __init__.__signature__ = signature
    __init__.__module__, __init__.__qualname__ = cls.__module__, f"{cls.__qualname__}.__init__"
    return __init__


def refuse_unknown(cls, known, kwargs):
    """Raises: TypeError if there is an argument that the class does not take, naming the nearest that it does."""
    if kwargs:
        name = next(iter(kwargs))
        near = "learning_rate" if name == "lr" else next(iter(difflib.get_close_matches(name, known, 1, 0.4)), None)
        hint = f" Did you mean {near!r}?" if near else ""
        raise TypeError(f"{cls.__name__} has no argument {name!r}.{hint} It takes {', '.join(dict.fromkeys(known))}.")


def check_common(optimizer):
    """Raises: ValueError for common arguments that are out of range, or don't go together."""
    clips = {
        k: getattr(optimizer, k) for k in ("clipnorm", "clipvalue", "global_clipnorm") if getattr(optimizer, k) is not None
    }
    if len(clips) > 1:
        raise ValueError(f"Give one of clipnorm, clipvalue and global_clipnorm; {clips} came.")
    for name, value in clips.items():
        if value <= 0:
            raise ValueError(f"{name} must be positive; {value!r} came.")
    if optimizer.use_ema and not 0 <= optimizer.ema_momentum <= 1:
        raise ValueError(f"ema_momentum must be from 0 to 1; {optimizer.ema_momentum!r} came.")
    for name, least in (("ema_overwrite_frequency", 1), ("gradient_accumulation_steps", 2)):
        value = getattr(optimizer, name)
        if value and (not isinstance(value, (int, np.integer)) or value < least):
            raise ValueError(f"{name} must be an integer of at least {least}, or None; {value!r} came.")
