"""Old Keras: names and arguments of Keras 1 and 2 as tables, applied at the edge."""

from kerata.compat.alias import install_as_keras

__all__ = ["install_as_keras"]
