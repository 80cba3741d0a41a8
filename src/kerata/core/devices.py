"""The device that new tensors go to."""

from kerata import engines


def device(device_name):
    """A context in which new tensors are made on a device.

    Args:
        device_name: "cpu:0", "gpu:1", ...
    """
    return engines.current().device_scope(device_name)
