"""What a layer holds, and when it may change: freezing, new state, removed weights, losses, values in place of variables."""

import numpy as np
import pytest

import kerata
from kerata import layers, ops

X = np.ones((2, 3), "float32")


class Affine(layers.Layer):
    """A fixed offset that is made first, and a kernel."""

    def build(self, input_shape):
        self.offset = self.add_weight(shape=(4,), initializer="zeros", trainable=False, name="offset")
        self.kernel = self.add_weight(shape=(input_shape[-1], 4), initializer="ones", name="kernel")

    def call(self, x):
        return ops.matmul(x, self.kernel) + self.offset


def built(**options):
    layer = Affine(**options)
    layer(X)
    return layer


class TestFreezing:
    def test_weights_say_that_they_are_frozen(self, engine):
        layer = built()
        order = [v.name for v in layer.weights]
        layer.trainable = False
        assert layer.trainable_variables == [] and len(layer.non_trainable_variables) == 2
        assert not layer.kernel.trainable and not layer.offset.trainable
        assert [v.name for v in layer.weights] == order == ["kernel", "offset"]
        layer.trainable = True
        assert layer.kernel.trainable and not layer.offset.trainable
        assert [v.name for v in layer.trainable_variables] == ["kernel"]

    def test_weights_made_while_frozen(self, engine):
        layer = built(trainable=False)
        assert not layer.kernel.trainable and layer.trainable_variables == []
        layer.trainable = True
        assert layer.kernel.trainable and len(layer.trainable_variables) == 1

    def test_of_inner_layers(self, engine):
        outer = kerata.Sequential([layers.Dense(2), layers.BatchNormalization()])
        outer.build((None, 3))
        outer.trainable = False
        assert not any(v.trainable for v in outer.weights)
        outer.layers[0].trainable = True
        assert [v.trainable for v in outer.layers[0].weights] == [True, True]
        assert outer.trainable_variables == []  # it isn't trained itself

    def test_training_follows(self, training_engine):
        model = kerata.Sequential([layers.Dense(2, name="first"), layers.Dense(1, name="second")])
        model.build((None, 3))
        model.layers[0].trainable = False
        model.compile("sgd", "mse")
        before = model.get_weights()
        model.fit(X, np.zeros((2, 1)), verbose=0)
        moved = [not np.array_equal(a, b) for a, b in zip(before, model.get_weights())]
        assert moved == [False, False, True, True]
        model.layers[0].trainable = True
        model.compile("sgd", "mse")
        model.fit(X, np.zeros((2, 1)), verbose=0)
        assert not np.array_equal(before[0], model.get_weights()[0])


class TestNewState:
    @pytest.mark.parametrize(
        "part",
        [
            lambda: kerata.Variable(np.ones(2)),
            lambda: layers.Dense(2),
            lambda: kerata.metrics.Mean(),
            lambda: kerata.random.SeedGenerator(1),
            lambda: [layers.Dense(2)],
            lambda: {"a": (layers.Dense(2),)},
        ],
    )
    def test_no_part_after_building(self, part):
        layer = built()
        with pytest.raises(ValueError, match="built already"):
            layer.part = part()
        assert not hasattr(layer, "part")

    def test_what_holds_nothing_is_free(self):
        layer = built()
        layer.numbers, layer.array, layer.names = [1, 2], np.ones(2), {"a": "b"}
        assert layer.numbers == [1, 2] and layer.names == {"a": "b"}

    def test_no_weight_after_building(self):
        with pytest.raises(ValueError, match="built already"):
            built().add_weight(shape=(2,))

    def test_no_weight_in_call(self):
        class Late(layers.Layer):
            def call(self, x):
                self.w = self.add_weight(shape=(1,))
                return x

        with pytest.raises(ValueError, match="built already"):
            Late()(X)

    def test_users_models(self):
        class Model(kerata.Model):
            def __init__(self):
                super().__init__()
                self.inner = layers.Dense(2)

            def call(self, x):
                return self.inner(x)

        model = Model()
        model(X)
        with pytest.raises(ValueError, match="built already"):
            model.other = layers.Dense(3)
        model.compile("sgd", "mse", metrics=["mae"])
        model.fit(X, np.zeros((2, 2)), verbose=0)

    def test_models_of_graphs_take_parts(self):
        x = kerata.Input((3,))
        model = kerata.Model(x, layers.Dense(2)(x))
        model.mean = kerata.metrics.Mean()
        assert model.mean in model.metrics

    def test_removed(self):
        layer = built()
        del layer.kernel
        assert [v.name for v in layer.weights] == ["offset"]


class TestLosses:
    def test_of_a_structure(self, engine):
        class Penalized(layers.Layer):
            def call(self, x):
                self.add_loss({"a": ops.sum(x), "b": [ops.max(x)]})
                return x

        layer = Penalized()
        layer(X)
        assert [float(ops.convert_to_numpy(v)) for v in layer.losses] == [6.0, 1.0]

    @pytest.mark.parametrize("value", [None, "a", 3.0, [1.0, 2.0], np.ones(2)])
    def test_only_tensors(self, value):
        with pytest.raises(ValueError, match="add_loss takes tensors"):
            layers.Layer().add_loss(value)


class TestValuesForVariables:
    def test_they_get_the_variables_dtypes(self, training_engine):
        layer = built()
        y, updated = layer.stateless_call([np.ones((3, 4))], [np.ones(4)], X)
        assert kerata.backend.standardize_dtype(updated[0].dtype) == "float32"
        np.testing.assert_allclose(ops.convert_to_numpy(y), 4.0)


class TestInitialValues:
    def test_an_array_must_have_the_shape(self):
        layer = layers.Layer()
        assert layer.add_weight(shape=(2,), initializer=np.arange(2.0)).numpy().tolist() == [0.0, 1.0]
        with pytest.raises(ValueError, match="shape"):
            layer.add_weight(shape=(2,), initializer=np.ones(3)).numpy()

    def test_random_ones_draw_floats(self):
        for cls in (
            kerata.initializers.RandomNormal,
            kerata.initializers.GlorotUniform,
            kerata.initializers.Orthogonal,
        ):
            with pytest.raises(ValueError, match="floats"):
                cls(seed=1)((2, 2), dtype="int32")

    def test_the_config_of_a_constant_is_json(self):
        config = kerata.initializers.Constant(np.ones(2)).get_config()
        assert config["value"]["class_name"] == "__numpy__"
        again = kerata.initializers.Constant.from_config(config)
        np.testing.assert_array_equal(again((2,)), np.ones(2))


class TestPaths:
    def test_layers_built_in_a_call_are_inside(self, engine):
        class Outer(layers.Layer):
            def __init__(self, **options):
                super().__init__(**options)
                self.inner = layers.Dense(2, name="inner")

            def call(self, x):
                return self.inner(x)

        layer = Outer(name="outer")
        layer(X)
        assert [v.path for v in layer.weights] == ["outer/inner/kernel", "outer/inner/bias"]
        symbolic = Outer(name="outer")
        symbolic(kerata.Input((3,)))
        assert [v.path for v in symbolic.weights] == ["outer/inner/kernel", "outer/inner/bias"]

    def test_the_first_of_several_calls(self):
        layer, x = layers.Dense(2), kerata.Input((3,))
        y = layer(x)
        layer(kerata.Input((3,)))
        assert layer.input is x and layer.output is y


@pytest.mark.parametrize("axes, kind", [(3, TypeError), ({"a": 3}, TypeError), ({5: 1}, ValueError)])
def test_axes_of_input_specs(axes, kind):
    with pytest.raises(kind, match="axes"):
        kerata.InputSpec(ndim=2, axes=axes)
