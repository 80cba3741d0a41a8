"""What is checked before and while a model runs, and the errors that say what to do."""

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
import optree

from kerata import engines, metrics
from kerata.core import sparse
from kerata.core.arrays import as_array, dtype_of
from kerata.core.configurable import is_own
from kerata.core.graph import abstract_call
from kerata.core.signatures import accepts, by_position, parameters_of, takes_any_name, variadic
from kerata.engines.abstract.array import AbstractArray
from kerata.engines.state import StateScope
from kerata.training import anomaly

_Step = TypeVar("_Step", bound=Callable[..., Any])


def check_compiled(model, what):
    """Raises: ValueError if the model is not compiled and its step is not the user's own."""
    own_step = what == "fit" and model.optimizer is not None and not is_own(_definer(type(model), "train_step"))
    if not model.compiled and not own_step:
        raise ValueError(
            f"Model {model.name!r} is not compiled: call model.compile(optimizer='adam', loss='mse') before {what}()."
        )


def _definer(cls, name):
    return next(c for c in cls.__mro__ if name in vars(c))


def check_counts(**counts):
    """Raises: ValueError for numbers of epochs and steps that are none; epochs may be 0, the others None or at least 1."""
    for name, value in counts.items():
        if name == "validation_freq" and not isinstance(value, (int, np.integer)):
            continue  # the epochs in a list
        least = 0 if name in ("epochs", "initial_epoch") else 1
        if value is None and least:
            continue
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise ValueError(f"{name} must be a whole number, at least {least}; {value!r} came.")


def no_loss(model):
    """The error of a model that has nothing to minimise."""
    return (
        f"Model {model.name!r} has no loss to train with: give compile(loss=...) one, such as 'mse', "
        "'binary_crossentropy' or 'sparse_categorical_crossentropy', or use add_loss in a layer."
    )


def check_metrics(**given):
    """Raises: ValueError for what is no metric, nor a list or a dict of such, with the nearest name."""
    for what, structure in given.items():
        for x in optree.tree_leaves(structure):
            if isinstance(x, str) and x not in ("accuracy", "acc", "crossentropy", "ce"):
                metrics.get(x)
            elif not isinstance(x, str) and not callable(x):
                raise ValueError(f"{what} is a list of names, metrics and functions, or a dict of such; {x!r} came.")


def build_by_call(model, x):
    """Make the weights of a model without a graph, from the shapes of a batch."""
    if model.plan is None and not hasattr(model, "_chain") and is_own(_definer(type(model), "call")):
        model.built = True  # nothing to call: the model's own step says what is done with its parts
        return
    spec = _specs(x)
    if hasattr(model, "_chain"):
        model._ensure_built((spec,), {})
        return
    before, model.built = model.built, True
    try:
        abstract_call(model._call_inside_outer, (spec,), {})
    except Exception:
        model.built = before
        model(sparse.as_tensors(optree.tree_map(lambda a: as_array(a[:1]), x)))
    model.built = True
    model._build_shapes = {"input_shape": optree.tree_map(lambda spec: spec.shape, spec)}  # which a file tells


def _specs(x):
    """A batch's shapes and dtypes, of any number of rows."""
    specs = optree.tree_map(lambda a: AbstractArray((None, *a.shape[1:]), _dtype(a)), x)
    with engines.use_engine("abstract"):
        return sparse.as_tensors(specs)


def _dtype(a):
    return dtype_of(as_array(a[:0]))


def output_spec(model, x):
    """The outputs' shapes and dtypes for a batch `x`, or None if they can't be told."""
    if model.plan is not None:
        return model.plan.outputs
    try:
        spec = _specs(x)
        return abstract_call(model._call_inside_outer, (spec,), {})
    except Exception:
        return None


def as_written(method, given):
    """Call a method that a user may have written, today or for an older Keras, with those of the arguments that it takes.

    Arguments go by name; by position, as many as there is room for, where the method's names are its own, or hidden in
    `*args` or before a `/`.

    Args:
        method: a bound method.
        given: a dict from name to value, in the order of the positions.

    >>> class Written:
    ...     old = lambda self, x, y: (x, y)
    ...     renamed = lambda self, a, b, c: (a, b, c)
    ...     open = lambda self, z, **others: (z, others)
    >>> given, written = dict(x=1, y=2, z=3), Written()
    >>> as_written(written.old, given), as_written(written.renamed, given), as_written(written.open, given)
    ((1, 2), (1, 2, 3), (3, {'x': 1, 'y': 2}))
    """
    parameters = parameters_of(method).values()
    positional = by_position(parameters)
    known = [p.name for p in positional if p.name in given]
    own = any(p.kind is p.POSITIONAL_ONLY or p.default is p.empty and p.name not in given for p in positional) or not known
    count = len(positional) if own else 0
    if variadic(parameters) and (own or not takes_any_name(parameters)):
        count = len(given)
    names = list(given)
    by_name = {name: given[name] for name in names[count:] if accepts(method, name)}
    return method(*(given[name] for name in names[:count]), **by_name)


def takes_state(cls, name):
    """Whether a step is of Keras 3's JAX form, `train_step(self, state, data)`."""
    needed = [p for p in parameters_of(getattr(cls, name)).values() if p.default is p.empty]
    return len(by_position(needed)) >= 3


def step_with_state(model, name, data):
    """Run a step of the form `(state, data) -> (result, state)` on the model's variables."""
    groups = _groups_of_state(model, name)
    result, new = getattr(model, name)(tuple([v.value for v in group] for group in groups), data)
    for group, values in zip(groups[1:] if name == "predict_step" else groups, [new] if name == "predict_step" else new):
        for v, value in zip(group, values):
            v.assign(value)
    return result


def _groups_of_state(model, name):
    """The variables of which a step's state are the values: trainable, others, the optimizer's, the metrics'."""
    if name == "predict_step":
        return [model.trainable_variables, model.non_trainable_variables]
    metric_variables = model.metrics_variables if not model.metrics else [v for m in model.metrics for v in m.variables]
    known = {id(v) for v in metric_variables}
    fixed = [v for v in model.non_trainable_variables if id(v) not in known]
    groups = [model.trainable_variables, fixed, metric_variables]
    return groups if name != "train_step" else [*groups[:2], model.optimizer.variables, metric_variables]


def also_on_state(step: _Step) -> _Step:
    """Lets a step of a model, a method of the data, be called as Keras's steps on JAX are: with a state and the data.

    `model.train_step(state, data)` gives what the step gives on that state, a structure of values, and the state after it;
    the model's own stays. Raises ValueError for a state that is not the model's.
    """

    @functools.wraps(step)
    def step_of_either_form(model, *given, **named):
        of_data = len(given) + len(named) < 2
        return step(model, *given, **named) if of_data else _on_state(model, step, *given, **named)

    return cast("_Step", step_of_either_form)


def _on_state(model, step, state, data):
    name = step.__name__
    groups = _groups_of_state(model, name)
    if [len(group) for group in state] != [len(group) for group in groups]:
        raise ValueError(
            f"The state of {name} has {[len(group) for group in state]} values; the model has {[len(g) for g in groups]} variables."
        )
    variables = [v for group in groups for v in group]
    with StateScope(variables, [as_array(value) for group in state for value in group]):
        result = step(model, data)
        new = tuple([v.value for v in group] for group in groups)
    return result, new[1] if name == "predict_step" else new


def report_findings(compilation, where, data=None, batch=None, reported=False):
    """Look for what the steps noted, and report it.

    Args:
        where: a function from a step's number to words.
        data, batch, reported: see `anomaly.report`; `batch` is a function of the step's number.

    Returns: whether there was something.

    Raises: ValueError for labels and indices out of range; FloatingPointError for NaN with `detect_anomaly`.
    """
    found = compilation.programs.findings
    finding = found.first()
    if finding is None:
        return False
    found.clear()
    if finding.kind == "range":
        raise ValueError(f"{finding.message}\nThis was found in {where(finding.step)}.")
    given = batch and (lambda: batch(finding.step))
    anomaly.report(compilation, finding, where(finding.step), data, given, reported)
    return True
