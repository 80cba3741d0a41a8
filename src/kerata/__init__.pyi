"""kerata: Keras code of every generation, on every engine, at the speed of the engine itself."""

from kerata import (
    activations as activations,
    backend as backend,
    callbacks as callbacks,
    compat as compat,
    config as config,
    constraints as constraints,
    datasets as datasets,
    distillation as distillation,
    dtype_policies as dtype_policies,
    engines as engines,
    initializers as initializers,
    layers as layers,
    legacy as legacy,
    losses as losses,
    metrics as metrics,
    mixed_precision as mixed_precision,
    models as models,
    ops as ops,
    optimizers as optimizers,
    preprocessing as preprocessing,
    quantizers as quantizers,
    random as random,
    regularizers as regularizers,
    saving as saving,
    tree as tree,
    utils as utils,
    visualization as visualization,
    wrappers as wrappers,
)
from kerata.compat import install_as_keras as install_as_keras
from kerata.core.config import set_backend as set_backend
from kerata.core.devices import device as device
from kerata.core.fields import dataclass as dataclass
from kerata.core.function import Function as Function
from kerata.core.graph import (
    KerasTensor as KerasTensor,
    Operation as Operation,
    SymbolicScope as SymbolicScope,
)
from kerata.core.naming import name_scope as name_scope
from kerata.core.policies import DTypePolicy as DTypePolicy, FloatDTypePolicy as FloatDTypePolicy
from kerata.core.remat import RematScope as RematScope, remat as remat
from kerata.core.stateless import StatelessScope as StatelessScope
from kerata.core.variable import Variable as Variable
from kerata.engines import use_engine as use_engine
from kerata.initializers import Initializer as Initializer
from kerata.layers.input_layer import Input as Input
from kerata.layers.input_spec import InputSpec as InputSpec
from kerata.layers.layer import Layer as Layer
from kerata.losses import Loss as Loss
from kerata.metrics import Metric as Metric
from kerata.models import Model as Model, Sequential as Sequential
from kerata.ops.core import custom_gradient as custom_gradient, stop_gradient as stop_gradient, value_and_grad as value_and_grad
from kerata.optimizers import Optimizer as Optimizer
from kerata.quantizers import Quantizer as Quantizer
from kerata.regularizers import Regularizer as Regularizer

__version__: str

def version() -> str:
    """kerata's version."""
