"""What makes a layer that runs on PyTorch a `torch.nn.Module` too."""

import collections
import io
import re
import types
from typing import Any

import torch

from kerata.engines.warning import warn

# A layer's call is its own and runs no hooks of modules: adding one raises.
_NO_HOOKS: Any = types.MappingProxyType({})


class LayerModule(torch.nn.Module):
    """The last base of `Layer`: what a layer does not define itself, it does as a module.

    So a layer can be an attribute of a module, stand in `torch.nn.Sequential`, and give its `parameters()` to an optimizer
    of PyTorch's. Weights stay where they are, in the layer's variables; a module's tables are made of them when asked for.
    """

    _non_persistent_buffers_set: Any = frozenset()
    _is_full_backward_hook = None
    _backward_pre_hooks = _backward_hooks = _forward_hooks = _forward_pre_hooks = _NO_HOOKS
    _forward_hooks_with_kwargs = _forward_pre_hooks_with_kwargs = _forward_hooks_always_called = _NO_HOOKS
    _state_dict_hooks = _state_dict_pre_hooks = _NO_HOOKS
    _load_state_dict_pre_hooks = _load_state_dict_post_hooks = _NO_HOOKS

    _place: Any

    # A layer's attributes are those of any Python object.
    def __setattr__(self, name, value):
        """A module becomes a layer, so that its weights are the layer's: trained, saved and moved with it."""
        if isinstance(value, (torch.nn.Module, torch.nn.Parameter)) and not isinstance(value, LayerModule):
            value = self._as_layers(name, value)
        object.__setattr__(self, name, value)

    def _as_layers(self, name, value):
        if isinstance(value, torch.nn.Parameter):
            warn(
                f'Layer "{self.path}": the torch.nn.Parameter {name!r} is no weight of the layer, so it is neither trained nor '
                "saved. Make it with add_weight, or hold a torch.nn.Module that has it."
            )
            return value
        if isinstance(value, torch.nn.ModuleList):
            return [self._as_layers(name, part) for part in value]
        if isinstance(value, torch.nn.ModuleDict):
            return {key: self._as_layers(name, part) for key, part in value.items()}
        return value if isinstance(value, LayerModule) else self._around_module(value)

    __delattr__: Any = object.__delattr__
    __dir__: Any = object.__dir__

    def __getattr__(self, name):
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def forward(self, *args, **kwargs):
        """The layer's call."""
        return self(*args, **kwargs)

    _parameters: Any = property(lambda self: {name: v.stored for name, v in self._placed_variables() if v.stored.requires_grad})
    _buffers: Any = property(
        lambda self: {name: v.stored for name, v in self._placed_variables() if not v.stored.requires_grad}
    )
    _modules: Any = property(lambda self: _named([(_lasting_name(layer), layer) for layer in self._sublayers()]))

    def _placed_variables(self):
        variables = [v for group in self._own_variables() for v in group]
        elsewhere = next((v for v in variables if v.engine_name != "torch"), None)
        if elsewhere is not None:
            raise RuntimeError(
                f'Layer "{self.path}" runs on {elsewhere.engine_name}: only on PyTorch is it a module. Use '
                'to_engine("torch") on the model, or choose the engine before the layer is made.'
            )
        return _named([(v.name, v) for v in variables]).items()

    def _apply(self, fn, recurse=True):
        """Move the weights, and all that goes with them, as `.to(device)` and `.cuda()` ask for; new tensors go there too."""
        for layer in self._sublayers() if recurse else ():
            layer._apply(fn)
        usual = torch.get_default_device()
        with self._place:
            moved = fn(torch.empty(0)).device
        if moved != usual:
            self._place = moved
        else:
            vars(self).pop("_place", None)
        beside = [v for v in self._accompanying_variables() if v.engine_name == "torch"]
        for variable in (*(v for _, v in self._placed_variables()), *beside):
            moved = fn(variable.stored.detach())
            if moved.dtype != variable.stored.dtype:
                raise ValueError(
                    f"{variable.path} is {variable.dtype}: a layer's dtypes are chosen by its `dtype` argument when it is made."
                )
            try:  # the very tensor that optimizers hold, if tensors of the two devices can be one
                variable.stored.data = moved
            except RuntimeError:
                variable.stored = moved.requires_grad_(variable.stored.requires_grad)
        return self


def _lasting_name(layer):
    """The name that a user gave a layer, else that of its class: the same in every process."""
    kind = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(layer).__name__).lower()
    return kind if re.fullmatch(rf"{kind}(_\d+)?", layer.name) else layer.name


def _named(pairs):
    """A dict of pairs; equal names get numbers."""
    found = {}
    counts: collections.Counter[str] = collections.Counter()
    for name, value in pairs:
        found[f"{name}_{counts[name]}" if counts[name] else name] = value
        counts[name] += 1
    return found


class ModuleAdapter:
    """What a layer around a module needs of it."""

    def __init__(self, module):
        if not isinstance(module, torch.nn.Module):
            raise TypeError(f"TorchModuleWrapper takes a torch.nn.Module; {type(module).__name__} came.")
        self.module = module

    def is_complete(self):
        """Whether all parameters have shapes."""
        return not any(torch.nn.parameter.is_lazy(x) for x in (*self.module.parameters(), *self.module.buffers()))

    def state(self):
        """The names, the tensors, and whether they are trained."""
        if not self.is_complete():
            return []
        self._mark_shared()
        parameters = [(name, x, x.requires_grad) for name, x in self.module.named_parameters()]
        return parameters + [(name, x, False) for name, x in self.module.named_buffers()]

    def _mark_shared(self):
        """See `TorchEngine.stored_after`, and `Variable.__getstate__`."""
        for x in (*self.module.parameters(), *self.module.buffers()):
            setattr(x, "is_shared_with_module", True)

    def __setstate__(self, state):
        vars(self).update(state)
        if self.is_complete():
            self._mark_shared()  # PyTorch copies parameters without their attributes

    def call(self, variables, training, args, kwargs):
        """The module's output, with the variables' values here and now in the place of its own tensors."""
        if self.module.training != training:
            self.module.train(training)
        values = {v.name: v.raw() for v in variables}
        if all(value is v.stored for value, v in zip(values.values(), variables)):
            return self.module(*args, **kwargs)
        return torch.func.functional_call(self.module, values, args, kwargs)

    def pickled(self):
        """The module as bytes."""
        memory = io.BytesIO()
        torch.save(self.module, memory)
        return memory.getvalue()


def unpickled_module(data):
    """A module from its bytes; runs what is in them."""
    return torch.load(io.BytesIO(data), weights_only=False)
