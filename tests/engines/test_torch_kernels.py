"""PyTorch's own kernels give what the ops' bodies give, in value and gradient, and decline what they do not do."""

import numpy as np
import pytest

import kerata
from kerata import engines, ops
from kerata.core.op import OPS
from kerata.ops import rnn  # noqa: F401  (its ops are looked up by name)

RANDOM = np.random.default_rng(0)


def floats(*shape):
    return RANDOM.normal(size=shape).astype("float32")


MASK = RANDOM.random((2, 1, 3, 5)) > 0.4
MASK[..., 0] = True
STATE = floats(2, 4)
CASES = {
    "add": ([floats(3, 4), floats(4)], {}),
    "subtract": ([floats(3, 1), floats(4)], {}),
    "multiply": ([floats(3, 4), floats(3, 4)], {}),
    "divide": ([floats(3, 4), floats(4) + 3], {}),
    "matmul": ([floats(2, 3, 4), floats(4, 5)], {}),
    "affine": ([floats(3, 4), floats(4, 5), floats(5)], {}),
    "affine sequences": ([floats(2, 3, 4), floats(4, 5), floats(5)], {}),
    "clip": ([floats(3, 4)], {"x_min": -0.5, "x_max": 1}),
    "relu": ([floats(3, 4)], {}),
    "sigmoid": ([floats(3, 4)], {}),
    "tanh": ([floats(3, 4)], {}),
    "silu": ([floats(3, 4)], {}),
    "gelu": ([floats(3, 4)], {}),
    "gelu exact": ([floats(3, 4)], {"approximate": False}),
    "softmax": ([floats(3, 4)], {}),
    "softmax axis": ([floats(3, 4)], {"axis": 0}),
    "log_softmax": ([floats(3, 4)], {}),
    "layer_normalization": ([floats(3, 4), floats(4), floats(4)], {"epsilon": 1e-3}),
    "layer_normalization plain": ([floats(3, 4)], {"epsilon": 1e-3}),
    "normalize_by_batch": ({"x": floats(5, 3, 2, 4), "offset": floats(4), "scale": floats(4)}, {}),
    "normalize_by_batch plain": ({"x": floats(5, 4)}, {"epsilon": 1e-4}),
    "normalize_by_batch channels first": ({"x": floats(5, 4, 3), "offset": floats(4), "scale": floats(4)}, {"axis": 1}),
    "dot_product_attention": ([floats(2, 3, 2, 4), floats(2, 5, 2, 4), floats(2, 5, 2, 4)], {}),
    "dot_product_attention causal": ([floats(2, 5, 2, 4), floats(2, 5, 2, 4), floats(2, 5, 2, 4)], {"is_causal": True}),
    "dot_product_attention masked": ([floats(2, 3, 4, 4), floats(2, 5, 2, 4), floats(2, 5, 2, 4)], {"mask": MASK}),
    "dot_product_attention blind": (
        [floats(2, 3, 2, 4), floats(2, 5, 2, 4), floats(2, 5, 2, 4)],
        {"mask": MASK & (np.arange(3)[:, None] > 0)},
    ),
    "dot_product_attention both": (
        [floats(2, 3, 2, 4), floats(2, 5, 2, 4), floats(2, 5, 2, 4), floats(2, 2, 3, 5)],
        {"mask": MASK, "is_causal": True, "scale": 0.3},
    ),
    "lstm": ([floats(2, 6, 3), STATE, floats(2, 4), floats(3, 16), floats(4, 16), floats(16)], {"return_sequences": True}),
    "lstm backwards": ([floats(2, 6, 3), STATE, floats(2, 4), floats(3, 16), floats(4, 16)], {"go_backwards": True}),
    "gru": ([floats(2, 6, 3), STATE, floats(3, 12), floats(4, 12), floats(2, 12)], {"return_sequences": True}),
    "gru backwards": ([floats(2, 6, 3), STATE, floats(3, 12), floats(4, 12)], {"go_backwards": True}),
}  # fmt: skip


def run(function, arrays, options):
    names = list(arrays) if isinstance(arrays, dict) else None
    variables = [kerata.Variable(x) for x in (arrays.values() if names else arrays)]
    options = {k: ops.convert_to_tensor(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}

    def loss():
        values = [v.value for v in variables]
        outputs = function(**dict(zip(names, values)), **options) if names else function(*values, **options)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        return sum(ops.sum(ops.sin(y * (i + 1.0))) for i, y in enumerate(outputs)), outputs

    (_, outputs), gradients = kerata.value_and_grad(loss, variables, has_aux=True)
    return [np.asarray(x) for x in (*outputs, *gradients)]


@pytest.mark.parametrize("name", CASES)
def test_a_kernel_is_the_ops_body(name):
    arrays, options = CASES[name]
    op = OPS[name.split()[0]]
    with engines.use_engine("torch") as engine:
        kernel = engine.kernels[name.split()[0]]
        for mine, expected in zip(run(kernel, arrays, options), run(op.body, arrays, options), strict=True):
            np.testing.assert_allclose(mine, expected, rtol=2e-4, atol=2e-5)


def test_kernels_decline_what_they_do_not_do():
    with engines.use_engine("torch") as engine:
        x = ops.convert_to_tensor(floats(2, 6, 3))
        states = [ops.convert_to_tensor(STATE)] * 2
        weights = [ops.convert_to_tensor(w) for w in (floats(3, 16), floats(4, 16))]
        declined = [
            engine.kernels["lstm"](x, *states, *weights, mask=ops.ones((2, 6), "bool")),
            engine.kernels["lstm"](x, *states, *weights, activation=ops.relu),
            engine.kernels["gru"](x, states[0], *weights, reset_after=False),
            engine.kernels["softmax"](x, axis=(0, 1)),
            engine.kernels["clip"](x, None, 1.0),
            engine.kernels["layer_normalization"](x, axis=1, epsilon=1e-3),
            engine.kernels["layer_normalization"](x),
            engine.kernels["add"](x, 1.0),
        ]
        assert all(result is NotImplemented for result in declined)
        with pytest.raises(ValueError, match="matmul: shapes"):
            ops.matmul(x, x)
