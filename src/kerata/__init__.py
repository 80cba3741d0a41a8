"""kerata: Keras code of every generation, on every engine, at the speed of the engine itself."""
__version__ = "0.1.0"
