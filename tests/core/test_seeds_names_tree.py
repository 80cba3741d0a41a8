"""Seeds, names, structures, settings, masks."""

import collections
import contextlib
import warnings

import numpy as np
import pytest
from tests.oracle import keras

import kerata
from kerata import engines, ops
from kerata.core import config, masks, naming, seeds, tree


def test_one_seed_makes_a_program_repeat_itself(engine):
    draws = []
    for _ in range(2):
        kerata.utils.set_random_seed(7)
        draws.append(
            (
                seeds.make_default_seed(),
                float(kerata.random.uniform(())),
                np.random.rand(),
                kerata.layers.Dense(2, input_shape=(3,)),
            )
        )
    assert draws[0][:3] == draws[1][:3]


def test_the_same_seed_gives_the_same_weights_on_every_engine():
    weights = []
    for name in engines.names():
        with engines.use_engine(name):
            kerata.utils.set_random_seed(3)
            weights.append(kerata.Sequential([kerata.layers.Dense(4, input_shape=(5,))]).get_weights()[0])
    for other in weights[1:]:
        np.testing.assert_array_equal(weights[0], other)


def test_a_seed_generator_moves_on_also_in_compiled_code(training_engine):
    generator = seeds.SeedGenerator(5)
    draw = training_engine.compile(lambda: kerata.random.normal((3,), seed=generator))
    first, second = np.asarray(draw()), np.asarray(draw())
    assert not np.array_equal(first, second)
    assert generator.state.numpy().tolist() == [5, 2]
    assert seeds.SeedGenerator.from_config(generator.get_config()).state.numpy().tolist() == [5, 0]


@pytest.mark.parametrize("seed", [-1, "a", 1.5])
def test_bad_seeds(seed):
    with pytest.raises(ValueError, match="integer"):
        seeds.SeedGenerator(seed)


def test_snake_case():
    assert [naming.to_snake_case(n) for n in ("MaxPooling1D", "Conv2DTranspose", "ReLU", "PReLU", "GRUCell")] == [
        "max_pooling1d", "conv2d_transpose", "re_lu", "p_re_lu", "gru_cell"
    ]  # fmt: skip


def test_tree():
    structure = {"b": (1, [2, None]), "a": 3}
    assert tree.flatten(structure) == [3, 1, 2, None]
    assert tree.pack_sequence_as(structure, [30, 10, 20, None]) == {"a": 30, "b": (10, [20, None])}
    assert tree.map_structure(lambda x: x, structure) == structure
    assert tree.map_structure_up_to([0, 0], len, [[1, 2], [3]]) == [2, 1]
    assert tree.lists_to_tuples([1, [2]]) == (1, (2,))
    assert tree.traverse(lambda x: "list" if isinstance(x, list) else None, {"a": [1], "b": 2}) == {"a": "list", "b": 2}
    with pytest.raises(ValueError, match="leaves"):
        tree.pack_sequence_as([1, 2], [1])
    with pytest.raises(ValueError, match="differ"):
        tree.assert_same_structure([1], {"a": 1})


def test_settings_refuse_what_they_do_not_know():
    with pytest.raises(ValueError, match="floatx"):
        config.set_floatx("float31")
    with pytest.raises(ValueError, match="channels_last"):
        config.set_image_data_format("channels_middle")


def test_masks_pass_through_elementwise_ops(engine):
    x = ops.convert_to_tensor(np.ones((2, 3, 4), "float32"))
    mask = ops.convert_to_tensor(np.array([[True, False, True]] * 2))
    masks.set_mask(x, mask)
    assert masks.get_mask(ops.add(ops.multiply(x, 2.0), 1.0)) is mask
    assert masks.get_mask(ops.relu(x)) is mask
    assert masks.get_mask(ops.sum(x, -1)) is None


def test_masks_do_not_keep_tensors_alive(engine):
    import gc

    before = len(masks.of_arrays)
    x = ops.add(np.ones((2, 3), "float32"), 1.0)
    masks.set_mask(x, x)
    del x
    gc.collect()
    assert len(masks.of_arrays) <= before + 1


def test_float64_needs_no_more_than_its_setting():
    import subprocess
    import sys

    code = "import kerata as k; k.config.set_floatx('float64'); print(k.ops.ones(2).dtype, k.layers.Dense(1)(k.ops.ones((2, 2))).dtype)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.split() == ["float64", "float64"]


def test_jax_has_64_bits_no_longer_than_somebody_needs_them():
    """As long as a model in float64 is there, it computes so; then whole numbers have 32 bits again, as before."""
    import subprocess
    import sys

    code = """
import kerata as k, numpy as np
def dtypes():
    return k.ops.dtype(k.ops.convert_to_tensor(np.arange(3))), k.ops.dtype(k.ops.ones(2))
k.config.set_backend("jax")
k.config.set_floatx("float64")
print(*dtypes())
k.config.set_floatx("float32")
print(*dtypes())
k.config.set_floatx("float64")
model = k.Sequential([k.Input((2,)), k.layers.Dense(1)])
k.config.set_floatx("float32")
print(*dtypes(), model(np.ones((1, 2))).dtype)
del model
k.config.set_floatx("float32")
print(*dtypes())
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.splitlines() == ["int64 float64", "int32 float32", "int64 float32 float64", "int32 float32"]


def test_unknown_arguments_are_refused():
    with pytest.raises(TypeError, match="SeedGenerator has no argument 'sed'. Did you mean 'seed'?"):
        kerata.random.SeedGenerator(sed=3)
    with pytest.raises(TypeError, match="name_scope has no argument 'absolute'. Did you mean 'absolute_path'?"):
        kerata.name_scope("x", absolute="y")


@pytest.mark.parametrize("check_types", [None, True, False])
def test_structures_are_alike_as_in_keras(check_types):
    plain, other = {"a": [1, {"b": 2}]}, collections.OrderedDict(a=[1, collections.defaultdict(int, b=2)])
    deep = [collections.OrderedDict(a=(1, 2))]
    for left, right, alike in ((plain, other, True), (deep, [{"a": (3, 4)}], True), (deep, [{"a": [3, 4]}], False)):
        for module in (kerata, keras()):
            with warnings.catch_warnings(), contextlib.nullcontext() if alike else pytest.raises(ValueError):
                warnings.simplefilter("ignore")
                module.tree.assert_same_structure(left, right, check_types=check_types)


def test_clear_session_sets_switches_back_and_leaves_settings():
    def cleared(library):
        ours = library.config
        ours.set_dtype_policy("mixed_bfloat16"), ours.disable_interactive_logging(), ours.disable_traceback_filtering()
        ours.disable_flash_attention(), ours.set_epsilon(1e-3)
        library.backend.clear_session(free_memory=False)
        try:
            return (
                ours.dtype_policy().name,
                ours.is_interactive_logging_enabled(),
                ours.is_traceback_filtering_enabled(),
                ours.is_flash_attention_enabled(),
                ours.epsilon(),
            )
        finally:
            ours.set_epsilon(1e-7)

    assert cleared(kerata) == cleared(keras()) == ("float32", True, True, None, 1e-3)
