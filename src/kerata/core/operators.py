"""Python's operators on variables and symbolic tensors, each written once, as a row."""

_BINARY = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "divide",
    "floordiv": "floor_divide",
    "mod": "mod",
    "pow": "power",
    "matmul": "matmul",
    "and": "logical_and",
    "or": "logical_or",
    "xor": "logical_xor",
}
_COMPARE = {"lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal", "eq": "equal", "ne": "not_equal"}
_UNARY = {"neg": "negative", "abs": "absolute", "invert": "logical_not"}


def op_named(name):
    """An op; the ops stand above this floor, and are there when they are first used."""
    from kerata import ops

    return getattr(ops, name)


def _unary(name):
    return lambda self: op_named(name)(self)


def _binary(name):
    return lambda self, other: op_named(name)(self, other)


def _compared(name):
    """No tensor is equal to None, and none is less than it."""
    return lambda self, other: NotImplemented if other is None else op_named(name)(self, other)


def _reflected(name):
    return lambda self, other: op_named(name)(other, self)


def with_operators(cls):
    """Give a class all the operators that arrays have."""
    for dunder, name in _BINARY.items():
        setattr(cls, f"__{dunder}__", _binary(name))
        setattr(cls, f"__r{dunder}__", _reflected(name))
    for dunder, name in _COMPARE.items():
        setattr(cls, f"__{dunder}__", _compared(name))
    for dunder, name in _UNARY.items():
        setattr(cls, f"__{dunder}__", _unary(name))
    cls.__getitem__ = lambda self, key: op_named("get_item")(self, key)
    cls.__hash__ = object.__hash__
    cls.__array_priority__ = 100
    cls.__round__ = lambda self, ndigits=None: op_named("round")(self, ndigits or 0)
    return cls
