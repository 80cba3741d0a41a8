"""Models made from a graph of layers."""

import numpy as np
import optree

from kerata import engines
from kerata.core import constants, graph_form, masks, sparse
from kerata.core.arrays import as_array, dtype_of, is_text, static_shape
from kerata.core.dtypes import is_float_dtype
from kerata.core.graph import KerasTensor, node_of, symbolic_leaves
from kerata.core.plan import FromHost, Plan
from kerata.engines.kinds import SPARSE, kind_of
from kerata.engines.state import context, thread_context
from kerata.engines.warning import warn
from kerata.layers.input_layer import InputLayer
from kerata.layers.layer import Layer
from kerata.models.model import Model
from kerata.ops import numpy
from kerata.training.data import standard, to_host, with_texts


class Functional(Model):
    """A model made from a graph: `Model(inputs, outputs)`."""

    def __init__(self, inputs, outputs, name=None, **kwargs):
        Layer.__init__(self, name=name, **kwargs)
        set_graph(self, inputs, outputs)

    def compute_output_shape(self, input_shape):
        return Layer.compute_output_shape(self, input_shape)

    def get_config(self):
        """The graph: layers, their calls, inputs and outputs."""
        return graph_config(self)


def set_graph(model, inputs, outputs):
    """Make `model` that of a graph.

    Raises: ValueError or TypeError for inputs or outputs that are no symbolic tensors.
    """
    for what, structure in (("inputs", inputs), ("outputs", outputs)):
        leaves = optree.tree_leaves(structure)
        for x in leaves:
            if not isinstance(x, KerasTensor):
                hint = f"; pass {x.name}.{what[:-1]}" if isinstance(x, Layer) else ""
                raise ValueError(
                    f"Model({what}=...) takes symbolic tensors, made by Input() and by calling layers on them; "
                    f"{type(x).__name__} {x!r} came{hint}."
                )
        if not leaves:
            raise ValueError(f"Model({what}=...) is empty.")
    if len({id(x) for x in symbolic_leaves(inputs)}) != len(symbolic_leaves(inputs)):
        raise ValueError("The same tensor is given twice among the model's inputs.")
    inputs = optree.tree_map(_rooted, inputs)
    model.plan = Plan(inputs, outputs)
    model._operations = _by_depth(model.plan)
    _check_names(model._operations)
    model.built = model.computes_wide = True  # its layers cast for themselves
    model._remember_engine()
    constants.warn_of_strangers(model, model.plan.nodes)


def _rooted(x):
    """An input tensor; one made by hand, without a layer, gets an input layer."""
    if x._keras_history is None:
        InputLayer(batch_shape=x.shape, dtype=x.dtype, input_tensor=x, name=x.name)
    return x


def _by_depth(plan):
    """The operations of a graph, by decreasing distance from the outputs."""
    inputs = [node_of(x) for x in symbolic_leaves(plan.inputs)]
    first_seen: dict[int, int] = {}
    depths: dict[int, int] = {}
    for x in symbolic_leaves(plan.outputs):
        _note_order(x, first_seen, {id(n) for n in inputs})
    unused = [id(n) for n in inputs if id(n.operation) not in first_seen]
    node_depths = dict.fromkeys(unused, 1)  # beside the last layers' inputs
    for node in reversed([*[n for n in inputs if n not in plan.nodes], *plan.nodes]):
        depth = max(node_depths.get(id(node), 0), depths.get(id(node.operation), 0))
        depths[id(node.operation)] = node_depths[id(node)] = depth
        if node not in inputs:
            for parent in node.parents:
                node_depths[id(parent)] = max(depth + 1, node_depths.get(id(parent), 0))
    operations = {id(n.operation): n.operation for n in [*inputs, *plan.nodes]}
    last = len(first_seen)
    return sorted(operations.values(), key=lambda op: (-depths[id(op)], first_seen.get(id(op), last)))


def _note_order(tensor, first_seen, stops):
    """Note the operations behind a tensor in the order in which a walk from the outputs meets them."""
    stack, done = [node_of(tensor)], set()
    while stack:
        node = stack.pop()
        first_seen.setdefault(id(node.operation), len(first_seen))
        if id(node) in done or id(node) in stops:
            continue
        done.add(id(node))
        stack.extend(reversed(node.parents))


def _check_names(operations):
    """Raises: ValueError if two layers of the model have one name."""
    names = [op.name for op in operations if isinstance(op, Layer)]
    twice = {n for n in names if names.count(n) > 1}
    if twice:
        raise ValueError(f"The model has several layers called {sorted(twice)[0]!r}; layers' names must differ.")


def run_graph(model, inputs, training=None, mask=None, plan=None):
    """The graph's outputs for `inputs`.

    Args:
        plan: another one than the model's, with the same inputs.
        training: what layers are told that ask for it; what the call around was told if None.
        mask: which steps of the inputs count, in the inputs' structure.
    """
    plan = model.plan if plan is None else plan
    if isinstance(inputs, FromHost):
        return _without_list_of_one(plan.host_split[1].run(list(inputs.values)))
    flat = _standardized(model, inputs)
    training = context.training if training is None else training
    if mask is None and training is context.training:
        return _without_list_of_one(plan.run(flat))
    given = [None] * len(flat) if mask is None else optree.tree_leaves(mask, none_is_leaf=True)
    if len(given) != len(flat):
        raise ValueError(
            f'Model "{model.name}" has {len(flat)} input{"s" * (len(flat) > 1)}, and needs as many masks, None for none; '
            f"{len(given)} came."
        )
    with masks.masked(flat, given) as xs, thread_context(training=training):
        return _without_list_of_one(plan.run(xs))


def _without_list_of_one(outputs):
    """As in Keras, a model whose outputs are a list of one gives that one."""
    return outputs[0] if isinstance(outputs, (list, tuple)) and len(outputs) == 1 else outputs


def run_on_host(model, inputs):
    """What the part of the graph that works on the host gives, in arrays of numbers."""
    if isinstance(inputs, FromHost):
        return inputs
    with engines.use_engine("numpy"):
        values = model.plan.host_split[0].run(_standardized(model, standard(inputs, with_texts)))
    return FromHost(tuple(map(to_host, values)))


def _standardized(model, inputs):
    """The input arrays in the order of the graph's inputs.

    Raises: ValueError naming the input that is missing or has another shape.
    """
    references = symbolic_leaves(model.plan.inputs)
    flat = _in_order(model, inputs, references)
    return [_fitted(model, x, reference) for x, reference in zip(flat, references)]


def _in_order(model, inputs, references):
    structure = model.plan.inputs
    if isinstance(inputs, dict):
        keys = sorted(structure) if isinstance(structure, dict) else [x._keras_history[0].name for x in references]
        missing = [k for k in keys if k not in inputs]
        if missing:
            raise ValueError(
                f'Model "{model.name}" has the inputs {", ".join(map(repr, keys))}; {", ".join(map(repr, missing))} '
                f"{'is' if len(missing) == 1 else 'are'} missing from the dict given, which has {', '.join(map(repr, inputs))}."
            )
        if not isinstance(structure, (list, tuple)):
            _warn_of_structure(model, inputs)
        return optree.tree_leaves([inputs[k] for k in keys], none_is_leaf=True)
    flat = optree.tree_leaves(inputs, none_is_leaf=True) if isinstance(inputs, (list, tuple)) else [inputs]
    if len(flat) != len(references):
        wanted = ", ".join(f"{x._keras_history[0].name} {x.shape}" for x in references)
        raise ValueError(
            f'Model "{model.name}" has {len(references)} input{"s" * (len(references) > 1)} ({wanted}); {len(flat)} came.'
        )
    _warn_of_structure(model, inputs)
    return flat


def _warn_of_structure(model, inputs):
    """Say so where inputs are taken in another structure than the model's own, or for fewer than are given."""
    if not _are_alike(model.plan.inputs, inputs):
        warn(
            f'The inputs of model "{model.name}" are not in its structure, which is {_keys_of(model.plan.inputs)}; '
            f"{_keys_of(inputs)} came. They are taken in order, or by name; what has no place is left out."
        )


def _are_alike(structure, given):
    if isinstance(structure, KerasTensor):
        return not isinstance(given, (list, tuple, dict))
    if isinstance(structure, (list, tuple)) and len(structure) == 1 and not isinstance(given, (list, tuple, dict)):
        return True  # Keras warns of `Model(model.inputs, ...)(x)`, too, where nothing can be mistaken
    if isinstance(structure, dict):
        return (
            isinstance(given, dict)
            and structure.keys() == given.keys()
            and all(_are_alike(structure[k], given[k]) for k in given)
        )
    return isinstance(given, (list, tuple)) and len(given) == len(structure) and all(map(_are_alike, structure, given))


def _keys_of(structure):
    return optree.tree_map(lambda x: "*", structure, none_is_leaf=True)


def _fitted(model, x, reference):
    """`x` with the rank of the input that it is for, where axes of length one make the difference."""
    if x is None:
        return None
    if kind_of(x) == SPARSE:
        x = sparse.own(x) if reference.sparse else sparse.dense(x)
    shape, wanted = static_shape(x), reference.shape
    if len(shape) == len(wanted) + 1 and shape[-1] == 1:
        x = _reshaped(x, shape[:-1])
    elif len(shape) == len(wanted) - 1 and wanted[-1:] == (1,):
        x = _reshaped(x, (*shape, 1))
    shape = static_shape(x)
    if len(shape) != len(wanted) or any(a is not None and b is not None and a != b for a, b in zip(shape[1:], wanted[1:])):
        name = reference._keras_history[0].name
        hint = ""
        if tuple(shape) == tuple(wanted[1:]):
            hint = " The batch axis is missing: x[None] adds it."
        raise ValueError(f'Model "{model.name}", input "{name}": shape {wanted} is expected, and {tuple(shape)} came.{hint}')
    if (
        not isinstance(x, KerasTensor)
        and not is_text(x)
        and dtype_of(x) != reference.dtype
        and not (is_float_dtype(dtype_of(x)) and is_float_dtype(reference.dtype))
    ):
        x = as_array(x, reference.dtype)
    return x


def _reshaped(x, shape):
    if is_text(x) and not isinstance(x, KerasTensor):
        return np.reshape(np.asarray(x), shape)
    reshaped = numpy.reshape(x, [-1 if d is None else d for d in shape]) if shape.count(None) < 2 else numpy.squeeze(x, -1)
    if masks.any_masks():
        masks.pass_on([x], reshaped)
    return reshaped


# Config, in Keras 3's form


def graph_config(model):
    """Layers, their calls, inputs and outputs, as JSON can hold them."""
    return {
        "name": model.name,
        "trainable": model.trainable,
        **graph_form.serialized(model.plan.inputs, model.plan.outputs, model._operations, model._nodes()),
    }


def functional_from_config(cls, config, custom_objects=None):
    """A model from the config that `graph_config`, or Keras 3, made.

    Raises: ValueError for a graph whose calls wait for each other.
    """
    inputs, outputs = graph_form.restored(config, custom_objects)
    extra = {
        k: v for k, v in config.items() if k not in ("layers", "input_layers", "output_layers", "name", "trainable", "dtype")
    }
    if cls is not Functional and not issubclass(cls, Functional):
        return cls(inputs, outputs, name=config.get("name"), **extra)
    model = cls(inputs, outputs, name=config.get("name"))
    if config.get("trainable") is False:
        model._trainable = False
    return model
