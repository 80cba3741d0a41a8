"""`Layer`: state and a computation."""

import contextlib
import copy
import functools
import inspect
from typing import TYPE_CHECKING, Any

import numpy as np
import optree

from kerata import engines
from kerata.core import constants, masks, naming, policies, registry, remat, suggestions
from kerata.core.arrays import as_array, dtype_of, is_text, static_shape
from kerata.core.configurable import Configurable, is_own
from kerata.core.graph import Node, Operation, abstract_call, has_symbolic, symbolic_outputs
from kerata.core.structure import Structure
from kerata.core.variable import Variable, independent_copy
from kerata.engines.abstract.array import AbstractArray
from kerata.engines.state import StateScope, local, standing
from kerata.engines.warning import warn
from kerata.layers import input_spec as specs
from kerata.layers.holder import Holder
from kerata.layers.usual_call import UsualCall

_ANYWHERE = contextlib.nullcontext()
_FOUND = ("_usual_call", "_parts_found", "_layers_found")  # what was found out, and can be again
_HALF = ("float16", "bfloat16")


@functools.cache
def _call_parameters(cls):
    """The names of `call`'s parameters, those that take masks, and the default of `training`."""
    parameters = list(inspect.signature(cls.call).parameters.values())[1:]
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    keywords = {p.name for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)}
    open_ended = any(p.kind is p.VAR_KEYWORD for p in parameters)
    training = next((p.default for p in parameters if p.name == "training"), None)
    mask_names = [n for n in keywords if n == "mask" or n.endswith("_mask") and n[: -len("_mask")] in keywords]
    return names, keywords, open_ended, training if training is not inspect.Parameter.empty else None, mask_names


@functools.cache
def _build_parameters(cls):
    parameters = list(inspect.signature(cls.build).parameters.values())[1:]
    return [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


def _recording_build(build):
    """`build` that opens the layer's name scope, and notes that it ran and for which shapes."""

    @functools.wraps(build)
    def wrapped(self, *args, **kwargs):
        if self._building:
            return build(self, *args, **kwargs)
        object.__setattr__(self, "_building", True)
        try:
            with naming.name_scope(self.name):
                self.path = naming.current_path()
                result = build(self, *args, **kwargs)
            self.built = True
            self._build_shapes = dict(zip(_build_parameters(type(self)), args)) | kwargs
            self._lock_initial_weights()
        finally:
            object.__setattr__(self, "_building", False)
        return result

    wrapped.recorded = True
    return wrapped


if TYPE_CHECKING:
    from dataclasses import InitVar

    from kerata.core.fields import Field, dataclass, field
    from kerata.layers.arguments import Regularizer

    @dataclass
    class _Arguments:
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


class Layer(Holder, _Arguments, Operation):
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
    computes_wide = False  # whether it computes in float32 at least: its inputs are not cast to 16 bits before
    runs_on_host = False  # whether it works in NumPy, so that a model runs it before the compiled step
    input_spec = None  # what is expected of the first argument: an `InputSpec`, or a structure of them
    _place = _ANYWHERE  # a context: tensors made in it are on the device that the weights were moved to
    has_constants = True  # whether its settings (numbers, names, functions) are constants of steps compiled from it
    mixes_batch = False  # whether it normalizes or mixes over the batch, so that steps can't be put into the batch's axis
    row_wise = False  # True in a user's class says that each row's output follows from that row alone: batches may be padded

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if "build" in vars(cls) and not getattr(cls.build, "recorded", False):
            cls.build = _recording_build(cls.build)

    def __setattr__(self, name, value):
        if name == "dtype_policy":
            value = policies.get(value)
        Structure.note_part(self, name, value)
        Structure.note(self, name, value)
        vars(self)["_usual_call"] = None
        super().__setattr__(name, value)

    def __delattr__(self, name):
        Structure.version += 1
        super().__delattr__(name)

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

    def __new__(cls, *args, **kwargs):
        base = engines.layer_base()
        if base is not None and base not in Layer.__bases__:
            Layer.__bases__ += (base,)
        instance = super().__new__(cls, *args, **kwargs)
        state = vars(instance)
        state.update(
            built=False, _building=False, _trainable=True, _weights=[], _losses=[], _inbound_nodes=[], _build_shapes=None
        )
        state.update(name=None, path=None, _initial_weights=None, _engine_name=None, **dict.fromkeys(_FOUND))
        return instance

    def __init__(self, *, activity_regularizer=None, trainable=True, dtype=None, autocast=True, name=None, **kwargs):
        self._read_input_arguments(kwargs)
        if kwargs:
            suggestions.refuse(type(self), kwargs)
        self.name = name or naming.auto_name(naming.to_snake_case(type(self).__name__))
        if not isinstance(self.name, str):
            raise ValueError(f"A layer's name is a text; {name!r} came.")
        self.path = self.name
        self.dtype_policy = dtype
        self.autocast = autocast
        self._trainable = bool(trainable)
        self._remat_scope = remat.current_scope()
        if activity_regularizer is not None:
            from kerata import regularizers

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
    def dtype(self):
        """The dtype of the weights."""
        return self.variable_dtype

    @property
    def variable_dtype(self):
        """The dtype of the weights."""
        return self._policy.variable_dtype

    @property
    def compute_dtype(self):
        """The dtype of the computation."""
        return self._policy.compute_dtype

    input_dtype = compute_dtype

    @property
    def _wide_dtype(self):
        """The dtype of a computation that 16 bits are too few for: that of others, float32 at least."""
        return "float32" if self.compute_dtype in _HALF else self.compute_dtype

    @property
    def _policy(self):
        policy = self.dtype_policy
        return policy[self.path] if isinstance(policy, policies.DTypePolicyMap) else policy

    @property
    def quantization_mode(self):
        """The quantization in force, None for none."""
        return self._policy.quantization_mode

    # Building and calling

    def build(self, input_shape=None):
        """Make the weights, for inputs of this shape. Overridden by layers that have weights."""

    def build_from_config(self, config):
        """Build for the shapes that `get_build_config` noted."""
        if config:
            config = config.get("shapes_dict", config)
            shapes = {
                k: tuple(v) if isinstance(v, list) and all(not isinstance(d, (list, dict)) for d in v) else v
                for k, v in config.items()
            }
            if "input_shape" in shapes and "input_shape" not in _build_parameters(type(self)):
                self.build(*shapes.values())
            else:
                self.build(**shapes)
            self.built = True
            self._build_shapes = self._build_shapes or shapes

    def get_build_config(self):
        """The shapes for which the layer was built, or None."""
        shapes = {name: shape for name, shape in (self._build_shapes or {}).items() if shape is not None}
        if not shapes:
            return None
        return {"input_shape": next(iter(shapes.values()))} if len(shapes) == 1 else {"shapes_dict": shapes}

    def __call__(self, *args, **kwargs):
        usual = self._usual_call
        if usual is not None and len(args) == 1 and not kwargs and usual.fits(args[0], local.__dict__):
            training = usual.training if local.training is None else local.training
            named = {"training": training} if usual.takes_training else {}
            return self._compute(self.call, args, named, training, usual.autocast)
        if has_symbolic(args, kwargs):
            return self._call_symbolic(args, kwargs)
        if local.depth == 0 and local.engine is None and self._engine_name not in (None, engines.default_name()):
            with engines.use_engine(self._engine_name), self._place:
                return self._call_inside(args, kwargs)
        if local.depth == 0:
            with self._place:
                return self._call_inside(args, kwargs)
        return self._call_inside(args, kwargs)

    def _call_symbolic(self, args, kwargs):
        """A node of the graph; the layer runs on the abstract engine to find its output's shape."""
        self._no_layers(args)
        if self.input_spec is not None and args:
            specs.check(self.input_spec, args[0], self)
        kwargs = {k: v for k, v in kwargs.items() if not (k == "mask" and v is None)}
        outputs = symbolic_outputs(self.compute_output_spec(*args, **kwargs))
        Node(self, args, kwargs, outputs)
        self._remember_engine()
        return outputs

    def symbolic_call(self, *args, **kwargs):
        """The layer on symbolic tensors."""
        return self._call_symbolic(args, kwargs)

    def _remember_engine(self):
        if self._engine_name is None:
            self._engine_name = engines.concrete_name()

    def compute_output_spec(self, *args, **kwargs):
        """The outputs' shapes and dtypes, for symbolic inputs."""
        shape_rule = type(self).compute_output_shape
        if shape_rule is not Layer.compute_output_shape and not is_own_method(type(self), "compute_output_shape"):
            self._ensure_built(args, kwargs)
            shape = self.compute_output_shape(*_shapes_for(type(self), args))
            return optree.tree_map(lambda s: AbstractArray(s, self.compute_dtype), shape, is_leaf=_is_shape, none_is_leaf=True)
        return abstract_call(self._call_inside_outer, args, kwargs)

    def _call_inside_outer(self, *args, **kwargs):
        with standing(depth=0), StateScope():
            return self._call_inside(args, kwargs)

    def compute_output_shape(self, *args, **kwargs):
        """The output's shape for inputs of this shape."""
        named = {k[: -len("_shape")] if k != "input_shape" else "_first": v for k, v in kwargs.items()}
        first = named.pop("_first", None)
        positional = [*([first] if first is not None else []), *args]
        as_spec = functools.partial(
            optree.tree_map, lambda s: AbstractArray(s, self.compute_dtype), is_leaf=_is_shape, none_is_leaf=True
        )
        outputs = abstract_call(
            self._call_inside_outer, [as_spec(s) for s in positional], {k: as_spec(v) for k, v in named.items()}
        )
        return optree.tree_map(lambda x: x.shape, outputs)

    def _no_layers(self, args):
        for x in optree.tree_leaves(args):
            if isinstance(x, Layer):
                raise ValueError(
                    f'Layer "{self.name}" was called on the layer "{x.name}" instead of a tensor. Call that layer first and '
                    f"pass its output: {self.name}({x.name}(inputs))."
                )

    def _call_inside(self, args, kwargs):
        """The call proper: convert, build, check, pass on `training` and masks, compute."""
        here, policy = local.__dict__, self._policy
        dtype = policy.compute_dtype
        lone = args[0] if len(args) == 1 and not kwargs else None
        casts = self.autocast and not (self.computes_wide and dtype in _HALF)
        args, kwargs = self._converted(args, kwargs, dtype if casts else None)
        training = self._pass_training(args, kwargs)
        if self.input_spec is not None and args:
            specs.check(self.input_spec, args[0], self)
        if not self.built:
            self._ensure_built(args, kwargs)
        previous = self._gather_masks(args, kwargs) if masks.any_masks() else None
        if here["depth"] == 0:
            self._clear_losses()
        call, scope = self.call if policy.quantization_mode is None else self.quantized_call, self._remat_scope or here["remat"]
        if scope is not None:
            call = functools.partial(remat.call_layer, self, call, scope)
        if self.row_wise:
            call = functools.partial(engines.current().believed, call)
        outputs = self._compute(call, args, kwargs, training, dtype if dtype != policy.variable_dtype else None)
        self._after(args, outputs, previous)
        if here["observer"] is not None:
            here["observer"](self, outputs)
        if here["depth"] == 0 and here["scope"] is None and not engines.current().is_abstract:
            if self._weights or self._sublayers():
                constants.note_outputs(self.name, outputs)
        if lone is not None and args[0] is lone and previous is None and type(self).compute_mask is Layer.compute_mask:
            vars(self)["_usual_call"] = UsualCall.after(self, lone, "training" in kwargs, _call_parameters(type(self))[3])
        return outputs

    def _pass_training(self, args, kwargs):
        """What `training` is in this call; put into `kwargs` if `call` takes it and nobody gave it."""
        names, keywords, open_ended, default, _ = _call_parameters(type(self))
        position = names.index("training") if "training" in names else len(args)
        training = kwargs.get("training")
        if training is None and len(args) > position:
            training = args[position]
        if training is None:
            training = local.training if local.training is not None else default
        if "training" in keywords:
            if "training" in kwargs or len(args) <= position:
                kwargs["training"] = training
        elif kwargs and not open_ended:
            kwargs.pop("training", None)
        return training

    def _compute(self, call, args, kwargs, training, autocast):
        """`call(*args, **kwargs)`, inside the frame of this layer's call."""
        here = local.__dict__  # one look-up for all that follow
        outer, before = here["training"], here["autocast"]
        here["depth"] += 1
        here["training"], here["autocast"] = training, autocast
        try:
            return call(*args, **kwargs)
        except Exception as error:
            self._locate(error, args)
            raise
        finally:
            here["depth"] -= 1
            here["training"], here["autocast"] = outer, before

    def _after(self, args, outputs, previous):
        """Activity regularization, and the mask of the outputs."""
        if self.activity_regularizer is not None:
            for x in optree.tree_leaves(outputs):
                self.add_loss(self.activity_regularizer(x) / (x.shape[0] or 1 if x.shape else 1))
        if previous is None and type(self).compute_mask is Layer.compute_mask:
            return
        if engines.current().is_abstract:
            return
        if not self.supports_masking and type(self).compute_mask is Layer.compute_mask:
            if previous is not None and not self._sublayers() and "mask" not in _call_parameters(type(self))[1]:
                warn(
                    f'Layer "{self.path}" ({type(self).__name__}) does not pass masks on: the mask of its input ends here. '
                    "Set supports_masking = True in the class if its output has the same steps."
                )
            return
        found = self.compute_mask(args[0] if args else None, previous)
        if found is None and not masks.any_masks():
            return
        leaves = optree.tree_leaves(outputs)
        found = found if isinstance(found, (list, tuple)) else [found] * (len(leaves) if found is None else 1)
        # A layer that says which mask its outputs have is right against the ops inside it, but not against layers inside it.
        decides = type(self).compute_mask is not Layer.compute_mask and not self._sublayers()
        given = {id(x) for x in optree.tree_leaves(args)} if decides else ()
        for x, mask in zip(leaves, found):
            before = masks.get_mask(x)
            if before is not mask and (before is None or decides and id(x) not in given):
                masks.set_mask(x, mask)

    def _converted(self, args, kwargs, dtype):
        """Arrays of other kinds made the engine's, and floats cast to `dtype` if it isn't None."""
        engine = local.engine or engines.current()
        if len(args) == 1 and not kwargs and engine.is_array(args[0]) and (dtype is None or dtype_of(args[0]) == dtype):
            return args, kwargs
        convert = functools.partial(self._as_input, engine, dtype)
        new = tuple(optree.tree_map(convert, arg) for arg in args)
        return new, {k: v if k == "training" else optree.tree_map(convert, v) for k, v in kwargs.items()}

    def _as_input(self, engine, dtype, x):
        """What `call` is given for `x`."""
        if not engine.is_array(x) and not isinstance(x, Variable):
            if isinstance(x, Layer):
                self._no_layers([x])
            if isinstance(x, AbstractArray) or not hasattr(x, "__array__") or is_text(x):
                return x
            x = as_array(x)
        if dtype is None or dtype_of(x) == dtype or not dtype_of(x).startswith(("float", "bfloat")):
            return x
        cast = engine.cast(x.value if isinstance(x, Variable) else x, dtype)
        if masks.any_masks():
            masks.pass_on([x], cast)
        return cast

    def _gather_masks(self, args, kwargs):
        """The masks of the first argument; masks for `call` are put into `kwargs` where the user gave none."""
        names, _, _, _, mask_names = _call_parameters(type(self))
        first = args[0] if args else next(iter(kwargs.values()), None)
        previous = optree.tree_map(masks.get_mask, first)
        if all(m is None for m in optree.tree_leaves(previous, none_is_leaf=True)):
            previous = None
        for name in mask_names:
            position = names.index(name) if name in names else len(args)
            if len(args) > position or kwargs.get(name) is not None:
                if name == "mask":
                    previous = args[position] if len(args) > position else kwargs[name]
                continue
            if name == "mask":
                kwargs[name] = previous
                continue
            base = name[: -len("_mask")]
            index = names.index(base)
            source = args[index] if len(args) > index else kwargs.get(base)
            if source is not None:
                kwargs[name] = masks.get_mask(source)
        return previous

    def _ensure_built(self, args, kwargs):
        if self.built:
            return
        self._remember_engine()
        if is_default(type(self).build):
            self._build_without_weights(args)
        else:
            wanted = _build_parameters(type(self))
            if len(wanted) <= 1:
                first = args[0] if args else next(iter(kwargs.values()))
                self.build(*[_shape_of(first)][: len(wanted)] or [])
            else:
                names = _call_parameters(type(self))[0]
                given = dict(zip(names, args)) | kwargs
                self.build(**{w: _shape_of(given.get(w[: -len("_shape")])) for w in wanted})
        self.built = True

    def _build_without_weights(self, args):
        if args and isinstance(args[0], AbstractArray) or args and hasattr(args[0], "shape"):
            self._build_shapes = {"input_shape": _shape_of(args[0])}
        with naming.name_scope(self.name):
            self.path = naming.current_path()

    def _locate(self, error, args):
        """Say in the error which layer it happened in, once."""
        if getattr(error, "located", False):
            return
        error.located = True
        shapes = ", ".join(str(static_shape(x)) for x in optree.tree_leaves(args) if hasattr(x, "shape"))
        where = f'In layer "{self.path}" ({type(self).__name__}), input shape {shapes or "none"}'
        if type(error) is ValueError and error.args and isinstance(error.args[0], str):
            error.args = (f"{error.args[0]}\n{where}.", *error.args[1:])
        else:
            error.add_note(where)

    def call(self, *args, **kwargs):
        """The computation. Overridden by every layer."""
        raise TypeError(f"{type(self).__name__} has no method call(self, inputs): write one, it is the layer's computation.")

    def quantized_call(self, *args, **kwargs):
        """The computation under a quantized dtype policy: `call` itself, unless a layer has weights that it quantizes."""
        return self.call(*args, **kwargs)

    def quantized_build(self, input_shape, mode):
        """Make the variables of quantized weights. Overridden by layers that have such.

        Raises: NotImplementedError for the others.
        """
        raise NotImplementedError(f"{type(self).__name__} has no quantized_build(input_shape, mode): its weights stay floats.")

    def quantize(self, mode=None, type_check=True, config=None):
        """Keep the weights in few bits from now on. Overridden by layers that can.

        Raises: NotImplementedError for the others.
        """
        raise NotImplementedError(f"{type(self).__name__} has no quantize(mode): its weights stay floats.")

    def compute_mask(self, inputs, previous_mask):
        """The mask of the outputs: that of the inputs, for layers that keep the steps."""
        return previous_mask

    def stateless_call(self, trainable_variables, non_trainable_variables, *args, return_losses=False, **kwargs):
        """The layer as a pure function of its variables' values.

        Returns: `(outputs, non_trainable_values)`, and the losses as a third if `return_losses`.
        """
        trainable, fixed = self.trainable_variables, self.non_trainable_variables
        if len(trainable) != len(trainable_variables) or len(fixed) != len(non_trainable_variables):
            raise ValueError(
                f'Layer "{self.path}" has {len(trainable)} trainable and {len(fixed)} non-trainable variables; '
                f"{len(trainable_variables)} and {len(non_trainable_variables)} values came."
            )
        values = [v.value if isinstance(v, Variable) else v for v in (*trainable_variables, *non_trainable_variables)]
        with StateScope([*trainable, *fixed], values) as scope:
            outputs = self(*args, **kwargs)
            losses = self.losses if return_losses else None
            updated = [scope.values[id(v)] for v in fixed]
        return (outputs, updated, losses) if return_losses else (outputs, updated)

    def rematerialized_call(self, layer_call, *args, **kwargs):
        """`layer_call(*args)`, its inner values computed again in the backward pass."""
        return remat.remat(layer_call)(*args, **kwargs)

    def get_config(self):
        """The constructor's arguments, in a form that `from_config` takes."""
        return registry.serialize_dict(self._raw_config())

    def _raw_config(self):
        """The constructor's arguments, functions and objects as they are."""
        config = {"name": self.name, "trainable": self._trainable, "dtype": policies.serialize(self.dtype_policy)}
        own = super().get_config()
        for key in ("name", "trainable", "dtype", "autocast", "activity_regularizer", "weights"):
            own.pop(key, None)
        if self.activity_regularizer is not None or "activity_regularizer" in _all_parameters(type(self)):
            config["activity_regularizer"] = self.activity_regularizer
        from kerata import activations

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
        for name in inspect.signature(c.__init__).parameters
    }


def is_default(method):
    """Whether a method is `Layer`'s own, not overridden."""
    return getattr(Layer, method.__name__, None) is method


def is_own_method(cls, name):
    """Whether the class that defines a method is kerata's."""
    return next((is_own(c) for c in cls.__mro__ if name in vars(c)), True)


def _is_shape(x):
    return isinstance(x, (tuple, list)) and all(isinstance(d, (int, np.integer, type(None))) for d in x)


def _shape_of(x):
    return optree.tree_map(static_shape, x)


def _shapes_for(cls, args):
    return [_shape_of(a) for a in args[: max(1, len(inspect.signature(cls.compute_output_shape).parameters) - 1)]]
