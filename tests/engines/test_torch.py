"""What PyTorch programs do with models: loops of their own, optimizers of their own, steps of Keras 3's form for PyTorch."""

import numpy as np
import pytest
import torch

import kerata
from kerata import engines, layers, ops
from kerata.training.prefetch import Prefetcher

X = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
Y = X.sum(1, keepdims=True)


@pytest.fixture(autouse=True)
def on_torch():
    with engines.use_engine("torch") as engine:
        yield engine


def model(cls=kerata.Sequential):
    kerata.utils.set_random_seed(0)
    return cls([kerata.Input((4,)), layers.Dense(8, activation="relu"), layers.Dense(1)])


def test_a_loop_of_ones_own_trains():
    found, x, y = model(), torch.from_numpy(X), torch.from_numpy(Y)
    optimizer = torch.optim.Adam(found.parameters(), lr=0.02)
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        loss = ((found(x) - y) ** 2).mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]
    np.testing.assert_allclose(np.mean((found.predict(X, verbose=0) - Y) ** 2), losses[-1], rtol=0.2)


class TorchStep(kerata.Sequential):
    """Keras 3's form for PyTorch."""

    def train_step(self, data):
        x, y = data
        self.zero_grad()
        y_pred = self(x, training=True)
        loss = self.compute_loss(y=y, y_pred=y_pred)
        loss.backward()
        gradients = [v.value.grad for v in self.trainable_weights]
        with torch.no_grad():
            self.optimizer.apply(gradients, self.trainable_weights)
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}


def test_steps_of_keras_3s_form_for_torch_train_as_the_built_in_one():
    results = []
    for cls in (TorchStep, kerata.Sequential):
        found = model(cls)
        found.compile("adam", "mse", metrics=["mae"])
        history = found.fit(X, Y, batch_size=16, epochs=2, shuffle=False, verbose=0).history
        results.append([*history["loss"], *history["mae"], *found.get_weights()[0].ravel()])
    np.testing.assert_allclose(*results, rtol=1e-4, atol=1e-5)


def test_state_dict_goes_there_and_back(tmp_path):
    one, other = model(), model()
    other.set_weights([w + 1 for w in one.get_weights()])
    torch.save(one.state_dict(), tmp_path / "weights.pt")
    other.load_state_dict(torch.load(tmp_path / "weights.pt", weights_only=True))
    for a, b in zip(one.get_weights(), other.get_weights()):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(RuntimeError, match="Missing key"):
        other.load_state_dict({})
    assert [name for name, _ in other.named_parameters()] == ["dense.kernel", "dense.bias", "dense_1.kernel", "dense_1.bias"]


def test_methods_of_modules_are_torchs_alone():
    found = model().to_engine("jax")
    with pytest.raises(RuntimeError, match="runs on jax: only on PyTorch is it a module. Use to_engine"):
        found.zero_grad()
    assert len(list(found.to_engine("torch").parameters())) == 4


def test_data_follow_a_model_to_another_device():
    """The device "meta", on every machine: shapes without values."""
    found = kerata.Sequential([layers.Dense(8), layers.BatchNormalization(), layers.Dense(1)])
    found.compile("adam", "mse", metrics=["mae"])
    found.fit(X, Y, verbose=0)
    assert found(X).device.type == found.layers[0](X).device.type == "cpu"
    assert found.to("meta") is found
    assert {v.value.device.type for v in (*found.variables, *found.optimizer.variables, *found.metrics[1].variables)} == {
        "meta"
    }
    assert found(X).device.type == found(X, training=True).device.type == found.layers[0](X).device.type == "meta"
    assert found(torch.from_numpy(X).to("meta")).device.type == "meta"
    found.set_weights([np.zeros(w.shape, "float32") for w in found.weights])
    assert {w.value.device.type for w in found.weights} == {"meta"}
    assert kerata.ops.ones(()).device.type == model()(X).device.type == "cpu"  # nothing else goes there
    with pytest.raises(NotImplementedError, match="meta"):  # values are missed where they are read, not before
        found.predict(X)


def test_a_model_that_moved_and_came_back():
    found = model()
    expected = found.predict(X, verbose=0)
    values = found.get_weights()
    found.to_empty(device="meta")
    found.to_empty(device="cpu")
    found.set_weights(values)
    np.testing.assert_array_equal(found.predict(X, verbose=0), expected)
    assert found.layers[0](X).device.type == "cpu"


def test_what_is_read_ahead_goes_where_the_model_is():
    with torch.device("meta"), kerata.use_engine("torch") as engine:
        batches = Prefetcher(iter([X]), engine.asarray)
        assert next(iter(batches)).device.type == "meta"


class Mixed(torch.nn.Module):
    """A network of both kinds."""

    def __init__(self):
        super().__init__()
        self.first = layers.Dense(8, activation="relu")
        self.second = torch.nn.Linear(8, 8)
        self.third = kerata.Sequential([layers.BatchNormalization(), layers.Dense(1, name="last")])

    def forward(self, x):
        return self.third(self.second(self.first(x)))


def test_layers_are_parts_of_modules():
    found, x, y = Mixed(), torch.from_numpy(X), torch.from_numpy(Y)
    assert isinstance(found.first, torch.nn.Module)
    found(x)
    assert list(found.state_dict()) == [
        "first.kernel", "first.bias", "second.weight", "second.bias", "third.batch_normalization.gamma",
        "third.batch_normalization.beta", "third.batch_normalization.moving_mean", "third.batch_normalization.moving_variance",
        "third.last.kernel", "third.last.bias",
    ]  # fmt: skip
    optimizer = torch.optim.Adam(found.to("cpu").train().parameters(), lr=0.02)
    losses = []
    for _ in range(40):
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(found(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.2 * losses[0]
    other = Mixed()
    other(x)
    other.load_state_dict(found.state_dict())
    torch.testing.assert_close(other(x), found(x))
    assert "(first): <Dense name=" in repr(found)


def test_layers_stand_in_sequences_of_modules():
    found = torch.nn.Sequential(layers.Dense(4), torch.nn.ReLU(), layers.Dense(2))
    assert found(torch.from_numpy(X)).shape == (64, 2)
    assert len(list(found.parameters())) == 4


def test_a_layers_dtype_is_its_own_choice():
    found = model()
    with pytest.raises(ValueError, match="chosen by its `dtype` argument"):
        found.double()


def test_a_torch_loader_feeds_fit():
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.from_numpy(X), torch.from_numpy(Y)), 16)
    found = model()
    found.compile("adam", "mse")
    assert len(found.fit(loader, epochs=2, verbose=0).history["loss"]) == 2


def test_weights_are_changed_in_place():
    found = model()
    kept = list(found.parameters())
    found.compile("rmsprop", "mse")
    found.fit(X, Y, verbose=0)
    assert all(a is b for a, b in zip(kept, found.parameters()))
    np.testing.assert_array_equal(kept[0].detach().numpy(), found.get_weights()[0])


def test_rematerialization_draws_the_same_again():
    """The second forward run, in the backward pass, sees the random state of the first."""
    dropout, x = layers.Dropout(0.5, seed=3), kerata.Variable(np.ones((64,), "float32"))
    run = engines.current().remat(lambda x: ops.square(dropout(x, training=True)))
    value, (gradient,) = kerata.value_and_grad(lambda: ops.sum(run(x.value)), [x])
    np.testing.assert_allclose(gradient, torch.where(gradient > 0, 8.0, 0.0))
    assert float(value) == 4.0 * float((gradient > 0).sum())
    assert dropout.seed_generator.state.numpy()[1] == 1


def test_conv_kernels_are_laid_out_once_and_keep_their_shape():
    layer = layers.Conv2D(5, 3)
    layer(np.ones((1, 8, 8, 4), "float32"))
    stored = layer.kernel.stored
    assert stored.shape == (3, 3, 4, 5) and stored.permute(3, 2, 0, 1).is_contiguous(memory_format=torch.channels_last)
    before = layer.get_weights()
    layer(np.ones((1, 8, 8, 4), "float32"))
    assert layer.kernel.stored is stored
    np.testing.assert_array_equal(layer.get_weights()[0], before[0])


@pytest.mark.parametrize("key", [np.s_[::-1], np.s_[1:, ::-2], np.s_[..., ::-1], np.s_[None, ::-1, 2], np.s_[3:0:-1, 1]])
def test_backward_slices(key):
    x = np.arange(20.0).reshape(5, 4)
    np.testing.assert_array_equal(engines.current().getitem(torch.from_numpy(x), key), x[key])


def test_arrays_that_torch_does_not_take_as_they_are():
    fixed = np.arange(4.0)
    fixed.flags.writeable = False
    for x in (fixed, np.arange(4)[::-1], np.arange(4, dtype=">f4"), np.float32(3)):
        np.testing.assert_array_equal(engines.current().asarray(x), x)
    half = kerata.Variable([1.5, 2.5], dtype="bfloat16")
    assert half.numpy().dtype.name == "bfloat16" and half.numpy().tolist() == [1.5, 2.5]


@pytest.mark.parametrize("make", [lambda: layers.MultiHeadAttention(2, 4), lambda: layers.LSTM(3), lambda: layers.GRU(3)])
def test_gradients_of_gradients_where_the_library_has_none(make):
    """Against central differences along a random direction."""
    kerata.utils.set_random_seed(0)
    layer = make()
    x = ops.convert_to_tensor(X[:10].reshape(2, 5, 4))
    call = (lambda v: layer(v, v)) if isinstance(layer, layers.MultiHeadAttention) else layer
    call(x)

    def penalty():
        _, (gradient,) = kerata.value_and_grad(lambda v: ops.sum(ops.sin(call(v))), [x])
        return ops.sum(ops.square(gradient))

    value, gradients = kerata.value_and_grad(penalty, layer.trainable_variables)
    for variable, gradient in zip(layer.trainable_variables, gradients):
        start, direction = variable.numpy(), np.random.default_rng(1).normal(size=variable.shape).astype("float32")
        sides = []
        for step in (0.01, -0.01):
            variable.assign(start + step * direction)
            sides.append(float(penalty()))
        variable.assign(start)
        expected = np.sum(direction * ops.convert_to_numpy(gradient))
        np.testing.assert_allclose((sides[0] - sides[1]) / 0.02, expected, rtol=0.02, atol=0.01)
