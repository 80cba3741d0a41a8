"""Steps recorded once as a flat list of PyTorch's kernels, and played back without the Python that called them.

A small step spends most of its time in Python: in layers, in autograd's book-keeping, in an optimizer. A dispatch mode
(`programs.py`) notes the kernels of forward pass, backward pass and update alike; what is played back is a function of
one line for each.
A step is recorded only where that can't change what it does: where no code but kerata's and its libraries' runs in it,
or where the user asked for it with `jit_compile=True`.
"""

import contextlib
import gc
import sys
import time

import optree
import torch

from kerata.engines.lifting import Listing
from kerata.engines.state import StateScope, UnlistedVariables, context, thread_context
from kerata.engines.torch.programs import Recording, program
from kerata.engines.warning import warn

# A step that takes longer gains little: its time goes into the kernels, and recording holds all their results at once.
_SECONDS_WORTH_RECORDING = 0.5
_STEPS_BEFORE = 3  # the first builds, the others show how long a step takes and whose code runs in it
_LIBRARIES = {"kerata", "torch", "numpy", "optree", "ml_dtypes", "array_api_compat"} | set(sys.stdlib_module_names)


def is_recording():
    """Whether a step is being recorded: tensors then stand for those of later runs."""
    return context.recorded_for_compiler is not None


def is_recording_for_compiler():
    """Whether what is recorded goes to `torch.compile`, which fuses kernels, where Python in between would only hinder it."""
    return context.recorded_for_compiler is True


class Recorder:
    """A stateful function that is recorded when it has shown that this pays, for each signature of its arguments.

    Args:
        fn: the function.
        variables: those that it reads or assigns, as far as known.
        optimize: True to record at once and to fuse the kernels with `torch.compile`, None to record where it pays.
    """

    def __init__(self, fn, variables, optimize):
        self.fn, self.variables, self.optimize = fn, list(variables), optimize
        self.programs = {}

    def __call__(self, *args):
        self.bring_variables()
        leaves, treedef = optree.tree_flatten(args, none_is_leaf=True)
        return self.program(self.key(leaves, treedef))(leaves, treedef)

    def bring_variables(self):
        """Move variables here that were made while another engine was in force, or that were moved."""
        for v in self.variables:
            if v.engine_name != "torch":
                v.to_engine("torch")

    def key(self, leaves, treedef):
        """The signature of arguments: programs are made for shapes and memory layouts."""
        return treedef, torch.is_grad_enabled(), tuple(map(_signature, leaves))

    def program(self, key):
        """What runs arguments of this signature: `program(leaves, treedef)`."""
        found = self.programs.get(key)
        if found is None:
            found = self.programs[key] = _Trial(self, key)
        return found

    def eagerly(self, leaves, treedef):
        """The function as it stands."""
        return self.fn(*optree.tree_unflatten(treedef, leaves))


class _Trial:
    """The first runs of one signature, as they stand, and the choice between recording and going on like that."""

    def __init__(self, recorder, key):
        self.recorder, self.key = recorder, key
        self.runs = 0
        self.seconds = float("inf")
        self.foreign = True

    def __call__(self, leaves, treedef):
        self.runs += 1
        if self.recorder.optimize is not None and self.runs > 1 or self.runs > _STEPS_BEFORE:
            self.recorder.programs[self.key] = self._chosen(leaves, treedef)
            return self.recorder.programs[self.key](leaves, treedef)
        started = time.perf_counter()
        with foreign_code() if self.runs == _STEPS_BEFORE else contextlib.nullcontext() as found:
            result = self.recorder.fn(*optree.tree_unflatten(treedef, leaves))
        if found is None:
            self.seconds = min(self.seconds, time.perf_counter() - started)
        else:
            self.foreign = bool(found)
        return result

    def _chosen(self, leaves, treedef):
        recorder = self.recorder
        if recorder.optimize is None and (self.foreign or self.seconds > _SECONDS_WORTH_RECORDING):
            return recorder.eagerly
        try:
            return record(recorder, leaves, treedef)
        except Exception as error:  # whatever stops the recording, the step itself still runs
            if recorder.optimize:
                _warn("can't be recorded and runs step by step", error)
            return recorder.eagerly


@contextlib.contextmanager
def foreign_code():
    """Gives a set that holds, afterwards, the modules outside of kerata and its libraries whose code ran inside."""
    found = set()
    if sys.getprofile() is not None:  # somebody else is watching
        yield {"unknown"}
        return

    def note(frame, event, argument):
        module = frame.f_globals.get("__name__") or ""
        if module.partition(".")[0] not in _LIBRARIES:
            found.add(module)

    collects = gc.isenabled()
    gc.disable()  # what it calls belongs to no step
    sys.setprofile(note)
    try:
        yield found
    finally:
        sys.setprofile(None)
        if collects:
            gc.enable()


def _signature(x):
    if isinstance(x, torch.Tensor):
        return x.shape, x.dtype, x.stride(), x.requires_grad, x.device
    return type(x), x


def _own_memory(x):
    """A copy that trains and is laid out as `x` is."""
    return torch.empty_like(x).copy_(x).detach().requires_grad_(x.requires_grad)


class _CopyingScope(StateScope):
    """A scope for recording: variables that were not listed are copied too, since kernels change values in place."""

    def unknown(self, variable):
        super().unknown(variable)
        self.values[id(variable)] = copy = _own_memory(variable.stored)
        return copy


def record(recorder, leaves, treedef):
    """The program of a recorder's function for arguments like these.

    The recording runs on copies of all state, so that it changes nothing.
    """
    for attempt in Listing(recorder.variables):
        with attempt:
            program = _record(recorder.fn, recorder.variables, leaves, treedef, recorder.optimize)
    return program


def _record(fn, variables, leaves, treedef, optimize):
    places = [i for i, x in enumerate(leaves) if isinstance(x, torch.Tensor)]
    values = [_own_memory(v.stored) for v in variables]
    with (
        _being_recorded(bool(optimize)),
        Recording() as recording,
        _CopyingScope(variables, values, closed=True, in_place=True) as scope,
    ):
        result = fn(*optree.tree_unflatten(treedef, leaves))
        if scope.unlisted:
            raise UnlistedVariables(list(scope.unlisted.values()))
        assigned = _written_in_place(scope, dict(zip(map(id, variables), values)))
    leaves_out, treedef_out = optree.tree_flatten(result, none_is_leaf=True)
    outputs = [x for x in leaves_out if isinstance(x, torch.Tensor)]
    inputs = [*values, *[leaves[i] for i in places]]
    play = program(recording.calls, inputs, [*outputs, *[scope.values[id(v)] for v in assigned]], bool(optimize))
    with torch.set_grad_enabled(recording.differentiates):
        play = _compiled(play, inputs) if optimize else _below_autograd(play)
    others = [None if isinstance(x, torch.Tensor) else (x,) for x in leaves_out]
    return _Program(play, recording.differentiates, variables, places, assigned, others, treedef_out)


def _compiled(play, inputs):
    """A program run by `torch.compile`, after a trial on copies; by itself if that fails, as without a C++ compiler."""
    fused = torch.compile(play)

    def run(tensors):
        return fused(*[x.detach() for x in tensors])

    try:
        run(inputs)
    except Exception as error:
        _warn("can't be compiled and runs kernel by kernel", error)
        return _below_autograd(play)
    return run


def _warn(what, error):
    reason = str(error).strip().splitlines()
    warn(
        f"jit_compile=True: this step {what} instead, with the same results. "
        f"PyTorch says: {reason[0] if reason else type(error).__name__}"
    )


def _below_autograd(play):
    def run(tensors):
        with torch._C._AutoDispatchBelowAutograd():
            return play(*tensors)

    return run


@contextlib.contextmanager
def _being_recorded(for_compiler):
    with thread_context(recorded_for_compiler=for_compiler):
        yield


def _written_in_place(scope, values):
    """Write weights that were assigned into their memory. Returns the other variables that were."""
    others = []
    for key, variable in scope.assigned.items():
        if not values[key].requires_grad:
            others.append(variable)
        elif scope.values[key] is not values[key]:
            with torch.no_grad():
                values[key].copy_(scope.values[key])
    return others


class _Program:
    """A recorded function: takes arguments of one signature, changes the variables, returns the result."""

    def __init__(self, play, differentiates, variables, places, assigned, others, treedef):
        self.play, self.variables, self.places, self.assigned = play, list(variables), places, assigned
        self.differentiates = differentiates  # some kernels ask whether gradients are on
        self.others, self.treedef = others, treedef  # the result: None for a tensor, or (what it is,)

    def __call__(self, leaves, treedef):
        tensors = [v.stored for v in self.variables]
        for i in self.places:
            tensors.append(leaves[i])
        with torch.set_grad_enabled(self.differentiates):
            outputs = self.play(tensors)
        count = len(outputs) - len(self.assigned)
        for variable, value in zip(self.assigned, outputs[count:]):
            variable.stored = value
        return self._result(iter(outputs))

    def _result(self, outputs):
        leaves = [next(outputs) if other is None else other[0] for other in self.others]
        return optree.tree_unflatten(self.treedef, leaves)
