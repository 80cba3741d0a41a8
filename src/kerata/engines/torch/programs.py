"""PyTorch's kernels recorded as they run, and played back by a Python function of one line a kernel."""

import collections
import functools

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from kerata.engines.state import context

aten = torch.ops.aten
# What differs from its argument for autograd alone.
_SAME_MEMORY = {aten.detach.default, aten.alias.default, aten.lift_fresh.default}
# What hands values to Python, which may act on them: a later run could take another way.
_READS_VALUES = {aten._local_scalar_dense.default, aten.equal.default, aten.is_nonzero.default}
_HANDS_OUT = {torch.Tensor.numpy, torch.Tensor.tolist, torch.Tensor.__array__, torch.Tensor.data_ptr}


class CannotRecord(RuntimeError):
    """What runs depends on values, or changes what does not belong to it."""


# One kernel's call: its function, its arguments, and what came out, with tensors in them.
Call = collections.namedtuple("Call", "kernel args kwargs result")


class Recording(TorchDispatchMode):
    """Inside, every call of a kernel is noted in `calls`, those of the backward pass included.

    Raises: CannotRecord where Python code asks for the value of a tensor.
    """

    def __init__(self):
        super().__init__()
        self.calls: list[Call] = []
        self.differentiates = False  # whether kernels were called for a backward pass to follow: some then keep more
        self.paused = False
        self._watch = _ValueWatch(self)

    def __enter__(self):
        context.recording = self
        self._watch.__enter__()
        return super().__enter__()

    def __exit__(self, *exception):
        super().__exit__(*exception)
        self._watch.__exit__(*exception)
        context.recording = None

    @classmethod
    def _should_skip_dynamo(cls):
        return False  # `True`, the default, imports all of torch.compile, which takes seconds

    def __torch_dispatch__(self, kernel, types, args=(), kwargs=None):
        if self.paused:
            return kernel(*args, **kwargs or {})
        if kernel in _READS_VALUES or torch.Tag.dynamic_output_shape in kernel.tags:
            raise CannotRecord(f"{kernel} reads the values of a tensor, so that what follows may depend on them.")
        self.differentiates |= torch.is_grad_enabled()
        kwargs = kwargs or {}
        result = kernel(*args, **kwargs)
        self.calls.append(Call(kernel, args, kwargs, result))
        return result


class _ValueWatch(TorchFunctionMode):
    """Finds what hands a tensor's memory out without calling a kernel."""

    def __init__(self, recording):
        super().__init__()
        self.recording = recording

    def __torch_function__(self, function, types, args=(), kwargs=None):
        if function in _HANDS_OUT and not self.recording.paused:
            raise CannotRecord(
                f"Tensor.{function.__name__} reads the values of a tensor, so that what follows may depend on them."
            )
        return function(*args, **(kwargs or {}))


def as_one_kernel(function):
    """`function(*args)`, without gradients, as one kernel of the recording that is under way, whatever it does inside."""

    @functools.wraps(function)
    def call(*args):
        recording = context.recording
        if recording is None or recording.paused:
            return function(*args)
        recording.paused = True
        try:
            with torch.no_grad():
                result = function(*args)
        finally:
            recording.paused = False
        recording.calls.append(Call(function, args, {}, result))
        return result

    return call


def _changes_arguments(kernel):
    return isinstance(kernel, torch._ops.OpOverload) and kernel._schema.is_mutable


def _is_pure(kernel):
    if not isinstance(kernel, torch._ops.OpOverload):
        return False
    return not kernel._schema.is_mutable and torch.Tag.nondeterministic_seeded not in kernel.tags


def tensors_in(x):
    """The tensors in an argument or a result of a kernel."""
    if isinstance(x, torch.Tensor):
        return [x]
    if isinstance(x, (list, tuple)):
        return [t for part in x for t in tensors_in(part)]
    return []


def _inputs(call):
    return tensors_in([*call.args, *call.kwargs.values()])


def _changed(calls):
    """The ids of tensors whose memory a kernel changes: what kernels in place write to, and what that is a view of."""
    changed: set[int] = set()
    for call in reversed(calls):
        shared = list(_sharing_memory(call))
        if any(written for _, written in shared) or any(id(x) in changed for x in tensors_in(call.result)):
            changed.update(id(x) for tensors, _ in shared for x in tensors)
            changed.update(id(x) for x in tensors_in(call.result) if shared)
    return changed


def _sharing_memory(call):
    """The arguments that a kernel writes to or returns views of: (tensors, whether they are written)."""
    arguments = call.kernel._schema.arguments if isinstance(call.kernel, torch._ops.OpOverload) else ()
    for i, argument in enumerate(arguments):
        if argument.alias_info is not None:
            given = call.args[i] if i < len(call.args) else call.kwargs.get(argument.name)
            yield tensors_in(given), argument.alias_info.is_write


def _needed(calls, outputs):
    """The calls that the outputs, or what is changed in place, depend on."""
    wanted, found = {id(x) for x in outputs}, []
    for call in reversed(calls):
        if _changes_arguments(call.kernel) or any(id(x) in wanted for x in tensors_in(call.result)):
            wanted.update(id(x) for x in _inputs(call))
            found.append(call)
    return found[::-1]


def program(calls, inputs, outputs, for_compiler=False):
    """A function of tensors like `inputs` that makes the calls anew and returns the list of what `outputs` were.

    Args:
        for_compiler: whether `torch.compile` is to read it, which knows kernels by their public names.

    Raises: CannotRecord if a tensor that is neither an input nor made by a call would be changed.
    """
    return _Writer(calls, inputs, outputs, for_compiler).function()


class _Writer:
    """Writes the source of a program."""

    def __init__(self, calls, inputs, outputs, for_compiler):
        self.for_compiler = for_compiler
        self.calls, self.inputs, self.outputs = _needed(calls, outputs), inputs, outputs
        self.changed = _changed(self.calls)
        self.names = {id(x): f"input{i}" for i, x in enumerate(inputs)}
        self.constants = {}  # ids of tensors that are the same in every run
        self.known = {}  # what a line computes -> its name
        self.scope, self.bound = {}, {}  # what the source names, and the names by ids
        self.lines = []  # (the text, the names it uses, the names it makes)

    def function(self):
        """The program, as a function."""
        for call in self.calls:
            self._write(call)
        result = self._text(list(self.outputs))
        parameters = ", ".join(f"input{i}" for i in range(len(self.inputs)))
        body = "\n    ".join([*self._freeing(), f"return {result}"])
        exec(f"def play({parameters}):\n    {body}", self.scope)  # noqa: S102 - written here, of names made here
        return self.scope["play"]

    def _write(self, call):
        given = _inputs(call)
        if call.kernel in _SAME_MEMORY and id(given[0]) in self.names:
            self.names[id(call.result)] = self.names[id(given[0])]
            return
        results = tensors_in(call.result)
        if (
            _is_pure(call.kernel)
            and not any(id(x) in self.changed for x in results)
            and all(self._is_constant(x) for x in given)
        ):
            self.constants.update((id(x), x) for x in results)
            return
        self._write_line(call, given, results)

    def _is_constant(self, x):
        return id(x) in self.constants or id(x) not in self.names and id(x) not in self.changed

    def _write_line(self, call, given, results):
        if call.kernel is aten.lift_fresh.default:  # of a constant that is then changed: each run has its own
            call = call._replace(kernel=aten.clone.default)
        elif any(id(x) not in self.names and id(x) in self.changed for x in given):
            raise CannotRecord(f"{call.kernel} changes, or makes a view for changing, a tensor from outside of the step.")
        used = {self.names[id(x)] for x in given if id(x) in self.names}
        arguments = [*map(self._text, call.args), *[f"{k}={self._text(v)}" for k, v in call.kwargs.items()]]
        # Itself where nobody reads on: without the frame of Python around it.
        kernel = call.kernel if self.for_compiler else getattr(call.kernel, "_op", call.kernel)
        line = f"{self._bound(kernel)}({', '.join(arguments)})"
        if (
            _is_pure(call.kernel)
            and isinstance(call.result, torch.Tensor)
            and not self.changed & {*map(id, [*given, *results])}
        ):
            if line in self.known:  # computed before, from the same
                self.names[id(call.result)] = self.known[line]
                return
            self.known[line] = self._target(call.result)
        if call.result is not None and results:
            line = f"{self._target(call.result)} = {line}"
        self.lines.append((line, used, {self.names[id(x)] for x in results}))

    def _target(self, result):
        if isinstance(result, torch.Tensor):
            return self.names.setdefault(id(result), f"tensor{len(self.names)}")
        return ", ".join("_" if x is None else self._target(x) for x in result) + ","

    def _freeing(self):
        """The lines, with every tensor let go after its last use."""
        alive = {self.names[id(x)] for x in self.outputs if id(x) in self.names} | {
            f"input{i}" for i in range(len(self.inputs))
        }
        lines = []
        for line, used, made in reversed(self.lines):
            last = sorted((used | made) - alive)
            alive.update(last)
            lines += [f"del {', '.join(last)}"] if last else []
            lines.append(line)
        return lines[::-1]

    def _text(self, x):
        if isinstance(x, torch.Tensor):
            if id(x) in self.names:
                return self.names[id(x)]
            return self._bound(self.constants.get(id(x), x))
        if isinstance(x, (list, tuple)):
            inner = "".join(f"{self._text(part)}, " for part in x)
            return f"[{inner}]" if isinstance(x, list) else f"({inner})"
        simple = type(x) in (bool, int, str, type(None)) or type(x) is float and abs(x) < float("inf")
        return repr(x) if simple else self._bound(x)

    def _bound(self, value):
        """A name of the source for an object."""
        name = self.bound.setdefault(id(value), f"object{len(self.bound)}")
        self.scope[name] = value
        return name
