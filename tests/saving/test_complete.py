"""What is saved is what is there: every weight is written, every one is read, or an error lists what differs."""

import collections
import functools
import json
import warnings

import h5py
import keras
import numpy as np
import pytest
from tests.layers.cases import CASES

import kerata
from kerata import layers, ops
from kerata.saving import weights_files

X = np.random.default_rng(0).standard_normal((5, 3)).astype("float32")


def dense():
    return layers.Dense(3, kernel_initializer="glorot_normal", bias_initializer="normal")


def cyclic():
    items = [dense()]
    items.append(items)
    return items


Pair = collections.namedtuple("Pair", "first second")
CONTAINERS = {
    "list": lambda: [dense(), dense()],
    "lists in lists": lambda: [[dense(), [dense(), [dense()]]], [dense()]],
    "dict": lambda: {"b": dense(), "a": dense()},
    "lists in dicts": lambda: {"b": [dense(), dense()], "a": {"c": [dense()]}},
    "tuple": lambda: (dense(), (dense(),)),
    "named tuple": lambda: Pair(dense(), [dense()]),
    "set": lambda: {dense() for _ in range(12)},
    "sets in lists": lambda: [{dense(), dense()}, frozenset([dense()])],
    "pairs with names": lambda: [("one", dense()), ("two", dense())],
    "numbers first": lambda: [1, 2.0, dense(), None, dense()],
    "ordered": lambda: collections.OrderedDict(b=dense(), a=dense()),
    "holds itself": cyclic,
    "sequential": lambda: [kerata.Sequential([dense(), dense()])],
}


def leaves(value, seen=()):
    if isinstance(value, layers.Layer):
        return [value]
    if isinstance(value, dict):
        value = value.values()
    if not isinstance(value, (list, tuple, set, frozenset, type({}.values()))) or any(value is s for s in seen):
        return []
    items = sorted(value, key=lambda x: (len(x.name), x.name)) if isinstance(value, (set, frozenset)) else value
    return [x for item in items for x in leaves(item, (*seen, value))]


@kerata.saving.register_keras_serializable("test_complete")
class Holds(layers.Layer):
    """Applies all layers of a container, one after another."""

    def __init__(self, kind, **kwargs):
        super().__init__(**kwargs)
        self.kind = kind
        self.parts = CONTAINERS[kind]()

    def build(self, input_shape):
        self.scales = [self.add_weight(shape=(3,), initializer="normal"), [self.add_weight(shape=(1,), initializer="normal")]]

    def call(self, x):
        for layer in leaves(self.parts):
            x = layer(x) + x * self.scales[0] + self.scales[1][0]
        return x


@kerata.saving.register_keras_serializable("test_complete")
class HoldsInModel(kerata.Model):
    def __init__(self, kind, **kwargs):
        super().__init__(**kwargs)
        self.kind = kind
        self.parts = CONTAINERS[kind]()

    def call(self, x):
        for layer in leaves(self.parts):
            x = layer(x) + x
        return x


def functional(kind):
    inputs = kerata.Input((3,))
    return kerata.Model(inputs, Holds(kind)(inputs))


def subclassed(kind):
    model = HoldsInModel(kind)
    model(X)
    return model


def same_bytes(one, other):
    """Whether two files hold the same numbers at the same places."""

    def arrays(path):
        found = {}
        with h5py.File(path) as file:
            file.visititems(lambda n, x: found.update({n: x[()].tobytes()} if isinstance(x, h5py.Dataset) else {}))
        return found

    assert arrays(one) == arrays(other)


@pytest.mark.parametrize("make", [functional, subclassed])
@pytest.mark.parametrize("kind", CONTAINERS)
class TestContainers:
    def test_model_file(self, kind, make, tmp_path):
        model = make(kind)
        assert len(model.weights) == 2 * len(leaves(model.layers[-1].parts if make is functional else model.parts)) + 2 * (
            make is functional
        ) + 2 * (kind == "sequential")
        model.save(tmp_path / "m.keras")
        loaded = kerata.saving.load_model(tmp_path / "m.keras")
        np.testing.assert_array_equal(loaded.predict(X, verbose=0), model.predict(X, verbose=0))

    def test_save_load_save(self, kind, make, tmp_path):
        model, other = make(kind), make(kind)
        model.save_weights(tmp_path / "one.weights.h5")
        other.load_weights(tmp_path / "one.weights.h5")
        other.save_weights(tmp_path / "two.weights.h5")
        same_bytes(tmp_path / "one.weights.h5", tmp_path / "two.weights.h5")
        np.testing.assert_array_equal(other.predict(X, verbose=0), model.predict(X, verbose=0))

    def test_shards(self, kind, make, tmp_path):
        model, other = make(kind), make(kind)
        model.save_weights(tmp_path / "m.weights.h5", max_shard_size=30 / 2**30)
        assert len(list(tmp_path.glob("m_*.weights.h5"))) > 1 and not (tmp_path / "m.weights.h5").exists()
        other.load_weights(tmp_path / "m.weights.json")
        for one, two in zip(model.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_array_equal(one, two)


def test_containers_as_keras_writes_them(tmp_path):
    """Lists in lists and dicts of lists have the oracle's places in files."""

    def net(package):
        class Nest(package.layers.Layer):
            def __init__(self, **kwargs):
                super().__init__(**kwargs)
                make = lambda: package.layers.Dense(3, bias_initializer="ones")
                self.grid, self.table = [[make(), make()], make()], {"a": [make()], "b": make()}
                self.tuple = (make(),)

            def call(self, x):
                for layer in [*self.grid[0], self.grid[1], self.table["a"][0], self.table["b"], *self.tuple]:
                    x = layer(x)
                return x

        inputs = package.Input((3,))
        return package.Model(inputs, Nest(name="nest")(inputs))

    ours, theirs = net(kerata), net(keras)
    theirs.save_weights(tmp_path / "theirs.weights.h5")
    ours.load_weights(tmp_path / "theirs.weights.h5")
    np.testing.assert_allclose(ours.predict(X, verbose=0), theirs.predict(X, verbose=0), rtol=1e-5, atol=1e-6)
    ours.save_weights(tmp_path / "ours.weights.h5")
    net(keras).load_weights(tmp_path / "ours.weights.h5")


class TestShards:
    def model(self, package=kerata):
        return package.Sequential([package.Input((30,)), *[package.layers.Dense(30) for _ in range(3)]])

    def test_read_by_keras_and_back(self, tmp_path):
        ours, theirs = self.model(), self.model(keras)
        size = 4000 / 2**30
        ours.save_weights(tmp_path / "ours.weights.json", max_shard_size=size)
        theirs.load_weights(tmp_path / "ours.weights.json")
        for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
        theirs = self.model(keras)
        theirs.save_weights(tmp_path / "theirs.weights.json", max_shard_size=size)
        ours.load_weights(tmp_path / "theirs.weights.json")
        for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)

    def test_files_stay_below_the_limit(self, tmp_path):
        model = self.model()
        model.save_weights(tmp_path / "m.weights.json", max_shard_size=4000 / 2**30)
        index = json.loads((tmp_path / "m.weights.json").read_text())
        assert index["metadata"]["total_size"] == 4 * model.count_params()
        for name in {n for names in index["weight_map"].values() for n in names}:
            with h5py.File(tmp_path / name) as file:
                sizes = []
                file.visititems(lambda n, x, sizes=sizes: sizes.append(x.nbytes) if isinstance(x, h5py.Dataset) else None)
                assert sum(sizes) <= 4000

    @pytest.mark.parametrize("size", [0, -1, "1", True, float("nan")])
    def test_sizes(self, size, tmp_path):
        with pytest.raises(ValueError, match="max_shard_size"):
            self.model().save_weights(tmp_path / "m.weights.h5", max_shard_size=size)
        assert list(tmp_path.iterdir()) == []

    def test_endings(self, tmp_path):
        with pytest.raises(ValueError, match="give max_shard_size"):
            self.model().save_weights(tmp_path / "m.weights.json")

    def test_overwrite(self, tmp_path):
        model = self.model()
        model.save_weights(tmp_path / "m.weights.json", max_shard_size=1)
        before = {p: p.read_bytes() for p in tmp_path.iterdir()}
        with pytest.raises(FileExistsError):
            self.model().save_weights(tmp_path / "m.weights.json", overwrite=False, max_shard_size=1)
        assert {p: p.read_bytes() for p in tmp_path.iterdir()} == before

    @pytest.mark.parametrize("name", ["../m_00000.weights.h5", "/etc/passwd", "a/b.weights.h5", "..\\m.weights.h5", 3, "m.txt"])
    def test_an_index_names_files_beside_it(self, name, tmp_path):
        folder = tmp_path / "inner"
        folder.mkdir()
        model = self.model()
        model.save_weights(tmp_path / "m.weights.json", max_shard_size=1)
        (folder / "m.weights.json").write_text(json.dumps({"weight_map": {"/layers/dense/vars": [name]}}))
        with pytest.raises(ValueError, match="names the file"):
            model.load_weights(folder / "m.weights.json")

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"weight_map": 3}', '{"weight_map": {"a": 3}}', "\x00"])
    def test_no_index(self, text, tmp_path):
        (tmp_path / "m.weights.json").write_text(text)
        with pytest.raises(ValueError, match="no index of weights"):
            self.model().load_weights(tmp_path / "m.weights.json")

    def test_missing_file(self, tmp_path):
        model = self.model()
        model.save_weights(tmp_path / "m.weights.json", max_shard_size=4000 / 2**30)
        (tmp_path / "m_00001.weights.h5").unlink()
        with pytest.raises(FileNotFoundError, match="m_00001"):
            model.load_weights(tmp_path / "m.weights.json")


SHARED = layers.Dense(3)


class TestStrays:
    """A model that computes with weights which nothing holds is not saved."""

    def holder(self, make):
        class Uses(layers.Layer):
            def __init__(self):
                super().__init__()
                self.fn = make()

            def call(self, x):
                return self.fn(x)

        inputs = kerata.Input((3,))
        return kerata.Model(inputs, Uses()(inputs))

    def closure():
        inner = dense()
        return lambda x: inner(x)

    def partial():
        return functools.partial(lambda layer, x: layer(x), dense())

    def default():
        return lambda x, layer=dense(): layer(x)  # noqa: B008 (the case itself)

    def variable():
        v = kerata.Variable(np.ones(3, "float32"), name="stray")
        return lambda x: x * v

    def of_an_object():
        class Plain:
            def __init__(self):
                self.inner = {"deep": [dense()]}

            def __call__(self, x):
                return self.inner["deep"][0](x)

        return Plain()

    def method():
        return TestStrays.of_an_object().__call__

    def of_the_module():
        return lambda x: SHARED(x)

    @pytest.mark.parametrize("make", [closure, partial, default, variable, of_an_object, method, of_the_module])
    def test_refused(self, make, tmp_path):
        model = self.holder(make)
        (tmp_path / "m.weights.h5").write_text("before")
        with pytest.raises(ValueError, match="reaches the (layer|variable) .* through .* 'fn'"):
            model.save_weights(tmp_path / "m.weights.h5")
        assert (tmp_path / "m.weights.h5").read_text() == "before" and len(list(tmp_path.iterdir())) == 1

    def test_lambda_layer(self, tmp_path):
        inner, inputs = dense(), kerata.Input((3,))
        model = kerata.Model(inputs, layers.Lambda(lambda x: inner(x))(inputs))
        with pytest.raises(ValueError, match="closure|function"):
            model.save_weights(tmp_path / "m.weights.h5")

    def test_what_is_held_is_no_stray(self, tmp_path):
        def make():
            class Uses(layers.Layer):
                def __init__(self):
                    super().__init__()
                    self.inner = dense()
                    self.fn = lambda x: self.inner(x)

                def call(self, x):
                    return self.fn(x)

            return Uses()

        inputs = kerata.Input((3,))
        model = kerata.Model(inputs, make()(inputs))
        model.save_weights(tmp_path / "m.weights.h5")


@kerata.saving.register_keras_serializable("test_complete")
class Tied(layers.Layer):
    def __init__(self, embedding, **kwargs):
        super().__init__(**kwargs)
        self.embedding = embedding

    def call(self, x):
        return ops.matmul(x, ops.transpose(self.embedding.embeddings))

    def get_config(self):
        return {**super().get_config(), "embedding": kerata.saving.serialize_keras_object(self.embedding)}

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "embedding": kerata.saving.deserialize_keras_object(config["embedding"])})


class TestSharedLayers:
    IDS = np.array([[1, 2, 3]], "int32")

    def model(self, first):
        embedding, inputs = layers.Embedding(6, 4), kerata.Input((3,), dtype="int32")
        tied = Tied(embedding, name="a_tied" if first else "tied")
        return kerata.Model(inputs, tied(embedding(inputs)))

    @pytest.mark.parametrize("first", [True, False])
    def test_in_a_config(self, first, tmp_path):
        model = self.model(first)
        model.save(tmp_path / "m.keras")
        loaded = kerata.saving.load_model(tmp_path / "m.keras")
        assert len(loaded.weights) == 1 and loaded.layers[-1].embedding is loaded.layers[-2]
        np.testing.assert_array_equal(loaded.predict(self.IDS, verbose=0), model.predict(self.IDS, verbose=0))

    def test_json(self):
        loaded = kerata.models.model_from_json(self.model(False).to_json())
        assert len(loaded.weights) == 1

    def test_read_by_keras(self, tmp_path):
        model = self.model(False)
        model.save(tmp_path / "m.keras")

        class TheirTied(keras.layers.Layer):
            def __init__(self, embedding, **kwargs):
                super().__init__(**kwargs)
                self.embedding = embedding

            def call(self, x):
                return keras.ops.matmul(x, keras.ops.transpose(self.embedding.embeddings))

            @classmethod
            def from_config(cls, config):
                return cls(**{**config, "embedding": keras.saving.deserialize_keras_object(config["embedding"])})

        theirs = keras.saving.load_model(tmp_path / "m.keras", custom_objects={"test_complete>Tied": TheirTied})
        assert len(theirs.weights) == 1
        np.testing.assert_allclose(theirs.predict(self.IDS, verbose=0), model.predict(self.IDS, verbose=0), rtol=1e-5)

    def test_nothing_is_shared_outside(self):
        config = kerata.saving.serialize_keras_object(layers.Dense(2))
        assert "shared_object_id" not in config
        one, two = (kerata.saving.deserialize_keras_object({**config, "shared_object_id": 1}) for _ in range(2))
        assert one is not two


class TestMisfits:
    """What differs between a file and a model is listed by path, and nothing is changed."""

    def saved(self, tmp_path, *widths):
        model = kerata.Sequential([kerata.Input((3,)), *[layers.Dense(w) for w in widths]])
        model.save_weights(tmp_path / "m.weights.h5")
        return tmp_path / "m.weights.h5"

    def refused(self, model, path, *texts):
        before = model.get_weights()
        with pytest.raises(ValueError) as caught:
            model.load_weights(path)
        assert all(text in str(caught.value) for text in texts), str(caught.value)
        for a, b in zip(before, model.get_weights()):
            np.testing.assert_array_equal(a, b)

    def test_missing(self, tmp_path):
        model = kerata.Sequential([kerata.Input((3,)), layers.Dense(4), layers.Dense(4)])
        self.refused(model, self.saved(tmp_path, 4), "layers/dense_1", "2 weights, the file 0")

    def test_unexpected(self, tmp_path):
        model = kerata.Sequential([kerata.Input((3,)), layers.Dense(4)])
        self.refused(model, self.saved(tmp_path, 4, 4), 'the file has weights of "layers/dense_1"')

    def test_shape(self, tmp_path):
        model = kerata.Sequential([kerata.Input((3,)), layers.Dense(5)])
        self.refused(model, self.saved(tmp_path, 4), "has shape (3, 5), in the file (3, 4)")

    def test_skipped(self, tmp_path):
        model = kerata.Sequential([kerata.Input((3,)), layers.Dense(4), layers.Dense(5)])
        with pytest.warns(UserWarning, match="Skipped"):
            model.load_weights(self.saved(tmp_path, 4, 4, 4), skip_mismatch=True)

    def test_no_weights_file(self, tmp_path):
        (tmp_path / "m.weights.h5").write_text("hello")
        with pytest.raises(ValueError, match="no HDF5 file"):
            kerata.Sequential([kerata.Input((3,)), layers.Dense(4)]).load_weights(tmp_path / "m.weights.h5")


class TestOptimizer:
    """`load_weights` brings the optimizer's state, or says that it did not."""

    def model(self, optimizer="adam", built=True):
        model = kerata.Sequential([kerata.Input((3,)), layers.Dense(4), layers.Dense(3)])
        model.compile(optimizer, "mse")
        if built:
            model.optimizer.build(model.trainable_variables)
        return model

    def trained(self, tmp_path, optimizer="adam"):
        model = self.model(optimizer)
        model.fit(X, X, epochs=3, verbose=0)
        model.save_weights(tmp_path / "m.weights.h5")
        return model

    @pytest.mark.parametrize("built", [True, False])
    def test_trains_on(self, built, tmp_path, training_engine):
        model, other = self.trained(tmp_path), self.model(built=built)
        other.load_weights(tmp_path / "m.weights.h5")
        assert int(other.optimizer.iterations) == 3
        for m in (model, other):
            m.fit(X, X, shuffle=False, verbose=0)
        for a, b in zip([*model.variables, *model.optimizer.variables], [*other.variables, *other.optimizer.variables]):
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-6, atol=1e-7)

    def test_another_optimizer(self, tmp_path):
        self.trained(tmp_path)
        other = self.model("sgd")
        with pytest.warns(UserWarning, match="optimizer 'sgd.*' is not loaded"):
            other.load_weights(tmp_path / "m.weights.h5")

    def test_no_state_in_the_file(self, tmp_path):
        plain = kerata.Sequential([kerata.Input((3,)), layers.Dense(4), layers.Dense(3)])
        plain.save_weights(tmp_path / "m.weights.h5")
        with pytest.warns(UserWarning, match="the file has none"):
            self.model().load_weights(tmp_path / "m.weights.h5")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            self.model(built=False).load_weights(tmp_path / "m.weights.h5")  # nothing is lost
            plain.load_weights(tmp_path / "m.weights.h5")

    @pytest.mark.parametrize("change", ["int8", "lora", "int8 and lora", "frozen"])
    def test_after_changes(self, change, tmp_path):
        """A trained model whose weights are then quantized, frozen or given LoRA loads with the state that it still needs."""
        model = self.trained(tmp_path)
        if "int8" in change:
            model.quantize("int8")
        if "lora" in change:
            model.layers[0].enable_lora(2)
        if change == "frozen":
            model.layers[0].trainable = False
        model.save(tmp_path / "m.keras")
        loaded = kerata.saving.load_model(tmp_path / "m.keras")
        np.testing.assert_allclose(loaded.predict(X, verbose=0), model.predict(X, verbose=0), atol=1e-5)
        assert int(loaded.optimizer.iterations) == 3
        within = lambda v: v.path.partition("/")[2].removeprefix(
            f"{model.name}_"
        )  # layers of files are built before they are added
        state = {within(v): v.numpy() for v in model.optimizer.variables}
        for v in loaded.optimizer.variables:
            if "lora" not in v.path:
                np.testing.assert_array_equal(v.numpy(), state[within(v)])
        loaded.fit(X, X, verbose=0)

    @pytest.mark.parametrize("mode", [None, "int8", "int4"])
    def test_lora_trained(self, mode, tmp_path):
        kerata.utils.set_random_seed(1)
        model = kerata.Sequential([kerata.Input((3,)), layers.Dense(4), layers.Dense(3)])
        if mode:
            model.quantize(mode)
        model.layers[0].enable_lora(2)
        model.compile("adam", "mse")
        model.fit(X, X, epochs=2, verbose=0)
        model.save(tmp_path / "m.keras")
        loaded = kerata.saving.load_model(tmp_path / "m.keras")
        np.testing.assert_allclose(loaded.predict(X, verbose=0), model.predict(X, verbose=0), atol=5e-2 if mode else 1e-6)
        for a, b in zip(model.optimizer.variables, loaded.optimizer.variables, strict=True):
            np.testing.assert_array_equal(a.numpy(), b.numpy())
        loaded.fit(X, X, verbose=0)

    def test_left_out(self, tmp_path):
        model = self.trained(tmp_path)
        model.save(tmp_path / "m.keras", include_optimizer=False)
        loaded = kerata.saving.load_model(tmp_path / "m.keras")
        assert not loaded.compiled
        with weights_files.reader(str(tmp_path / "m.weights.h5")) as reader:
            assert len(reader.store("optimizer")) == len(model.optimizer.variables)


class TestSubclassedThenLoaded:
    class Net(kerata.Model):
        def __init__(self):
            super().__init__()
            self.first, self.rest, self.last = dense(), [dense(), {"x": dense()}], layers.Dense(1)

        def call(self, x):
            x = self.first(x)
            x = x + self.rest[0](x) + self.rest[1]["x"](x)
            return self.last(x)

    def test_build_makes_all_weights(self, tmp_path, training_engine):
        trained = self.Net()
        trained.compile("adam", "mse")
        trained.fit(X, X[:, :1], verbose=0)
        trained.save_weights(tmp_path / "n.weights.h5")
        other = self.Net()
        other.build((None, 3))
        assert len(other.weights) == 8
        other.load_weights(tmp_path / "n.weights.h5")
        np.testing.assert_allclose(other.predict(X, verbose=0), trained.predict(X, verbose=0), rtol=1e-5)

    def test_not_built(self, tmp_path):
        trained = self.Net()
        trained(X)
        trained.save_weights(tmp_path / "n.weights.h5")
        with pytest.raises(ValueError, match="not built yet"):
            self.Net().load_weights(tmp_path / "n.weights.h5")


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda m, f: kerata.saving.save_weights(m, f, overwite=False), "overwrite"),
        (lambda m, f: kerata.saving.load_weights(m, f, skip_mismach=True), "skip_mismatch"),
        (lambda m, f: m.save_weights(f, overwite=False), "overwrite"),
        (lambda m, f: m.load_weights(f, skip_mismach=True), "skip_mismatch"),
        (lambda m, f: m.save(str(f).replace(".weights.h5", ".keras"), include_optimiser=False), "include_optimizer"),
        (lambda m, f: kerata.saving.save_model(m, str(f).replace(".weights.h5", ".keras"), overwite=False), "overwrite"),
    ],
)
def test_unknown_arguments(call, name, tmp_path):
    model = kerata.Sequential([kerata.Input((3,)), layers.Dense(4)])
    path = tmp_path / "m.weights.h5"
    model.save_weights(path)
    before = path.read_bytes()
    with pytest.raises(TypeError, match=f"Did you mean '{name}'"):
        call(model, path)
    assert path.read_bytes() == before and len(list(tmp_path.iterdir())) == 1


class TestSubclassedThenFitted:
    """A subclassed model that only `fit` saw has its inputs' shape in the file, so that it is built when it is loaded."""

    def test_load(self, tmp_path, training_engine):
        model = HoldsInModel("lists in dicts")
        model.compile("adam", "mse")
        model.fit(X, X, verbose=0)
        model.save(tmp_path / "m.keras")
        loaded = kerata.saving.load_model(tmp_path / "m.keras")
        np.testing.assert_allclose(loaded.predict(X, verbose=0), model.predict(X, verbose=0), rtol=1e-6)
        assert int(loaded.optimizer.iterations) == 1

    def test_several_inputs(self, tmp_path):
        @kerata.saving.register_keras_serializable("test_complete")
        class Two(kerata.Model):
            def __init__(self, **kwargs):
                super().__init__(**kwargs)
                self.a, self.b = dense(), layers.Embedding(5, 3)

            def call(self, inputs):
                return self.a(inputs["x"]) + self.b(inputs["i"])

        model = Two()
        model.compile("adam", "mse")
        data = {"x": X, "i": np.arange(5)}
        model.fit(data, X, verbose=0)
        model.save(tmp_path / "m.keras")
        loaded = kerata.saving.load_model(tmp_path / "m.keras")
        np.testing.assert_allclose(loaded.predict(data, verbose=0), model.predict(data, verbose=0), rtol=1e-6)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_every_layer_saved_loaded_and_saved_again(case, tmp_path):
    """The same bytes of every variable, for all of kerata's layers."""

    def model():
        inputs = [kerata.Input(s[1:], dtype="int32" if case.integers else "float32") for s in case.shapes]
        inputs = inputs if isinstance(case.shape, list) else inputs[0]
        return kerata.Model(inputs, getattr(layers, case.cls)(**case.args)(inputs))

    with kerata.use_engine("numpy"):
        one, two = model(), model()
        one.set_weights([np.random.default_rng(i).uniform(0.5, 1.5, v.shape) for i, v in enumerate(one.weights)])
        one.save_weights(tmp_path / "one.weights.h5")
        two.load_weights(tmp_path / "one.weights.h5")
        two.save_weights(tmp_path / "two.weights.h5")
        same_bytes(tmp_path / "one.weights.h5", tmp_path / "two.weights.h5")
        for a, b in zip(one.variables, two.variables, strict=True):
            assert a.dtype == "uint32" or a.numpy().tobytes() == b.numpy().tobytes()


OPTIMIZERS = [
    "SGD",
    "RMSprop",
    "Adam",
    "AdamW",
    "Adadelta",
    "Adagrad",
    "Adamax",
    "Adafactor",
    "Nadam",
    "Ftrl",
    "Lion",
    "Lamb",
    "Muon",
]
WAYS = {
    "plain": {},
    "averaged": {"use_ema": True, "ema_overwrite_frequency": 2},
    "accumulated": {"gradient_accumulation_steps": 2},
    "scheduled": {"learning_rate": kerata.optimizers.schedules.ExponentialDecay(0.01, 2, 0.5)},
    "clipped": {"global_clipnorm": 0.1, "weight_decay": 0.01},
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_goes_on_after_loading(name, way, tmp_path):
    """Two steps, saved, loaded, and two more are four steps; on PyTorch, which compiles nothing."""
    with kerata.use_engine("torch"):
        model = kerata.Sequential([kerata.Input((3,)), layers.Dense(4, activation="tanh"), layers.Dense(3)])
        model.compile(getattr(kerata.optimizers, name)(**{"learning_rate": 0.01, **WAYS[way]}), "mse")
        for _ in range(2):
            model.train_on_batch(X, X)
        model.save(tmp_path / "m.keras")
        loaded = kerata.saving.load_model(tmp_path / "m.keras")
        for m in (model, loaded):
            for _ in range(2):
                m.train_on_batch(X, X)
        for a, b in zip(
            [*model.variables, *model.optimizer.variables], [*loaded.variables, *loaded.optimizer.variables], strict=True
        ):
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-5, atol=1e-6, err_msg=a.path)
