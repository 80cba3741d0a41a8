"""What the parts of `Layer` use of each other and of it, for type checkers: there is no module behind it."""

from typing import Any

from kerata.core.configurable import Configurable

class Declared(Configurable):
    """A layer, as `Holder` and `LayerCall` see it."""

    name: Any
    path: str
    built: bool
    autocast: Any
    activity_regularizer: Any
    input_spec: Any
    supports_masking: bool
    computes_wide: bool
    row_wise: bool
    may_grow: bool
    _building: bool
    _placed: bool
    _trainable: bool
    _weights: list[Any]
    _losses: list[Any]
    _initial_weights: Any
    _build_shapes: Any
    _engine_name: str | None
    _place: Any
    _remat_scope: Any
    _fast_call: Any
    _parts_found: Any
    _layers_found: Any

    @property
    def compute_dtype(self) -> Any: ...
    @property
    def variable_dtype(self) -> Any: ...
    @property
    def _policy(self) -> Any: ...
    def quantized_call(self, *args: Any, **kwargs: Any) -> Any: ...
    def add_loss(self, loss: Any) -> None: ...
    def _sublayers(self) -> list[Any]: ...
    def _clear_losses(self) -> None: ...
