"""The device that new tensors go to."""

from typing import Any

from kerata import engines


def device(device_name: str) -> Any:
    """A context in which new tensors are made on a device.

    Args:
        device_name: "cpu:0", "gpu:1", ...; "cuda" is as "gpu".

    Raises: ValueError if the engine in force has no such device.

    >>> import kerata
    >>> with kerata.device("cpu:0"):
    ...     kerata.ops.ones((2,)).shape
    (2,)
    """
    engine = engines.current()
    kind, _, index = device_name.lower().replace("cuda", "gpu").partition(":")
    try:
        known = [name.replace("cuda", "gpu") for name in engine.devices(kind)]
    except (RuntimeError, ValueError):  # a kind that the library does not know
        known = []
    if f"{kind}:{index or 0}" not in known:
        raise ValueError(
            f"The {engine.name} engine has the devices {', '.join(engine.devices())}; {device_name!r} is not there."
        )
    return engine.device_scope(f"{kind}:{index or 0}")
