"""The dtypes of results of mixed operands: integers count for less than any float, Python's numbers for less than tensors."""

import numpy as np
import pytest

from kerata import KerasTensor, ops
from kerata.core.dtypes import result_type

HALF = np.ones((2, 2), "float16")
FLOATING = "arctan2 cdist correlate divide divide_no_nan heaviside hypot logaddexp logaddexp2 solve solve_triangular".split()
WEAK = "add append dot fmax fmin inner kron maximum multiply outer subtract where".split()


def call(name, x, y):
    if name == "correlate":
        x, y = (KerasTensor(a.shape[:1], a.dtype) if isinstance(a, KerasTensor) else a[0] for a in (x, y))
    return ops.where(True, x, y) if name == "where" else getattr(ops, name)(x, y)


@pytest.mark.parametrize("name", FLOATING)
def test_half_precision_with_integers_stays_half(name, engine):
    for integers in ("int8", "uint8", "int32"):
        whole = np.array([[2, 1], [1, 2]], integers)
        for x, y in ((HALF * whole.astype("float16"), whole), (whole, HALF)):
            assert ops.dtype(call(name, x, y)) == "float16"
            symbols = [KerasTensor(a.shape, a.dtype.name) for a in (x, y)]
            assert call(name, *symbols).dtype == "float16"


@pytest.mark.parametrize("name", WEAK)
def test_numbers_leave_the_dtype(name, engine):
    for dtype in ("int8", "uint8", "int16", "float16", "float32"):
        x = np.ones((2, 2), dtype)
        assert ops.dtype(call(name, x, 2)) == dtype
        if "float" in dtype:
            assert ops.dtype(call(name, x, 2.5)) == dtype
        assert call(name, KerasTensor((2, 2), dtype), 2).dtype == dtype


def test_normalization_of_mixed_operands(engine):
    wide, narrow = np.ones(2, "float32"), np.ones(2, "float16")
    assert ops.dtype(ops.batch_normalization(HALF, wide, wide, axis=-1)) == "float32"
    assert ops.dtype(ops.batch_normalization(HALF, narrow, narrow, axis=-1)) == "float16"
    assert ops.dtype(ops.batch_normalization(np.ones((2, 2), "int32"), wide, wide, axis=-1)) == "float32"
    assert ops.dtype(ops.layer_normalization(HALF, gamma=wide, beta=wide)) == "float16"
    assert ops.dtype(ops.rms_normalization(HALF, scale=wide)) == "float16"
    np.testing.assert_allclose(engine.to_numpy(ops.rms_normalization([[4.0, -4.0]], scale=2)), [[2.0, -2.0]], rtol=1e-5)


def test_connectionist_temporal_classification_is_computed_in_float32(engine):
    scores, lengths = np.zeros((1, 4, 3), "float16"), np.array([4])
    assert ops.dtype(ops.ctc_loss(np.array([[1, 2]]), scores, np.array([2]), lengths)) == "float32"
    assert ops.dtype(ops.ctc_decode(scores, lengths)[1]) == "float32"


def test_the_last_class_may_stand_for_no_label(engine):
    scores = np.eye(3, dtype="float32")[None, [0, 2, 1, 2]]
    labels, _ = ops.ctc_decode(scores, np.array([4]), mask_index=None)
    assert engine.to_numpy(labels).tolist() == [[[0, 1, -1, -1]]]


def test_result_types_of_other_forms():
    assert result_type(np.float32, "int8") == "float32"
    assert result_type("string") == "string"
    with pytest.raises(ValueError):
        result_type("string", "float32")
    for unknown in (5, [1], object()):
        with pytest.raises((ValueError, TypeError)):
            result_type(unknown)
