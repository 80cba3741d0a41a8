"""Engines' own updates of weights are the optimizers' rules."""

import contextlib

import numpy as np
import pytest

import kerata
from kerata import engines, ops

OPTIMIZERS = {
    "Adam": {}, "Adam amsgrad": {"amsgrad": True}, "AdamW": {"weight_decay": 0.1}, "SGD": {},
    "SGD momentum": {"momentum": 0.9}, "SGD nesterov": {"momentum": 0.9, "nesterov": True},
    "Adam clipped": {"clipnorm": 0.5, "use_ema": True}, "Adam gathered": {"gradient_accumulation_steps": 2},
}  # fmt: skip


@contextlib.contextmanager
def without_own_updates(engine):
    kernels, engine.kernels = engine.kernels, {k: v for k, v in engine.kernels.items() if not k.startswith("update_by_")}
    try:
        yield
    finally:
        engine.kernels = kernels


def trained(engine, name, dtype, compiles):
    """Weights and state after ten updates, with the learning rate changed on the way."""
    optimizer = getattr(kerata.optimizers, name.split()[0])(0.05, **OPTIMIZERS[name])
    weights = [kerata.Variable(np.ones((3, 2)), dtype=dtype), kerata.Variable(np.ones(4), dtype=dtype)]
    if engine.name == "torch":
        weights[0].stored.data = weights[0].stored.data.t().contiguous().t()  # memory in another order
    optimizer.build(weights)
    step = lambda *grads: optimizer.apply(list(grads), weights)
    if compiles:
        step = engine.compile(step, [*weights, *optimizer.variables], donate=True)
    random = np.random.default_rng(1)
    for i in range(10):
        optimizer.learning_rate = 0.05 / (i + 1)
        step(*[ops.convert_to_tensor(random.normal(size=w.shape), dtype) for w in weights])
    return [v.numpy() for v in (*weights, *optimizer.variables)]


@pytest.mark.parametrize("compiles", [False, True], ids=["step by step", "compiled"])
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("library", ["torch", "tensorflow"])
def test_own_updates_are_the_rule(library, name, dtype, compiles):
    with engines.use_engine(library) as engine:
        mine = trained(engine, name, dtype, compiles)
        with without_own_updates(engine):
            expected = trained(engine, name, dtype, compiles)
    tolerance = {"float32": 1e-5, "float16": 1e-2, "bfloat16": 5e-2}[dtype]
    for a, b in zip(mine, expected, strict=True):
        np.testing.assert_allclose(a.astype("float32"), b.astype("float32"), rtol=tolerance, atol=tolerance / 10)


def test_gradients_that_are_no_plain_floats_go_to_the_rule():
    with engines.use_engine("tensorflow") as engine:
        optimizer, weight = kerata.optimizers.Adam(0.1), kerata.Variable([1.0, 2.0])
        optimizer.build([weight])
        slots = {name: list(found) for name, found in optimizer._slots.items()}
        wide = ops.convert_to_tensor([1.0, 1.0], "float64")
        assert engine.kernels["update_by_Adam"](optimizer, [wide], [weight], 0.1, 0, slots) is NotImplemented
        optimizer.apply([wide], [weight])
        np.testing.assert_allclose(weight.numpy(), [0.9, 1.9], rtol=1e-5)
