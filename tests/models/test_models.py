"""Sequential, graphs, subclasses: structure, weights, cloning, summaries; against the oracle where it matters."""

import json

import numpy as np
import pytest

import kerata
from kerata import layers, ops
from tests.oracle import keras as oracle


def branched(keras):
    """A graph with shared layers, branches of different depth and a nested model."""
    layers = keras.layers
    a, b = keras.Input((6,), name="a"), keras.Input((4,), name="b")
    shared = layers.Dense(5, activation="relu", name="shared")
    left = shared(layers.Dense(3, name="deep")(a))
    right = shared(layers.Dense(3, name="first")(b))
    inner_input = keras.Input((5,), name="inner_input")
    inner = keras.Model(inner_input, layers.Dense(2, name="inside")(inner_input), name="inner")
    joined = layers.Concatenate(name="joined")([inner(left), inner(right), b])
    return keras.Model([a, b], [layers.Dense(1, name="out")(joined), left], name="branched")


def data(rows=7):
    random = np.random.default_rng(0)
    return [random.normal(size=(rows, 6)).astype("float32"), random.normal(size=(rows, 4)).astype("float32")]


def test_a_graph_has_the_oracles_layers_weights_and_outputs():
    ours, theirs = branched(kerata), branched(oracle())
    assert [layer.name for layer in ours.layers] == [layer.name for layer in theirs.layers]
    assert [w.shape for w in ours.weights] == [tuple(w.shape) for w in theirs.weights]
    ours.set_weights(theirs.get_weights())
    for mine, other in zip(ours.predict(data(), verbose=0), theirs.predict(data(), verbose=0)):
        np.testing.assert_allclose(mine, other, atol=1e-5)
    assert ours.count_params() == theirs.count_params()
    assert ours.input_names == ["a", "b"]


def test_dicts_as_inputs_and_outputs():
    x, y = kerata.Input((3,), name="x"), kerata.Input((3,), name="y")
    model = kerata.Model({"x": x, "y": y}, {"sum": x + y, "product": x * y})
    out = model.predict({"y": np.full((2, 3), 2.0), "x": np.full((2, 3), 3.0)}, verbose=0)
    assert out["sum"].tolist() == [[5.0] * 3] * 2
    assert out["product"].tolist() == [[6.0] * 3] * 2


def test_a_model_is_a_layer():
    encoder = kerata.Sequential([layers.Dense(3, input_shape=(4,))], name="encoder")
    x = kerata.Input((4,))
    model = kerata.Model(x, layers.Dense(1)(encoder(x)))
    assert model.count_params() == 15 + 4
    assert model.get_layer("encoder") is encoder
    assert len(model.trainable_variables) == 4
    encoder.trainable = False
    assert len(model.trainable_variables) == 2
    part = kerata.Model(model.inputs, encoder(x))
    assert part.output_shape == (None, 3)


def test_intermediate_tensors_as_inputs_and_outputs():
    x = kerata.Input((4,))
    hidden = layers.Dense(3)(x)
    out = layers.Dense(2)(hidden)
    head = kerata.Model(hidden, out)
    assert head.predict(np.ones((2, 3)), verbose=0).shape == (2, 2)
    assert kerata.Model(x, [hidden, out]).output_shape == [(None, 3), (None, 2)]


class Own(kerata.Model):
    def __init__(self, width=3):
        super().__init__()
        self.blocks = [layers.Dense(width) for _ in range(2)]
        self.named = {"out": layers.Dense(1)}
        self.rate = self.add_weight(shape=(), name="rate", initializer="ones")

    def call(self, x, training=False):
        for block in self.blocks:
            x = ops.relu(block(x))
        return self.named["out"](x) * self.rate


def test_subclasses_find_layers_in_lists_and_dicts():
    model = Own()
    model.build((None, 4))
    assert [w.shape for w in model.weights] == [(), (4, 3), (3,), (3, 3), (3,), (3, 1), (1,)]
    assert model(np.ones((2, 4))).shape == (2, 1)
    model.blocks.append(layers.Dense(3))
    model(np.ones((2, 4)))
    assert len(model.weights) == 9


def test_a_subclass_that_makes_a_graph():
    class Graph(kerata.Model):
        def __init__(self, units):
            x = kerata.Input((4,))
            super().__init__(inputs=x, outputs=layers.Dense(units)(x))

    assert Graph(3).predict(np.ones((2, 4)), verbose=0).shape == (2, 3)


def test_sequential_add_pop_and_late_building():
    model = kerata.Sequential()
    model.add(layers.Dense(3))
    model.add(layers.Dense(2))
    assert not model.built
    model.build((None, 5))
    assert model.count_params() == 18 + 8
    assert isinstance(model.pop(), layers.Dense)
    assert model.output_shape == (None, 3)
    with pytest.raises(ValueError, match="already has a layer called"):
        model.add(model.layers[0])
    with pytest.raises(ValueError, match="Sequential holds layers"):
        model.add(3)
    late = kerata.Sequential([layers.Embedding(10, 4), layers.GlobalAveragePooling1D(), layers.Dense(1)])
    assert late(np.ones((2, 5), "int32")).shape == (2, 1)


@pytest.mark.parametrize(
    "build", [branched, lambda keras: keras.Sequential([keras.layers.Dense(3, activation="relu"), keras.layers.Dense(2)]), None]
)
def test_configs_and_json_round_trip(build):
    if build is None:
        model = kerata.Sequential(
            [layers.Conv2D(2, 3, input_shape=(8, 8, 1)), layers.BatchNormalization(), layers.Flatten(), layers.Dense(1)]
        )
    else:
        model = build(kerata)
    copy = kerata.models.model_from_json(model.to_json())
    assert json.loads(copy.to_json()) == json.loads(model.to_json())
    if model.built:
        copy.set_weights(model.get_weights())
        x = data() if build is branched else np.ones((2, 8, 8, 1))
        for a, b in zip(copy.predict(x, verbose=0), model.predict(x, verbose=0)):
            np.testing.assert_array_equal(a, b)


def test_clones_have_the_structure_and_fresh_weights():
    model = branched(kerata)
    copy = kerata.models.clone_model(model)
    assert [layer.name for layer in copy.layers] == [layer.name for layer in model.layers]
    assert not any(a is b for a in copy.weights for b in model.weights)
    copy.set_weights(model.get_weights())
    for a, b in zip(copy.predict(data(), verbose=0), model.predict(data(), verbose=0)):
        np.testing.assert_array_equal(a, b)
    wider = kerata.models.clone_model(
        kerata.Sequential([layers.Dense(3, input_shape=(4,))]), clone_function=lambda layer: layers.Dense(7, name=layer.name)
    )
    assert wider.output_shape == (None, 7)


def test_get_layer_suggests_the_nearest():
    with pytest.raises(ValueError, match="Did you mean 'shared'"):
        branched(kerata).get_layer("shred")
    with pytest.raises(ValueError, match="a name or an index"):
        branched(kerata).get_layer()


SUMMARY = """\
Model: "small"
_________________________________________________________________
Layer (type)                 Output Shape              Param #   
=================================================================
conv (Conv2D)                (None, 6, 6, 2)           20        
_________________________________________________________________
flat (Flatten)               (None, 72)                0         
_________________________________________________________________
norm (BatchNormalization)    (None, 72)                288       
_________________________________________________________________
dense (Dense)                (None, 1)                 73        
=================================================================
Total params: 381
Trainable params: 237
Non-trainable params: 144
_________________________________________________________________
"""  # noqa: W291


def test_summary_of_a_chain(capsys):
    kerata.Sequential(
        [layers.Conv2D(2, 3, input_shape=(8, 8, 1), name="conv"), layers.Flatten(name="flat"), layers.BatchNormalization(name="norm"),
         layers.Dense(1, name="dense")], name="small"
    ).summary()  # fmt: skip
    assert capsys.readouterr().out == SUMMARY


def test_summary_of_a_graph_shows_connections_nested_layers_and_what_is_trained():
    lines = []
    model = branched(kerata)
    model.get_layer("deep").trainable = False
    model.summary(print_fn=lines.append, expand_nested=True, show_trainable=True)
    text = "\n".join(lines)
    assert "first[0][0]" in text
    assert "|  inside (Dense)" in text
    assert any(line.startswith("deep") and line.rstrip().endswith("N") for line in lines)
    assert f"Total params: {model.count_params()}" in text
    ranged = []
    model.summary(print_fn=ranged.append, layer_range=("deep", "shared"))
    assert not any(line.startswith("out ") for line in ranged)


def test_summary_of_an_unbuilt_model():
    lines = []
    kerata.Sequential([layers.Dense(2, name="first")]).summary(print_fn=lines.append)
    assert any("first (Dense)" in line and "unbuilt" in line for line in "\n".join(lines).splitlines())


def test_models_pass_masks_on():
    x = kerata.Input((5,), dtype="int32")
    embedded = layers.Embedding(10, 4, mask_zero=True)(x)
    model = kerata.Model(x, layers.LSTM(3)(embedded * 1.0))
    tokens = np.array([[1, 2, 3, 0, 0]])
    short = kerata.Model(x, layers.LSTM(3, weights=model.layers[-1].get_weights())(embedded[:, :3]))
    np.testing.assert_allclose(model.predict(tokens, verbose=0), short.predict(tokens, verbose=0), atol=1e-6)


def test_state_trees_come_back():
    model = branched(kerata)
    model.compile("adam", ["mse", "mse"])
    tree = model.get_state_tree("numpy_array")
    assert set(tree) == {"trainable_variables", "non_trainable_variables", "optimizer_variables", "metrics_variables"}
    before = model.get_weights()
    for v in model.trainable_variables:
        v.assign(v.numpy() * 0)
    model.set_state_tree(tree)
    for a, b in zip(model.get_weights(), before):
        np.testing.assert_array_equal(a, b)


def test_many_models_leave_no_memory_behind():
    import gc
    import weakref

    kept = []
    for _ in range(20):
        model = kerata.Sequential([layers.Dense(50, input_shape=(50,))])
        model.predict(np.ones((1, 50)), verbose=0)
        kept.append(weakref.ref(model))
        del model
    gc.collect()
    assert sum(ref() is not None for ref in kept) <= 1


def test_functional_models_check_what_they_are_given():
    with pytest.raises(ValueError, match="takes symbolic tensors"):
        kerata.Model(np.ones((2, 3)), kerata.Input((3,)))
    x = kerata.Input((3,))
    with pytest.raises(ValueError, match="several layers called 'same'"):
        kerata.Model(x, layers.Dense(1, name="same")(layers.Dense(2, name="same")(x)))


class Told(layers.Layer):
    """Adds 1 while training, and 10 where the mask is true."""

    supports_masking = True

    def call(self, x, training=None, mask=None):
        x = x + 1 if training else x
        return x if mask is None else x + 10 * ops.cast(mask, "float32")[..., None]


@pytest.mark.parametrize("inputs", [[], [kerata.Input((2, 1))]])
def test_call_tells_the_layers_of_training_and_masks(engine, inputs):
    model, x = kerata.Sequential([*inputs, Told()]), np.zeros((1, 2, 1), "float32")
    for call in (model, model.call):
        assert np.asarray(call(x, training=True)).ravel().tolist() == [1, 1]
        assert np.asarray(call(x, training=False)).ravel().tolist() == [0, 0]
        assert np.asarray(call(x, mask=np.array([[True, False]]))).ravel().tolist() == [10, 0]


def test_a_graph_called_by_hand_tells_the_layers_of_training(engine):
    x = kerata.Input((2, 1))
    model, data = kerata.Model(x, Told()(x)), np.zeros((1, 2, 1), "float32")
    assert np.asarray(model.call(data, training=True)).ravel().tolist() == [1, 1]
    with pytest.raises(ValueError, match="has 1 input, and needs as many masks, None for none; 2 came"):
        model.call(data, mask=[None, None])


def test_sequential_takes_no_other_arguments():
    model = kerata.Sequential([kerata.Input((2,)), layers.Dense(2)])
    with pytest.raises(TypeError, match="call has no argument 'trainin'. Did you mean 'training'?"):
        model(np.ones((1, 2)), trainin=True)


def test_cloning_uses_what_it_is_given_or_says_why_not():
    seen = []

    def call(layer, *args, **kwargs):
        seen.append(layer.name)
        return layer(*args, **kwargs)

    chain = kerata.Sequential([kerata.Input((3,)), layers.Dense(2)], name="chain")
    x = kerata.Input((2,))
    inner = kerata.Model(x, layers.Dense(4, name="inside")(x), name="inner")
    x = kerata.Input((3,))
    model = kerata.Model(x, inner(chain(x)), name="outer")
    for recursive, names in ((False, ["chain", "inner"]), (True, ["chain", "inner", "inside"])):
        seen.clear()
        kerata.models.clone_model(model, call_function=call, recursive=recursive)
        assert sorted(seen) == names
    with pytest.raises(ValueError, match="no use for call_function with 'chain', which is a Sequential"):
        kerata.models.clone_model(chain, call_function=call)
    with pytest.raises(ValueError, match="'outer' has 1 inputs; 2 tensors came"):
        kerata.models.clone_model(model, input_tensors=[kerata.Input((3,)), kerata.Input((3,))])
    with pytest.raises(TypeError, match="clone_model has no argument 'clone_functon'. Did you mean 'clone_function'?"):
        kerata.models.clone_model(model, clone_functon=call)

    class Own(kerata.Model):
        def call(self, x):
            return x

    for arguments in ({"clone_function": call}, {"input_tensors": [kerata.Input((3,))]}, {"call_function": call}):
        with pytest.raises(ValueError, match=f"no use for {next(iter(arguments))}"):
            kerata.models.clone_model(Own(), **arguments)


def test_unused_inputs_stand_beside_the_last_layers():
    def names(k):
        a, b, c = (k.Input((4,), name=name) for name in "abc")
        first = k.layers.Dense(4, name="first")(a)
        second = k.layers.Dense(4, name="second")(first)
        models = [k.Model([a, b], second), k.Model([b, a], first), k.Model([a, b, c], k.layers.Add(name="sum")([second, c]))]
        return [[layer.name for layer in model.layers] for model in [*models, k.Model([b, c], [c])]]

    assert names(kerata) == names(oracle())
