"""kerata: Keras code of every generation, on every engine, at the speed of the engine itself.

`import kerata as keras` and go on as usual. Importing kerata imports no engine and no layer: each part is loaded when it
is first used.
"""

import importlib

__version__ = "0.1.0"

_NAMESPACES = frozenset(
    "activations backend callbacks compat config constraints datasets distillation dtype_policies engines initializers layers "
    "legacy losses metrics mixed_precision models ops optimizers preprocessing quantizers random regularizers saving tree utils "
    "visualization wrappers".split()
)
_NAMES = {
    "DTypePolicy": "core.policies",
    "FloatDTypePolicy": "core.policies",
    "Function": "core.graph",
    "Initializer": "initializers",
    "Input": "layers.input_layer",
    "InputSpec": "layers.input_spec",
    "KerasTensor": "core.graph",
    "Layer": "layers.layer",
    "Loss": "losses",
    "Metric": "metrics",
    "Model": "models",
    "Operation": "core.graph",
    "Optimizer": "optimizers",
    "Quantizer": "quantizers",
    "Regularizer": "regularizers",
    "RematScope": "core.remat",
    "Sequential": "models",
    "StatelessScope": "core.stateless",
    "SymbolicScope": "core.graph",
    "Variable": "core.variable",
    "custom_gradient": "ops.core",
    "dataclass": "core.fields",
    "device": "core.devices",
    "install_as_keras": "compat",
    "name_scope": "core.naming",
    "remat": "core.remat",
    "set_backend": "core.config",
    "stop_gradient": "ops.core",
    "use_engine": "engines",
    "value_and_grad": "ops.core",
}


def __getattr__(name):
    if name in _NAMES:
        value = getattr(importlib.import_module(f"kerata.{_NAMES[name]}"), name)
    elif name in _NAMESPACES:
        value = importlib.import_module(f"kerata.{name}")
    else:
        raise AttributeError(f"module 'kerata' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *_NAMES, *_NAMESPACES})


def version():
    """kerata's version.

    >>> import kerata
    >>> kerata.version() == kerata.__version__
    True
    """
    return __version__
