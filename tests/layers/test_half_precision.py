"""Normalization of 16-bit policies computes in float32 from inputs that were not cast before."""

import numpy as np
import pytest

import kerata
from kerata import layers, ops

LARGE = (1e5 * np.linspace(0.5, 1.5, 48)).astype("float32").reshape(2, 3, 8)
MAKE = {
    "LayerNormalization": lambda **kw: layers.LayerNormalization(**kw),
    "GroupNormalization": lambda **kw: layers.GroupNormalization(2, **kw),
    "RMSNormalization": lambda **kw: layers.RMSNormalization(**kw),
    "UnitNormalization": lambda **kw: layers.UnitNormalization(**kw),
    "BatchNormalization": lambda **kw: layers.BatchNormalization(**kw),
    "renormalization": lambda **kw: layers.BatchNormalization(
        renorm=True,
        moving_mean_initializer=kerata.initializers.Constant(1e5),
        moving_variance_initializer=kerata.initializers.Constant(1e9),
        **kw,
    ),
    "Normalization": lambda **kw: layers.Normalization(mean=1e5, variance=1e9, **kw),
    "Rescaling": lambda **kw: layers.Rescaling(1e-5, offset=-1.0, **kw),
    "LayerNormalization of rms": lambda **kw: layers.LayerNormalization(rms_scaling=True, **kw),
}


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float16"])
@pytest.mark.parametrize("name", MAKE)
def test_inputs_beyond_half(name, policy, training_engine):
    if (name, policy) == ("renormalization", "float16"):
        return  # its moving variance, a weight, does not fit 16 bits
    kwargs = {"training": True} if "atch" in name or name == "renormalization" else {}
    want = np.asarray(training_engine.to_numpy(MAKE[name]()(LARGE, **kwargs)))
    layer = MAKE[name](dtype=policy)
    y = layer(LARGE, **kwargs)
    assert kerata.backend.standardize_dtype(y.dtype) == layer.compute_dtype
    got = np.asarray(training_engine.to_numpy(kerata.ops.cast(y, "float32")))
    np.testing.assert_allclose(got, want, rtol=2e-2, atol=2e-2)


@pytest.mark.parametrize("make", ["functional", "sequential"])
def test_in_a_model(make, training_engine):
    before = kerata.config.dtype_policy()
    kerata.config.set_dtype_policy("mixed_float16")
    try:
        normalize = [layers.LayerNormalization(), layers.Dense(2)]
        inputs = kerata.Input((3, 8))
        if make == "functional":
            model = kerata.Model(inputs, normalize[1](normalize[0](inputs)))
        else:
            model = kerata.Sequential([inputs, *normalize])
        assert np.isfinite(model.predict(LARGE, verbose=0)).all()
        model.compile("adam", "mse")
        assert np.isfinite(model.fit(LARGE, np.zeros((2, 3, 2)), verbose=0).history["loss"]).all()
    finally:
        kerata.config.set_dtype_policy(before)


HALVES = np.full((2, 64, 64, 3), 1000.0, "float16")
OPS = {
    "mean": (lambda x: ops.mean(x), 1000.0),
    "var": (lambda x: ops.var(x), 0.0),
    "norm": (lambda x: ops.norm(x / 100), 10 * np.sqrt(HALVES.size)),
    "norm of order 3": (lambda x: ops.norm(ops.ravel(x)[:8], ord=3), 2000.0),
    "normalize": (lambda x: ops.normalize(x), 3**-0.5),
    "average_pool": (lambda x: ops.average_pool(x, 64), 1000.0),
    "padded average_pool": (lambda x: ops.average_pool(x, 16, padding="same"), 1000.0),
    "cosine_similarity": (lambda x: kerata.losses.cosine_similarity(x, x), -1.0),
    "logsumexp": (lambda x: ops.logsumexp(x), 1000.0 + np.log(HALVES.size)),
    "layer_normalization": (lambda x: ops.layer_normalization(x), 0.0),
    "rms_normalization": (lambda x: ops.rms_normalization(x), 1.0),
}


@pytest.mark.parametrize("name", OPS)
def test_ops_add_up_in_more_bits(name, training_engine):
    """Sums on the way to a result that 16 bits hold do not overflow."""
    call, want = OPS[name]
    y = call(ops.convert_to_tensor(HALVES))
    assert kerata.backend.standardize_dtype(y.dtype) == "float16"
    np.testing.assert_allclose(training_engine.to_numpy(ops.cast(y, "float32")), want, rtol=2e-3, atol=1e-3)
