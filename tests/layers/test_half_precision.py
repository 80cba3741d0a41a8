"""Normalization of 16-bit policies computes in float32 from inputs that were not cast before."""

import numpy as np
import pytest

import kerata
from kerata import layers

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
