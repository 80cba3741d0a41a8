"""Small random functional models as data, drawn by hypothesis, and what either library makes of them."""

import contextlib
import dataclasses

import numpy as np
import optree
from hypothesis import strategies as st

import kerata

from . import random_layers as pool
from .random_layers import Part, among, made

MOST_ELEMENTS = 200  # of a tensor in one row: what is larger is not built upon


@dataclasses.dataclass(frozen=True)
class Source:
    """An input of the model, and the lengths that its data have."""

    shape: tuple
    lengths: tuple
    dtype: str = "float32"

    def data(self, rows, seed):
        """Rows; zeros among integers, and times of zeros among others, but for the first: these are what masks leave out."""
        random = np.random.default_rng(seed)
        shape = (rows, *self.lengths)
        if self.dtype == "int32":
            values = random.integers(0, 6, shape)
            values[:, 0] = np.maximum(values[:, 0], 1)
            return values.astype(self.dtype)
        values = random.normal(size=shape)
        if len(shape) == 3:
            values[:, 1:] *= random.random((rows, shape[1] - 1, 1)) < 0.7
            values += 0.0  # no -0.0, of which argmax has its own idea on each engine
        return values.astype(self.dtype)


@dataclasses.dataclass(frozen=True)
class Step:
    """A call of a layer or an op: of which values so far, and whether they come as one list."""

    part: Part | int  # a number is the layer of that step, called once more
    sources: tuple
    listed: bool = False


@dataclasses.dataclass(frozen=True)
class Training:
    optimizer: object
    losses: tuple  # one for each output
    metrics: tuple  # a list for each output
    weighted_metrics: bool = False
    sample_weight: bool = False
    options: dict = dataclasses.field(default_factory=dict)  # of compile


@dataclasses.dataclass(frozen=True)
class Program:
    policy: str
    inputs: tuple
    steps: tuple
    outputs: tuple  # places of values
    structures: tuple  # of inputs and outputs: one, list, dict
    rows: int
    batch_size: int
    validation_split: float = 0.0
    training: Training | None = None


class Built:
    """A program on its way to a model of one library: its values, and what became of each step."""

    def __init__(self, keras, inputs):
        self.keras = keras
        self.values = [keras.Input(s.shape, dtype=s.dtype, name=f"in_{i}") for i, s in enumerate(inputs)]
        self.inputs = list(self.values)
        self.calls = []
        self.called_on = []  # for each call, the shapes that it had

    def take(self, step):
        """The shapes and dtypes that the step gives, or the error that it raises, which leaves everything as it was."""
        before = len(self.calls)
        self.calls.append(None)
        self.called_on.append(None)
        try:
            values = [self.values[i] for i in step.sources]
            self.called_on[before] = [(tuple(x.shape), x.dtype) for x in values]
            called, extra = self.callable(step.part)
            results = called(values, **extra) if step.listed else called(*values, **extra)
            self.calls[before] = called
        except Exception as error:
            return error
        results = optree.tree_leaves(results, none_is_leaf=False)
        self.values.extend(results)
        return [(tuple(x.shape), kerata.backend.standardize_dtype(x.dtype)) for x in results]

    def callable(self, part):
        if isinstance(part, int):
            return self.calls[part], {}
        if part.name.startswith("ops."):
            return part.named(self.keras), part.args
        return part.made(self.keras), {}

    def model(self, program):
        return self.keras.Model(
            structured(self.inputs, program.structures[0], "in"),
            structured([self.values[i] for i in program.outputs], program.structures[1], "out"),
        )


def structured(values, structure, name):
    if structure == "one" and len(values) == 1:
        return values[0]
    return {f"{name}_{i}": v for i, v in enumerate(values)} if structure == "dict" else list(values)


@contextlib.contextmanager
def policy_of(keras, name):
    """The dtype policy of all layers, and names that start again."""
    keras.backend.clear_session(free_memory=False)
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy("float32")


SOURCES = [
    (Source((3,), (3,)), 2),
    (Source((4,), (4,)), 2),
    (Source((5, 4), (5, 4)), 3),
    (Source((4, 4), (4, 4)), 3),
    (Source((None, 4), (5, 4)), 3),
    (Source((5, 6, 2), (5, 6, 2)), 2),
    (Source((None, None, 2), (5, 6, 2)), 1),
    (Source((3, 4, 4, 2), (3, 4, 4, 2)), 1),
    (Source((5,), (5,), "int32"), 3),
    (Source((None,), (5,), "int32"), 2),
]
INPUTS = among(*[source for source, weight in SOURCES for _ in range(weight)])
POLICIES = among(*6 * ["float32"], "mixed_float16", "mixed_bfloat16", "bfloat16", "float16")


def rank_of(value):
    return len(value.shape)


def is_float(value):
    return "float" in kerata.backend.standardize_dtype(value.dtype)


def parts_for(value, rate):
    """What may be called with one value."""
    rank = len(value.shape)
    if not is_float(value):
        return pool.integers(rate)
    own = {2: pool.vectors, 3: pool.sequences, 4: pool.images, 5: pool.volumes}.get(rank)
    return [*pool.any_rank(rate), *2 * (own(rate) if own else [])]


@st.composite
def next_steps(draw, built, rate):
    """A step upon what is there, later values more often."""
    places = [i for i, v in enumerate(built.values) if len(v.shape) and np.prod([d or 5 for d in v.shape[1:]]) <= MOST_ELEMENTS]
    newest = draw(among(*places, *places[-2:], *places[-1:]))
    value = built.values[newest]
    kind = draw(among("one", "one", "one", "one", "list", "places", "again"))
    if kind == "again":
        form = [(tuple(value.shape), value.dtype)]
        layers = [i for i, c in enumerate(built.calls) if isinstance(c, kerata.Layer) and built.called_on[i] == form]
        if layers:
            return Step(draw(among(*layers)), (newest,))
    if kind == "list" and rank_of(value) == 3 and draw(st.booleans()):
        pairs = [i for i in places if is_float(built.values[i]) and tuple(built.values[i].shape[2:]) == tuple(value.shape[2:])]
        pairs = [i for i in pairs if rank_of(built.values[i]) == 3]
        if pairs:
            return Step(draw(pool.attention()), (newest, draw(among(*pairs))), True)
    partners = [i for i in places if is_float(built.values[i]) and rank_of(built.values[i]) == rank_of(value)]
    if kind == "places" and rank_of(value) == 3 and draw(st.booleans()):
        return Step(draw(pool.self_attention()), (newest, newest))
    if kind in ("list", "places") and is_float(value):
        others = draw(st.lists(among(*partners), min_size=1, max_size=1))
        return Step(draw(st.one_of(*pool.merges()[kind])), (newest, *others), kind == "list")
    return Step(draw(st.one_of(*parts_for(value, rate))), (newest,))


@st.composite
def trainings(draw, shapes, steps):
    """How a model with outputs of these shapes is trained, for so many steps.

    Keras takes weights of rows for vectors alone, and keeps what is accumulated at the end of an epoch.
    """
    vectors = all(len(shape) == 2 for shape in shapes)
    optimizer = draw(pool.optimizers() if steps == 2 else pool.without(pool.optimizers(), "gradient_accumulation_steps"))
    losses = tuple(draw(pool.losses().filter(lambda x, n=s[-1]: n != 1 or not is_sparse(x))) for s in shapes)
    return Training(
        optimizer,
        losses,
        tuple([] if is_sparse(x) else draw(st.lists(pool.metrics(), max_size=2, unique_by=repr)) for x in losses),
        draw(st.booleans()),
        draw(st.booleans()) and vectors,
        draw(
            st.fixed_dictionaries(
                {}, optional={"steps_per_execution": st.just(2), "jit_compile": st.just(True), "loss_weights": st.just(0.5)}
            )
        ),
    )


def is_sparse(loss):
    """Whether a loss takes class numbers."""
    return isinstance(loss, Part) and "Sparse" in loss.name


@st.composite
def programs(draw, most_steps=7):
    """Programs whose steps kerata accepts, or refuses: then the other library must refuse, too."""
    policy = draw(POLICIES)
    inputs = tuple(draw(st.lists(INPUTS, min_size=1, max_size=2)))
    trains = draw(st.booleans())
    rate = 0.0 if trains else 0.4  # what draws numbers draws others in the other library
    taken = []
    with policy_of(kerata, policy), kerata.use_engine("jax"):
        built = Built(kerata, inputs)
        for _ in range(draw(st.integers(1, most_steps))):
            taken.append(draw(next_steps(built, rate)))
            built.take(taken[-1])
        last = range(len(inputs), len(built.values))
        floats = [i for i in last if is_float(built.values[i]) or not trains]
        outputs = {*floats[-1:], *(draw(st.lists(among(*floats), max_size=2)) if floats else ())}
    structures = draw(st.tuples(among("one", "list", "dict"), among("one", "list", "dict")))
    rows = draw(st.integers(5, 9))
    batch_size = draw(st.integers(rows // 2 + 1, rows))
    split = draw(among(0.0, 0.0, 0.3))
    steps = -(-int(rows * (1 - split)) // batch_size)
    shapes = [built.values[i].shape for i in sorted(outputs)]
    training = draw(trainings(shapes, steps)) if trains and outputs else None
    return Program(policy, inputs, tuple(taken), tuple(sorted(outputs)), structures, rows, batch_size, split, training)


def compile_arguments(program, keras):
    """The arguments of `compile`, made with the library."""
    training, structure = program.training, program.structures[1]
    metrics = structured([made(list(m), keras) for m in training.metrics], structure, "out")
    options = dict(training.options)
    if "loss_weights" in options:
        options["loss_weights"] = structured([options["loss_weights"]] * len(training.losses), structure, "out")
    return {
        "optimizer": made(training.optimizer, keras),
        "loss": structured([made(x, keras) for x in training.losses], structure, "out"),
        ("weighted_metrics" if training.weighted_metrics else "metrics"): metrics,
        **options,
    }


def targets(program, outputs):
    """Targets for what a model predicts, in the same structure."""
    random = np.random.default_rng(5)

    def target(output, loss):
        if is_sparse(loss):
            return random.integers(0, max(output.shape[-1], 1), output.shape[:-1])
        return random.uniform(0, 1, output.shape).astype("float32")

    leaves = optree.tree_leaves(outputs)
    found = [target(o, x) for o, x in zip(leaves, program.training.losses)]
    return structured(found, program.structures[1], "out")


def data(program):
    return structured([s.data(program.rows, i) for i, s in enumerate(program.inputs)], program.structures[0], "in")
