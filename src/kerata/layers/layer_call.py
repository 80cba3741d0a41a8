"""The way through a layer's call: convert, build, check, pass on `training` and masks, compute.

`LayerCall.__call__` -> `_call_inside` (the order of it all) -> `_compute` -> `call`; `fast_call` is the short way.
"""

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
import optree

from kerata import engines
from kerata.core import constants, masks, naming, remat, sparse
from kerata.core.arrays import as_array, dtype_of, is_text, static_shape
from kerata.core.configurable import is_own
from kerata.core.graph import Node, abstract_call, has_symbolic, symbolic_outputs
from kerata.core.operators import op_named
from kerata.core.signatures import Parameter, by_position, named, parameters_of_method, takes_any_name
from kerata.core.types import TensorLike, Tree
from kerata.core.variable import Variable
from kerata.engines.abstract.array import AbstractArray
from kerata.engines.kinds import kind_of
from kerata.engines.state import StateScope, context, thread_context
from kerata.engines.warning import warn
from kerata.layers import input_spec as specs
from kerata.layers.fast_call import FastCall

_HALF = ("float16", "bfloat16")


@functools.cache
def call_parameters(cls):
    """The names of `call`'s parameters, those that take masks, and the default of `training`."""
    parameters = parameters_of_method(cls.call)
    names = [p.name for p in by_position(parameters)]
    keywords = {p.name for p in named(parameters)}
    open_ended = takes_any_name(parameters)
    training = next((p.default for p in parameters if p.name == "training"), None)
    mask_names = [n for n in keywords if n == "mask" or n.endswith("_mask") and n[: -len("_mask")] in keywords]
    return names, keywords, open_ended, training if training is not Parameter.empty else None, mask_names


@functools.cache
def build_parameters(cls):
    return [p.name for p in by_position(parameters_of_method(cls.build))]


if TYPE_CHECKING:
    from kerata.layers.declared import Declared
else:
    Declared = object


class LayerCall(Declared):
    """The part of `Layer` that calls it."""

    takes_any_value = False  # whether it is called on texts and Python numbers, too

    if TYPE_CHECKING:  # a subclass may take any shapes and tensors

        def build(self, *args: Any, **kwargs: Any) -> None: ...

        def call(self, *args: Any, **kwargs: Any) -> Any: ...

    else:

        def build(self, input_shape=None):
            """Make the weights, for inputs of this shape. Overridden by layers that have weights."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        usual = self._fast_call
        if usual is not None and len(args) == 1 and not kwargs and usual.fits(args[0], context.__dict__):
            training = usual.training if context.training is None else context.training
            named = {"training": training} if usual.takes_training else {}
            return self._compute(self.call, args, named, training, usual.autocast)
        if self._context_arguments:
            return self._call_with_context(args, kwargs)
        return self._called(args, kwargs)

    def _called(self, args, kwargs):
        """A call on symbolic tensors or on values, on the engine and the device that the layer is made for."""
        if has_symbolic(args, kwargs):
            return self._call_symbolic(args, kwargs)
        if context.depth == 0 and context.engine is None and self._engine_name not in (None, engines.default_name()):
            with engines.use_engine(self._engine_name), self._place:
                return self._call_inside(args, kwargs)
        if context.depth == 0:
            with self._place:
                return self._call_inside(args, kwargs)
        return self._call_inside(args, kwargs)

    _context_arguments: tuple[str, ...] = ()  # the names of arguments that go to all layers inside which have them, too

    def _register_call_context_args(self, *names: str) -> None:
        """Hand arguments of a call on to the layers inside that registered them, wherever they are called, as `training` is.

        The layer may be called with them by name, whether `call` has them or not; where it has, and they are not given, it
        gets what the call around was given.

        >>> import kerata
        >>> class Shift(kerata.layers.Layer):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self._register_call_context_args("by")
        ...     def call(self, x, by=0.0):
        ...         return x + by
        >>> model = kerata.Sequential([Shift(), Shift()])
        >>> model._register_call_context_args("by")
        >>> model(kerata.ops.ones((1, 1)), by=2.0).tolist(), model(kerata.ops.ones((1, 1))).tolist()
        ([[5.0]], [[1.0]])
        """
        self._context_arguments = tuple(dict.fromkeys((*self._context_arguments, *names)))

    def _call_with_context(self, args, kwargs):
        """A call of a layer that hands arguments on."""
        given = {name: kwargs.pop(name) for name in self._context_arguments if name in kwargs}
        here = (context.call_arguments or {}) | given
        told = given if has_symbolic(args, kwargs) else here  # a graph keeps what was given to the layer itself
        taken = call_parameters(type(self))[1]
        kwargs |= {name: told[name] for name in self._context_arguments if name in told and name in taken}
        with thread_context(call_arguments=here):
            return self._called(args, kwargs)

    def _call_symbolic(self, args, kwargs):
        """A node of the graph; the layer runs on the abstract engine to find its output's shape."""
        self._no_layers(args)
        if self.input_spec is not None and args:
            specs.check(self.input_spec, args[0], self)
        kwargs = {k: v for k, v in kwargs.items() if not (k == "mask" and v is None)}
        own = type(self).compute_output_spec is LayerCall.compute_output_spec
        outputs = symbolic_outputs((self._output_spec if own else self.compute_output_spec)(*args, **kwargs))
        Node(self, args, kwargs, outputs)
        self._remember_engine()
        return outputs

    def symbolic_call(self, *args: Any, **kwargs: Any) -> Any:
        """The layer on symbolic tensors."""
        return self._call_symbolic(args, kwargs)

    def _remember_engine(self):
        if self._engine_name is None:
            self._engine_name = engines.concrete_name()

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """The outputs for symbolic inputs, as symbolic tensors of no graph."""
        return symbolic_outputs(self._output_spec(*args, **kwargs))

    def _output_spec(self, *args, **kwargs):
        shape_rule = type(self).compute_output_shape
        if shape_rule is not LayerCall.compute_output_shape and not is_own_method(type(self), "compute_output_shape"):
            self._ensure_built(args, kwargs)
            shape = self.compute_output_shape(*_shapes_for(type(self), args))
            return optree.tree_map(lambda s: AbstractArray(s, self.compute_dtype), shape, is_leaf=_is_shape, none_is_leaf=True)
        return abstract_call(self._call_inside_outer, args, kwargs)

    def _call_inside_outer(self, *args, **kwargs):
        with thread_context(depth=0), StateScope():
            return self._call_inside(args, kwargs)

    def compute_output_shape(self, *args: Any, **kwargs: Any) -> Any:
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
            if isinstance(x, LayerCall):
                raise ValueError(
                    f'Layer "{self.name}" was called on the layer "{x.name}" instead of a tensor. Call that layer first and '
                    f"pass its output: {self.name}({x.name}(inputs))."
                )

    def _call_inside(self, args, kwargs):
        """The call proper: convert, build, check, pass on `training` and masks, compute."""
        if "dtype_policy" not in vars(self):
            raise RuntimeError(
                f"{type(self).__name__}.__init__() doesn't call super().__init__(): it must, before it sets anything."
            )
        here, policy = context.__dict__, self._policy
        dtype = policy.compute_dtype
        lone = args[0] if len(args) == 1 and not kwargs else None
        casts = self.autocast and not (self.computes_wide and dtype in _HALF)
        if not args and not kwargs:
            self._check_something_came()
        args, kwargs = self._converted(args, kwargs, dtype if casts else None)
        training = self._pass_training(args, kwargs)
        if self.input_spec is not None and args:
            specs.check(self.input_spec, args[0], self)
        first = not self._placed
        if first or not self.built:
            self._ensure_built(args, kwargs)
        masked = masks.any_masks() or kwargs.get("mask") is not None or masks.any_marked(args, kwargs)
        previous = self._gather_masks(args, kwargs) if masked else None
        if here["depth"] == 0:
            self._clear_losses()
        call, scope = self.call if policy.quantization_mode is None else self.quantized_call, self._remat_scope or here["remat"]
        if scope is not None:
            call = functools.partial(remat.call_layer, self, call, scope)
        if self.row_wise:
            call = functools.partial(engines.current().believed, call)
        compute = self._compute_first if first and not is_own(type(self)) else self._compute
        outputs = compute(call, args, kwargs, training, dtype if dtype != policy.variable_dtype else None)
        self._after(args, outputs, previous)
        if here["observer"] is not None:
            here["observer"](self, outputs)
        if here["depth"] == 0 and here["scope"] is None and not engines.current().is_abstract:
            if self._weights or self._sublayers():
                constants.note_outputs(self.name, outputs)
        if lone is not None and args[0] is lone and previous is None and type(self).compute_mask is LayerCall.compute_mask:
            vars(self)["_fast_call"] = FastCall.after(self, lone, "training" in kwargs, call_parameters(type(self))[3])
        return outputs

    @property
    def call_signature_parameters(self) -> list[str]:
        """The names of what `call` takes."""
        return [p.name for p in parameters_of_method(type(self).call)]

    def _pass_training(self, args, kwargs):
        """What `training` is in this call; put into `kwargs` if `call` takes it and nobody gave it."""
        names, keywords, open_ended, default, _ = call_parameters(type(self))
        position = names.index("training") if "training" in names else len(args)
        given = "training" in kwargs or len(args) > position
        training = kwargs.get("training")
        if training is None and len(args) > position:
            training = args[position]
        if training is None:
            training = context.training if given or context.training is not None else default
        if "training" in keywords:
            if "training" in kwargs or len(args) <= position:
                kwargs["training"] = training
        elif kwargs and not open_ended:
            kwargs.pop("training", None)
        return training

    def _compute_first(self, *args):
        """The first computation of a user's layer, in which layers inside are built."""
        with naming.name_scope.at(self.path):
            return self._compute(*args)

    def _compute(self, call, args, kwargs, training, autocast):
        """`call(*args, **kwargs)`, inside the frame of this layer's call."""
        here = context.__dict__  # one look-up for all that follow
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
                self.add_loss(self._activity_penalty(x))
        if previous is None and type(self).compute_mask is LayerCall.compute_mask:
            return
        if engines.current().is_abstract:
            return
        if not self.supports_masking and type(self).compute_mask is LayerCall.compute_mask:
            if previous is not None and not self._sublayers() and "mask" not in call_parameters(type(self))[1]:
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
        decides = type(self).compute_mask is not LayerCall.compute_mask and not self._sublayers()
        given = {id(x) for x in optree.tree_leaves(args)} if decides else ()
        for x, mask in zip(leaves, found):
            before = masks.get_mask(x)
            if before is not mask and (before is None or decides and id(x) not in given):
                masks.set_mask(x, mask)

    def _activity_penalty(self, x):
        """The activity regularization of an output, for a row of the batch on average."""
        return self.activity_regularizer(x) / (x.shape[0] or 1 if x.shape else 1)

    def _converted(self, args, kwargs, dtype):
        """Arrays of other kinds made the engine's, and floats cast to `dtype` if it isn't None."""
        engine = context.engine or engines.current()
        if len(args) == 1 and not kwargs and engine.is_array(args[0]) and (dtype is None or dtype_of(args[0]) == dtype):
            return args, kwargs
        convert = functools.partial(self._as_input, engine, dtype)
        new = tuple(optree.tree_map(convert, arg) for arg in args)
        if not self.takes_any_value and not all(map(_is_tensor, optree.tree_leaves(new))):
            self._check_inputs(new)
        return new, {k: v if k == "training" else optree.tree_map(convert, v) for k, v in kwargs.items()}

    def _check_something_came(self):
        """Raises: TypeError for a call without the arguments that `call` needs."""
        needed = [p.name for p in named(parameters_of_method(type(self).call)) if p.default is p.empty]
        if needed:
            raise TypeError(f'Layer "{self.path}" ({type(self).__name__}) was called without {", ".join(map(repr, needed))}.')

    def _check_inputs(self, args):
        """Raises: ValueError for an argument by position that holds no tensors; `training` may be given so."""
        names = call_parameters(type(self))[0]
        for place, arg in enumerate(args):
            wrong = [x for x in optree.tree_leaves(arg) if not _is_tensor(x)]
            if wrong and names[place : place + 1] != ["training"]:
                raise ValueError(
                    f'Layer "{self.path}" ({type(self).__name__}) takes tensors by position; {wrong[0]!r} came. Convert it with '
                    "keras.ops.convert_to_tensor, or, if it is a setting of the call, give it by its name."
                )

    def _as_input(self, engine, dtype, x):
        """What `call` is given for `x`."""
        if not engine.is_array(x) and not isinstance(x, Variable):
            if isinstance(x, LayerCall):
                self._no_layers([x])
            if kind_of(x) is not None:
                return self._as_sparse_input(dtype, x)
            if isinstance(x, AbstractArray) or not hasattr(x, "__array__") or is_text(x):
                return x
            x = as_array(x)
        if dtype is None or dtype_of(x) == dtype or not dtype_of(x).startswith(("float", "bfloat")):
            return x
        cast = engine.cast(x.value if isinstance(x, Variable) else x, dtype)
        if masks.any_masks():
            masks.pass_on([x], cast)
        return cast

    def _as_sparse_input(self, dtype, x):
        """What `call` is given for a sparse or ragged tensor of any library."""
        x = sparse.own(x)
        return op_named("cast")(x, dtype) if dtype is not None and dtype_of(x).startswith(("float", "bfloat")) else x

    def _gather_masks(self, args, kwargs):
        """The masks of the first argument; masks for `call` are put into `kwargs` where the user gave none."""
        names, _, _, _, mask_names = call_parameters(type(self))
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
        if self.built and self._placed:
            return
        self._remember_engine()
        if type(self).build is LayerCall.build:
            self._build_without_weights(args)
        elif not self.built:
            wanted = build_parameters(type(self))
            if len(wanted) <= 1:
                first = args[0] if args else next(iter(kwargs.values()), None)
                self.build(*[_shape_of(first)][: len(wanted)] or [])
            else:
                names = call_parameters(type(self))[0]
                self._check_names_of_shapes(wanted)
                given = dict(zip(names, args)) | kwargs
                self.build(**{w: _shape_of(given.get(w[: -len("_shape")])) for w in wanted})
        vars(self)["_placed"] = True
        if not self.built:
            self.built = True

    def _check_names_of_shapes(self, wanted):
        """Raises: ValueError for a `build` of several shapes that are not called as the arguments of `call` are."""
        taken = call_parameters(type(self))[1]
        wrong = [w for w in wanted if not w.endswith("_shape") or w[: -len("_shape")] not in taken]
        if wrong:
            raise ValueError(
                f"{type(self).__name__}.build takes several shapes, so each must be called as an argument of call() with `_shape` "
                f"behind it; {', '.join(wrong)} is not. call() takes {', '.join(sorted(taken))}."
            )

    def _build_without_weights(self, args):
        if not self.built and args and (isinstance(args[0], AbstractArray) or hasattr(args[0], "shape")):
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

    def symbolic_mask(self, node, index):
        """The mask of the output with this number of a call on symbolic tensors, symbolic too; None if it has none."""
        if not self.supports_masking and type(self).compute_mask is LayerCall.compute_mask:
            return None
        first = node.args[0] if node.args else next(iter(node.kwargs.values()), None)
        previous = node.kwargs.get("mask")
        if previous is None:
            previous = optree.tree_map(lambda x: getattr(x, "_keras_mask", None), first)
        found = self.compute_mask(first, previous)
        return found[index] if isinstance(found, (list, tuple)) else found if index == 0 else None

    def compute_mask(self, inputs: Tree, previous_mask: TensorLike | None) -> Any:
        """The mask of the outputs: that of the inputs, for layers that keep the steps."""
        return previous_mask


def is_own_method(cls, name):
    """Whether the class that defines a method is kerata's."""
    return next((is_own(c) for c in cls.__mro__ if name in vars(c)), True)


def _is_tensor(x):
    return hasattr(x, "shape") or hasattr(x, "__array__") or is_text(x) or x is None


def _is_shape(x):
    return isinstance(x, (tuple, list)) and all(isinstance(d, (int, np.integer, type(None))) for d in x)


def _shape_of(x):
    return optree.tree_map(static_shape, x)


def _shapes_for(cls, args):
    return [_shape_of(a) for a in args[: max(1, len(parameters_of_method(cls.compute_output_shape)))]]
