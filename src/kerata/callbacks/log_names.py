"""The entry of the logs that a name means: names of older versions of Keras, and other names of one metric."""

import re

from kerata import metrics
from kerata.core import suggestions
from kerata.metrics.group import single_metrics


def entry_named(name, logs, model=None):
    """The key of the logs that holds what `name` asks for; None if none is known to be the same quantity.

    `acc` and `accuracy` are one. So are a metric's own name and the one that it is shown by, if `model` has one such metric:
    `mse` and `mean_squared_error`, `auc` and `auc_1`.

    >>> entry_named("val_acc", {"accuracy": 0.5, "val_accuracy": 0.4}), entry_named("val_f1", {"val_loss": 1.0})
    ('val_accuracy', None)
    """
    for candidate in (name, _long(name), re.sub(r"(^|_)accuracy$", r"\1acc", name)):
        if candidate in logs.keys():
            return candidate
    prefix = "val_" if name.startswith("val_") else ""
    called = [m for m in single_metrics(getattr(model, "metrics", ())) if _is_called(m, name.removeprefix(prefix))]
    shown = {prefix + (m.shown_name or m.name) for m in called} & set(logs)
    return shown.pop() if len(shown) == 1 else None


class Logs(dict):
    """Logs, in which `acc` and `accuracy` are one, as callbacks of all generations ask for them.

    >>> logs = Logs(accuracy=0.5, val_accuracy=0.25)
    >>> logs["acc"], logs.get("val_acc"), "acc" in logs, list(logs)
    (0.5, 0.25, True, ['accuracy', 'val_accuracy'])
    """

    def __missing__(self, name):
        entry = entry_named(name, self) if isinstance(name, str) else None
        if entry is None:
            raise KeyError(name)
        return self[entry]

    def __contains__(self, name):
        return super().__contains__(name) or isinstance(name, str) and entry_named(name, self) is not None

    def get(self, name, default=None):
        """The entry of this name, or of the other name of the same; `default` without one."""
        return self[name] if name in self else default


def what_there_is(name, logs):
    """Words about a name that the logs lack: what they have, and what to do."""
    told = f"which is not in the logs: they have {', '.join(logs) or 'nothing'}."
    if not name.startswith("val_"):
        return told + suggestions.hint(_long(name), logs)
    validated = [key for key in logs if key.startswith("val_")]
    if not validated:
        return f"{told} Give fit validation_data or validation_split."
    return told + suggestions.hint(_long(name), validated)


def _long(name):
    return re.sub(r"(^|_)acc$", r"\1accuracy", name)


def _is_called(metric, name):
    """Whether a metric, which the logs may show by another name, is the one of this name."""
    if re.fullmatch(rf"{re.escape(name)}_\d+", metric.shown_name or metric.name):
        return True
    try:
        named = metrics.get(name)
    except ValueError:
        return False
    return type(named) is type(metric) and _settings(named) == _settings(metric)


def _settings(metric):
    return {k: v for k, v in metric.get_config().items() if k not in ("name", "dtype")}
