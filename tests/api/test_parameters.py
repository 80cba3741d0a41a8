"""No parameter is accepted and ignored, and an argument by a wrong name is told the right one."""

import fnmatch
import inspect

import numpy as np
import pytest

import kerata
from kerata import layers, optimizers
from kerata.core.configurable import NamedArguments
from tests.api import conformance, parameters

# What can't change a result, by reason: `pattern of functions: names`. The doc strings tell of each.
NEEDLESS = {
    "Keras 1 and 2 took it, and what it told is known": {
        "kerata.compat.initializations.*": {"dim_ordering"},
        "kerata.compat.layers.old_layer.OldLayer.*": {"inputs"},
        "kerata.compat.models.OldModel.add_loss": {"inputs"},
        "kerata.compat.models.model_from_yaml": {"yaml_string", "custom_objects"},
        "kerata.compat.layers.recurrent.Recurrent.get_constants": {"inputs", "training"},
        "kerata.compat.layers.recurrent.time_distributed_dense": {"input_dim", "output_dim", "timesteps"},
    },
    "a hint that makes some libraries faster, and no engine here": {
        "kerata.ops.segments.segment_*": {"sorted"},
        "kerata.ops.indexing.isin": {"assume_unique"},
        "kerata.models.sequential.Sequential.add": {"rebuild"},
        "kerata.models.sequential.Sequential.pop": {"rebuild"},
        "kerata.utils.dataset.Dataset.prefetch": {"buffer_size"},
        "kerata.utils.dataset.Dataset.map": {"num_parallel_calls", "deterministic"},
        "kerata.utils.dataset.Dataset.batch": {"num_parallel_calls", "deterministic"},
    },
    "False allows what need not be": {
        "kerata.ops.special.top_k": {"sorted"},
        "kerata.ops.sets.unique": {"sorted"},
        "kerata.core.seeds.SeedGenerator.next": {"ordered"},
        "kerata.core.stateless.StatelessScope.__init__": {"initialize_variables"},
        "kerata.layers.core.Lambda.from_config": {"safe_mode"},
    },
    "the engine chooses its kernel, and the result is the same": {
        "kerata.ops.attention.dot_product_attention": {"flash_attention"},
    },
    "about what no engine has: replicas": {
        "kerata.ops.normalization.moments": {"synchronized"},
    },
    "the whole data set counts, in any batches and with any buffer": {
        "kerata.utils.dataset.Dataset.shuffle": {"buffer_size"},
        "kerata.layers.preprocessing.text_vectorization.TextVectorization.adapt": {"batch_size"},
    },
    "Keras 3.15.1 documents that it has no effect": {
        "kerata.core.tree.assert_same_structure": {"check_types"},
        "kerata.layers.multi_head_attention.MultiHeadAttention.call": {"query_mask"},
    },
    "of a common signature; this one does the same whatever it is": {
        "kerata.layers.dense.*Dense.call": {"training"},
        "kerata.training.step_methods.TrainingSteps.compute_*": {"x"},
        "kerata.layers.quantization.quantizable.QuantizableProduct.quantized_call": {"training"},
        "kerata.layers.conv_recurrent.ConvLSTMCell.step": {"h"},
        "kerata.layers.core.Masking.compute_mask": {"mask"},
        "kerata.layers.embedding.Embedding.compute_mask": {"mask"},
        "kerata.layers.quantization.float8.Float8Product.replace": {"arrays"},
        "kerata.layers.quantization.quantized_weights.QuantizedWeight.__init__": {"policy"},
        "kerata.layers.foreign*.from_config": {"custom_objects"},
        "kerata.layers.preprocessing.discretization.Discretization.from_config": {"custom_objects"},
        "kerata.layers.preprocessing.image_colors.RandomGrayscale.transform_*": {"transformations"},
        "kerata.layers.recurrent.RNN.build": {"initial_state_shape"},
        "kerata.layers.wrappers.Bidirectional.build": {"initial_state_shape"},
    },
}

# What objects keep for those who ask them, without using it; the doc strings tell of each.
KEPT = {
    "kerata.callbacks.tensorboard.TensorBoard": {"write_graph"},
    "kerata.core.variable.Variable": {"synchronization", "aggregation"},
    "kerata.layers.dense.EinsumDense": {"gptq_unpacked_column_size"},
    "kerata.layers.foreign_jax.FlaxLayer": {"native_serialization_platforms"},
    "kerata.layers.foreign_jax.JaxLayer": {"native_serialization_platforms"},
    "kerata.layers.recurrent.GRU": {"use_cudnn"},
    "kerata.layers.recurrent.LSTM": {"use_cudnn"},
    "kerata.core.graph.KerasTensor": {"record_history"},
    "kerata.core.stateless.StatelessScope": {"collect_losses"},
    "kerata.training.py_dataset.PyDataset": {"workers", "use_multiprocessing", "max_queue_size"},  # read by their names
}


def reason_for(unread):
    """Why a parameter need not be read, None if there is no reason."""
    for reason, functions in NEEDLESS.items():
        if any(fnmatch.fnmatchcase(unread.where, p) and unread.parameter in names for p, names in functions.items()):
            return reason
    return None


@pytest.fixture(scope="module")
def unread():
    return list(parameters.found())


def test_every_parameter_is_read(unread):
    wrong = [f"{p.where}({p.parameter}=)" for p in unread if reason_for(p) is None]
    assert not wrong, f"accepted and ignored: {', '.join(wrong)}. Use it, or raise an error that says what to do."


def test_doc_strings_tell_of_what_is_needless(unread):
    assert not [f"{p.where}({p.parameter}=)" for p in unread if not p.told]


def test_what_is_needless_is_not_read(unread):
    for functions in NEEDLESS.values():
        for pattern, names in functions.items():
            found = {p.parameter for p in unread if fnmatch.fnmatchcase(p.where, pattern)}
            assert names <= found, f"{pattern} reads {names - found} now: take it out of the table"


def test_what_is_kept_is_used():
    found = {}
    for cls, name in parameters.kept_only():
        found.setdefault(cls, set()).add(name)
    assert {c: n - KEPT.get(c, set()) for c, n in found.items() if n - KEPT.get(c, set())} == {}


@pytest.mark.parametrize(
    "source, names",
    [
        ("def f(a, *, b=None): return a", ["b"]),
        ("def f(a, **kwargs): return a", ["kwargs"]),
        ("def f(a, b): return locals()", []),
        ("def f(a, _b): return a", []),
        ("def f(a, b): return (lambda: b)() + a", []),
        ("def f(a, b): b = 3; return a", ["b"]),
    ],
)
def test_what_is_not_read_is_seen(source, names):
    assert parameters.unread(parameters.ast.parse(source).body[0]) == names


# Wrong names

# Values for what constructors and functions need before they look at further arguments.
VALUES = {
    "units": 2,
    "filters": 2,
    "kernel_size": 3,
    "cell": layers.GRUCell(2),
    "layer": layers.GRU(2),
    "inner_optimizer": optimizers.SGD(),
    "teacher": kerata.Sequential([kerata.Input((2,)), layers.Dense(2)]),
    "student": kerata.Sequential([kerata.Input((2,)), layers.Dense(2)]),
    "distillation_losses": kerata.distillation.LogitsDistillation(),
    "inputs": np.ones((2, 3), "float32"),
    "x": np.ones((2, 3), "float32"),
}
INPUTS = {name: [VALUES["x"], VALUES["x"]] for name in ("add", "average", "dot", "maximum", "minimum", "multiply", "subtract")}
WANTED = dict.fromkeys(INPUTS, ["name"]) | {"einsum": ["optimize"]}  # names that are not in the signatures
# What takes arguments by any name, for others.
OPEN = {
    "keras.metrics.MeanMetricWrapper": "for its function",
    "keras.callbacks.CallbackList": "for the hooks' `params`",
    "keras.layers.FlaxLayer": "needs flax",
    "keras.ops.rearrange": "axes' lengths",
    "keras.quantizers.get": "for the quantizer",
    "keras.utils.Config": "the values",
}
# Their modules are still to use `core/suggestions.py`.
WAITING = [
    "keras.callbacks.*",
    "keras.optimizers.OptimizerMap",
    "keras.utils.PyDataset",
]


def named(taker):
    """The parameters of a class or a function that can be given by name."""
    every = inspect.signature(taker).parameters.values()
    return [p for p in every if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]


def is_open(taker):
    """Whether there is `**kwargs` in a signature."""
    return any(p.kind is p.VAR_KEYWORD for p in inspect.signature(taker).parameters.values())


def public(kind):
    """Classes or functions with parameters, each under one name: "class" -> [(name, class)]."""
    found = {}
    for name, its_kind, _ in conformance.rows():
        if its_kind == kind and conformance.exception_for(name) != "of later issues" and name not in OPEN:
            taker = conformance.found(name)
            if (inspect.isclass(taker) or kind == "function" and is_open(taker)) and named(taker):
                found.setdefault(taker, name)
    return [(name, taker) for taker, name in found.items() if not any(fnmatch.fnmatchcase(name, w) for w in WAITING)]


def misspelt(name):
    """A name like another: "units" -> "untis"."""
    return name[:-3] + name[-2] + name[-3] + name[-1] if len(name) > 3 and name[-2] != name[-3] else name + "_"


def refusal(taker, name, values):
    """What is said when `name` is misspelt, after the values that come before it."""
    needed = [p.name for p in named(taker) if p.default is p.empty and p.name != name]
    with pytest.raises(TypeError) as caught:
        taker(**{n: values.get(n) for n in needed}, **{misspelt(name): None})
    return str(caught.value)


@pytest.mark.parametrize("name, cls", public("class"))
def test_a_class_names_the_nearest_argument(name, cls):
    names = [p.name for p in named(cls) if p.default is not p.empty or isinstance(cls, NamedArguments)]
    for wanted in {names[0], max(names, key=len)}:
        assert f"Did you mean {wanted!r}?" in refusal(cls, wanted, VALUES)


@pytest.mark.parametrize("name, function", public("function"))
def test_a_function_with_further_arguments_names_the_nearest(name, function):
    short = name.rpartition(".")[2]
    values = VALUES | ({"inputs": INPUTS[short]} if short in INPUTS else {})
    wanted = (WANTED.get(short) or [p.name for p in named(function) if p.default is not p.empty])[-1]
    assert f"Did you mean {wanted!r}?" in refusal(function, wanted, values)
