"""Recurrence: the general loop against plain Python, and JAX's kernels against the ops' bodies."""

import numpy as np
import pytest

import kerata
from kerata import engines, ops
from kerata.engines.abstract.array import AbstractArray
from kerata.ops import rnn as recurrent

RNG = np.random.default_rng(0)
X = RNG.standard_normal((2, 4, 3)).astype("float32")
MASK = np.array([[0, 1, 0, 1], [1, 1, 1, 0]], bool)


def add(x, states):
    total = states[0] + x
    return total * 2, [total]


def zeros(n=3):
    return np.zeros((2, n), "float32")


def both_close(a, b):
    np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-6, atol=1e-6)


def test_running_sum(engine):
    last, outputs, (total,) = recurrent.rnn(add, X, [zeros()])
    both_close(outputs, 2 * np.cumsum(X, 1))
    both_close(last, 2 * X.sum(1))
    both_close(total, X.sum(1))


def test_options_of_the_loop():
    with engines.use_engine("numpy"):
        last, outputs, _ = recurrent.rnn(add, X, [zeros()], go_backwards=True)
        both_close(outputs, 2 * np.cumsum(X[:, ::-1], 1))
        both_close(last, outputs[:, -1])
        _, only, _ = recurrent.rnn(add, X, [zeros()], return_all_outputs=False, unroll=True)
        both_close(only, 2 * X.sum(1, keepdims=True))
        _, first, _ = recurrent.rnn(add, X.swapaxes(0, 1), [zeros()], time_major=True)
        both_close(first, 2 * np.cumsum(X.swapaxes(0, 1), 0))
        _, shifted, _ = recurrent.rnn(lambda x, s: (x + s[1], s[:1]), X, [zeros()], constants=[np.float32(1)])
        both_close(shifted, X + 1)


def test_nested_inputs_outputs_and_states(engine):
    def step(x, states):
        a, (b, c) = states
        return {"sum": x["u"] + x["v"], "a": a}, [a + x["u"], [b + x["v"], c]]

    states = [zeros(), [zeros(), zeros(1)]]
    last, outputs, (a, (b, c)) = recurrent.rnn(step, {"u": X, "v": 2 * X}, states, mask=MASK)
    counts = np.where(MASK[..., None], X, 0)
    both_close(a, counts.sum(1))
    both_close(b, 2 * counts.sum(1))
    both_close(outputs["sum"][1, 3], 3 * X[1, 2])
    both_close(outputs["sum"][0, 0], np.zeros(3))
    assert c.shape == (2, 1) and last["a"].shape == (2, 3)


def test_masks():
    with engines.use_engine("numpy"):
        start = np.ones((2, 3), "float32")
        counted = 1 + np.cumsum(np.where(MASK[..., None], X, 0), 1)
        _, outputs, (total,) = recurrent.rnn(lambda x, s: (s[0] + x, [s[0] + x]), X, [start], mask=MASK)
        both_close(outputs, counted)
        both_close(total, counted[:, -1])
        for mask in (MASK[..., None], MASK.astype("int32")):
            both_close(recurrent.rnn(lambda x, s: (s[0] + x, [s[0] + x]), X, [start], mask=mask)[1], counted)
        last, outputs, _ = recurrent.rnn(add, X, [start], mask=MASK, zero_output_for_mask=True)
        both_close(outputs, np.where(MASK[..., None], 2 * counted, 0))
        both_close(last[1], np.zeros(3))
        _, outputs, _ = recurrent.rnn(add, X, [start], mask=np.array([True, False]))
        both_close(outputs[1], np.ones((4, 3)))


def test_shapes_with_unknown_axes():
    with engines.use_engine("abstract"):
        inputs, state = AbstractArray((None, None, 3), "float32"), AbstractArray((None, 3), "float32")
        last, outputs, states = recurrent.rnn(add, inputs, [state], mask=AbstractArray((None, None), "bool"), unroll=True)
    assert (last.shape, outputs.shape, states[0].shape) == ((None, 3), (None, None, 3), (None, 3))


def test_symbolic():
    inputs = kerata.Input((None, 3))
    output, h, c = recurrent.lstm(inputs, zeros(2), zeros(2), np.ones((3, 8), "float32"), np.ones((2, 8), "float32"))
    assert output.shape == (2, 2) and h.shape == c.shape == (2, 2)


def test_state_keeps_its_dtype():
    _, _, (state,) = recurrent.rnn(
        lambda x, s: (x, [s[0] + ops.cast(x, "float32")]), X.astype("float16"), [zeros().astype("float16")]
    )
    assert ops.dtype(state) == "float16"


def test_bad_steps():
    with pytest.raises(ValueError, match="at least one step; the time axis of its input has length 0"):
        recurrent.rnn(add, X[:, :0], [zeros()])
    with pytest.raises(ValueError, match="was given 1 states and returned 2"):
        recurrent.rnn(lambda x, s: (x, [x, x]), X, [zeros()])


GATES = {"lstm": (4, 2), "gru": (3, 1)}
OPTIONS = [
    {},
    {"mask": MASK, "return_sequences": True, "go_backwards": True, "zero_output_for_mask": True},
    {"mask": MASK, "unroll": True, "bias": None},
]


def arguments(name, units=2):
    gates, states = GATES[name]
    shapes = {"x": X.shape, "states": (states, 2, units), "kernel": (3, gates * units), "recurrent": (units, gates * units)}
    shapes["bias"] = (gates * units,) if name == "lstm" else (2, gates * units)
    return {k: RNG.standard_normal(s).astype("float32") for k, s in shapes.items()}


@pytest.mark.parametrize("name", GATES)
@pytest.mark.parametrize("options", OPTIONS, ids=lambda o: ",".join(o) or "plain")
def test_kernel_equals_body(name, options):
    import jax
    import jax.numpy as jnp

    op = getattr(recurrent, name)
    assert name in engines.get("jax").kernels
    options = dict(options)
    has_bias = options.pop("bias", True)

    def run(fn, a):
        outputs = fn(a["x"], *a["states"], a["kernel"], a["recurrent"], a["bias"] if has_bias else None, **options)
        return sum(jnp.sum(jnp.sin(y * (i + 1))) for i, y in enumerate(outputs)), outputs

    @jax.jit
    def compare(a):
        return [jax.value_and_grad(lambda a: run(fn, a), has_aux=True)(a) for fn in (op, op.body)]

    ours, expected = compare(arguments(name))
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(expected)):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=2e-6)


def test_kernels_decline():
    a = arguments("gru")
    given = (a["x"], *a["states"], a["kernel"], a["recurrent"])
    kernel = engines.get("jax").kernels["gru"]
    assert kernel(*given, reset_after=False) is NotImplemented
    assert kernel(*given, activation=ops.relu) is NotImplemented
    assert kernel(a["x"].astype("float16"), *given[1:]) is NotImplemented
    with engines.use_engine("numpy"):
        expected = recurrent.gru(*given, activation=ops.relu)[0]
    both_close(recurrent.gru(*given, activation=ops.relu)[0], expected)


def test_simple_rnn(engine):
    h, kernel, recurrent_kernel = zeros(2), RNG.standard_normal((3, 2)).astype("float32"), np.eye(2, dtype="float32")
    output, state = recurrent.simple_rnn(X, h, kernel, recurrent_kernel, np.ones(2, "float32"))
    for t in range(4):
        h = np.tanh(X[:, t] @ kernel + 1 + h)
    both_close(output, h)
    both_close(state, h)
