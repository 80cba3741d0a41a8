"""A model's weights, and its optimizer's state, into files and out of them: all of them, or an error that lists what differs."""

import re
from typing import Any

from kerata.core import registry
from kerata.engines.warning import warn
from kerata.layers.layer import Layer
from kerata.saving.strays import refuse_strays
from kerata.saving.weights import walk

_OPTIMIZER = "optimizer"
# Parts of paths under which Keras keeps what kerata's files do not have: states of random generators and of metrics.
_OTHERS = re.compile(r"(^|/)(seed_generator\w*|_?metrics|\w*_metrics|_?loss_tracker|_loss_metric)(/|$)")
_MANY = 10


def write(model, writer, with_optimizer=True):
    """Write all weights of a model.

    Raises: ValueError if there are weights that a file would lack.
    """
    layers = list(walk(model))
    check_complete(model, layers)
    for path, layer in layers:
        writer.write(path, layer)
    optimizer = getattr(model, "optimizer", None)
    if with_optimizer and optimizer is not None and optimizer.built:
        names = {str(i): name for i, name in enumerate(_names(optimizer, model))}
        writer.write(_OPTIMIZER, optimizer, names)


def check_complete(model, layers):
    """Raises: ValueError for a model that would lose weights; `layers` are those that are saved, with their paths."""
    saved = {id(v) for _, layer in layers for v in layer._saved_variables()}
    own = {id(layer) for _, layer in layers if is_custom(layer, "save_own_variables")}
    adapters = {id(v) for _, layer in layers for v in getattr(layer, "_variables_in_the_sum", list)()}
    missing = [
        v
        for layer in model._flatten_layers()
        if id(layer) not in own
        for v in sum(layer._own_variables()[:2], [])
        if id(v) not in saved and id(v) not in adapters
    ]
    if missing:
        listed = ", ".join(repr(v.path) for v in missing[:_MANY])
        raise ValueError(f"The model {model.name!r} has weights that a file would lack: {listed}.")
    _check_paths(layers)
    refuse_strays(layers, model.variables)


def _check_paths(layers):
    """Raises: ValueError for layers that would stand at one place of a file, or where a layer's own weights stand."""
    places: dict[str, Any] = {}
    for path, layer in layers:
        other = places.setdefault(path, layer)
        if other is not layer or "vars" in path.split("/"):
            name = path.split("/")[-1]
            raise ValueError(
                f'Layer "{layer.path}" is held at {path!r}, where a file has other weights: name the attribute {name!r} otherwise.'
            )


def read(model, reader, skip_mismatch=False, optimizer="never"):
    """Read all weights of a model.

    Args:
        reader: see `weights_files`.
        skip_mismatch: whether layers whose weights do not fit are left as they are, with a warning.
        optimizer: "never", or "if there" to read its state too where the file has it, or "tell" to warn where it hasn't.

    Raises: ValueError that lists what is missing, unexpected or of another shape; nothing is changed then.
    """
    planned, problems, read_from = [], [], set()
    for path, layer in walk(model):
        store = reader.store(path)
        read_from.add(path)
        problem = _misfit(layer, store, path)
        if problem:
            problems.append(problem)
        elif len(store):
            planned.append((layer, store))
    known = {path for path in reader.paths() if path.split("/")[0] == _OPTIMIZER or _OTHERS.search(path)}
    problems += [f'the file has weights of "{path}", of which the model has no layer' for path in reader.paths()
                 if path not in read_from and path not in known]  # fmt: skip
    if problems and not skip_mismatch:
        more = f"\n- and {len(problems) - _MANY} more" if len(problems) > _MANY else ""
        raise ValueError("The weights don't fit the model:\n" + "\n".join(f"- {p}" for p in problems[:_MANY]) + more)
    for layer, store in planned:
        layer.load_own_variables(store)
    if problems:
        warn("Skipped:\n" + "\n".join(problems))
    if optimizer != "never" and getattr(model, "optimizer", None) is not None:
        _read_optimizer(model, reader.store(_OPTIMIZER), whole=optimizer == "if there")


def _misfit(layer, store, path):
    """What is wrong with a layer's weights in the file, or None."""
    if is_custom(layer, "load_own_variables"):
        return None
    variables = layer._saved_variables()
    where = f'layer "{layer.path}" ({path or "the model"})'
    if len(store) != len(variables):
        hint = "" if layer.built else "; it is not built yet: call the model on data first"
        return f"{where} has {len(variables)} weights, the file {len(store)}{hint}"
    for i, variable in enumerate(variables):
        if str(i) not in store:
            return f"{where}: the file has no weight {i}"
        shape = store.shape(str(i))
        if shape != variable.shape:
            return f'{where}: weight "{variable.name}" has shape {variable.shape}, in the file {shape}'
    return None


def is_custom(layer, method):
    """Whether a layer reads or writes its weights in its own way."""
    return getattr(type(layer), method) is not getattr(Layer, method)


# The optimizer


def _names(optimizer, model):
    """The names of the state's variables, without the optimizer's own and the model's, which may be others in another model.

    Layers of a file are built before their model takes them in, and then lack its name.
    """
    return [(v.path.partition("/")[2] or v.path).removeprefix(f"{model.name}_") for v in optimizer.variables]


def _read_optimizer(model, store, whole):
    """Read the state; `whole` says that the model, too, is the file's, so that names are the same."""
    optimizer = model.optimizer
    if not len(store):
        if not whole and optimizer.built:
            _warn_of_optimizer(optimizer, "the file has none; the weights are loaded")
        return
    if not optimizer.built:
        optimizer.build(model.trainable_variables)
    pairs = _matched(optimizer, _names(optimizer, model), store, whole)
    if pairs is None:
        count = f"the file has {len(store)} variables of an optimizer, this one has {len(optimizer.variables)}"
        if len(store) == len(optimizer.variables):
            count = "the file's is that of another optimizer or of other weights"
        _warn_of_optimizer(optimizer, f"{count}; the weights are loaded")
    elif all(key == str(i) for i, (_, key) in enumerate(pairs)) and len(pairs) == len(store):
        optimizer.load_own_variables(store)
    else:
        for variable, key in pairs:
            variable.assign(store[key])


def _warn_of_optimizer(optimizer, why):
    warn(
        f"The state of the optimizer {optimizer.name!r} is not loaded: {why}. Training goes on with the state that it has; "
        "compile the model anew to start afresh."
    )


def _matched(optimizer, own, store, whole):
    """Pairs of a variable and its number in the file; None if they do not belong together. `own` is the variables' names.

    By name where the file has the names of all, else by number; where weights of the file's model are no longer trained
    (frozen, quantized) or newly so (LoRA), those that both have.
    """
    variables = optimizer.variables
    numbers = [str(i) for i in range(len(store))]
    if any(number not in store for number in numbers) or store.class_name not in (None, registry.public_name(type(optimizer))):
        return None
    filed = {store.name(number): number for number in numbers}
    unique = len(filed) == len(numbers) and None not in filed and len(set(own)) == len(own)
    if unique and set(filed) == set(own):
        pairs = [(v, filed[name]) for v, name in zip(variables, own)]
    elif len(numbers) == len(variables) and all(v.shape == store.shape(n) for v, n in zip(variables, numbers)):
        return list(zip(variables, numbers))
    elif unique and (set(own) <= set(filed) or whole and set(own) & set(filed)):
        pairs = [(v, filed[name]) for v, name in zip(variables, own) if name in filed]
    else:
        return None
    return pairs if all(v.shape == store.shape(number) for v, number in pairs) else None
