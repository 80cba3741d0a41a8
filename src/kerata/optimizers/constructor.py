"""The constructors of the built-in optimizers, from tables: own arguments, then those that every optimizer takes."""

import inspect

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


def constructor(own, later, base):
    """An `__init__` that keeps its own arguments as attributes and hands the common ones to `base`.

    Its signature lists them all, so that help, completion and configs are right.
    """
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
    return __init__
