"""Settings of the process: `floatx`, `epsilon`, `image_data_format`, and a few switches."""

import gc
import os
import weakref
from typing import Any

from kerata import engines

_FLOATS = ("float16", "bfloat16", "float32", "float64")
_FORMATS = ("channels_last", "channels_first")


class _Settings:
    def __init__(self):
        user = engines.user_config()
        self.floatx = user.get("floatx") if user.get("floatx") in _FLOATS else "float32"
        self.epsilon = float(user.get("epsilon", 1e-7))
        stored = user.get("image_data_format")
        self.image_data_format = stored if stored in _FORMATS else "channels_last"
        self.start_session()
        self.max_epochs = _integer("KERAS_MAX_EPOCHS")
        self.max_steps_per_epoch = _integer("KERAS_MAX_STEPS_PER_EPOCH")

    def start_session(self):
        """Give what lasts until `clear_session` its default."""
        self.dtype_policy = None
        self.interactive_logging = True
        self.traceback_filtering = True
        self.flash_attention = None


def _integer(name):
    return int(os.environ[name]) if os.environ.get(name, "").isdigit() else None


settings = _Settings()
wide_variables: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()  # those in float64, by their ids


def backend() -> Any:
    """The name of the engine in force: "jax", "torch", "tensorflow" or "numpy".

    >>> import kerata
    >>> with kerata.use_engine("numpy"):
    ...     kerata.backend.backend()
    'numpy'
    """
    return engines.current_name()


set_backend = engines.set_backend


def floatx() -> Any:
    """The default float dtype, "float32" unless set otherwise.

    >>> floatx()
    'float32'
    """
    return settings.floatx


def set_floatx(value: Any) -> None:
    """Set the default float dtype: "float16", "bfloat16", "float32" or "float64".

    Raises: ValueError for another name.

    Variables and layers made from now on have it. JAX keeps 64 bits from "float64" on until another is set and no variable
    of 64 bits is left.

    >>> set_floatx("bfloat16")
    >>> floatx()
    'bfloat16'
    >>> set_floatx("float32")
    """
    if value not in _FLOATS:
        raise ValueError(f"floatx must be one of {', '.join(_FLOATS)}; {value!r} came.")
    engines.get(engines.default_name()).keep_64_bits(value == "float64" or _any_wide())
    settings.floatx = value
    settings.dtype_policy = None


def _any_wide():
    """Whether somebody holds a variable of 64 bits."""
    if wide_variables:
        gc.collect()  # layers and what they are connected with hold each other
    return bool(wide_variables)


def epsilon() -> Any:
    """The small number that keeps divisions and logarithms finite, 1e-7 unless set otherwise.

    >>> epsilon()
    1e-07
    """
    return settings.epsilon


def set_epsilon(value: Any) -> None:
    """Set the small number that `epsilon()` returns.

    >>> set_epsilon(1e-5)
    >>> epsilon()
    1e-05
    >>> set_epsilon(1e-7)
    """
    settings.epsilon = float(value)


def image_data_format() -> Any:
    """Where images have their channels: "channels_last" or "channels_first".

    >>> image_data_format()
    'channels_last'
    """
    return settings.image_data_format


def set_image_data_format(data_format: str | None) -> None:
    """Choose "channels_last" or "channels_first" for layers that are not told.

    Raises: ValueError for another name.

    >>> set_image_data_format("channels_first")
    >>> image_data_format()
    'channels_first'
    >>> set_image_data_format("channels_last")
    """
    settings.image_data_format = standardize_data_format(data_format)


def standardize_data_format(data_format: str | None) -> Any:
    """`data_format`, or the default when it is None.

    Raises: ValueError for another name than "channels_last" or "channels_first".
    """
    if data_format is None:
        return settings.image_data_format
    name = str(data_format).lower()
    if name not in _FORMATS:
        raise ValueError(f"data_format must be 'channels_last' or 'channels_first'; {data_format!r} came.")
    return name


def enable_interactive_logging() -> None:
    """Show progress bars while training: the default.

    >>> enable_interactive_logging()
    >>> is_interactive_logging_enabled()
    True
    """
    settings.interactive_logging = True


def disable_interactive_logging() -> None:
    """Print one line an epoch in place of progress bars, as log files want it.

    >>> disable_interactive_logging()
    >>> is_interactive_logging_enabled()
    False
    >>> enable_interactive_logging()
    """
    settings.interactive_logging = False


def enable_traceback_filtering() -> None:
    """Leave kerata's own lines out of the tracebacks of errors: the default.

    >>> enable_traceback_filtering()
    >>> is_traceback_filtering_enabled()
    True
    """
    settings.traceback_filtering = True


def disable_traceback_filtering() -> None:
    """Show tracebacks whole, kerata's own lines too.

    >>> disable_traceback_filtering()
    >>> is_traceback_filtering_enabled()
    False
    >>> enable_traceback_filtering()
    """
    settings.traceback_filtering = False


def enable_flash_attention() -> None:
    """Remember the wish for flash attention, for programs that ask; the engine takes its fastest kernel by itself.

    >>> enable_flash_attention()
    >>> is_flash_attention_enabled()
    True
    """
    settings.flash_attention = True


def disable_flash_attention() -> None:
    """Remember the wish against flash attention, for programs that ask; see `enable_flash_attention`.

    >>> disable_flash_attention()
    >>> is_flash_attention_enabled()
    False
    """
    settings.flash_attention = False


def is_interactive_logging_enabled() -> bool:
    """Whether `fit` and its like show progress.

    >>> is_interactive_logging_enabled()
    True
    """
    return settings.interactive_logging


def is_traceback_filtering_enabled() -> bool:
    """Whether tracebacks leave out kerata's own frames.

    >>> is_traceback_filtering_enabled()
    True
    """
    return settings.traceback_filtering


def is_flash_attention_enabled() -> bool | None:
    """True, False, or None when the engine is free to choose.

    >>> enable_flash_attention()
    >>> is_flash_attention_enabled()
    True
    """
    return settings.flash_attention


def is_nnx_enabled() -> bool:
    """Whether layers are Flax NNX modules; kerata's never are.

    >>> is_nnx_enabled()
    False
    """
    return False


def max_epochs() -> Any:
    """An upper bound on epochs from the environment (`KERAS_MAX_EPOCHS`), for trying scripts out; None if unset.

    >>> print(max_epochs())
    None
    """
    return settings.max_epochs


def set_max_epochs(max_epochs: int | None) -> None:
    """Bound the number of epochs of every `fit`; None removes the bound.

    >>> set_max_epochs(1)
    >>> max_epochs()
    1
    >>> set_max_epochs(None)
    """
    settings.max_epochs = max_epochs


def max_steps_per_epoch() -> Any:
    """An upper bound on steps of an epoch (`KERAS_MAX_STEPS_PER_EPOCH`); None if unset.

    >>> print(max_steps_per_epoch())
    None
    """
    return settings.max_steps_per_epoch


def set_max_steps_per_epoch(max_steps_per_epoch: int | None) -> None:
    """Bound the number of steps of every epoch; None removes the bound.

    >>> set_max_steps_per_epoch(10)
    >>> max_steps_per_epoch()
    10
    >>> set_max_steps_per_epoch(None)
    """
    settings.max_steps_per_epoch = max_steps_per_epoch


def dtype_policy() -> Any:
    """The policy of layers that are given none.

    >>> dtype_policy().name
    'float32'
    """
    from kerata.core.policies import DTypePolicy

    if settings.dtype_policy is None:
        settings.dtype_policy = DTypePolicy(settings.floatx)
    return settings.dtype_policy


def set_dtype_policy(policy: Any) -> None:
    """Set the policy of layers built from now on, such as "mixed_bfloat16".

    Raises: ValueError for an unknown name.

    >>> set_dtype_policy("mixed_bfloat16")
    >>> dtype_policy().compute_dtype, dtype_policy().variable_dtype
    ('bfloat16', 'float32')
    >>> set_dtype_policy("float32")
    """
    from kerata.core import policies

    settings.dtype_policy = policies.get(policy)


def enable_unsafe_deserialization() -> None:
    """Kept so that old programs run; trust is given with `load_model(..., safe_mode=False)`, for one file at a time.

    >>> enable_unsafe_deserialization()
    """
