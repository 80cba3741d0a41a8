"""Models as Keras 1, Keras 2 and tf.keras had them."""

import itertools
from typing import Any

import numpy as np
import optree

from kerata import models, saving
from kerata.compat import signatures, symbolic, translate
from kerata.compat.by_generation import ByGeneration
from kerata.compat.editions import metaclass_of_editions
from kerata.compat.layers import BeginsWithMerge, OldLayer
from kerata.compat.layers.mixin import Mixin
from kerata.core.naming import get_uid
from kerata.metrics.group import single_metrics
from kerata.models.functional import Functional, run_graph
from kerata.models.model import is_functional_call
from kerata.training import checks
from kerata.training.compiled import CompileMetrics

__all__ = ["Container", "Model", "Network", "Sequential", "model_from_config", "model_from_yaml"]

# Methods of old models: the method of today, and what its arguments are called there; None for what is settled otherwise today.
_READING = dict.fromkeys(
    ("workers", "use_multiprocessing", "max_queue_size", "max_q_size", "nb_worker", "pickle_safe", "nb_val_worker")
)
_TRAINING = {"nb_epoch": "epochs", "show_accuracy": None, "X": "x"} | _READING
METHODS: dict[str, tuple[str, dict[str, str | None]]] = {
    "compile": ("compile", {"sample_weight_mode": None, "class_mode": None, "theano_mode": None}),
    "fit": ("fit", _TRAINING),
    "evaluate": ("evaluate", _TRAINING),
    "predict": ("predict", _TRAINING),
    "train_on_batch": ("train_on_batch", {"accuracy": None, "reset_metrics": None}),
    "test_on_batch": ("test_on_batch", {"accuracy": None, "reset_metrics": None}),
    "fit_generator": ("fit", _TRAINING | {"generator": "x"}),
    "evaluate_generator": ("evaluate", _TRAINING | {"generator": "x"}),
    "predict_generator": ("predict", _TRAINING | {"generator": "x"}),
}


class OldModel(Mixin):
    """What models of older generations could do besides; it comes before the class of today."""

    _its_time: Any = None  # the generation
    _uses: Any = None  # the symbolic tensors that losses use

    def _given(self, method, args, kwargs):
        """The arguments of a call of an old method, by the names that they had."""
        found = signatures.signature(self._generation, "models", f"Model.{method}")
        if found is None:
            found = signatures.signature(self._generation, "models", f"Sequential.{method}")
        if found is None:  # tf.keras: as today, and what a generator was called
            found = signatures.signature("keras2", "models", f"Model.{method}")
        kwargs = {_SHORT.get(name, name): value for name, value in kwargs.items()}
        given = found.by_name(f"{type(self).__name__}.{method}", args, kwargs)
        defaults = {n: d for n, d in found.defaults.items() if d is not signatures.NEEDED and d is not None}
        return defaults | given

    def _call_today(self, method, args, kwargs):
        """Call the method of today that does what an old one did."""
        today, names = METHODS[method]
        given = self._given(method, args, kwargs)
        if given.pop("show_accuracy", False) and self.compiled and self._compilation.metrics is None:
            self.compile(self.optimizer, self.loss, metrics=["accuracy"])
        _count_steps(given)
        renamed = {names.get(name, name): value for name, value in given.items()}
        renamed.pop(None, None)
        return getattr(super(), today)(**renamed)

    # Compiling

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """`compile` with the arguments of its time: names of optimizers and functions mean what they meant.

        Losses and metrics may use symbolic tensors of the model, as those of a variational autoencoder do.
        """
        given = self._given("compile", args, kwargs)
        targets = given.pop("target_tensors", None)
        if targets is not None:
            raise ValueError("target_tensors: kerata's targets come from the data; give them to fit as y.")
        names = METHODS["compile"][1]
        given = {name: value for name, value in given.items() if name not in names}
        get = self._its_time.get
        given["optimizer"] = get("optimizers", "get")(given["optimizer"])
        self._uses = symbolic.Uses(self, self._uses)
        for what in ("loss", "metrics", "weighted_metrics"):
            if given.get(what) is not None:
                given[what] = self._uses.of(given[what])
        super().compile(**given)

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """The computation, and that of the symbolic tensors which losses use."""
        uses = self._uses
        if self.plan is None or uses is None or not uses.tensors:
            return super().call(*args, **kwargs)
        kwargs["plan"] = uses.plan()
        outputs, values = run_graph(self, *args, **kwargs)
        for loss in uses.take(values):
            super().add_loss(loss)
        return outputs

    def add_loss(self, losses: Any, inputs: Any = None) -> None:
        """Add losses: symbolic tensors of the model, values inside `call`, or functions of no arguments.

        Args:
            inputs: what they depend on, which is known.
        """
        for loss in losses if isinstance(losses, (list, tuple)) else [losses]:
            if symbolic.is_symbolic(loss):
                self._uses = self._uses or symbolic.Uses(self)
                self._uses.add_loss(loss)
                self._compilation.forget_programs()
            else:
                super().add_loss(loss)

    def add_metric(self, value: Any, name: str | None = None, aggregation: str | None = "mean") -> None:
        """Show the mean of a symbolic tensor of the model in the logs.

        Args:
            value: a symbolic tensor of the model.
            aggregation: "mean", or None for a tensor that is a mean already.

        Raises: ValueError for another aggregation.
        """
        if aggregation not in ("mean", None):
            raise ValueError(f"aggregation is 'mean' or None; {aggregation!r} came.")
        self._uses = self._uses or symbolic.Uses(self)
        self._uses.add_metric(value, name)

    # Training

    def fit(self, *args: Any, **kwargs: Any) -> Any:
        """`fit` with the arguments of its time."""
        return self._call_today("fit", args, kwargs)

    def evaluate(self, *args: Any, **kwargs: Any) -> Any:
        """`evaluate` with the arguments of its time."""
        return self._call_today("evaluate", args, kwargs)

    def predict(self, *args: Any, **kwargs: Any) -> Any:
        """`predict` with the arguments of its time."""
        return self._call_today("predict", args, kwargs)

    def train_on_batch(self, *args: Any, **kwargs: Any) -> Any:
        """`train_on_batch` with the arguments of its time; its numbers are those of this batch alone."""
        anew = self._then_resets("train_on_batch", args, kwargs)
        if anew:
            self.reset_metrics()
        return self._call_today("train_on_batch", args, kwargs)

    def test_on_batch(self, *args: Any, **kwargs: Any) -> Any:
        """`test_on_batch` with the arguments of its time; its numbers are those of this batch alone."""
        anew = self._then_resets("test_on_batch", args, kwargs)
        if anew:
            self.reset_metrics()
        return self._call_today("test_on_batch", args, kwargs)

    def _then_resets(self, method, args, kwargs):
        return self.compiled and self._given(method, args, kwargs).get("reset_metrics", True)

    def fit_generator(self, *args: Any, **kwargs: Any) -> Any:
        """`fit` on a generator."""
        return self._call_today("fit_generator", args, kwargs)

    def evaluate_generator(self, *args: Any, **kwargs: Any) -> Any:
        """`evaluate` on a generator."""
        return self._call_today("evaluate_generator", args, kwargs)

    def predict_generator(self, *args: Any, **kwargs: Any) -> Any:
        """`predict` on a generator."""
        return self._call_today("predict_generator", args, kwargs)

    def predict_proba(self, x: Any, batch_size: int = 32, verbose: Any = 0) -> Any:
        """`predict`, as a model that classifies was asked: the probabilities (batch, classes)."""
        return self.predict(x, batch_size=batch_size, verbose=verbose)

    def predict_classes(self, x: Any, batch_size: int = 32, verbose: Any = 0) -> Any:
        """The numbers of the classes: (batch,) for several outputs, (batch, 1) of 0 and 1 for one."""
        found = self.predict(x, batch_size=batch_size, verbose=verbose)
        return found.argmax(axis=-1) if found.shape[-1] > 1 else (found > 0.5).astype("int32")

    # What could be looked at

    @property
    def metrics_names(self) -> Any:
        """The names of the numbers that `evaluate` gives, in its order."""
        if not self.compiled:
            return []
        loss, metrics = self._compilation.loss, self._compilation.metrics
        spec = None if self.plan is None else checks.output_spec(self, self.plan.inputs)
        if spec is not None and loss is not None and loss.by_output is None:
            loss.build(spec)
        if spec is not None and metrics is not None and metrics.by_output is None:
            found = CompileMetrics(metrics.given[0], metrics.given[1], metrics.output_names)  # the kinds wait for the targets
            found.build(spec, spec)
            metrics = found
        trackers = [] if loss is None else loss.trackers
        return ["loss", *[m.shown_name or m.name for m in (*trackers, *single_metrics([metrics] if metrics else []))]]

    def _values(self, logs):
        values = [logs[name] for name in self.metrics_names if name in logs] or list(logs.values())
        return values[0] if len(values) == 1 else values

    @property
    def uses_learning_phase(self) -> bool:
        """Whether something differs between training and use."""
        return any(getattr(layer, "uses_learning_phase", False) for layer in self._flatten_layers() if layer is not self)

    @property
    def model(self) -> Any:
        """The model itself: a Sequential had another one inside."""
        return self

    @property
    def state_updates(self) -> list[Any]:
        """What stateful layers change in each step; done by themselves today, so there is nothing to run."""
        return []

    def reset_states(self) -> None:
        """Set the states of stateful layers back to zeros."""
        for layer in self._flatten_layers():
            if layer is not self and getattr(layer, "stateful", False) and hasattr(layer, "reset_states"):
                layer.reset_states()

    def to_yaml(self, **kwargs: Any) -> str:
        """Refused, as Keras does since 2.6: YAML can run code when it is read.

        Raises: RuntimeError.
        """
        raise RuntimeError(_NO_YAML)

    def save(self, filepath: Any, overwrite: bool = True, include_optimizer: bool = True, **kwargs: Any) -> None:
        """Save the model."""
        super().save(filepath, overwrite=overwrite, include_optimizer=include_optimizer, **kwargs)


_SHORT = {"X": "x", "Y": "y"}
_NO_YAML = (
    "YAML can run code when it is read, so models are no longer written or read in it. Use to_json() and model_from_json()."
)


def _count_steps(given):
    """Turn numbers of samples (Keras 1) into numbers of steps, which need the size of a generator's batches."""
    for samples, steps, source in (
        ("samples_per_epoch", "steps_per_epoch", "generator"),
        ("nb_val_samples", "validation_steps", "validation_data"),
        ("val_samples", "steps", "generator"),
    ):
        count = given.pop(samples, None)
        if count is None or source not in given or not hasattr(given[source], "__next__"):
            continue
        first = next(given[source])
        size = len(optree.tree_leaves(first[0] if isinstance(first, tuple) else first)[0])
        given[source] = itertools.chain([first], given[source])
        given[steps] = max(1, int(np.ceil(count / size)))


# The classes of each generation


def _prefix(cls):
    return "sequential" if issubclass(cls, models.Sequential) else "model"


def _edition(name, today, generation, bases):
    """A class of models of a generation."""

    def __init__(self, *args, **kwargs):
        if kwargs.keys() & {"input", "output"}:
            kwargs = translate.today(models.Model, kwargs, told=False)
        if generation.numbers_names and kwargs.get("name") is None and type(self).__module__ == today.__module__:
            prefix = _prefix(today)
            given = args if today is models.Sequential else args[2:]
            if not any(isinstance(x, str) for x in given):
                kwargs["name"] = f"{prefix}_{get_uid(prefix)}"
        today.__init__(self, *args, **kwargs)

    body: dict[str, Any] = {
        "__init__": __init__,
        "__doc__": today.__doc__,
        "__module__": today.__module__,
        "public_name": today.__name__,
        "edition_of": today,
        "_generation": generation.name,
        "_its_time": generation,
    }
    metaclass: Any = type(today)
    return metaclass_of_editions(metaclass)(name, bases, body)


def _model(generation):
    cls = _edition("Model", models.Model, generation, (OldModel, OldLayer, models.Model))
    functional = _edition("Functional", Functional, generation, (cls, Functional))

    def __new__(kind, *args, **kwargs):
        given = translate.today(models.Model, kwargs, told=False) if kwargs.keys() & {"input", "output"} else kwargs
        chosen = functional if kind is cls and is_functional_call(args, given) else kind
        return models.Model.__new__(chosen)

    cls.__new__ = __new__
    return cls


def _sequential(generation):
    return _edition("Sequential", models.Sequential, generation, (OldModel, BeginsWithMerge, OldLayer, models.Sequential))


Model = Container = Network = ByGeneration(_model)
Sequential = ByGeneration(_sequential)


def model_from_config(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
    """A model from the config that `get_config` gave, with the names of its class.

    Raises: ValueError for what is no config of a model.
    """
    if not isinstance(config, dict) or "class_name" not in config:
        raise ValueError("A model's config is a dict with 'class_name' and 'config'; for a list call Sequential.from_config.")
    return saving.deserialize_keras_object(config, custom_objects)


def model_from_yaml(yaml_string: str, custom_objects: dict[str, Any] | None = None) -> Any:
    """Refused: YAML can run code when it is read.

    Args:
        yaml_string, custom_objects: taken, and not read.

    Raises: RuntimeError.
    """
    raise RuntimeError(_NO_YAML)
