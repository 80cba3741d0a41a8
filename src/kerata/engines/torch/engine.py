"""The PyTorch engine: eager, its state changed in place, its gradients autograd's."""

import contextlib
import pathlib
from typing import Any

import numpy as np
import optree
import torch
from torch.utils.checkpoint import checkpoint

from kerata.engines import state
from kerata.engines.base import numpy_dtype
from kerata.engines.eager import EagerEngine
from kerata.engines.lifting import write
from kerata.engines.torch import (
    kernels as torch_kernels,
    numpy as torch_numpy,
    random as torch_random,
    tracing as torch_tracing,
)
from kerata.engines.torch.functions import gradients_of, held_by_scope
from kerata.engines.torch.modules import LayerModule, ModuleAdapter, unpickled_module
from kerata.engines.torch.programs import as_one_kernel

_NAMES = {
    getattr(torch, name): name
    for name in (
        "bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", "bfloat16", "float16", "float32",
        "float64", "float8_e4m3fn", "float8_e5m2", "complex64", "complex128",
    )
}  # fmt: skip
_DTYPES = {name: dtype for dtype, name in _NAMES.items()}
_HOST_DTYPES = {torch.bool, torch.int32, torch.int64, torch.float32, torch.float64}
# NumPy's dtypes that PyTorch does not know, and those of the same size through which they pass.
_FOREIGN = {"bfloat16": "int16", "float8_e4m3fn": "uint8", "float8_e5m2": "uint8"}


class TorchEngine(EagerEngine):
    """PyTorch: a trainable variable's storage is a leaf tensor, so `loss.backward()` and `torch.optim` work on models."""

    name = "torch"
    layer_base = LayerModule
    module_adapter = ModuleAdapter
    unpickled_module = staticmethod(unpickled_module)
    xp = torch_numpy
    conv = staticmethod(torch_kernels.conv)
    biased_conv = staticmethod(torch_kernels.biased_conv)
    pool = staticmethod(torch_kernels.pool)

    def __init__(self):
        super().__init__()
        self.kernels = dict(torch_kernels.KERNELS)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        if self.device.type != "cpu":
            torch.set_default_device(self.device)

    # Arrays

    def room_for_data(self):
        device = self._device()
        return torch.cuda.mem_get_info(device)[0] // 4 if device.type == "cuda" else None

    def is_array(self, x):
        return isinstance(x, torch.Tensor)

    def is_concrete(self, x):
        return not self.is_batched(x) and not torch_tracing.is_recording()

    def is_batched(self, x):
        return isinstance(x, torch.Tensor) and torch._C._functorch.is_batchedtensor(x)

    def asarray(self, x, dtype=None):
        if isinstance(x, (np.ndarray, np.generic)):
            x = _from_numpy(x)
            device = self._device()
            x = x if device.type == "cpu" else x.to(device)
        elif not isinstance(x, torch.Tensor):
            return torch.as_tensor(x, dtype=_DTYPES.get(dtype, dtype))
        return x if dtype is None else x.to(_DTYPES.get(dtype, dtype))

    def _device(self):
        """Where new tensors go; PyTorch takes 6 us to tell, so it is asked only if something may have changed that."""
        return torch.get_default_device() if torch._C._len_torch_function_stack() else self.device

    def to_numpy(self, x):
        x = x.detach().cpu()
        foreign = _FOREIGN.get(_NAMES[x.dtype])
        return x.view(_DTYPES[foreign]).numpy().view(numpy_dtype(_NAMES[x.dtype])) if foreign else x.resolve_conj().numpy()

    def cast(self, x, dtype):
        return x.to(_DTYPES[dtype])

    def dtype(self, x):
        return _NAMES[x.dtype]

    def known_dtype(self, dtype):
        return _DTYPES[dtype]

    def devices(self, kind=None):
        gpus = [f"cuda:{i}" for i in range(torch.cuda.device_count())]
        return {"cpu": ["cpu:0"], "gpu": gpus, "cuda": gpus}.get(kind, gpus or ["cpu:0"] if kind is None else [])

    def device_scope(self, name):
        return torch.device(name.replace("gpu", "cuda"))

    def device_in_force(self):
        device = self._device()
        return contextlib.nullcontext() if device == self.device else device

    def block_until_ready(self, x):
        if x.is_cuda:
            torch.cuda.synchronize(x.device)
        return x

    def getitem(self, x, key):
        if isinstance(key, torch.Tensor) and key.ndim == 0 and key.dtype is torch.int32:
            return x.index_select(0, key.reshape(1))[0]  # without waiting for the number
        keys = key if isinstance(key, tuple) else (key,)
        if any(isinstance(k, slice) and isinstance(k.step, int) and k.step < 0 for k in keys):
            return _reversed_item(x, keys)
        keys = tuple(torch.as_tensor(k, device=x.device) if isinstance(k, (np.ndarray, np.generic, list)) else k for k in keys)
        return x[keys if len(keys) != 1 else keys[0]]

    def take_rows(self, x, rows):
        return x.index_select(0, rows)

    # State

    def new_storage(self, x, dtype, trainable=False):
        stored = self.asarray(x, dtype).detach().clone()
        return stored.requires_grad_() if trainable and stored.is_floating_point() else stored

    def stored_after(self, stored, value):
        if not stored.requires_grad and not getattr(stored, "is_shared_with_module", False):
            if not isinstance(value, np.ndarray):
                return value.detach()
            return value if stored.device == self._device() else self.asarray(value).to(stored.device)
        value = self.asarray(value)
        if held_by_scope(stored, value):
            return stored
        with torch.no_grad():
            stored.copy_(value)  # in place: optimizers and users hold this very tensor
        return stored

    def next_seed(self, seed):
        return (seed.to(torch.int64) + torch.tensor([0, 1])).to(torch.uint32)

    def no_gradients(self):
        return torch.no_grad()

    # Transforms

    def fused(self, fn, *arrays):
        plain = [x.detach() for x in arrays]
        if torch_tracing.is_recording_for_compiler() or not all(x.is_cpu and x.dtype in _HOST_DTYPES for x in plain):
            return fn(self.xp, *plain)
        return as_one_kernel(_on_host)(fn, *plain)  # NumPy's small operations take a fraction of PyTorch's time

    def compile(self, fn, variables=(), donate=False, optimize=None):
        recorder = torch_tracing.Recorder(fn, variables, optimize)

        def call(*args):
            return recorder(*optree.tree_map(self._converted, args))

        return call

    def compile_loop(self, fn, variables=(), optimize=None):
        recorder = torch_tracing.Recorder(fn, variables, optimize)

        def loop(start, stop, *args):
            steps = torch.arange(start, stop, dtype=torch.int32).unbind()
            recorder.bring_variables()
            leaves, treedef = optree.tree_flatten((steps[0], *optree.tree_map(self._converted, args)), none_is_leaf=True)
            key = recorder.key(leaves, treedef)
            for i in steps:
                leaves[0] = i
                recorder.program(key)(leaves, treedef)

        return loop

    def _converted(self, x):
        return self.asarray(x) if isinstance(x, (np.ndarray, np.generic)) else x

    def value_and_grad(self, fn, variables, has_aux=False):
        variables = list(variables)

        def call():
            inner = state.context.gradients > 0  # gradients inside of a function that is itself differentiated
            given = [v.raw() for v in variables]
            leaves = [x if x.requires_grad and (x.is_leaf or inner) else x.detach().requires_grad_() for x in given]
            with torch.enable_grad(), state.thread_context(gradients=state.context.gradients + 1):
                if all(x is y for x, y in zip(given, leaves)):
                    with gradients_of(variables) as opened:
                        out = fn()
                    owners, new = opened[0].updates() if opened else ((), ())
                else:
                    with state.StateScope(variables, leaves) as scope:
                        out = fn()
                    owners, new = scope.updates()
                loss, aux = out if has_aux else (out, None)
                grads: Any = [None] * len(leaves)
                if loss.requires_grad:
                    grads = torch.autograd.grad(loss, leaves, allow_unused=True, create_graph=inner)
            grads = [torch.zeros_like(x) if g is None else g for g, x in zip(grads, leaves)]
            kept = (lambda x: x) if inner else _detached
            write(owners, map(kept, new))
            return ((kept(loss), optree.tree_map(kept, aux, none_is_leaf=True)) if has_aux else kept(loss)), grads

        return call

    def stop_gradient(self, x):
        return x.detach()

    def custom_gradient(self, fn):
        return lambda *args, **kwargs: _CustomGradient.apply(lambda *inner: fn(*inner, **kwargs), *args)

    def remat(self, fn):
        def call(*args):
            known: list[Any] = []  # what the first run assigned, and the values before: the second run begins with them
            updates: tuple[Any, Any] = (), ()

            def run(*args):
                nonlocal updates
                with state.StateScope(*known) as scope:
                    result = fn(*args)
                if not known:
                    updates = scope.updates()
                    known.extend((updates[0], [v.raw() for v in updates[0]]))
                return result

            result = checkpoint(run, *args, use_reentrant=False)
            write(*updates)
            return result

        return call

    def profile(self, folder):
        handler = torch.profiler.tensorboard_trace_handler(str(pathlib.Path(folder) / "plugins" / "profile"))
        profiler = torch.profiler.profile(on_trace_ready=handler)
        profiler.start()
        return profiler.stop

    def vectorized_map(self, fn, xs):
        return torch.func.vmap(fn, randomness="different")(xs)

    # Random

    def random(self, kind, seed, shape, dtype, *parameters):
        device, dtype = self._device(), _DTYPES[dtype] if dtype else None
        return as_one_kernel(torch_random.draw)(kind, device, seed, tuple(shape), dtype, *parameters)


def _on_host(fn, *arrays):
    return torch.from_numpy(np.asarray(fn(np, *[x.detach().numpy() for x in arrays])))


def _from_numpy(x):
    x = np.asarray(x)
    foreign = _FOREIGN.get(x.dtype.name)
    if foreign:
        return torch.from_numpy(np.array(x).view(foreign)).view(_DTYPES[x.dtype.name])
    if not x.flags.writeable or any(s < 0 for s in x.strides) or not x.dtype.isnative:
        x = np.array(x, dtype=x.dtype.newbyteorder("="))
    return torch.from_numpy(x)


def _detached(x):
    return x.detach() if isinstance(x, torch.Tensor) else x


def _reversed_item(x, keys):
    """`x[keys]` where slices run backwards, which PyTorch's own indexing does not do."""
    if Ellipsis in [k for k in keys if not isinstance(k, torch.Tensor)]:
        at = next(i for i, k in enumerate(keys) if k is Ellipsis)
        missing = x.ndim - sum(k is not None for k in keys) + 1
        keys = (*keys[:at], *[slice(None)] * missing, *keys[at + 1 :])
    axis, turned, forward = 0, [], []
    for k in keys:
        if isinstance(k, slice) and k.step is not None and k.step < 0:
            length = x.shape[axis]
            start, stop, step = k.indices(length)
            turned.append(axis)
            k = slice(length - 1 - start, length - 1 - stop, -step)
        forward.append(k)
        axis += k is not None
    return torch_numpy.turned(x, turned)[tuple(forward)]


class _CustomGradient(torch.autograd.Function):
    """A function that returns its result and the function of its gradients."""

    @staticmethod
    def forward(context, fn, *args):
        result, context.grad = fn(*args)
        return result

    @staticmethod
    def backward(context, *upstream):
        grads = context.grad(*upstream)
        return None, *(grads if isinstance(grads, (tuple, list)) else (grads,))
