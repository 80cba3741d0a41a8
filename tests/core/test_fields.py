"""`dataclass`: constructors, signatures, conversion and configs from annotated fields."""

import copy
import dataclasses
import inspect
import pickle
import textwrap
import types
import typing
from typing import ClassVar

import numpy as np
import pytest

import kerata
from kerata import layers
from kerata.core.configurable import Configurable
from kerata.core.fields import Field, dataclass, field, fields


class Doubled(Field[int, int]):
    """Twice what is given."""

    def convert(self, value, name, owner):
        if not isinstance(value, int):
            raise ValueError(f"{type(owner).__name__}: {name} must be a whole number; {value!r} came.")
        return 2 * value


@dataclass
class Base(Configurable):
    first: Doubled
    kind: ClassVar[str] = "no argument"
    name: str = field(default="base", kw_only=True)


@dataclass(after={"extra": "first"})
class Derived(Base):
    second: int = 5
    extra: Doubled = Doubled(1)

    def __post_init__(self):
        self.total = self.first + self.second


def parameters(cls):
    return [(p.name, p.default) for p in inspect.signature(cls).parameters.values()]


def test_arguments_become_attributes():
    made = Derived(3, second=7)
    assert (made.first, made.second, made.extra, made.name, made.total) == (6, 7, 2, "base", 13)
    assert "extra" not in vars(Derived), "reading an attribute must not meet the field"


def test_signature_and_order():
    assert parameters(Base) == [("first", inspect.Parameter.empty), ("name", "base")]
    assert parameters(Derived) == [("first", inspect.Parameter.empty), ("extra", 1), ("second", 5), ("name", "base")]
    assert vars(Derived(1, 2, 3, "x")) | {"_arguments": 0} == {
        "_arguments": 0, "first": 2, "extra": 4, "second": 3, "name": "x", "total": 5,
    }  # fmt: skip
    assert list(fields(Derived)) == ["first", "second", "extra", "name"]


def test_config_is_the_fields():
    made = Derived(3)
    assert made.get_config() == {"first": 6, "extra": 2, "second": 5, "name": "base"}

    @dataclass
    class Renamed(Configurable):
        shape: int = field(attribute="given_shape")
        hidden: int = field(default=1, config=False)
        shape_now = property(lambda self: self.given_shape + 1)

    made = Renamed(3)
    assert made.given_shape == 3 and made.shape_now == 4 and not hasattr(made, "shape")
    assert made.get_config() == {"shape": 3}


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: Derived(), "Derived needs the argument 'first', which did not come."),
        (lambda: Derived(1, first=2), "Derived was given 'first' twice: 1 by position, 2 by name."),
        (lambda: Derived(1, 2, 3, 4, 5), "Derived takes 4 arguments by position: first, extra, second, name; 5 came."),
        (lambda: Derived(1, secnd=2), "Derived has no argument 'secnd'. Did you mean 'second'?"),
        (lambda: layers.Dense(), "Dense needs the argument 'units'"),
        (lambda: layers.Dense(3, unit=3), "Dense was given 'units'|Dense has no argument 'unit'"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(TypeError, match=message):
        call()


def test_what_can_not_be_converted_is_told_before_anything_else():
    with pytest.raises(ValueError, match="Derived: first must be a whole number; 'x' came."):
        Derived("x")


def test_a_base_with_a_constructor_of_its_own_gets_the_rest():
    class Old:
        def __init__(self, a, b=2):
            self.a, self.b = a, b

    @dataclass
    class New(Old):
        c: int = 3

    assert vars(New(c=1, a=5)) == {"a": 5, "b": 2, "c": 1}
    assert [name for name, _ in parameters(New)] == ["a", "c", "b"]

    class Newer(New):
        def __init__(self, d, **kwargs):
            super().__init__(**kwargs)
            self.d = d

    assert vars(Newer(4, a=1)) == {"a": 1, "b": 2, "c": 3, "d": 4}


def test_a_constructor_in_the_class_stays():
    @dataclass
    class Own:
        a: int = 1

        def __init__(self):
            self.a = 5

    assert Own().a == 5


def test_annotations_that_are_texts():
    module = types.ModuleType("module_of_texts")
    import sys

    sys.modules[module.__name__] = module
    code = """
        from __future__ import annotations
        from typing import ClassVar
        from kerata.core.fields import Field, dataclass
        class Doubled(Field[int, int]):
            def convert(self, value, name, owner):
                return 2 * value
        @dataclass
        class Made:
            a: Doubled
            b: NotThere | None = None
            c: ClassVar[int] = 3
    """
    exec(textwrap.dedent(code), vars(module))
    made = module.Made(2)
    assert (made.a, made.b) == (4, None) and [name for name, _ in parameters(module.Made)] == ["a", "b"]


def test_unlisted_arguments_are_taken_all_the_same():
    layer = layers.LSTM(2, zero_output_for_mask=True)
    assert layer.zero_output_for_mask and layer.get_config()["zero_output_for_mask"]
    assert "zero_output_for_mask" not in inspect.signature(layers.LSTM).parameters


@kerata.dataclass
class Power(layers.Layer):
    """A user's layer."""

    exponent: float
    scale: float = 1.0

    def call(self, inputs):
        return self.scale * inputs**self.exponent


@kerata.saving.register_keras_serializable("tests")
@kerata.dataclass
class PowerPlus(Power):
    """A user's layer that adds an argument."""

    plus: float = 0.0

    def call(self, inputs):
        return super().call(inputs) + self.plus


def test_layers_of_users(engine, tmp_path):
    layer = PowerPlus(2.0, plus=1.0, name="power", dtype="float32")
    x = np.array([[1.0, 3.0]], "float32")
    np.testing.assert_allclose(kerata.ops.convert_to_numpy(layer(x)), [[2.0, 10.0]])
    assert layer.get_config() | {"dtype": 0} == {
        "name": "power", "trainable": True, "dtype": 0, "exponent": 2.0, "scale": 1.0, "plus": 1.0,
    }  # fmt: skip
    again = PowerPlus.from_config(layer.get_config())
    assert (again.exponent, again.plus) == (2.0, 1.0)
    assert copy.deepcopy(layer).plus == pickle.loads(pickle.dumps(layer)).plus == 1.0
    model = kerata.Sequential([kerata.Input((2,)), layer])
    model.save(tmp_path / "model.keras")
    loaded = kerata.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded.predict(x, verbose=0), [[2.0, 10.0]])


def test_losses_metrics_and_optimizers_of_users():
    @kerata.dataclass
    class Scaled(kerata.losses.Loss):
        factor: float = 1.0

        def call(self, y_true, y_pred):
            return self.factor * kerata.ops.mean(kerata.ops.abs(y_true - y_pred), axis=-1)

    loss = Scaled(2.0, name="scaled")
    assert float(loss([[1.0]], [[3.0]])) == 4.0 and (loss.factor, loss.name, loss.reduction) == (
        2.0,
        "scaled",
        "sum_over_batch_size",
    )
    assert loss.get_config() == {"factor": 2.0, "name": "scaled", "reduction": "sum_over_batch_size"}

    @kerata.dataclass
    class Largest(kerata.metrics.Metric):
        at_least: float = 0.0

        def __post_init__(self):
            super().__post_init__()
            self.best = self.add_variable((), "zeros", name="best")

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.best.assign(kerata.ops.maximum(self.best, kerata.ops.maximum(kerata.ops.max(y_pred), self.at_least)))

        def result(self):
            return self.best.value

    metric = Largest(2.0)
    metric.update_state(None, [1.0])
    assert float(metric.result()) == 2.0

    @kerata.dataclass
    class Plain(kerata.optimizers.Optimizer):
        learning_rate: float = 0.5
        factor: float = 1.0

        def rule(self, gradient, value, learning_rate, step, slots):
            return value - self.factor * learning_rate * gradient, {}

    weight = kerata.Variable([1.0])
    Plain(factor=2.0).apply([[1.0]], [weight])
    assert float(weight.numpy()[0]) == 0.0
    assert Plain(0.25).get_config()["learning_rate"] == 0.25


def test_constructors_of_other_bases_run_too():
    class Tracked(layers.Layer):
        def __init__(self, *args, extra=1, **kwargs):
            super().__init__(*args, **kwargs)
            self.extra = extra

    class Both(layers.Dense, Tracked):
        pass

    assert (Both(3, extra=5).extra, Both(3).extra, Both(3).units) == (5, 1, 3)

    class Hit(kerata.losses.Loss):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.hit = True

    class HitError(kerata.losses.MeanSquaredError, Hit):
        pass

    assert HitError().hit and HitError().name == "mean_squared_error"

    @kerata.dataclass
    class A(layers.Layer):
        a: int = 1

    @kerata.dataclass
    class B(layers.Layer):
        b: int = 2

    class C(A, B):
        pass

    assert (C(a=4, b=5, name="c").a, C(a=4, b=5).b) == (4, 5)


@pytest.mark.parametrize("base", [layers.Conv2D, layers.RandomFlip, layers.LSTM, kerata.metrics.AUC])
def test_a_users_method_of_that_name_is_his_own(base):
    class Mine(base):
        def __post_init__(self, extra):
            raise AssertionError("not kerata's to call")

    made = Mine(2, 3) if base is layers.Conv2D else Mine(2) if base is layers.LSTM else Mine()
    assert made.name.startswith("mine") or base is kerata.metrics.AUC


def test_pythons_own_data_classes_over_ours():
    @dataclasses.dataclass(eq=False)
    class Mine(layers.Dense):
        k: int = 3

        def __post_init__(self):
            super().__init__(self.k)

    assert Mine(4).units == 4


def test_pythons_own_fields():
    @kerata.dataclass
    class Mine(layers.Layer):
        sizes: list = dataclasses.field(default_factory=list)
        a: int = dataclasses.field(default=3)
        _: dataclasses.KW_ONLY
        b: int = 4
        dtype: str = "float16"

    one, two = Mine(), Mine([1], 2, b=5)
    one.sizes.append(1)
    assert (one.sizes, Mine().sizes, two.sizes, two.a, two.b, one.dtype) == ([1], [], [1], 2, 5, "float16")
    with pytest.raises(ValueError, match="all objects would share the default"):

        @kerata.dataclass
        class Shared(layers.Layer):
            sizes: list = [1]

    with pytest.raises(TypeError, match="joins a `Field` with others"):

        @kerata.dataclass
        class Joined(layers.Layer):
            size: Doubled | None = None


@kerata.saving.register_keras_serializable("tests")
@kerata.dataclass
class Around(layers.Layer):
    """A layer whose arguments are layers."""

    inner: layers.Layer
    others: list = dataclasses.field(default_factory=list)

    def call(self, inputs):
        return self.inner(inputs)


def test_arguments_that_are_layers(tmp_path):
    layer = Around(layers.Dense(3), [layers.ReLU()])
    assert Around.from_config(layer.get_config()).inner.units == 3
    model = kerata.Sequential([kerata.Input((4,)), layer])
    model.save(tmp_path / "around.keras")
    loaded = kerata.saving.load_model(tmp_path / "around.keras")
    x = np.ones((2, 4), "float32")
    np.testing.assert_allclose(loaded.predict(x, verbose=0), model.predict(x, verbose=0))
    assert isinstance(loaded.layers[0].others[0], layers.ReLU)


def test_type_hints_can_be_read():
    for cls in (layers.Dense, kerata.Model, kerata.Sequential, kerata.optimizers.Adam, kerata.losses.Huber, kerata.metrics.AUC):
        assert typing.get_type_hints(cls) is not None


def test_annotations_of_users_classes_are_no_arguments():
    class Plain(layers.Layer):
        offset: float

        def build(self, input_shape):
            self.offset = 1.0

    assert Plain(name="plain").name == "plain"
    with pytest.raises(TypeError, match="Plain has no argument 'offset'"):
        Plain(offset=1.0)


def test_a_subclass_of_ours_with_its_own_constructor():
    class Wider(layers.Dense):
        def __init__(self, factor, **kwargs):
            super().__init__(4 * factor, "gelu", **kwargs)
            self.factor = factor

    layer = Wider(2, use_bias=False, name="wider")
    assert (layer.units, layer.use_bias, layer.name) == (8, False, "wider")
    assert layer.get_config()["factor"] == 2


def test_every_field_of_ours_says_what_it_is():
    kinds, stack = set(), [Field]
    while stack:
        for kind in stack.pop().__subclasses__():
            stack.append(kind)
            if kind.__module__.startswith("kerata."):
                kinds.add(kind)
    assert kinds and not [kind for kind in kinds if not kind.__doc__]
