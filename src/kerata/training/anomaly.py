"""NaN and infinity in training: where they came from."""

import numpy as np
import optree

from kerata.core import batch as current_batch
from kerata.core.findings import Findings, note_not_finite
from kerata.engines import current
from kerata.engines.state import StateScope, thread_context
from kerata.engines.warning import warn


def guarded(compilation, step, findings):
    """`step`, after which all is as before it once something was found, so that the step can be looked at again."""

    def run(data):
        variables = compilation.variables()
        before = [current().new_storage(v.value, v.dtype) for v in variables]  # copies: storage may be changed in place
        step(data)
        note_not_finite("the weights after the update", *(v.value for v in compilation.model.variables))
        found = findings.record.value[0] >= 0
        for variable, old in zip(variables, before):
            variable.assign(current().xp.where(found, old, variable.value))

    return run


def report(compilation, finding, where, data, batch, reported):
    """Say what is known of NaN or infinity in the loss or the weights.

    Args:
        compilation: what the model was compiled for.
        finding: a `Finding`.
        where: the step, in words.
        data: the data of the run.
        batch: a function that gives the step's `(data, valid)`, or None where they are gone.
        reported: whether the user was warned in this run.

    Raises: FloatingPointError if the model was compiled with `detect_anomaly=True`.
    """
    model = compilation.model
    if model.detect_anomaly and batch is not None:
        raise FloatingPointError(
            f"{where[0].upper()}{where[1:]} gave {_kind(finding)}. {_origin(compilation, *batch())} {_AS_BEFORE}"
        )
    if not reported:
        reason = _bad_row(data) or _bad_weight(model) or _NO_REASON
        what = finding.message[0].upper() + finding.message[1:]
        warn(f"{what}: {_kind(finding)} from {where} on. {reason}", RuntimeWarning)


_AS_BEFORE = "The model is as it was before that step."
_NAMES_THE_LAYER = "compile(..., detect_anomaly=True) stops at the step and names the layer."
_NO_REASON = (
    "The data and the weights are finite; the loss function or an output activation made it: see from_logits. "
    + _NAMES_THE_LAYER
)


def _kind(finding):
    return "NaN" if finding.value else "infinity"


def _bad_row(data):
    """The first row of data in memory that is not finite, in words."""
    arrays = data.arrays if getattr(data, "in_memory", False) else ()
    return _bad_row_of(arrays)


def _bad_row_of(arrays):
    for what, part in zip(("x", "y", "sample_weight"), arrays):
        for leaf in optree.tree_leaves(part):
            if leaf.dtype.kind == "f" and not np.isfinite(leaf).all():
                row = int(np.argwhere(~np.isfinite(leaf))[0][0])
                return f"{what} holds NaN or infinity, first in row {row}: clean the data (pandas: df.dropna())."
    return None


def _bad_weight(model):
    for variable in model.trainable_variables:
        if not np.isfinite(variable.numpy()).all():
            return (
                f"The data is finite; the weight {variable.path!r} is not: training diverged. A smaller learning rate, "
                f"clipnorm=1.0 in the optimizer, or scaled inputs help. {_NAMES_THE_LAYER}"
            )
    return None


def _origin(compilation, data, valid):
    """What became NaN or infinite first in the step on this batch, in words."""
    in_batch = _bad_row_of(data)
    if in_batch is not None:
        return f"In that batch {in_batch}"
    first, unfinished = _watched(compilation, data, valid)
    if first is None:
        names = ", ".join(map(repr, unfinished[:3])) + ("" if len(unfinished) <= 3 else f" and {len(unfinished) - 3} more")
        return (
            f"All layers and the loss are finite; the update of {names} is not: sqrt, log, division and norms have no "
            "finite gradient at 0."
        )
    if first.value:
        return f"The first NaN is in {first.message}."
    second, _ = _watched(compilation, data, valid, only_nan=True)
    then = "" if second is None else f", and then NaN in {second.message}"
    return f"There is first infinity in {first.message}{then}: numbers became too large, or were divided by 0."


def _watched(compilation, data, valid, only_nan=False):
    """Run the step again without changing anything; the first finding, and the weights that it leaves not finite."""
    findings = Findings(only_nan)
    with thread_context(observer=_observe), StateScope(), findings.collecting(), current_batch.valid_rows(valid):
        compilation.programs.plain("train")(data)
        bad = [v.path for v in compilation.model.trainable_variables if not np.isfinite(v.numpy()).all()]
        return findings.first(), bad


def _observe(layer, outputs):
    for x in optree.tree_leaves(outputs):
        if current().is_array(x):
            note_not_finite(f'the output of layer "{layer.path}" ({type(layer).__name__})', x)
