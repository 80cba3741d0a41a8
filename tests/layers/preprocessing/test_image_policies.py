"""RandAugment and AugMix: the oracle's pixels for the same choices; what is chosen how often; boxes and masks; pipelines."""

import json

import numpy as np
import pytest

import kerata
from kerata import layers

from ...oracle import keras
from .test_images import BOXES, X, data

POLICIES = [layers.RandAugment, layers.AugMix]
each_policy = pytest.mark.parametrize("policy", POLICIES, ids=lambda cls: cls.__name__)
SHAPE = {"input_shape": X.shape}


def column(*values):
    return np.array(values, "float32").reshape(2, 1, 1, 1)


# What each layer does in two steps: dicts as the oracle's layers draw them.
STEPS = {
    "random_shear": [{"shear_factor": np.full((2, 2), 0.1 * step, "float32")} | SHAPE for step in (1, 2)],
    "random_translation": [{"translations": np.array([[step, 0.5], [0, step]], "float32")} | SHAPE for step in (1, 2)],
    "random_brightness": [{"rgb_delta": column(10 * step, -5)} for step in (1, 2)],
    "random_contrast": [{"contrast_factor": column(1.0 + 0.1 * step, 0.9)} for step in (1, 2)],
    "random_color_degeneration": [{"factor": column(0.3, 0.4 * step)} for step in (1, 2)],
    "random_sharpness": [{"factor": np.array([0.2, 0.4 * step], "float32")} for step in (1, 2)],
    "solarization": [{"additions": column(10, 0), "thresholds": column(90, 30 * step)} for step in (1, 2)],
    "random_posterization": [{"shift_factor": np.array([3, 2 * step], "uint8")} for step in (1, 2)],
    "auto_contrast": [None, None],
    "equalization": [None, None],
}


def ours(names, count=2):
    """`transforms` for kerata: arrays with an axis of steps."""
    result = {}
    for name in names:
        first, second = STEPS.get(name, [{"rotation_matrix": np.ones((2, 8), "float32")}] * 2)
        if first is None:
            result[name] = None
            continue
        pick = lambda key: np.stack([(first, second)[i % 2][key] for i in range(count)])
        result[name] = {key: pick(key) if isinstance(x, np.ndarray) else x for key, x in first.items()}
    return result


def theirs(transformation):
    import jax

    return jax.tree.map(lambda x: jax.numpy.asarray(x) if isinstance(x, np.ndarray) else x, transformation)


@pytest.mark.parametrize("first, second", [("random_contrast", "random_translation"), ("random_shear", "equalization")])  # fmt: skip
def test_rand_augment_equals_the_layers_one_after_another(first, second, engine):
    """The pixels of the oracle's own layers, called in turn with the same transformations."""
    layer, other = (m.layers.RandAugment(seed=1) for m in (kerata, keras()))
    numbers = np.array([layer.names.index(first), layer.names.index(second)], "int32")
    found = layer.transform_images(engine.asarray(X), {"layer_idxes": numbers, "transforms": ours(layer.names)})
    expected = keras().ops.convert_to_tensor(X)
    for step, name in enumerate((first, second)):
        expected = getattr(other, name).transform_images(expected, theirs(STEPS[name][step]))
    off = np.abs(engine.to_numpy(found) - np.asarray(expected)) > 0.05
    assert off.mean() < 0.01


def test_aug_mix_is_the_weighted_sum_of_its_chains(engine):
    layer, other = (m.layers.AugMix(seed=1, num_chains=2, chain_depth=2) for m in (kerata, keras()))
    number = {name: i for i, name in enumerate(layer.names)}
    none = len(layer.names)
    transformation = {
        "chain_mixing_weights": np.array([0.3, 0.7], "float32"),
        "weight_sample": np.array(0.25, "float32"),
        "layer_idxes": np.array([[number["random_contrast"], number["random_translation"]], [number["solarization"], none]]),
        "transforms": ours(layer.names, 4),
    }
    chain = lambda *names: [{"layer_name": n, "transformation": theirs(STEPS[n][step])} for step, n in enumerate(names)]
    chains = [chain("random_contrast", "random_translation"), chain("solarization")]
    weights = {key: transformation[key] for key in ("chain_mixing_weights", "weight_sample")}
    expected = np.asarray(
        other.transform_images(keras().ops.convert_to_tensor(X), theirs(weights) | {"chain_transforms": chains})
    )
    found = engine.to_numpy(layer.transform_images(engine.asarray(X), transformation))
    assert (np.abs(found - expected) > 0.05).mean() < 0.01
    masks = (X[..., :1] > 99).astype("float32")
    expected = np.asarray(
        other.transform_segmentation_masks(keras().ops.convert_to_tensor(masks), theirs(weights) | {"chain_transforms": chains})
    )
    found = engine.to_numpy(layer.transform_segmentation_masks(engine.asarray(masks), transformation))
    np.testing.assert_allclose(found, expected, atol=1e-4)


@each_policy
def test_config_is_the_oracles(policy):
    for arguments in ({}, {"factor": (0.1, 0.9), "interpolation": "nearest", "value_range": (0, 1), "seed": 3}):
        mine, other = (getattr(m.layers, policy.__name__)(**arguments, name="p") for m in (kerata, keras()))
        mine, other = (json.loads(json.dumps(layer.get_config())) for layer in (mine, other))
        assert mine == other
        assert policy.from_config(other).get_config() == policy.from_config(mine).get_config()


def plain(config):
    """A config without what is of the layer rather than of its task, pairs as lists."""
    kept = {k: v for k, v in config.items() if k not in ("name", "seed", "dtype", "trainable")}
    return json.loads(json.dumps(kept))


@each_policy
@pytest.mark.parametrize("factor", [0.05, 0.3, (0.2, 0.9)])
def test_its_layers_are_as_the_oracles(policy, factor):
    mine, other = (getattr(m.layers, policy.__name__)(factor=factor) for m in (kerata, keras()))
    for name in mine.names:
        assert plain(getattr(mine, name).get_config()) == plain(getattr(other, name).get_config()), name


@each_policy
def test_calls(policy, engine):
    layer = policy(seed=3, data_format="channels_last")
    y = layer(X, training=True)
    assert engine.is_array(y) and tuple(y.shape) == X.shape
    np.testing.assert_array_equal(engine.to_numpy(policy(seed=3)(X, training=True)), engine.to_numpy(y))
    np.testing.assert_array_equal(engine.to_numpy(layer(X, training=False)), X)
    assert tuple(layer(X[0].astype("uint8"), training=True).shape) == X.shape[1:]
    assert layer(kerata.Input(X.shape[1:])).shape == (None, *X.shape[1:])
    changes = [np.abs(engine.to_numpy(layer(X, training=True)) - X).mean() for _ in range(6)]
    assert len(set(changes)) > 3 and np.mean(changes) > 1
    first = policy(data_format="channels_first")
    first.build((None, 3, 8, 10))
    assert tuple(first(np.moveaxis(X, -1, 1), training=True).shape) == (2, 3, 8, 10)


def test_choices_are_even():
    layer = layers.RandAugment(num_ops=2000, seed=1)
    counts = np.bincount(np.asarray(layer.get_random_transformation(X)["layer_idxes"]), minlength=11)
    assert len(counts) == 11 and abs(counts / 2000 - 1 / 11).max() < 0.03


@pytest.mark.parametrize("alpha", [1.0, 3.0])
def test_weights_and_lengths_of_chains(alpha):
    with kerata.use_engine("numpy"):
        layer = layers.AugMix(num_chains=3, alpha=alpha, all_ops=False, seed=1)
        drawn = [layer.get_random_transformation(X) for _ in range(400)]
    assert set(layer.names) == {
        "random_shear",
        "random_translation",
        "random_rotation",
        "solarization",
        "random_posterization",
        "auto_contrast",
        "equalization",
    }
    weights, own, chosen = (
        np.array([np.asarray(t[key]) for t in drawn]) for key in ("chain_mixing_weights", "weight_sample", "layer_idxes")
    )
    np.testing.assert_allclose(weights.sum(1), 1, rtol=1e-5)
    variance = 2 / (9 * (3 * alpha + 1))  # of a Dirichlet distribution with three equal parameters
    np.testing.assert_allclose(weights.var(0), variance, rtol=0.25)
    np.testing.assert_allclose([own.mean(), own.var()], [0.5, 1 / (4 * (2 * alpha + 1))], rtol=0.15)
    depths = (chosen < len(layer.names)).sum(-1)
    assert (np.diff((chosen < len(layer.names)).astype(int), axis=-1) <= 0).all()  # what is there comes first
    np.testing.assert_allclose(np.bincount(depths.ravel(), minlength=4) / depths.size, [0, 1 / 3, 1 / 3, 1 / 3], atol=0.06)


def test_boxes_and_masks_move_with_the_images(engine):
    """A bright rectangle, its mask and its box come to the same place."""
    images = np.zeros((2, 8, 10, 3), "float32")
    images[:, 2:5, 3:7] = 200
    boxes = {"boxes": np.array([[[3, 2, 7, 5], [-1, -1, -1, -1]]] * 2, "float32"), "labels": BOXES["labels"]}
    layer = layers.RandAugment(bounding_box_format="xyxy")
    numbers = np.array([layer.names.index("random_translation"), len(layer.names)])
    moves = {"translations": np.array([[[2, 1], [-1, 2]]] * 2, "float32")} | SHAPE
    transformation = {"layer_idxes": numbers, "transforms": ours(layer.names) | {"random_translation": moves}}
    moved = engine.to_numpy(layer.transform_images(images, transformation))
    masks = engine.to_numpy(layer.transform_segmentation_masks((images[..., :1] > 99).astype("int32"), transformation))
    result = layer.transform_bounding_boxes(boxes, transformation)
    np.testing.assert_array_equal(masks, moved[..., :1] > 99)
    np.testing.assert_allclose(engine.to_numpy(result["boxes"])[:, 0], [[5, 3, 9, 6], [2, 4, 6, 7]], atol=1e-4)
    np.testing.assert_array_equal(engine.to_numpy(result["labels"]), BOXES["labels"])


@each_policy
def test_dicts_are_changed_alike(policy, engine):
    layer = policy(bounding_box_format="xyxy", seed=2)
    given = data(bounding_boxes=BOXES)
    result = layer(given, training=True)
    assert set(result) == set(given)
    assert tuple(result["bounding_boxes"]["boxes"].shape) == (2, 2, 4)
    assert tuple(result["segmentation_masks"].shape) == given["segmentation_masks"].shape
    np.testing.assert_array_equal(engine.to_numpy(result["labels"]), given["labels"])
    with pytest.raises(ValueError, match="needs bounding_box_format="):
        policy()(given)


@each_policy
def test_in_a_compiled_model(policy, training_engine):
    """Each batch has choices of its own in compiled code too."""
    model = kerata.Sequential([kerata.Input((4, 4, 3)), policy(seed=1, **({"num_chains": 2, "chain_depth": 2} if policy is layers.AugMix else {})), layers.Flatten(), layers.Lambda(lambda x: x[:, :1])])  # fmt: skip
    model.compile("sgd", lambda y_true, y_pred: kerata.ops.sum(y_pred), jit_compile="auto")
    images = np.random.default_rng(0).uniform(0, 255, (6, 4, 4, 3)).astype("float32")
    losses = [float(model.train_on_batch(images, np.ones((6, 1)))) for _ in range(8)]
    assert len(set(losses)) > 4, losses


@pytest.mark.parametrize("policy, name", [(layers.RandAugment, "torch"), (layers.AugMix, "tensorflow")])
def test_in_a_tf_data_pipeline(policy, name):
    import tensorflow as tf

    with kerata.use_engine(name):
        batches = tf.data.Dataset.from_tensor_slices(np.repeat(X[:1], 12, 0)).batch(2).map(policy(seed=1))
        found = list(batches.as_numpy_iterator())
    assert {batch.shape for batch in found} == {X.shape} and len({batch.sum().round() for batch in found}) > 3


@pytest.mark.parametrize(
    "make, text",
    [
        (lambda: layers.RandAugment(factor=2.0), "RandAugment: factor must be a number or a pair (low, high) from 0.0 to 1.0; 2.0 came"),
        (lambda: layers.RandAugment(num_ops=-1), "num_ops must be a whole number that is not negative; -1 came"),
        (lambda: layers.RandAugment(interpolation="x"), "interpolation must be one of nearest, bilinear; 'x' came"),
        (lambda: layers.AugMix(num_chains=0), "num_chains must be a positive integer; 0 came"),
        (lambda: layers.AugMix(chain_depth=1.5), "chain_depth must be a positive integer; 1.5 came"),
        (lambda: layers.AugMix(alpha=0), "alpha must be a positive number; 0 came"),
        (lambda: layers.AugMix(value_range=3), "value_range must be a pair (low, high); 3 came"),
    ],
)  # fmt: skip
def test_errors(make, text):
    with pytest.raises(ValueError) as error:
        make()
    assert text in str(error.value)


def test_no_layers_at_all(engine):
    layer = layers.RandAugment(num_ops=0)
    np.testing.assert_array_equal(engine.to_numpy(layer(X, training=True)), X)
    assert layer.get_config()["num_ops"] == 0


def test_methods_for_single_images(engine):
    """What the methods for batches make of a batch of one."""
    layer = layers.RandomTranslation((0.25, 0.25), (0.2, 0.3), bounding_box_format="xyxy")
    assert (layer.height_lower, layer.height_upper, layer.width_lower, layer.width_upper) == (0.25, 0.25, 0.2, 0.3)
    transformation = layer.get_random_transformation(X[:1], seed=1)
    for name, part, batch in (
        ("image", X[0], X[:1]),
        ("label", data()["labels"][0], data()["labels"][:1]),
        ("segmentation_mask", data()["segmentation_masks"][0], data()["segmentation_masks"][:1]),
    ):
        single = getattr(layer, f"transform_single_{name}")(part, transformation)
        expected = getattr(layer, f"transform_{name}s")(batch, transformation)
        np.testing.assert_array_equal(engine.to_numpy(single), np.asarray(expected)[0])
    boxes = layer.transform_single_bounding_box({key: x[0] for key, x in BOXES.items()}, transformation)
    expected = layer.transform_bounding_boxes({key: x[:1] for key, x in BOXES.items()}, transformation)
    np.testing.assert_array_equal(engine.to_numpy(boxes["boxes"]), np.asarray(expected["boxes"])[0])
