"""Folders of checkpoints as Orbax writes them: what of a model is in them, and how it comes back."""

import importlib
import json
import pathlib
import re

import numpy as np

from kerata.core.paths import flattened, nested
from kerata.core.serialization import serialize_keras_object

STATE, CONFIG = "pytree", "model_config"  # the names of the two parts of a checkpoint, as in Keras's
WEIGHTS: tuple[str, ...] = ("trainable_variables", "non_trainable_variables")
OPTIMIZER = "optimizer_variables"
_GENERATOR = re.compile(r"(?<![^/])seed_generator(_\d+)?/")


def orbax():
    """Orbax's module of version 1.

    Raises: ImportError naming what to install.
    """
    for name in ("orbax.checkpoint.v1", "orbax.checkpoint.experimental.v1"):
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise ImportError("Checkpoints in Orbax's form need Orbax: pip install orbax-checkpoint (or kerata[orbax]).")


def parts_of(model, weights_only):
    """What a checkpoint of a model holds: copies of its variables, which training may change meanwhile, and its config."""
    groups = {kind: by_path(variables) for kind, variables in model._state_groups().items()}
    if weights_only:
        groups = {kind: groups[kind] for kind in WEIGHTS}
    arrays = {k: {path: np.array(v.numpy()) for path, v in variables.items()} for k, variables in groups.items() if variables}
    parts = {STATE: {kind: nested(flat) for kind, flat in arrays.items()}}
    return parts if weights_only else parts | {CONFIG: {"config": json.dumps(serialize_keras_object(model))}}


def by_path(variables):
    """Variables by their paths; of those that share one, the later ones have a number added.

    Random generators are numbered as they come: the names that they get by themselves differ from process to process.
    """
    found = {}
    generators: dict[str, str] = {}
    for variable in variables:
        base = _GENERATOR.sub(
            lambda match: generators.setdefault(match[0], f"seed_generator_{len(generators)}/"), variable.path
        )
        path, number = base, 0
        while path in found:
            number += 1
            path = f"{base}_{number}"
        found[path] = variable
    return found


def folder_of(path):
    """The folder of the last checkpoint in a folder of them, or the path itself if it is one checkpoint; None if neither."""
    path = pathlib.Path(path)
    if (path / STATE).is_dir():
        return path
    if not path.is_dir():
        return None
    steps = [p for p in path.iterdir() if p.name.isdigit() and (p / STATE).is_dir()]
    return max(steps, key=lambda p: int(p.name), default=None)


def read(folder):
    """A checkpoint's nested dicts of arrays, and the model's config, None if there is only the weights."""
    library = orbax()
    absolute = pathlib.Path(folder).absolute()
    tree = library.load_checkpointables(absolute, {STATE: None})[STATE]
    if not (absolute / CONFIG).is_dir():
        return tree, None
    return tree, json.loads(library.load_checkpointables(absolute, {CONFIG: None})[CONFIG]["config"])


def restore(model, tree, kinds):
    """Set a model's variables of some kinds to what a checkpoint holds; all fit, or none is changed.

    The model's own name, with which paths begin or not, is left aside.

    Raises: ValueError naming the variables that do not fit.
    """
    ours = {kind: by_path(variables) for kind, variables in model._state_groups().items()}
    theirs = {kind: _renumbered(flattened(tree.get(kind, {}))) for kind in ours}
    trained = kinds[0]
    pairs = [(a, b) for a in _views(ours) for b in _views(theirs)]
    ours, theirs = next(((a, b) for a, b in pairs if a[trained].keys() == b[trained].keys()), pairs[0])
    planned, problems = [], []
    for kind in kinds:
        problems += [f"the checkpoint lacks {path!r}" for path in ours[kind] if path not in theirs[kind]]
        problems += [f"the model lacks {path!r}" for path in theirs[kind] if path not in ours[kind]]
        for path in ours[kind].keys() & theirs[kind].keys():
            variable, value = ours[kind][path], np.asarray(theirs[kind][path])
            planned.append((variable, value))
            if value.shape != tuple(variable.shape):
                problems.append(f"{path!r} has shape {tuple(variable.shape)}, in the checkpoint {value.shape}")
    if problems:
        raise ValueError("The checkpoint doesn't fit the model:\n" + "\n".join(f"- {text}" for text in problems[:10]))
    for variable, value in planned:
        variable.assign(value)


def _renumbered(flat):
    """Values by path, random generators numbered in the order of their names."""
    names = {match[0] for path in flat if (match := _GENERATOR.search(path))}
    order = sorted(names, key=lambda name: int(re.sub(r"\D", "", name) or -1))
    new = {name: f"seed_generator_{i}/" for i, name in enumerate(order)}
    return {_GENERATOR.sub(lambda match: new[match[0]], path): value for path, value in flat.items()}


def _views(groups):
    """Groups of variables by path: as they are, and without the name with which all that is trained begins."""
    yield groups
    first = {path.split("/")[0] for path in groups["trainable_variables"]}
    if len(first) == 1:
        start = first.pop()
        short = lambda path: path.removeprefix(f"{start}/").replace(f"/{start}_", "/", 1)
        yield {kind: {short(path): value for path, value in flat.items()} for kind, flat in groups.items()}
