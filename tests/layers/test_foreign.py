"""Modules of other libraries as layers: one set of weights, trained, saved and loaded with the model."""

import numpy as np
import pytest
import torch

import kerata
from kerata import engines, layers

X = np.random.default_rng(0).normal(size=(48, 4)).astype("float32")
Y = X.sum(1, keepdims=True)


@pytest.fixture(autouse=True)
def on_torch():
    with engines.use_engine("torch"):
        yield


def wrapped():
    torch.manual_seed(0)
    return layers.TorchModuleWrapper(
        torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.BatchNorm1d(8), torch.nn.Tanh(), torch.nn.Dropout(0.0))
    )


def model():
    kerata.utils.set_random_seed(0)
    return kerata.Sequential([kerata.Input((4,)), wrapped(), layers.Dense(1)])


def test_weights_are_the_modules_own():
    found = model()
    assert found.output_shape == (None, 1)
    module = found.layers[0].module
    assert found.count_params() == 4 * 8 + 8 + 4 * 8 + 1 + 9
    found.compile(kerata.optimizers.Adam(0.01), "mse")
    before = module[0].weight.detach().clone()
    history = found.fit(X, Y, batch_size=16, epochs=30, verbose=0).history["loss"]
    assert history[-1] < 0.5 * history[0]
    assert not torch.equal(module[0].weight, before)
    assert module[1].num_batches_tracked == 90
    names = [v.name for v in found.layers[0].weights]
    np.testing.assert_array_equal(found.layers[0].get_weights()[names.index("0.weight")], module[0].weight.detach().numpy())
    assert float(module[1].running_mean.abs().sum()) > 0
    np.testing.assert_array_equal(found.layers[0].get_weights()[names.index("1.running_mean")], module[1].running_mean.numpy())


def test_it_trains_as_in_pytorch():
    found, module = model(), torch.nn.Sequential(wrapped().module, torch.nn.Linear(8, 1))
    with torch.no_grad():
        module[1].weight.copy_(torch.from_numpy(found.layers[1].get_weights()[0].T))
        module[1].bias.zero_()
    found.compile(kerata.optimizers.SGD(0.05), "mse")
    ours = found.fit(X, Y, batch_size=16, epochs=3, shuffle=False, verbose=0).history["loss"]
    optimizer, theirs = torch.optim.SGD(module.train().parameters(), lr=0.05), []
    for _ in range(3):
        losses = []
        for start in range(0, 48, 16):
            rows = slice(start, start + 16)
            optimizer.zero_grad()
            loss = torch.nn.functional.mse_loss(module(torch.from_numpy(X[rows])), torch.from_numpy(Y[rows]))
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        theirs.append(np.mean(losses))
    np.testing.assert_allclose(ours, theirs, rtol=1e-4)


@pytest.mark.parametrize("optimize", [None, True])
def test_recorded_or_not_the_numbers_are_the_same(optimize, monkeypatch):
    monkeypatch.setattr(torch, "compile", lambda fn: fn)
    results = []
    for jit_compile in ("auto", True):
        found = model()
        found.compile("sgd", "mse", jit_compile=jit_compile)
        found.fit(X, Y, batch_size=16, epochs=3, shuffle=False, verbose=0)
        results.append(np.concatenate([w.ravel() for w in found.get_weights()]))
    np.testing.assert_allclose(*results, rtol=1e-5, atol=1e-6)


def test_evaluation_uses_the_running_statistics():
    found = wrapped()
    module = found.module
    with torch.no_grad():
        outputs = found(X, training=False)
        torch.testing.assert_close(outputs, module.eval()(torch.from_numpy(X)))
        assert not torch.equal(found(X, training=True), outputs)


def test_a_lazy_module_is_built_by_its_first_call():
    layer = layers.TorchModuleWrapper(torch.nn.LazyLinear(3))
    assert not layer.built
    assert layer(torch.from_numpy(X)).shape == (48, 3)
    assert [tuple(w.shape) for w in layer.weights] == [(3, 4), (3,)]


def test_saving_and_loading(tmp_path):
    found = model()
    found.compile("adam", "mse")
    found.fit(X, Y, verbose=0)
    found.save(tmp_path / "model.keras")
    with pytest.raises(ValueError, match="pickled PyTorch module.*safe_mode=False"):
        kerata.models.load_model(tmp_path / "model.keras")
    loaded = kerata.models.load_model(tmp_path / "model.keras", safe_mode=False)
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), found.predict(X, verbose=0))
    other = model()
    found.save_weights(tmp_path / "model.weights.h5")
    other.load_weights(tmp_path / "model.weights.h5")
    np.testing.assert_array_equal(other.predict(X, verbose=0), found.predict(X, verbose=0))
    np.testing.assert_array_equal(other.layers[0].module[1].running_mean, found.layers[0].module[1].running_mean)


def test_a_given_output_shape_is_taken():
    layer = layers.TorchModuleWrapper(torch.nn.Linear(4, 2), output_shape=(None, 2))
    assert layer(kerata.Input((4,))).shape == (None, 2)
    assert layer.compute_output_shape((None, 4)) == (None, 2)
    assert len(list(layer.parameters())) == 2


def test_errors():
    with pytest.raises(TypeError, match=r"takes a torch.nn.Module; function came"):
        layers.TorchModuleWrapper(lambda x: x)
    with engines.use_engine("jax"), pytest.raises(ValueError, match="runs on the PyTorch engine; 'jax' is in force"):
        layers.TorchModuleWrapper(torch.nn.Linear(4, 2))
    layer = layers.TorchModuleWrapper(torch.nn.Linear(4, 2))
    with pytest.raises(ValueError, match="the file has no 'weight'"):
        layer.load_own_variables({"other": 1})
