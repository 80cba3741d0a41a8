"""Students and teachers: losses and steps of training as Keras 3.15.1's, files, strategies of one's own, and what goes wrong."""

import warnings

import numpy as np
import pytest

import kerata
from kerata import losses, ops
from kerata.distillation import DistillationLoss, Distiller, FeatureDistillation, LogitsDistillation
from tests.oracle import keras

RANDOM = np.random.default_rng(0)
TEACHER, STUDENT = (RANDOM.normal(size=(6, 5)).astype("float32") * scale for scale in (2, 1))
X, CLASSES = RANDOM.normal(size=(8, 4)).astype("float32"), RANDOM.integers(0, 3, 8)


def network(width, module=kerata, seed=0, outputs=3, inputs=4):
    """Two layers, `hidden` and `last`, with the same weights in kerata and the oracle."""
    x = module.Input((inputs,))
    hidden = module.layers.Dense(width, "relu", name="hidden")(x)
    model = module.Model(x, module.layers.Dense(outputs, name="last")(hidden))
    draw = np.random.default_rng(seed)
    model.set_weights([draw.normal(size=w.shape).astype("float32") for w in model.get_weights()])
    return model


def pair(module=kerata, **kwargs):
    return network(8, module, 1, **kwargs), network(8, module, 2, **kwargs)


def theirs(fn):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return fn()


LOGITS = {
    "name": lambda m: m.distillation.LogitsDistillation(),
    "squares": lambda m: m.distillation.LogitsDistillation(2.0, "mse"),
    "divergence": lambda m: m.distillation.LogitsDistillation(2, m.losses.KLDivergence()),
    "sum of divergences": lambda m: m.distillation.LogitsDistillation(2.0, m.losses.KLDivergence(reduction="sum")),
    "unreduced divergence": lambda m: m.distillation.LogitsDistillation(3.0, m.losses.KLDivergence(reduction="none")),
    "unreduced squares": lambda m: m.distillation.LogitsDistillation(3.0, m.losses.MeanSquaredError(reduction="none")),
    "crossentropy": lambda m: m.distillation.LogitsDistillation(4.0, m.losses.CategoricalCrossentropy(from_logits=True)),
    "function": lambda m: m.distillation.LogitsDistillation(2.0, m.losses.mean_absolute_error),
    "features": lambda m: m.distillation.FeatureDistillation(),
    "angles": lambda m: m.distillation.FeatureDistillation("cosine_similarity"),
    "distances": lambda m: m.distillation.FeatureDistillation(m.losses.MeanAbsoluteError()),
}


@pytest.mark.parametrize("case", LOGITS)
def test_losses_are_the_oracles(engine, case):
    found = LOGITS[case](kerata).compute_loss(TEACHER, STUDENT)
    expected = theirs(lambda: float(LOGITS[case](keras()).compute_loss(TEACHER, STUDENT)))
    assert found.shape == ()
    np.testing.assert_allclose(engine.to_numpy(found), expected, rtol=2e-5)


def test_hintons_loss_is_the_divergence_of_softened_probabilities(engine):
    softened = [np.exp(z / 4 - np.log(np.exp(z / 4).sum(-1, keepdims=True))) for z in (TEACHER, STUDENT)]
    expected = 16 * (softened[0] * np.log(softened[0] / softened[1])).sum(-1).mean()
    found = LogitsDistillation(4.0, losses.KLDivergence()).compute_loss(TEACHER, STUDENT)
    np.testing.assert_allclose(engine.to_numpy(found), expected, rtol=1e-4)


@pytest.mark.parametrize("make", [lambda m: m.distillation.LogitsDistillation(3.0, ["mse", None, "mae"]), lambda m: m.distillation.FeatureDistillation(["mse", "mae", "mse"])])  # fmt: skip
def test_several_outputs(engine, make):
    teacher, student = [TEACHER, TEACHER[:, :2], TEACHER * 2], [STUDENT, STUDENT[:, :2], STUDENT]
    expected = theirs(lambda: float(make(keras()).compute_loss(teacher, student)))
    np.testing.assert_allclose(engine.to_numpy(make(kerata).compute_loss(teacher, student)), expected, rtol=2e-5)
    np.testing.assert_allclose(engine.to_numpy(make(kerata).compute_loss(tuple(teacher), student)), expected, rtol=2e-5)


def test_outputs_in_dicts(engine):
    strategy = LogitsDistillation(2.0, {"a": "mse", "b": None})
    found = strategy.compute_loss({"a": TEACHER, "b": TEACHER}, {"b": STUDENT, "a": STUDENT})
    np.testing.assert_allclose(engine.to_numpy(found), np.mean((TEACHER - STUDENT) ** 2) / 4, rtol=2e-5)


def distiller(module=kerata, share=0.3):
    d = module.distillation
    strategies = [d.LogitsDistillation(3.0, module.losses.KLDivergence()), d.FeatureDistillation("mse", "hidden", "hidden")]
    made = d.Distiller(*pair(module), strategies, [1.0, 0.5], student_loss_weight=share)
    made.compile("sgd", module.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return made


@pytest.fixture(scope="module")
def trained():
    """What the oracle logs and learns in three epochs."""

    def train():
        results = {}
        for share in (0.0, 0.3, 1.0):
            made = distiller(keras(), share)
            history = made.fit(X, CLASSES, batch_size=4, epochs=3, shuffle=False, verbose=0).history
            results[share] = history, made.student.get_weights(), made.evaluate(X, CLASSES, verbose=0, return_dict=True)
        return results

    return theirs(train)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_training_is_the_oracles(training_engine, trained, share):
    made, (history, weights, result) = distiller(share=share), trained[share]
    before = made.teacher.get_weights()
    found = made.fit(X, CLASSES, batch_size=4, epochs=3, shuffle=False, verbose=0).history
    assert found.keys() == history.keys()
    for name, values in history.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-4, atol=1e-6, err_msg=name)
    for mine, other in zip(made.student.get_weights(), weights):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-5)
    for name, value in made.evaluate(X, CLASSES, verbose=0, return_dict=True).items():
        np.testing.assert_allclose(value, result[name], rtol=1e-4, atol=1e-6, err_msg=name)
    for old, new in zip(before, made.teacher.get_weights()):
        np.testing.assert_array_equal(old, new)
    np.testing.assert_allclose(made.predict(X, verbose=0), made.student.predict(X, verbose=0), rtol=1e-6)


def test_the_loss_by_hand(engine):
    made = distiller()
    logits, taught = made.student(X), made.teacher(X)
    by_labels = losses.SparseCategoricalCrossentropy(from_logits=True)(CLASSES, logits)
    by_logits = LogitsDistillation(3.0, losses.KLDivergence()).compute_loss(taught, logits)
    hidden = [engine.to_numpy(m.get_layer("hidden")(X)) for m in (made.teacher, made.student)]
    by_features = np.mean((hidden[0] - hidden[1]) ** 2)
    parts = [float(engine.to_numpy(v)) for v in (by_labels, by_logits)]
    expected = 0.3 * parts[0] + 0.7 * (parts[1] + 0.5 * by_features)
    np.testing.assert_allclose(engine.to_numpy(made.compute_loss(X, CLASSES, logits)), expected, rtol=1e-5)
    np.testing.assert_allclose(engine.to_numpy(made.compute_loss(X, CLASSES, made(X))), expected, rtol=1e-5)


def test_a_smaller_last_batch_counts_by_its_rows(training_engine):
    made = Distiller(*pair(), LogitsDistillation(2.0, "mse"), student_loss_weight=0.0)
    made.compile("sgd")
    small, large = (made.evaluate(X, batch_size=n, verbose=0, return_dict=True) for n in (3, 8))
    for name, value in large.items():
        np.testing.assert_allclose(small[name], value, rtol=1e-5, err_msg=name)


def test_a_student_runs_once_in_a_step(training_engine):
    teacher, x = network(8), kerata.Input((4,))
    hidden = kerata.layers.BatchNormalization(name="hidden")(kerata.layers.Dense(8)(x))
    student = kerata.Model(x, kerata.layers.Dense(3)(hidden))
    made = Distiller(teacher, student, FeatureDistillation("mse", "hidden", "hidden"), student_loss_weight=0.0)
    before = student.layers[1](X)
    variance = training_engine.to_numpy(before).var(0)
    made.compile(kerata.optimizers.SGD(0.0))
    made.fit(X, batch_size=8, verbose=0)
    np.testing.assert_allclose(student.get_layer("hidden").moving_variance.numpy(), 0.99 + 0.01 * variance, rtol=1e-5)


def test_subclassed_models_tell_what_their_layers_give(training_engine):
    class Student(kerata.Model):
        def __init__(self):
            super().__init__()
            self.first, self.second = kerata.layers.Dense(8, "relu", name="narrow"), kerata.layers.Dense(3)

        def call(self, x):
            return self.second(self.first(x))

    kerata.utils.set_random_seed(0)
    made = Distiller(network(8), Student(), FeatureDistillation("mse", "hidden", "narrow"), student_loss_weight=0.0)
    made.compile(kerata.optimizers.Adam(0.05))
    history = made.fit(X, epochs=60, verbose=0).history["distillation_loss"]
    assert history[-1] < 0.5 * history[0]


@kerata.saving.register_keras_serializable("tests")
class LargestGap(DistillationLoss):
    """The largest difference, scaled: a mean over all rows, padded ones too if there were any."""

    def __init__(self, scale=1.0):
        self.scale = scale

    def compute_loss(self, teacher_outputs, student_outputs, **kwargs):
        return self.scale * ops.mean(ops.max(ops.abs(teacher_outputs - student_outputs), axis=-1))


def test_strategies_of_ones_own(training_engine, tmp_path):
    teacher, student = pair()
    gaps = np.abs(teacher.predict(X, verbose=0) - student.predict(X, verbose=0)).max(-1)
    made = Distiller(teacher, student, [LargestGap(2.0), LogitsDistillation(1.0, "mse")], [1.0, 0.0], student_loss_weight=0.0)
    made.compile("sgd")
    logs = made.evaluate(X, batch_size=3, verbose=0, return_dict=True)
    np.testing.assert_allclose(logs["distillation_loss"], 2 * gaps.mean(), rtol=1e-5)
    made.save(tmp_path / "own.keras")
    again = kerata.models.load_model(tmp_path / "own.keras")
    assert again.distillation_losses[0].scale == 2.0 and again.distillation_loss_weights == [1.0, 0.0]


def test_a_student_learns_from_the_teacher_alone(training_engine):
    """Without labels it comes to say what the teacher says about data that neither was trained on."""
    kerata.utils.set_random_seed(0)
    x = np.random.default_rng(3).normal(size=(512, 4)).astype("float32")
    teacher = network(8, seed=1)
    student = kerata.Sequential([kerata.Input((4,)), kerata.layers.Dense(32, "relu"), kerata.layers.Dense(3)])
    made = Distiller(teacher, student, LogitsDistillation(3.0, losses.KLDivergence()), student_loss_weight=0.0)
    made.compile(kerata.optimizers.Adam(0.02))
    made.fit(x[:448], epochs=30, verbose=0)
    said = [m.predict(x[448:], verbose=0).argmax(-1) for m in (teacher, student)]
    assert np.mean(said[0] == said[1]) > 0.9


def test_saved_and_loaded(training_engine, tmp_path):
    made = distiller()
    made.fit(X, CLASSES, verbose=0)
    made.save(tmp_path / "distiller.keras")
    again = kerata.models.load_model(tmp_path / "distiller.keras")
    assert again.student_loss_weight == 0.3 and again.distillation_loss_weights == [1.0, 0.5]
    assert isinstance(again.distillation_losses[0].loss, losses.KLDivergence) and not again.teacher.trainable
    assert again.distillation_losses[1].get_config() == made.distillation_losses[1].get_config()
    expected = made.evaluate(X, CLASSES, verbose=0, return_dict=True)
    for name, value in again.evaluate(X, CLASSES, verbose=0, return_dict=True).items():
        np.testing.assert_allclose(value, expected[name], rtol=1e-5, err_msg=name)


def test_files_go_to_keras_and_come_from_it(tmp_path):
    mine = distiller()
    mine.save(tmp_path / "mine.keras")

    def there():
        other = distiller(keras())
        other.save(tmp_path / "other.keras")
        loaded = keras().models.load_model(tmp_path / "mine.keras", compile=False)
        return np.asarray(loaded(X)), [type(s).__name__ for s in loaded.distillation_losses]

    outputs, names = theirs(there)
    np.testing.assert_allclose(outputs, np.asarray(mine(X)), rtol=1e-5, atol=1e-6)
    assert names == ["LogitsDistillation", "FeatureDistillation"]
    again = kerata.models.load_model(tmp_path / "other.keras", compile=False)
    np.testing.assert_allclose(np.asarray(again(X)), outputs, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(np.asarray(again.teacher(X)), np.asarray(mine.teacher(X)), rtol=1e-5, atol=1e-6)


def test_configs_are_the_oracles():
    for make in (
        LOGITS["squares"],
        LOGITS["sum of divergences"],
        lambda m: m.distillation.FeatureDistillation("mae", "a", "b"),
    ):
        mine, other = make(kerata), theirs(lambda: make(keras()))
        assert mine.get_config() == theirs(other.get_config)
        assert type(mine).from_config(mine.get_config()).get_config() == mine.get_config()
        assert kerata.saving.serialize_keras_object(mine)["module"] == "keras.distillation"


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: LogitsDistillation(0.0), "positive number; 0.0 came"),
        (lambda: LogitsDistillation("3"), "positive number; '3' came"),
        (lambda: LogitsDistillation(loss=None), "at least one loss"),
        (lambda: FeatureDistillation([None, None]), "at least one loss"),
        (lambda: LogitsDistillation(loss="kl_diverg"), "kl_divergence"),
        (lambda: LogitsDistillation().compute_loss([TEACHER, TEACHER], [STUDENT]), "must have one structure"),
        (lambda: LogitsDistillation().compute_loss([TEACHER] * 2, [STUDENT] * 2), "structure of the outputs"),
        (lambda: FeatureDistillation().validate_outputs({"a": TEACHER}, {"b": STUDENT}), "must have one structure"),
        (lambda: Distiller("teacher", network(3), LogitsDistillation()), "teacher must be a Model; str came"),
        (lambda: Distiller(network(3), network(3), "mse"), "distillation_losses must be a DistillationLoss"),
        (lambda: Distiller(network(3), network(3), None), "distillation_losses must be a DistillationLoss"),
        (lambda: Distiller(network(3), network(3), []), "distillation_losses must be a DistillationLoss"),
        (lambda: Distiller(*pair(), LogitsDistillation(), [1.0, 2.0]), "2 distillation_loss_weights came for 1"),
        (lambda: Distiller(*pair(), LogitsDistillation(), student_loss_weight=1.5), "from 0 to 1; 1.5 came"),
        (lambda: Distiller(network(3, outputs=5), network(3), LogitsDistillation()), "output_shape is \\(None, 5\\)"),
        (lambda: Distiller(network(3, inputs=5), network(3), LogitsDistillation()), "input_shape is \\(None, 5\\)"),
        (lambda: Distiller(*pair(), FeatureDistillation("mse", "hiden", "hidden")), "teacher lacks the layer.*'hidden'"),
        (lambda: Distiller(*pair(), FeatureDistillation("mse", "hidden", "none")), "student lacks the layer"),
        (lambda: Distiller(*pair(), LogitsDistillation()).compile("sgd"), "counts for 0.5 of the whole"),
    ],
)
def test_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_strategy_without_a_loss():
    with pytest.raises(TypeError, match="DistillationLoss has no method compute_loss"):
        DistillationLoss().compute_loss(TEACHER, STUDENT)


def test_a_failed_distiller_leaves_the_teacher_trainable():
    teacher, student = pair()
    with pytest.raises(ValueError):
        Distiller(teacher, student, LogitsDistillation(), student_loss_weight=2.0)
    assert teacher.trainable


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_sample_weights_count_in_the_loss_on_the_labels(training_engine, share):
    teacher, student = pair()
    model = Distiller(teacher, student, LogitsDistillation(), student_loss_weight=share)
    model.compile("sgd", losses.SparseCategoricalCrossentropy(from_logits=True))
    outputs, weights = model(X), np.arange(8, dtype="float32")
    plain, weighted, none = (float(model.compute_loss(X, CLASSES, outputs, w)) for w in (None, weights, np.zeros(8, "float32")))
    by_labels = model.loss(CLASSES, outputs), model.loss(CLASSES, outputs, weights)
    np.testing.assert_allclose(weighted - none, share * float(by_labels[1]), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(plain - none, share * float(by_labels[0]), rtol=1e-4, atol=1e-5)


def test_strategies_refuse_unknown_arguments():
    with pytest.raises(TypeError, match="compute_loss has no argument 'student_output'. Did you mean 'student_outputs'?"):
        LogitsDistillation().compute_loss(X, X, student_output=X)
