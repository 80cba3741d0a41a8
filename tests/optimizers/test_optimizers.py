"""Optimizers against the oracle: the same weights and gradients in, the same weights and state out."""

import functools

import keras
import numpy as np
import pytest

import kerata
from kerata import engines, ops, optimizers
from kerata.core import naming, registry
from kerata.core.variable import Variable
from kerata.optimizers import schedules

RNG = np.random.default_rng(0)
SHAPES = {"kernel": (4, 3), "bias": (3,), "tall": (4, 3), "cube": (2, 4, 3), "embeddings": (4, 3)}
WEIGHTS = {name: RNG.normal(size=shape).astype("float32") for name, shape in SHAPES.items()}
GRADIENTS = [[RNG.normal(size=shape).astype("float32") for shape in SHAPES.values()] for _ in range(10)]

CASES = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9}),
    ("SGD", {"momentum": 0.9, "nesterov": True}),
    ("RMSprop", {}),
    ("RMSprop", {"momentum": 0.5, "centered": True, "rho": 0.8}),
    ("Adam", {}),
    ("Adam", {"amsgrad": True, "beta_1": 0.8, "epsilon": 1e-3}),
    ("AdamW", {}),
    ("AdamW", {"weight_decay": 0.1}),
    ("Adadelta", {}),
    ("Adadelta", {"learning_rate": 1.0, "rho": 0.8}),
    ("Adagrad", {}),
    ("Adagrad", {"initial_accumulator_value": 0.3}),
    ("Adamax", {}),
    ("Adafactor", {}),
    ("Adafactor", {"relative_step": False, "clip_threshold": 0.5, "beta_2_decay": -0.5}),
    ("Nadam", {}),
    ("Ftrl", {}),
    (
        "Ftrl",
        {
            "l1_regularization_strength": 0.1,
            "l2_regularization_strength": 0.2,
            "l2_shrinkage_regularization_strength": 0.05,
            "beta": 0.3,
            "learning_rate_power": -0.4,
        },
    ),
    ("Lion", {}),
    ("Lamb", {}),
    ("Muon", {}),
    ("Muon", {"nesterov": False, "rms_rate": None, "ns_steps": 3, "adam_lr_ratio": 0.5, "exclude_layers": ["tall"]}),
    ("Muon", {"exclude_embeddings": False, "weight_decay": 0.1, "adam_weight_decay": 0.2}),
    ("ScheduleFreeAdamW", {}),
    ("ScheduleFreeAdamW", {"warmup_steps": 4, "beta_1": 0.8}),
    # What the base class does
    ("SGD", {"clipnorm": 0.5}),
    ("Adam", {"clipvalue": 0.3}),
    ("Lion", {"global_clipnorm": 1.0}),
    ("RMSprop", {"weight_decay": 0.05}),
    ("Adam", {"use_ema": True, "ema_momentum": 0.7}),
    ("Adam", {"use_ema": True, "ema_momentum": 0.7, "ema_overwrite_frequency": 3}),
    ("SGD", {"momentum": 0.9, "gradient_accumulation_steps": 2}),
    ("Adam", {"gradient_accumulation_steps": 3, "clipnorm": 0.5, "weight_decay": 0.01}),
    ("Adam", {"gradient_accumulation_steps": 2, "use_ema": True, "ema_overwrite_frequency": 2}),
    ("Nadam", {"gradient_accumulation_steps": 2}),
    ("SGD", {"loss_scale_factor": 4.0}),
]
IDS = [f"{name}-{i}" for i, (name, _) in enumerate(CASES)]


def ours():
    return [Variable(w, name=name) for name, w in WEIGHTS.items()]


def theirs():
    return [keras.Variable(w, name=name) for name, w in WEIGHTS.items()]


def close(got, want, rtol=2e-5, atol=1e-5):
    np.testing.assert_allclose(np.asarray(got), np.asarray(want), rtol=rtol, atol=atol)


def same_state(a, b):
    assert len(a) == len(b)
    for x, y in zip(a, b):
        close(x.numpy(), np.asarray(y.numpy()))


def with_rate(kwargs):
    return {"learning_rate": 0.05} | kwargs


@pytest.mark.parametrize("name,kwargs", CASES, ids=IDS)
class TestParity:
    def test_ten_steps(self, name, kwargs, engine):
        naming.reset_names()
        mine, oracle = getattr(optimizers, name)(**with_rate(kwargs)), getattr(keras.optimizers, name)(**with_rate(kwargs))
        a, b = ours(), theirs()
        # The oracle compiles anew in each eager step that accumulates.
        for gradients in GRADIENTS[: 5 if "gradient_accumulation_steps" in kwargs else 10]:
            mine.apply(gradients, a)
            oracle.apply([keras.ops.convert_to_tensor(g) for g in gradients], b)
        same_state(a, b)
        same_state(mine.variables, oracle.variables)
        assert [v.dtype for v in mine.variables] == [str(v.dtype) for v in oracle.variables]
        if name != "Nadam":
            want = [v.path.split("/")[-1] for v in oracle.variables]
            assert [v.path.split("/")[-1] for v in mine.variables] == want
        mine.finalize_variable_values(a)
        oracle.finalize_variable_values(b)
        same_state(a, b)

    def test_compiled_and_stateless(self, name, kwargs, training_engine):
        eager, compiled, stateless = (getattr(optimizers, name)(**with_rate(kwargs)) for _ in range(3))
        a, b, c = ours()[:2], ours()[:2], ours()[:2]
        compiled.build(b)
        stateless.build(c)
        step = engines.current().compile(lambda *g: compiled.apply(list(g), b), [*b, *compiled.variables], donate=True)
        values, own = [v.numpy() for v in c], [v.numpy() for v in stateless.variables]
        for gradients in GRADIENTS[:4]:
            gradients = gradients[:2]
            eager.apply(gradients, a)
            step(*gradients)
            values, own = stateless.stateless_apply(own, gradients, values)
        same_state(a, b)
        same_state(eager.variables, compiled.variables)
        for x, value in zip([*a, *eager.variables], [*values, *own]):
            close(value, x.numpy())
        assert all((v.numpy() == w).all() for v, w in zip(c, WEIGHTS.values()))

    def test_config(self, name, kwargs):
        mine, oracle = getattr(optimizers, name)(name="o", **kwargs), getattr(keras.optimizers, name)(name="o", **kwargs)
        config = mine.get_config()
        expected = oracle.get_config()
        if name == "Muon":
            expected["exclude_layers"] = expected["exclude_layers"] or None
        assert config == expected
        assert optimizers.deserialize(optimizers.serialize(mine)).get_config() == config
        assert optimizers.serialize(mine) | {"config": 0} == keras.optimizers.serialize(oracle) | {"config": 0}

    def test_saving(self, name, kwargs):
        first, second = getattr(optimizers, name)(**kwargs), getattr(optimizers, name)(**kwargs)
        a = ours()
        for gradients in GRADIENTS[:3]:
            first.apply(gradients, a)
        store, oracle_store = {}, {}
        first.save_own_variables(store)
        second.build(a)
        second.load_own_variables(store)
        same_state(first.variables, second.variables)
        oracle = getattr(keras.optimizers, name)(**kwargs)
        oracle.build(theirs())
        oracle.load_own_variables(store)
        oracle.save_own_variables(oracle_store)
        assert {k: np.shape(v) for k, v in oracle_store.items()} == {k: np.shape(v) for k, v in store.items()}


class TestLearningRate:
    def test_set_without_compiling_again(self):
        traces = []
        optimizer = optimizers.SGD(0.1)
        w = Variable(np.zeros(1, "float32"))
        optimizer.build([w])

        def step(g):
            traces.append(1)
            optimizer.apply([g], [w])

        run = engines.current().compile(step, [w, *optimizer.variables])
        run(np.ones(1, "float32"))
        optimizer.learning_rate = 0.5
        run(np.ones(1, "float32"))
        optimizer.lr = 1.0
        run(np.ones(1, "float32"))
        close(w.numpy(), [-1.6])
        assert len(traces) == 1
        assert float(optimizer.lr) == 1.0
        assert optimizer.get_config()["learning_rate"] == 1.0

    def test_schedule(self, engine):
        schedule = ("ExponentialDecay", (0.1, 2, 0.5))
        for steps in (None, 2):
            mine = optimizers.SGD(getattr(schedules, schedule[0])(*schedule[1]), gradient_accumulation_steps=steps)
            oracle = keras.optimizers.SGD(
                getattr(keras.optimizers.schedules, schedule[0])(*schedule[1]), gradient_accumulation_steps=steps
            )
            a, b = ours()[:1], theirs()[:1]
            for gradients in GRADIENTS[:6]:
                mine.apply(gradients[:1], a)
                oracle.apply([keras.ops.convert_to_tensor(gradients[0])], b)
            same_state(a, b)
            close(mine.learning_rate, oracle.learning_rate)
            assert int(ops.convert_to_numpy(mine.iterations)) == int(np.asarray(oracle.iterations))
        with pytest.raises(TypeError, match="schedule"):
            mine.learning_rate = 0.3
        config = mine.get_config()
        assert optimizers.SGD.from_config(config).get_config() == config
        assert config["learning_rate"] == oracle.get_config()["learning_rate"]

    def test_function_and_later_schedule(self):
        w = Variable(np.zeros(1, "float32"))
        optimizer = optimizers.SGD(lambda: 0.25)
        optimizer.apply([np.ones(1, "float32")], [w])
        close(w.numpy(), [-0.25])
        optimizer = optimizers.SGD(0.1)
        optimizer.learning_rate = schedules.PiecewiseConstantDecay([1], [1.0, 2.0])
        optimizer.apply([np.ones(1, "float32")], [w])
        close(w.numpy(), [-1.25])


class TestGradients:
    def test_missing(self):
        a = ours()
        optimizer = optimizers.SGD(0.1)
        with pytest.raises(ValueError, match="No variable has a gradient: kernel, bias"):
            optimizer.apply([None, None], a[:2])
        with pytest.warns(UserWarning, match="Gradients do not exist for variables.*bias"):
            optimizer.apply([GRADIENTS[0][0], None], a[:2])
        close(a[1].numpy(), WEIGHTS["bias"])
        close(a[0].numpy(), WEIGHTS["kernel"] - 0.1 * GRADIENTS[0][0])

    def test_pairs(self):
        a = ours()
        optimizer = optimizers.SGD(0.1)
        optimizer.apply_gradients(zip(GRADIENTS[0], a))
        close(a[0].numpy(), WEIGHTS["kernel"] - 0.1 * GRADIENTS[0][0])
        assert int(optimizer.iterations) == 1
        optimizer.apply(GRADIENTS[0])
        assert int(optimizer.iterations) == 2

    def test_wrong_calls(self):
        optimizer = optimizers.SGD(0.1)
        with pytest.raises(ValueError, match="call optimizer.build"):
            optimizer.apply(GRADIENTS[0])
        with pytest.raises(ValueError, match="call optimizer.build"):
            optimizer.stateless_apply([], GRADIENTS[0], [])
        a = ours()
        optimizer.build(a)
        with pytest.raises(ValueError, match="2 gradients came for 5 variables"):
            optimizer.apply(GRADIENTS[0][:2])
        with pytest.raises(ValueError, match="'other' is none of them"):
            optimizer.apply([np.ones(1, "float32")], [Variable(np.ones(1, "float32"), name="other")])
        with pytest.raises(ValueError, match="trainable variables; 1 values"):
            optimizer.stateless_apply([v.numpy() for v in optimizer.variables], GRADIENTS[0], [1])

    def test_overwrite_with_gradient(self):
        for steps in (None, 2):
            mine, oracle = (library.Adam(0.1, gradient_accumulation_steps=steps) for library in (optimizers, keras.optimizers))
            a, b = ours()[:2], theirs()[:2]
            a[0].overwrite_with_gradient = b[0].overwrite_with_gradient = True
            for gradients in GRADIENTS[:4]:
                mine.apply(gradients[:2], a)
                oracle.apply([keras.ops.convert_to_tensor(g) for g in gradients[:2]], b)
                same_state(a, b)
            assert len(mine.variables) == len(oracle.variables)

    def test_constraint(self):
        a, b = ours(), theirs()
        for v in a:
            v.constraint = lambda w: ops.maximum(w, 0.0)
        for v in b:
            v.constraint = keras.constraints.NonNeg()
        mine, oracle = (library.Adam(0.1, use_ema=True, ema_momentum=0.5) for library in (optimizers, keras.optimizers))
        for gradients in GRADIENTS[:3]:
            mine.apply(gradients, a)
            oracle.apply([keras.ops.convert_to_tensor(g) for g in gradients], b)
        same_state(a, b)
        same_state(mine.variables, oracle.variables)

    def test_clipping_of_what_is_not_finite(self):
        w = Variable(np.ones(2, "float32"))
        optimizers.SGD(0.1, global_clipnorm=1.0).apply([np.array([np.inf, 1.0], "float32")], [w])
        assert np.isnan(w.numpy()).all()
        w = Variable(np.ones(2, "float32"))
        optimizers.SGD(0.1, clipnorm=1.0).apply([np.zeros(2, "float32")], [w])
        close(w.numpy(), [1.0, 1.0])


class TestAccumulation:
    @pytest.mark.parametrize("compiled", [False, True])
    def test_flush_applies_the_mean_of_the_rest(self, compiled):
        """Two of three steps, then a flush: one update by the mean of two; a second flush does nothing."""
        a, b = ours(), ours()
        plain = optimizers.Adam(0.1, clipnorm=0.5)
        accumulating = optimizers.Adam(0.1, clipnorm=0.5, gradient_accumulation_steps=3)
        accumulating.build(b)
        flush = accumulating.flush_accumulated_gradients
        if compiled:
            flush = engines.current().compile(flush, [*b, *accumulating.variables])
        for gradients in GRADIENTS[:5]:
            accumulating.apply(gradients, b)
        flush()
        flush()
        for start, stop in ((0, 3), (3, 5)):
            plain.apply([np.mean(g, 0) for g in zip(*GRADIENTS[start:stop])], a)
        same_state(a, b)
        assert int(np.asarray(accumulating.iterations)) == 2
        accumulating.apply(GRADIENTS[5], b)
        same_state(a, b)
        optimizers.SGD().flush_accumulated_gradients()


@pytest.mark.parametrize("shape", [(3, 4), (5, 2)])
def test_newton_schulz(shape, engine):
    x = RNG.normal(size=shape).astype("float32")
    mine, oracle = optimizers.Muon(), keras.optimizers.Muon()
    close(mine.zeropower_via_newtonschulz5(x, 5), oracle.zeropower_via_newtonschulz5(x, 5), atol=1e-4)
    close(mine.lr_adjust(x), oracle.lr_adjust(x))
    close(mine.transpose_last_axis(x), x.T)


def test_exclude_from_weight_decay():
    a = ours()
    optimizer = optimizers.SGD(1.0, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_list=[a[0]], var_names=["bias"])
    optimizer.apply([np.zeros_like(g) for g in GRADIENTS[0]], a)
    close(a[0].numpy(), WEIGHTS["kernel"])
    close(a[1].numpy(), WEIGHTS["bias"])
    close(a[2].numpy(), WEIGHTS["tall"] * 0.5)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
@pytest.mark.parametrize("name, arguments", CASES)
def test_other_precisions(name, arguments, dtype, training_engine):
    """Weights of any float dtype are trained as those in float32, by rules that compute in float32 at least."""
    if dtype == "float64" and training_engine.name == "jax":
        pytest.skip("JAX has no float64 unless it is asked for")
    results = []
    for kind in (dtype, "float32"):
        weights = [Variable(w, dtype=kind, name=n) for n, w in WEIGHTS.items()]
        optimizer = getattr(optimizers, name)(**arguments)
        for gradients in GRADIENTS[:4]:
            optimizer.apply([ops.cast(ops.convert_to_tensor(g), kind) for g in gradients], weights)
        assert {w.dtype for w in weights} == {kind}
        results.append([w.numpy().astype("float64") for w in weights])
    tolerance = {"float16": 1e-2, "bfloat16": 1e-1, "float64": 1e-4}[dtype]
    for mine, expected in zip(*results):
        np.testing.assert_allclose(mine, expected, rtol=tolerance, atol=tolerance / 2)


def test_paths_and_names():
    naming.reset_names()
    with naming.name_scope("dense"):
        kernel = Variable(np.ones(2, "float32"), name="kernel")
    optimizer = optimizers.Adam()
    with naming.name_scope("outer"):
        optimizer.build([kernel])
    paths = [v.path for v in optimizer.variables]
    assert paths == ["adam/iteration", "adam/learning_rate", "adam/dense_kernel_momentum", "adam/dense_kernel_velocity"]
    assert [optimizers.Adam().name, optimizers.AdamW().name, optimizers.RMSprop().name] == ["adam_1", "adam_w", "rm_sprop"]


def test_custom_optimizer_of_keras():
    class Momentum(optimizers.Optimizer):
        def __init__(self, learning_rate=0.1, keep=0.9, **kwargs):
            super().__init__(learning_rate=learning_rate, **kwargs)
            self.keep = keep

        def build(self, variables):
            if self.built:
                return
            super().build(variables)
            self.momenta = [self.add_variable_from_reference(v, name="momentum") for v in variables]

        def update_step(self, gradient, variable, learning_rate):
            momentum = self.momenta[self._get_variable_index(variable)]
            self.assign(momentum, self.keep * momentum - ops.cast(learning_rate, variable.dtype) * gradient)
            self.assign_add(variable, momentum)

        def get_config(self):
            return super().get_config() | {"keep": self.keep}

    mine, plain = Momentum(0.1), optimizers.SGD(0.1, momentum=0.9)
    a, b = ours(), ours()
    for gradients in GRADIENTS[:3]:
        mine.apply(gradients, a)
        plain.apply(gradients, b)
    same_state(a, b)
    assert mine.get_config()["keep"] == 0.9
    assert Momentum.from_config(mine.get_config()).get_config() == mine.get_config()


def test_rule_of_ones_own():
    class Sign(optimizers.Optimizer):
        slots = (("count",),)

        def rule(self, gradient, value, learning_rate, step, slots):
            return value - learning_rate * ops.sign(gradient), {"count": slots["count"] + 1}

    a = ours()
    optimizer = Sign(0.1)
    optimizer.apply(GRADIENTS[0], a)
    close(a[0].numpy(), WEIGHTS["kernel"] - 0.1 * np.sign(GRADIENTS[0][0]))
    assert optimizer.variables[2].path.endswith("kernel_count")
    with pytest.raises(NotImplementedError, match="must define rule"):
        optimizers.Optimizer(0.1).apply([np.ones(1, "float32")], [Variable(np.ones(1, "float32"))])


class TestLossScale:
    GRADS = [8.0, 8.0, np.inf, 4.0, 4.0, 8.0, np.nan, 2.0]

    @staticmethod
    @functools.cache
    def run_oracle():
        inner = keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.5), momentum=0.5)
        optimizer = keras.optimizers.LossScaleOptimizer(inner, initial_scale=8.0, dynamic_growth_steps=2)
        v = keras.Variable(np.ones(1, "float32"), name="x")
        optimizer.build([v])
        values, state = [v.value], [x.value for x in optimizer.variables]
        rows = []
        for g in TestLossScale.GRADS:
            values, state = optimizer.stateless_apply(state, [keras.ops.convert_to_tensor(np.array([g], "float32"))], values)
            rows.append([float(np.ravel(x)[0]) for x in [*values, *state]])
        return np.array(rows)

    def make(self):
        inner = optimizers.SGD(schedules.ExponentialDecay(0.1, 1, 0.5), momentum=0.5)
        optimizer = optimizers.LossScaleOptimizer(inner, initial_scale=8.0, dynamic_growth_steps=2)
        return optimizer, Variable(np.ones(1, "float32"), name="x")

    def test_parity(self, engine):
        optimizer, w = self.make()
        rows = []
        for g in self.GRADS:
            optimizer.apply([np.array([g], "float32")], [w])
            rows.append([float(x.numpy().ravel()[0]) for x in [w, *optimizer.variables]])
        close(rows, self.run_oracle())
        assert int(optimizer.iterations) == 6

    def test_compiled(self):
        optimizer, w = self.make()
        optimizer.build([w])
        step = engines.current().compile(lambda g: optimizer.apply([g], [w]), [w, *optimizer.variables])
        rows = []
        for g in self.GRADS:
            step(np.array([g], "float32"))
            rows.append([float(x.numpy().ravel()[0]) for x in [w, *optimizer.variables]])
        close(rows, self.run_oracle())

    def test_the_rest(self):
        optimizer = optimizers.LossScaleOptimizer("adam", initial_scale=4.0)
        assert float(optimizer.scale_loss(2.0)) == 8.0
        config = optimizer.get_config()
        assert optimizers.deserialize(optimizers.serialize(optimizer)).get_config() == config
        oracle = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(), initial_scale=4.0)
        assert config.keys() == oracle.get_config().keys()
        optimizer.learning_rate = 0.5
        assert float(optimizer.inner_optimizer.learning_rate) == 0.5
        w = Variable(np.ones(1, "float32"), name="x")
        optimizer.build([w])
        oracle.build([keras.Variable(np.ones(1, "float32"), name="x")])
        ends = [v.path.split("/")[-1] for v in oracle.variables]
        assert [v.path.split("/")[-1] for v in optimizer.variables] == ends
        with pytest.raises(TypeError, match="inner_optimizer"):
            optimizers.LossScaleOptimizer(lambda: 3)


class TestMulti:
    def pair(self):
        made = []
        for library in (optimizers, keras.optimizers):
            patterns = {".*kernel": library.SGD(0.1, momentum=0.9), "bias": library.Lion(0.01)}
            made.append(library.MultiOptimizer(library.OptimizerMap(library.Adam(0.05), patterns), loss_scale_factor=2.0))
        return made

    def test_parity(self, engine):
        naming.reset_names()
        mine, oracle = self.pair()
        a, b = ours(), theirs()
        for gradients in GRADIENTS:
            mine.apply(gradients, a)
            oracle.apply([keras.ops.convert_to_tensor(g) for g in gradients], b)
            same_state(a, b)
        same_state(mine.variables, oracle.variables)
        assert [v.path.split("/")[-1] for v in mine.variables] == [v.path.split("/")[-1] for v in oracle.variables]

    def test_config(self):
        mine, _ = self.pair()
        again = optimizers.deserialize(optimizers.serialize(mine))
        assert again.get_config() == mine.get_config()
        assert [type(o).__name__ for o in again.optimizers] == ["SGD", "Lion", "Adam"]
        oracle = keras.optimizers.deserialize(optimizers.serialize(mine))
        assert [type(o).__name__ for o in oracle.optimizers] == ["SGD", "Lion", "Adam"]

    def test_map(self):
        sgd, adam = optimizers.SGD(), optimizers.Adam()
        optimizer_map = optimizers.OptimizerMap(adam, {"dense.*": sgd})
        assert optimizer_map["dense/kernel"] is sgd and optimizer_map["block/dense/kernel"] is adam
        assert list(optimizer_map) == ["dense.*"] and len(optimizer_map) == 1
        with pytest.raises(ValueError, match="already"):
            optimizer_map["dense.*"] = adam
        optimizer_map["de.*"] = adam
        with pytest.raises(ValueError, match="several optimizers"):
            optimizer_map["dense/bias"]
        del optimizer_map["de.*"]
        with pytest.raises(ValueError, match="needs an optimizer"):
            optimizer_map["x"] = 3
        with pytest.raises(TypeError, match="default_optimizer"):
            optimizers.OptimizerMap("adam")
        with pytest.raises(TypeError, match="OptimizerMap"):
            optimizers.MultiOptimizer({"x": sgd})
        multi = optimizers.MultiOptimizer(optimizer_map)
        assert not hasattr(multi, "learning_rate")
        with pytest.raises(AttributeError, match="set those"):
            multi.learning_rate = 0.1


@pytest.mark.parametrize("name", [n for n in dir(keras.optimizers) if not n.startswith("_")])
def test_every_name(name):
    assert hasattr(optimizers, name)


def test_get():
    for (
        name
    ) in "adam Adam ADAM sgd rmsprop RMSprop adamw AdamW adafactor schedulefreeadamw muon lion nadam ftrl adamax".split():
        assert type(optimizers.get(name)).__name__ == type(keras.optimizers.get(name)).__name__
    optimizer = optimizers.SGD()
    assert optimizers.get(optimizer) is optimizer and optimizers.get(None) is None
    assert isinstance(optimizers.get(optimizers.Lion), optimizers.Lion)
    assert isinstance(optimizers.get("lamb"), optimizers.Lamb)
    with pytest.raises(ValueError, match="Did you mean '[Aa]dam"):
        optimizers.get("Adamm")
    for wrong in (3, np.tanh):
        with pytest.raises(ValueError, match="can't be understood"):
            optimizers.get(wrong)
    assert optimizers.legacy.Adam is optimizers.Adam


@pytest.mark.parametrize(
    "make,error,words",
    [
        (lambda: optimizers.Adam(learningrate=0.1), TypeError, "Did you mean 'learning_rate'"),
        (lambda: optimizers.Adam(clip_norm=1.0), TypeError, "Did you mean 'clipnorm'"),
        (lambda: optimizers.Adam(clipnorm=1.0, clipvalue=1.0), ValueError, "one of clipnorm"),
        (lambda: optimizers.Adam(clipnorm=-1.0), ValueError, "positive"),
        (lambda: optimizers.Adam(use_ema=True, ema_momentum=2), ValueError, "ema_momentum"),
        (lambda: optimizers.Adam(use_ema=True, ema_overwrite_frequency=0.5), ValueError, "ema_overwrite_frequency"),
        (lambda: optimizers.Adam(gradient_accumulation_steps=1), ValueError, "at least 2"),
        (lambda: optimizers.Adam("fast"), ValueError, "learning_rate must be"),
        (lambda: optimizers.SGD(momentum=2), ValueError, "momentum"),
        (lambda: optimizers.Lion(beta_1=0), ValueError, "beta_1"),
        (lambda: optimizers.Ftrl(learning_rate_power=1), ValueError, "learning_rate_power"),
        (lambda: optimizers.Ftrl(l1_regularization_strength=-1), ValueError, "l1_regularization_strength"),
        (lambda: optimizers.AdamW(weight_decay=None), ValueError, "Use Adam"),
    ],
)
def test_bad_arguments(make, error, words):
    with pytest.raises(error, match=words):
        make()


def test_other_length_of_file():
    optimizer = optimizers.Adam()
    optimizer.build(ours())
    with pytest.warns(UserWarning, match="not loaded"):
        optimizer.load_own_variables({"0": 1})
    optimizer.set_weights(optimizer.get_weights())
    with pytest.raises(ValueError, match="1 values came"):
        optimizer.set_weights([1])


def test_registered_custom_schedule():
    @registry.register_keras_serializable("tests")
    class Half(schedules.LearningRateSchedule):
        def __init__(self, start):
            self.start = start

        def __call__(self, step):
            return self.start / (ops.cast(step, "float32") + 1.0)

    optimizer = optimizers.Adam(Half(0.2))
    again = optimizers.deserialize(optimizers.serialize(optimizer))
    assert again.get_config()["learning_rate"]["config"] == {"start": 0.2}


@pytest.mark.parametrize(
    "name, value",
    [("weight_decay", 0.1), ("clipnorm", 1.0), ("clipvalue", 1.0), ("global_clipnorm", 1.0), ("use_ema", True),
     ("ema_momentum", 0.5), ("ema_overwrite_frequency", 2), ("loss_scale_factor", 2.0), ("gradient_accumulation_steps", 2),
     ("learning_rate", 0.1), ("foo", 1)],
)  # fmt: skip
def test_what_the_inner_optimizer_does_is_asked_of_it(name, value):
    """A ValueError, as in Keras; for names that the class does not have, a TypeError too."""
    with pytest.raises(ValueError, match=name):
        optimizers.LossScaleOptimizer(optimizers.SGD(), **{name: value})


@pytest.mark.parametrize("get", [optimizers.get, kerata.losses.get, kerata.metrics.get, kerata.initializers.get])
def test_dicts_that_are_no_form_of_an_object_are_refused(get):
    with pytest.raises(ValueError, match="class_name"):
        get({"a": 1})
