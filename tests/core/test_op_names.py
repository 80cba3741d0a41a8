"""Ops in configs of graphs: each library reads the other's, with the same names, shapes and dtypes."""

import json
import warnings

import numpy as np
import optree
import pytest
from tests.ops.calls import CALLS
from tests.oracle import keras as oracle

import kerata

FIRST = {call.op: call for call in reversed(CALLS)}
FUNCTIONS = {
    "scan",
    "associative_scan",
    "vectorized_map",
    "map",
    "fori_loop",
    "while_loop",
    "switch",
    "cond",
}  # they hold lambdas
OTHERS_SHAPES = {"corrcoef", "kron", "slogdet", "rot90", "bincount", "percentile"}
OTHERS_SHAPES |= {"adaptive_max_pool", "adaptive_average_pool"}  # of a list of lengths, which is what files hold
OTHERS_DTYPES = {"multi_hot", "angle", "imag", "real", "polar", "lu_factor", "inv", "rfft", "select"}
UNREAD = {  # by the oracle
    "mish": "no class there",
    "min_pool": "no op there",
    "adaptive_max_pool": "not even its own",
    "adaptive_average_pool": "not even its own",
    "select": "no `default`",
    "scatter": "`values` that are a list",
    "image.scale_and_translate": "not even its own",
    "image.extract_patches_3d": "another op there",
}
CASES = [name for name in FIRST if name not in FUNCTIONS]
UNWRITTEN = {"scatter": "values that are a list"}


def model(keras, call):
    """A model that is one call of an op; None where nothing in it is symbolic, or the library has no such op."""
    inputs = []

    def symbolic(x):
        if not isinstance(x, np.ndarray):
            return x
        inputs.append(keras.Input(batch_shape=x.shape, dtype=x.dtype.name))
        return inputs[-1]

    op = keras.ops
    for name in call.op.split("."):
        op = getattr(op, name, None)
    if op is None:
        return None
    args, kwargs = optree.tree_map(symbolic, (call.args, call.kwargs))
    outputs = [x for x in optree.tree_leaves(op(*args, **kwargs)) if isinstance(x, keras.KerasTensor)]
    return keras.Model(inputs, outputs) if inputs and outputs else None


def facts(model, name):
    shapes = [] if name in OTHERS_SHAPES else [tuple(x.shape) for x in model.outputs]
    return shapes, [] if name in OTHERS_DTYPES | OTHERS_SHAPES else [x.dtype for x in model.outputs]


def crossed(name, writer, reader):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        written = model(writer, FIRST[name])
        if written is None:
            return
        read = reader.Model.from_config(json.loads(json.dumps(written.get_config())))
    assert [layer.name for layer in read.layers] == [layer.name for layer in written.layers]
    assert facts(read, name) == facts(written, name)


@pytest.mark.parametrize("name", CASES)
def test_the_oracle_reads_what_kerata_writes(name):
    if name in UNREAD:  # of which none may work unnoticed
        with pytest.raises((ValueError, TypeError, AttributeError)):
            crossed(name, kerata, oracle())
    else:
        crossed(name, kerata, oracle())


@pytest.mark.parametrize("name", [name for name in CASES if name not in UNWRITTEN])
def test_kerata_reads_what_the_oracle_writes(name):
    crossed(name, oracle(), kerata)


def test_calls_have_the_oracles_names():
    def named(keras):
        keras.backend.clear_session(free_memory=False)
        x = keras.Input(batch_shape=(2, 4))
        ops = keras.ops
        results = [
            ops.abs(x),
            ops.conj(x),
            ops.isin(x, x),
            ops.batch_normalization(x, x[0], x[0], -1),
            ops.cdist(x, x),
            ops.searchsorted(x[0], x[1]),
        ]
        return keras.Model(x, results).output_names

    assert named(kerata) == named(oracle())


def test_arguments_are_read_into_the_places_that_the_config_leaves():
    x, mean = np.ones((2, 3), "float32"), np.zeros(3, "float32")
    inputs = [oracle().Input((3,)), oracle().Input(batch_shape=(3,))]
    result = oracle().ops.batch_normalization(inputs[0], inputs[1], inputs[1] + 3.0, -1, scale=inputs[1] + 5.0, epsilon=1.0)
    ours = kerata.Model.from_config(json.loads(json.dumps(oracle().Model(inputs, result).get_config())))
    np.testing.assert_allclose(ours([x, mean]), 2.5 * x, rtol=1e-5)


def test_kerata_reads_what_it_writes():
    for name, call in FIRST.items():
        if name not in FUNCTIONS and (written := model(kerata, call)) is not None:
            read = kerata.Model.from_config(json.loads(json.dumps(written.get_config())))
            assert [(x.shape, x.dtype) for x in read.outputs] == [(x.shape, x.dtype) for x in written.outputs], name
