"""The NumPy engine, for inference."""
