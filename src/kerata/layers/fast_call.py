"""The short way through a layer's call: most are like the one before, and what that one found out holds for them.

This is an inline cache: Deutsch and Schiffman 1984, "Efficient Implementation of the Smalltalk-80 System", section 5.
"""

from typing import Any

from kerata.core import masks, policies
from kerata.engines import current
from kerata.engines.state import context


class FastCall:
    """A call of a built layer on one array that needs no conversion, outside all scopes and masks; nothing follows it.

    Setting one of the layer's attributes ends what is known here.
    """

    __slots__ = ("kind", "dtype", "shape", "engine", "autocast", "takes_training", "training")

    kind: Any
    dtype: Any
    shape: Any
    engine: Any
    autocast: str | None
    takes_training: bool
    training: bool | None

    @classmethod
    def after(cls, layer, x, takes_training, training):
        """What a call of `layer` on `x` found out, or None if the next one can't be short.

        `call` was given `training` if it `takes_training`; `training` is what it is told if nobody says.
        """
        policy, engine = layer.dtype_policy, current()
        if (
            context.scope is not None
            or not engine.is_array(x)
            or layer._remat_scope is not None
            or "_place" in vars(layer)
            or layer.activity_regularizer is not None
            or layer._context_arguments
            or isinstance(policy, policies.DTypePolicyMap)
            or policy.quantization_mode is not None
        ):
            return None
        usual = cls()
        usual.kind, usual.dtype, usual.engine = type(x), x.dtype, engine
        usual.shape = None if layer.input_spec is None else x.shape
        usual.autocast = None if policy.compute_dtype == policy.variable_dtype else policy.compute_dtype
        usual.takes_training, usual.training = takes_training, training
        return usual

    def fits(self, x, here):
        """Whether a call on `x` is like the one noted."""
        return (
            type(x) is self.kind
            and x.dtype is self.dtype
            and (self.shape is None or x.shape == self.shape)
            and here["scope"] is None
            and current() is self.engine
            and here["remat"] is None
            and here["observer"] is None
            and not here["losses_noted"]
            and not masks.of_arrays
            and not masks.is_marked(x)
        )
