"""`Layer`: state and a computation."""

import contextlib
import copy
import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Self

from kerata import activations, engines, regularizers
from kerata.core import naming, policies, remat, serialization, suggestions
from kerata.core.arrays import as_array
from kerata.core.configurable import Configurable, is_own
from kerata.core.fields import Field, fields
from kerata.core.graph import Operation
from kerata.core.signatures import parameters_of
from kerata.core.structure import BOOKKEEPING, PLAIN_TYPES, Structure
from kerata.core.types import DType, Shape
from kerata.core.variable import Variable, independent_copy
from kerata.engines.state import StateScope
from kerata.layers.holder import Holder
from kerata.layers.layer_call import LayerCall, build_parameters, is_own_method
from kerata.layers.tracking import holds_part

_ANYWHERE = contextlib.nullcontext()
_FOUND = ("_fast_call", "_parts_found", "_layers_found")  # what was found out, and can be again
_HALF = ("float16", "bfloat16")


def _recording_build(build):
    """`build` that opens the layer's name scope, and notes that it ran and for which shapes."""

    @functools.wraps(build)
    def wrapped(self: "Layer", *args, **kwargs):
        if self._building:
            return build(self, *args, **kwargs)
        object.__setattr__(self, "_building", True)
        try:
            with naming.name_scope(self.name):
                self.path = naming.current_path()
                result = build(self, *args, **kwargs)
            self.built = True
            self._build_shapes = dict(zip(build_parameters(type(self)), args)) | kwargs
            self._lock_initial_weights()
        finally:
            object.__setattr__(self, "_building", False)
        return result

    setattr(wrapped, "recorded", True)
    return wrapped


if TYPE_CHECKING:
    from dataclasses import InitVar

    from kerata.core.fields import Field, dataclass, field
    from kerata.layers.arguments import Regularizer
    from kerata.layers.declared import Declared

    @dataclass
    class _Arguments(Declared):
        """What all layers take by name, as type checkers see it; `Layer.__init__` takes it."""

        activity_regularizer: Regularizer = field(default=None, kw_only=True)
        trainable: bool = field(default=True, kw_only=True)
        dtype: InitVar[Any] = field(default=None, kw_only=True)
        autocast: bool = field(default=True, kw_only=True)
        name: Field[str | None, str] = field(default=None, kw_only=True)
        input_shape: InitVar[Any] = field(default=None, kw_only=True)
        input_dim: InitVar[int | None] = field(default=None, kw_only=True)
        input_length: InitVar[int | None] = field(default=None, kw_only=True)
        batch_input_shape: InitVar[Any] = field(default=None, kw_only=True)
        batch_shape: InitVar[Any] = field(default=None, kw_only=True)
        batch_size: InitVar[int | None] = field(default=None, kw_only=True)
        weights: InitVar[Any] = field(default=None, kw_only=True)

else:
    _Arguments = Configurable


class Layer(Holder, LayerCall, _Arguments, Operation):
    """A computation with state: the class that all layers and models descend from.

    A subclass makes its weights in `build(self, input_shape)` with `self.add_weight(...)`, and computes in
    `call(self, inputs)`, which may also take `training` and `mask`. Layers, variables and metrics set as attributes, also
    inside lists and dicts, belong to the layer.

    A subclass whose output's rows follow each from the same row of the input may say so, `row_wise = True` in the class:
    `fit`, `evaluate` and `predict` then fill up smaller batches on engines that compile for each size (JAX, TensorFlow), and
    compile less often. Without it a model with such a layer runs each batch at its true size. The same goes for losses and
    metrics, and for functions (`my_loss.row_wise = True`).

    Args:
        activity_regularizer: a function of the output whose value is added to the loss.
        trainable: whether training changes the weights.
        dtype: a dtype or a policy such as "mixed_bfloat16".
        autocast: whether float inputs are cast to the layer's compute dtype.
        name: unique in a model; made from the class name if None.

    >>> import kerata, numpy as np
    >>> class Scale(kerata.layers.Layer):
    ...     def build(self, input_shape):
    ...         self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones")
    ...     def call(self, inputs):
    ...         return inputs * self.scale
    >>> Scale()(np.ones((2, 3))).shape
    (2, 3)
    """

    supports_masking = False
    holds_layers = False  # whether there is more to build than what `build` says
    built_by_call = (
        False  # whether one of kerata's own is built by its first call although it has nothing to build, as Keras's is
    )
    computes_wide = False  # whether it computes in float32 at least: its inputs are not cast to 16 bits before
    runs_on_host = False  # whether it works in NumPy, so that a model runs it before the compiled step
    index_dtype: Any = None  # the dtype of its inputs where they are indices: a Sequential that begins with it takes such
    input_spec: Any = None  # what is expected of the first argument: an `InputSpec`, or a structure of them
    _place: Any = _ANYWHERE  # a context: tensors made in it are on the device that the weights were moved to
    has_constants = True  # whether its settings (numbers, names, functions) are constants of steps compiled from it
    mixes_batch = False  # whether it normalizes or mixes over the batch, so that steps can't be put into the batch's axis
    may_grow = False  # whether it gets weights and layers after it was built: kerata's own do
    supports_jit = True  # whether it can be compiled: False in a user's class has models with it run their steps eagerly
    row_wise = False  # True in a user's class says that each row's output follows from that row alone: batches may be padded

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if is_own(cls) and "may_grow" not in vars(cls):
            cls.may_grow = True
        if "build" in vars(cls) and not getattr(cls.build, "recorded", False):
            setattr(cls, "build", _recording_build(cls.build))

    def __setattr__(self, name, value):
        if type(value) not in PLAIN_TYPES and vars(self)["built"] and name not in BOOKKEEPING and holds_part(value):
            self._check_unlocked(f"its attribute {name!r}")
        if name == "dtype_policy":
            value = policies.get(value)
            if value.quantization_mode is not None and self.built and self._is_quantized_by(value):
                return
        Structure.note_part(self, name, value)
        Structure.note(self, name, value)
        vars(self)["_fast_call"] = None
        super().__setattr__(name, value)

    def _after_constructors(self):
        """What is left to do once the constructors have run."""
        if _is_built_from_the_start(type(self)):
            vars(self)["built"] = True

    def _is_quantized_by(self, policy):
        """Keep the weights of a built layer as a quantized policy says that it is given; False where they are so already.

        Raises: NotImplementedError for layers whose weights stay floats.
        """
        if "dtype_policy" not in vars(self) or isinstance(policy, policies.DTypePolicyMap):
            return False  # it is being made
        self.quantize(policy.quantization_mode)
        return True

    def __delattr__(self, name):
        Structure.version += 1
        gone = vars(self).get(name)
        super().__delattr__(name)
        self._weights[:] = [v for v in self._weights if v is not gone]

    def _around_module(self, module):
        """The layer that is kept for a module of PyTorch's that is set as an attribute."""
        from kerata.layers.foreign import TorchModuleWrapper

        return TorchModuleWrapper(module)

    def __getstate__(self):
        """What is pickled and copied; unpickled weights are where new ones are made."""
        kept = {name: value for name, value in vars(self).items() if name != "_place"}
        return kept | dict.fromkeys(_FOUND) | {"_losses": []}

    def __setstate__(self, state):
        vars(self).update(state)

    def __deepcopy__(self, memo):
        """A layer with weights of its own, on the device where this one's are."""
        new = memo[id(self)] = type(self).__new__(type(self))
        new.__setstate__(copy.deepcopy(self.__getstate__(), memo))
        vars(new).update({name: value for name, value in vars(self).items() if name == "_place"})
        return new

    __copy__ = independent_copy

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        base = engines.layer_base()
        if base is not None and base not in Layer.__bases__:
            Layer.__bases__ += (base,)
        instance = super().__new__(cls, *args, **kwargs)
        state = vars(instance)
        state.update(
            built=False,
            _placed=False,
            _building=False,
            _trainable=True,
            _weights=[],
            _losses=[],
            _inbound_nodes=[],
            _build_shapes=None,
        )
        state.update(name=None, path=None, _initial_weights=None, _engine_name=None, **dict.fromkeys(_FOUND))
        return instance

    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
        trainable: bool = True,
        dtype: DType = None,
        autocast: Any = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        self._read_input_arguments(kwargs)
        if kwargs:
            suggestions.refuse(type(self), kwargs)
        self.name = naming.auto_name(naming.to_snake_case(type(self).__name__)) if name in (None, "") else name
        if not isinstance(self.name, str) or "/" in self.name:
            raise ValueError(f"A layer's name is a text without '/'; {self.name!r} came.")
        if trainable not in (True, False):
            raise ValueError(f"trainable is True or False; {trainable!r} came.")
        self.path = self.name
        self.dtype_policy = dtype
        self.autocast = autocast
        self._trainable = bool(trainable)
        self._remat_scope = remat.current_scope()
        if activity_regularizer is not None:
            activity_regularizer = regularizers.get(activity_regularizer)
        self.activity_regularizer = activity_regularizer

    def _read_input_arguments(self, kwargs):
        """`input_shape`, `input_dim`, `batch_input_shape`: how a first layer tells a Sequential its input."""
        shape = kwargs.pop("input_shape", None)
        width = kwargs.pop("input_dim", None)
        length = kwargs.pop("input_length", None)
        batch_shape = kwargs.pop("batch_input_shape", kwargs.pop("batch_shape", None))
        batch_size = kwargs.pop("batch_size", None)
        self._initial_weights = kwargs.pop("weights", None)
        if width is not None:
            shape = (width,) if length is None else (length, width)
        if batch_shape is None and shape is not None:
            batch_shape = (batch_size, *((shape,) if isinstance(shape, int) else shape))
        if batch_shape is not None:
            self._batch_input_shape = tuple(batch_shape)

    # Dtypes

    @property
    def dtype(self) -> Any:
        """The dtype of the weights."""
        return self.variable_dtype

    @property
    def variable_dtype(self) -> Any:
        """The dtype of the weights."""
        return self._policy.variable_dtype

    @property
    def compute_dtype(self) -> Any:
        """The dtype of the computation."""
        return self._policy.compute_dtype

    @property
    def input_dtype(self) -> Any:
        """The dtype that float inputs are cast to."""
        return self.compute_dtype

    @property
    def _wide_dtype(self):
        """The dtype of a computation that 16 bits are too few for: that of others, float32 at least."""
        return "float32" if self.compute_dtype in _HALF else self.compute_dtype

    @property
    def _policy(self):
        policy = self.dtype_policy
        return policy[self.path] if isinstance(policy, policies.DTypePolicyMap) else policy

    @property
    def quantization_mode(self) -> Any:
        """The quantization in force, None for none."""
        return self._policy.quantization_mode

    def _supports_compilation(self):
        return all(layer.supports_jit for layer in self._all_layers())

    # Building and calling

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Build for the shapes that `get_build_config` noted."""
        if config:
            config = config.get("shapes_dict", config)
            shapes = {
                k: tuple(v) if isinstance(v, list) and all(not isinstance(d, (list, dict)) for d in v) else v
                for k, v in config.items()
            }
            if "input_shape" in shapes and "input_shape" not in build_parameters(type(self)):
                self.build(*shapes.values())
            else:
                self.build(**shapes)
            self.built = True
            self._build_shapes = self._build_shapes or shapes

    def get_build_config(self) -> dict[str, Any] | None:
        """The shapes for which the layer was built, or None."""
        shapes = {name: shape for name, shape in (self._build_shapes or {}).items() if shape is not None}
        if not shapes:
            return None
        return {"input_shape": next(iter(shapes.values()))} if len(shapes) == 1 else {"shapes_dict": shapes}

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """The computation. Overridden by every layer."""
        raise NotImplementedError(
            f"{type(self).__name__} has no method call(self, inputs): write one, it is the layer's computation."
        )

    def quantized_call(self, *args: Any, **kwargs: Any) -> Any:
        """The computation under a quantized dtype policy: `call` itself, unless a layer has weights that it quantizes."""
        return self.call(*args, **kwargs)

    def quantized_build(self, input_shape: Shape, mode: Any) -> Any:
        """Make the variables of quantized weights. Overridden by layers that have such.

        Raises: NotImplementedError for the others.
        """
        raise NotImplementedError(f"{type(self).__name__} has no quantized_build(input_shape, mode): its weights stay floats.")

    def quantize(self, mode: Any = None, type_check: bool = True, config: Any = None) -> Any:
        """Keep the weights in few bits from now on. Overridden by layers that can.

        Raises: ValueError if the layer is not built; NotImplementedError for layers whose weights stay floats.
        """
        raise self._no_quantization()

    def _no_quantization(self):
        if not self.built:
            return ValueError(f'Layer "{self.path}" can\'t be quantized before it is built: call it once, or build it.')
        return NotImplementedError(f"{type(self).__name__} has no quantize(mode): its weights stay floats.")

    def stateless_call(
        self,
        trainable_variables: Sequence[Variable],
        non_trainable_variables: Any,
        *args: Any,
        return_losses: bool = False,
        **kwargs: Any,
    ) -> Any:
        """The layer as a pure function of its variables' values.

        Returns: `(outputs, non_trainable_values)`, and the losses as a third if `return_losses`.
        """
        trainable, fixed = self.trainable_variables, self.non_trainable_variables
        if len(trainable) != len(trainable_variables) or len(fixed) != len(non_trainable_variables):
            raise ValueError(
                f'Layer "{self.path}" has {len(trainable)} trainable and {len(fixed)} non-trainable variables; '
                f"{len(trainable_variables)} and {len(non_trainable_variables)} values came."
            )
        given = [*trainable_variables, *non_trainable_variables]
        values = [as_array(value, v.dtype) for v, value in zip([*trainable, *fixed], given)]
        with StateScope([*trainable, *fixed], values) as scope:
            outputs = self(*args, **kwargs)
            losses = self.losses if return_losses else None
            updated = [scope.values[id(v)] for v in fixed]
        return (outputs, updated, losses) if return_losses else (outputs, updated)

    def rematerialized_call(  # type: ignore[override]  # the names are Keras's
        self, layer_call: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> Any:
        """`layer_call(*args)`, its inner values computed again in the backward pass."""
        return remat.remat(layer_call)(*args, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, in a form that `from_config` takes."""
        return serialization.serialize_dict(self._raw_config())

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A layer from its config; layers and other objects in it are made first, where `get_config` is kerata's."""
        if is_own_method(cls, "get_config"):
            converted = {name for name, f in fields(cls).items() if type(f) is not Field}
            config = {name: value if name in converted else _restored(value) for name, value in config.items()}
        return cls(**config)

    def _raw_config(self):
        """The constructor's arguments, functions and objects as they are."""
        config = {"name": self.name, "trainable": self._trainable, "dtype": policies.serialize(self.dtype_policy)}
        own = super().get_config()
        for key in ("name", "trainable", "dtype", "autocast", "activity_regularizer", "weights"):
            own.pop(key, None)
        if self.activity_regularizer is not None or "activity_regularizer" in _all_parameters(type(self)):
            config["activity_regularizer"] = self.activity_regularizer
        for key, value in own.items():
            config[key] = activations.serialize(value) if key.endswith("activation") and callable(value) else value
        return config

    def _config_for_copies(self):
        """The config that a copy in this process is made from."""
        return self.get_config()

    def __repr__(self):
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


def _all_parameters(cls):
    return {
        name
        for c in cls.__mro__
        if "__init__" in vars(c) and c is not Layer and is_own(c)
        for name in parameters_of(c.__init__)
    }


@functools.cache
def _is_built_from_the_start(cls):
    """Whether layers of a class have nothing to build: it is kerata's, or derives from one of kerata's, and makes no weights."""
    own = next(c for c in cls.__mro__ if is_own(c))
    return own is not Layer and cls.build is LayerCall.build and not own.holds_layers and not own.built_by_call


def is_default(method):
    """Whether a method is `Layer`'s own, not overridden."""
    return getattr(Layer, method.__name__, None) is method


def _restored(value):
    """A part of a config with its JSON forms of objects made objects."""
    if isinstance(value, (list, tuple)):
        return type(value)(map(_restored, value))
    is_form = isinstance(value, dict) and value.keys() >= {"module", "class_name", "config"}
    return serialization.deserialize_keras_object(value) if is_form else value
