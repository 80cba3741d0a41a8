"""`@op`: one body, and with it the op's symbolic form, its faster kernels, its masks and its serialised name."""

import functools
from collections.abc import Callable
from typing import Any, TypeVar, overload

from kerata import engines
from kerata.core import masks, sparse_rules
from kerata.core.graph import OpCall, abstract_call, recorded
from kerata.engines.kinds import SYMBOLIC, kind_of_call
from kerata.engines.state import context

OPS: dict[str, Any] = {}
Body = TypeVar("Body", bound=Callable[..., Any])


@overload
def op(body: Body, *, elementwise: bool = ...) -> Body: ...


@overload
def op(*, elementwise: bool = ...) -> Callable[[Body], Body]: ...


def op(body: Any = None, *, elementwise: bool = False) -> Any:
    """Make a function an op.

    The body uses other ops, or the engine's numpy-like namespace, and nothing else. Called on symbolic tensors it becomes
    a node of their graph; its output spec comes from the same body, run on the abstract engine. An engine that has a
    kernel of the same name runs that instead; a kernel that returns `NotImplemented` leaves the call to the body. An
    elementwise op passes its inputs' mask on.
    """
    if body is None:
        return functools.partial(op, elementwise=elementwise)
    name = body.__name__

    @functools.wraps(body)
    def wrapper(*args, **kwargs):
        kind = kind_of_call(args, kwargs)
        if kind is not None:
            return (
                symbolic_call(wrapper, args, kwargs)
                if kind == SYMBOLIC
                else sparse_rules.apply(wrapper, args, kwargs, elementwise)
            )
        engine = context.engine or engines.current()
        result = engine.kernels.get(name, body)(*args, **kwargs)
        if result is NotImplemented:
            result = body(*args, **kwargs)
        if elementwise and masks.any_masks():
            masks.pass_on(args, result)
        return result

    setattr(wrapper, "body", body)
    OPS[name] = wrapper
    return wrapper


def symbolic_call(wrapper: Any, args: Any, kwargs: Any) -> Any:
    """What a call of a function on symbolic tensors gives: symbolic tensors, made by a node of their graph."""
    return recorded(OpCall(wrapper), args, kwargs, abstract_call(wrapper, args, kwargs))


def xp():
    """The numpy-like namespace of the engine in force."""
    return (context.engine or engines.current()).xp


engine = engines.current
