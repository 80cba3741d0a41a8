"""Layers that are not part of Keras 3, and what layers could do before it."""

__all__: list[str] = []


class OldLayer:
    """What all layers of older generations could do besides."""
