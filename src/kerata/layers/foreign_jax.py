"""Layers around functions and modules of JAX."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from kerata import engines
from kerata.core import dtypes, serialization
from kerata.core.arrays import as_array, to_numpy
from kerata.core.fields import dataclass, field
from kerata.core.seeds import SeedGenerator
from kerata.core.signatures import parameters_of
from kerata.core.types import Shape, Tree
from kerata.engines.abstract.array import NoAbstractRule
from kerata.layers.foreign import check_engine
from kerata.layers.layer import Layer


@dataclass
class JaxLayer(Layer):
    """A JAX function with parameters as a layer, on the JAX engine.

    The functions' arguments go by their names. Inputs, outputs, parameters and state are arrays or pytrees of them.

    Args:
        call_fn: the function `(params, state, rng, inputs, training)`; all but `inputs` may be missing. It returns the outputs,
            and with `state` a pair of the outputs and the new state.
        init_fn: the function `(rng, inputs, training)` that makes the parameters, or with state the pair (params, state), for
            inputs of zeros; `training` is True and may be missing. Needed where neither `params` nor `state` are given.
        params: the parameters, which are trained.
        state: what changes otherwise.
        seed: an integer for the same draws in each run.
        native_serialization_platforms: kept in the config; it means something to Keras on TensorFlow alone.

    Raises: ValueError on another engine, for arguments by other names, or if there is nothing to make the parameters.

    >>> import kerata, numpy as np
    >>> with kerata.use_engine("jax"):
    ...     layer = kerata.layers.JaxLayer(lambda params, inputs: inputs @ params["w"], params={"w": np.ones((3, 2))})
    ...     print(layer(np.ones((1, 3))).tolist())
    [[3.0, 3.0]]
    """

    call_fn: Callable[..., Any]
    init_fn: Callable[..., Any] | None = None
    params: Any = field(default=None, config=False)
    state: Any = field(default=None, config=False)
    seed: int | SeedGenerator | None = field(default=None, config=False)
    native_serialization_platforms: Any = None

    def __post_init__(self):
        super().__post_init__()
        check_engine(self, "jax")
        init_fn, params, state = self.init_fn, self.params, self.state
        self._call_names = self._names("call_fn", self.call_fn, ("params", "state", "rng", "inputs", "training"))
        self._init_names = () if init_fn is None else self._names("init_fn", init_fn, ("rng", "inputs", "training"))
        needs = [name for name in ("params", "state") if name in self._call_names]
        if needs and init_fn is None and params is None and state is None:
            raise ValueError(
                f"{type(self).__name__}: call_fn takes {' and '.join(needs)}: give them, or an init_fn that makes them."
            )
        self.seed_generator = SeedGenerator(self.seed)
        self._parameter_variables: Any = None
        self._state_variables: Any = None
        if init_fn is None or params is not None or state is not None:
            self._keep(params, state)
            self.built = True
        del self.params, self.state  # from here on they are the weights'

    if not TYPE_CHECKING:  # to tools, they are the fields

        def __getattr__(self, name):
            """`params` and `state`: the trees as they are given, of variables; None before they are made."""
            if name not in ("params", "state"):
                return super().__getattribute__(name)
            kept = vars(self).get("_parameter_variables" if name == "params" else "_state_variables")
            return None if kept is None else engines.get("jax").tree_unflatten(kept[1], kept[0])

    def _names(self, what, fn, known):
        """The names of a function's arguments."""
        names = tuple(parameters_of(fn))
        for name in names:
            if name not in known:
                raise ValueError(f"{type(self).__name__}: {what} has the argument {name!r}; it may have {', '.join(known)}.")
        if "inputs" not in names:
            raise ValueError(f"{type(self).__name__}: {what} needs an argument 'inputs'; it has {', '.join(names) or 'none'}.")
        return names

    def _keep(self, params, state):
        """Make the weights, in the order of the trees' leaves."""
        self._parameter_variables, self._state_variables = self._kept(params, True), self._kept(state, False)

    def _kept(self, tree, trainable):
        leaves, form = engines.get("jax").tree_flatten(tree)
        return [self._variable(np.asarray(to_numpy(leaf)), trainable) for leaf in leaves], form

    def _variable(self, value, trainable):
        value = value.astype(engines.get("jax").known_dtype(value.dtype.name))
        trains = trainable and not dtypes.is_int_dtype(value.dtype.name) and value.dtype.name != "bool"
        return self.add_weight(
            shape=value.shape, dtype=value.dtype.name, initializer=lambda *_: value, trainable=trains, autocast=trainable
        )

    def _values_of(self, kept):
        variables, form = kept
        return engines.get("jax").tree_unflatten(form, [v.value for v in variables])

    def build(self, input_shape: Shape) -> None:
        """Make the parameters with `init_fn`, for zeros with 1 for each unknown length."""
        if self._parameter_variables is not None:
            return
        with engines.use_engine("jax"):  # not the abstract one, where only shapes are asked for
            made = self._made(self._placeholders(input_shape))
        self._keep(*(made if "state" in self._call_names else (made, None)))

    def _made(self, inputs):
        given = {"rng": self.seed_generator.next(), "inputs": inputs, "training": True}
        init_fn: Any = self.init_fn
        return init_fn(**{name: given[name] for name in self._init_names})

    def _placeholders(self, shape):
        if isinstance(shape, dict):
            return {key: self._placeholders(part) for key, part in shape.items()}
        if all(n is None or isinstance(n, int) for n in shape):
            return as_array(np.zeros([1 if n is None else n for n in shape], "float32"), self.compute_dtype)
        return type(shape)(self._placeholders(part) for part in shape)

    def call(self, inputs: Tree, training: bool | None = False) -> Any:
        """The function's outputs; its new state is kept."""
        if engines.current().is_abstract:
            raise NoAbstractRule(f"{type(self).__name__} calls JAX itself.")  # which then finds the shapes
        given = {
            "params": lambda: self._values_of(self._parameter_variables),
            "state": lambda: self._values_of(self._state_variables),
            "rng": self.seed_generator.next,
            "inputs": lambda: inputs,
            "training": lambda: bool(training),
        }
        outputs = self.call_fn(**{name: given[name]() for name in self._call_names})
        if "state" not in self._call_names:
            return outputs
        if not isinstance(outputs, tuple) or len(outputs) != 2:
            raise ValueError(f"{type(self).__name__}: call_fn takes a state, so it returns a pair (outputs, state).")
        outputs, state = outputs
        self._take(state)
        return outputs

    def _take(self, state):
        leaves, form = engines.get("jax").tree_flatten(state)
        variables, expected = self._state_variables
        if form != expected:
            raise ValueError(f"{type(self).__name__}: the new state has the form {form}; the state has {expected}.")
        for variable, leaf in zip(variables, leaves):
            variable.assign(leaf)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A layer from its config; its weights are made when it is built, or loaded."""
        functions = {
            k: serialization.deserialize_keras_object(config[k]) for k in ("call_fn", "init_fn") if config.get(k) is not None
        }
        return cls(**config | functions)


@dataclass(unlisted=("seed", "native_serialization_platforms"))
class FlaxLayer(JaxLayer):
    """A module of Flax as a layer, on the JAX engine.

    Args:
        module: a `flax.linen.Module`; its method takes `inputs`, and `training` if it behaves otherwise then.
        method: a method of the module, its name, or a function `(module, inputs, training)`; `__call__` if None.
        variables: the module's variables, a dict with "params" and other collections, which are not trained; made by
            `module.init` if None.
        seed: an integer for the same draws in each run.

    Raises: ValueError on another engine; TypeError if `module` is none.

    >>> import kerata, numpy as np
    >>> from flax import linen
    >>> class Scale(linen.Module):
    ...     @linen.compact
    ...     def __call__(self, inputs):
    ...         return inputs * self.param("factor", linen.initializers.constant(3.0), ())
    >>> layer = kerata.layers.FlaxLayer(Scale())
    >>> layer(np.array([1.0, 2.0], "float32")).tolist(), len(layer.trainable_weights)
    ([3.0, 6.0], 1)
    """

    _given: ClassVar[Any]

    module: Any
    method: str | Callable[..., Any] | None = None
    variables: Any = field(default=None, attribute="_given", config=False)
    call_fn: Any = field(init=False)
    init_fn: Any = field(init=False)
    params: Any = field(init=False)
    state: Any = field(init=False)
    seed: int | SeedGenerator | None = field(default=None, kw_only=True, config=False)
    native_serialization_platforms: Any = field(default=None, kw_only=True, config=False)

    def __post_init__(self):
        module, method, variables = self.module, self.method, self._given
        if not hasattr(module, "init") or not hasattr(module, "apply"):
            raise TypeError(f"FlaxLayer takes a flax.linen.Module; {type(module).__name__} came.")
        called = getattr(type(module), method) if isinstance(method, str) else method or type(module).__call__
        self.params, self.state = (None, None) if variables is None else self._parted(variables)
        self.call_fn, self.init_fn = self._functions("training" in parameters_of(called))
        super().__post_init__()
        del self._given  # as the others

    def _functions(self, takes_training):
        """`call_fn` and `init_fn`, with the arguments that `JaxLayer` asks for by their names."""
        module, method = self.module, self.method

        def apply(params, state, rng, inputs, **training):
            from flax.core import DenyList

            collections, changes = {**params, **state}, DenyList(["params"])
            outputs, changed = module.apply(collections, inputs, rngs=rng, method=method, mutable=changes, **training)
            return outputs, {**state, **changed}

        def init(rng, inputs, **training):
            return self._parted(module.init(rng, inputs, method=method, **training))

        if takes_training:
            return (
                lambda params, state, rng, inputs, training: apply(params, state, rng, inputs, training=training),
                lambda rng, inputs, training: init(rng, inputs, training=training),
            )
        return (lambda params, state, rng, inputs: apply(params, state, rng, inputs), lambda rng, inputs: init(rng, inputs))

    @staticmethod
    def _parted(variables):
        """The parameters, and the other collections."""
        return {"params": variables.get("params", {})}, {k: v for k, v in variables.items() if k != "params"}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A layer from its config; its weights are made when it is built, or loaded."""
        objects = {
            k: serialization.deserialize_keras_object(config[k])
            for k in ("module", "method")
            if isinstance(config.get(k), dict)
        }
        return cls(**config | objects)
