"""The mask that predictions carry counts in all metrics: a masked batch is the batch of what the mask leaves."""

import inspect

import numpy as np
import pytest

import kerata
from kerata import layers, metrics, ops
from kerata.core import batch, masks
from kerata.training import padding

pytestmark = pytest.mark.usefixtures("engine")

B, T, D = 5, 4, 3
RNG = np.random.default_rng(0)
MASK = np.array([[1, 1, 0, 0], [1, 1, 1, 1], [0, 0, 1, 0], [1, 1, 1, 0], [0, 1, 1, 0]], bool)
ROWS = np.array([1, 0, 1, 1, 0], bool)
CHANCES, LABELS = RNG.uniform(0.05, 0.95, (B, T, D)).astype("float32"), RNG.integers(0, 2, (B, T, D)).astype("float32")
ONE_HOT, NUMBERS = np.eye(D, dtype="float32")[RNG.integers(0, D, (B, T))], RNG.integers(0, D, (B, T))
PREDICTED = RNG.integers(0, D, (B, T))
SCORES, TARGETS = RNG.normal(size=(B, T, D)).astype("float32"), RNG.normal(size=(B, T, D)).astype("float32")
SIGNS = np.sign(TARGETS)

DECISIONS = [
    *[(name, {"thresholds": 0.4}) for name in ("TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives")],
    ("Precision", {}), ("Precision", {"class_id": 1}), ("Precision", {"top_k": 2}), ("Recall", {"thresholds": [0.2, 0.6]}),
    ("SensitivityAtSpecificity", {"specificity": 0.5}), ("SpecificityAtSensitivity", {"sensitivity": 0.5}),
    ("PrecisionAtRecall", {"recall": 0.5}), ("RecallAtPrecision", {"precision": 0.5}),
    ("AUC", {}), ("AUC", {"curve": "PR"}), ("AUC", {"from_logits": True}), ("AUC", {"label_weights": [1.0, 2.0, 0.5]}),
    ("BinaryAccuracy", {}), ("BinaryCrossentropy", {}), ("BinaryIoU", {"target_class_ids": [0, 1]}),
]  # fmt: skip
# Metrics, with targets and predictions of (batch, time, ...).
SEQUENCES = [
    *[(*case, LABELS, CHANCES) for case in DECISIONS],
    ("IoU", {"num_classes": D, "target_class_ids": [0, 2]}, NUMBERS, PREDICTED),
    ("MeanIoU", {"num_classes": D, "ignore_class": 1}, NUMBERS, PREDICTED),
    ("MeanIoU", {"num_classes": D, "sparse_y_pred": False}, NUMBERS, SCORES),
    ("OneHotIoU", {"num_classes": D, "target_class_ids": [1]}, ONE_HOT, CHANCES),
    ("OneHotMeanIoU", {"num_classes": D}, ONE_HOT, CHANCES),
    *[(name, {}, TARGETS, SCORES) for name in ("MeanSquaredError", "MeanAbsoluteError", "LogCoshError")],
    ("RootMeanSquaredError", {}, TARGETS, SCORES),
    ("CosineSimilarity", {}, TARGETS, SCORES),
    ("PearsonCorrelation", {}, TARGETS, SCORES),
    ("ConcordanceCorrelation", {}, TARGETS, SCORES),
    ("Hinge", {}, SIGNS, SCORES),
    *[(name, {}, np.abs(TARGETS), np.abs(SCORES)) for name in ("Poisson", "MeanSquaredLogarithmicError")],
    ("KLDivergence", {}, ONE_HOT, CHANCES),
    *[(name, {}, ONE_HOT, CHANCES) for name in ("CategoricalAccuracy", "CategoricalCrossentropy", "CategoricalHinge")],
    ("TopKCategoricalAccuracy", {"k": 2}, ONE_HOT, CHANCES),
    *[(name, {}, NUMBERS, CHANCES) for name in ("SparseCategoricalAccuracy", "SparseCategoricalCrossentropy")],
    ("SparseTopKCategoricalAccuracy", {"k": 2}, NUMBERS, CHANCES),
    ("Accuracy", {}, NUMBERS, PREDICTED),
]
# Those of (batch, ...), with a mask of rows.
OF_ROWS = [
    ("F1Score", {"threshold": 0.5}, LABELS[:, 0], CHANCES[:, 0]),
    ("FBetaScore", {"average": "weighted", "beta": 2.0}, ONE_HOT[:, 0], CHANCES[:, 0]),
    ("FBetaScore", {"average": "micro"}, ONE_HOT[:, 0], CHANCES[:, 0]),
    ("R2Score", {}, TARGETS[:, 0], SCORES[:, 0]),
    ("R2Score", {"num_regressors": 1, "class_aggregation": None}, TARGETS[:, 0], SCORES[:, 0]),
    ("AUC", {"multi_label": True}, LABELS[:, 0], CHANCES[:, 0]),
    ("AUC", {"multi_label": True, "num_labels": D, "label_weights": [1.0, 2.0, 0.5]}, LABELS[:, 0], CHANCES[:, 0]),
    *[(name, kwargs, true[:, 0], pred[:, 0]) for name, kwargs, true, pred in SEQUENCES],
]
CASES = [(*case, MASK) for case in SEQUENCES] + [(*case, ROWS) for case in OF_ROWS]
IDS = [f"{case[0]}-{i}" for i, case in enumerate(CASES)]


def masked(y_pred, mask):
    y_pred = ops.convert_to_tensor(np.array(y_pred))  # a copy: NumPy's tensors are the arrays themselves
    masks.set_mask(y_pred, ops.convert_to_tensor(mask))
    return y_pred


def flat(x, like):
    """The steps of all samples in one axis."""
    return x.reshape(-1, *x.shape[like.ndim :])


def same(metric, other, **tolerance):
    np.testing.assert_allclose(np.asarray(metric.result()), np.asarray(other.result()), rtol=1e-5, atol=1e-6, **tolerance)


def made(name, kwargs):
    return getattr(metrics, name)(**kwargs)


@pytest.mark.parametrize("name,kwargs,y_true,y_pred,mask", CASES, ids=IDS)
class TestLaw:
    def test_a_masked_batch_is_what_the_mask_leaves(self, name, kwargs, y_true, y_pred, mask):
        ours, rest = made(name, kwargs), made(name, kwargs)
        for part in (slice(0, 3), slice(3, B)):
            ours.update_state(y_true[part], masked(y_pred[part], mask[part]))
            rest.update_state(y_true[part][mask[part]], y_pred[part][mask[part]])
        same(ours, rest)

    def test_with_weights(self, name, kwargs, y_true, y_pred, mask):
        """Weights of samples, and of steps."""
        per_step = RNG.integers(1, 4, mask.shape).astype("int32" if "IoU" in name else "float32")
        for weights in (per_step[:, 0] if mask.ndim > 1 else per_step, per_step):
            ours, rest = made(name, kwargs), made(name, kwargs)
            ours.update_state(y_true, masked(y_pred, mask), sample_weight=weights)
            whole = np.broadcast_to(weights.reshape(weights.shape + (1,) * (mask.ndim - weights.ndim)), mask.shape)
            rest.update_state(y_true[mask], y_pred[mask], sample_weight=whole[mask])
            same(ours, rest)

    def test_what_is_left_out_may_be_anything_finite(self, name, kwargs, y_true, y_pred, mask):
        ours, rest = made(name, kwargs), made(name, kwargs)
        other = y_pred.copy()
        other[~mask] = y_pred[~mask][::-1]
        ours.update_state(y_true, masked(y_pred, mask))
        rest.update_state(y_true, masked(other, mask))
        same(ours, rest)

    def test_all_or_nothing(self, name, kwargs, y_true, y_pred, mask):
        ours, rest = made(name, kwargs), made(name, kwargs)
        ours.update_state(y_true, masked(y_pred, np.ones_like(mask)))
        ours.update_state(y_true, masked(y_pred, np.zeros_like(mask)))
        rest.update_state(y_true, y_pred)
        same(ours, rest)

    def test_beside_padding(self, name, kwargs, y_true, y_pred, mask):
        ours, rest = made(name, kwargs), made(name, kwargs)
        valid = np.array([1, 1, 1, 0, 0], "float32")
        with batch.valid_rows(valid):
            ours.update_state(y_true, masked(y_pred, mask))
        rest.update_state(y_true[:3], masked(y_pred[:3], mask[:3]))
        same(ours, rest)

    def test_padding_is_proven(self, name, kwargs, y_true, y_pred, mask):
        if name == "Hinge":
            return  # looks at all labels to know their kind
        with padding.proof(masked=True):
            true, pred, left = padding.as_rows((y_true, y_pred, mask))
            masks.set_mask(pred, left)
            made(name, kwargs).update_state(true, pred)


def test_all_metrics_that_take_weights_are_here():
    taken = {
        name for name, cls in vars(metrics).items()
        if inspect.isclass(cls) and issubclass(cls, metrics.Metric) and name in metrics.__all__
    }  # fmt: skip
    assert taken - {case[0] for case in CASES} == {
        "Metric",
        "Mean",
        "Sum",
        "MeanMetricWrapper",
        "SquaredHinge",
        "MeanAbsolutePercentageError",
    }


def test_steps_in_a_last_axis_of_length_one():
    """(batch, time, 1) beside (batch, time), as a layer of one unit gives it."""
    for name in ("Precision", "TruePositives", "AUC", "BinaryAccuracy", "RootMeanSquaredError", "BinaryIoU"):
        ours, rest = made(name, {}), made(name, {})
        ours.update_state(LABELS[..., 0], masked(CHANCES[..., :1], MASK))
        rest.update_state(LABELS[..., 0][MASK], CHANCES[..., 0][MASK])
        same(ours, rest)


@pytest.mark.parametrize("name", ["CosineSimilarity", "PearsonCorrelation", "ConcordanceCorrelation"])
def test_courses_over_time(name):
    """Along the axis of the mask, each sample is compared over the steps that it has; one without any is left out."""
    mask = np.concatenate([MASK[:4], np.zeros((1, T), bool)])
    mask[2] = [1, 0, 1, 1]
    ours, rest = made(name, {"axis": 1}), made(name, {"axis": 1})
    weights = np.arange(1.0, B + 1, dtype="float32")
    ours.update_state(TARGETS, masked(SCORES, mask), sample_weight=weights)
    for y_true, y_pred, left, weight in zip(TARGETS, SCORES, mask, weights):
        if left.any():
            rest.update_state(y_true[left][None], y_pred[left][None], sample_weight=np.array([weight]))
    same(ours, rest)


def test_a_mask_of_other_axes_says_nothing():
    ours, rest = metrics.Precision(), metrics.Precision()
    ours.update_state(LABELS[:, 0], masked(CHANCES[:, 0], MASK))
    rest.update_state(LABELS[:, 0], CHANCES[:, 0])
    same(ours, rest)


@pytest.mark.parametrize("engine", ["jax", "torch", "tensorflow"], indirect=True)
def test_masked_sequences_in_training(engine):
    """Zeros of the inputs are no steps, in fit and in evaluate; the truth is counted by hand."""
    kerata.utils.set_random_seed(0)
    words = np.array([[1, 2, 0, 0], [3, 1, 2, 3], [2, 0, 0, 0]])
    labels = np.array([[1, 0, 1, 1], [0, 1, 1, 0], [1, 1, 1, 1]], "float32")[..., None]
    model = kerata.Sequential([layers.Embedding(4, 5, mask_zero=True), layers.Dense(1, activation="sigmoid")])
    given = [
        metrics.TruePositives(name="tp"),
        metrics.Recall(name="r"),
        "accuracy",
        metrics.AUC(name="auc"),
        metrics.MeanSquaredError(name="mse"),
    ]
    model.compile(kerata.optimizers.SGD(0.0), "binary_crossentropy", metrics=given)
    history = model.fit(words, labels, batch_size=2, epochs=5, verbose=0).history
    chances, left = model.predict(words, verbose=0), words != 0
    yes, true = chances[left] > 0.5, labels[left] == 1
    auc = metrics.AUC()
    auc.update_state(labels[left], chances[left])
    expected = {
        "tp": (yes & true).sum(), "r": (yes & true).sum() / true.sum(), "accuracy": (yes == true).mean(),
        "auc": float(np.asarray(auc.result())), "mse": ((labels[left] - chances[left]) ** 2).mean(),
    }  # fmt: skip
    evaluated = model.evaluate(words, labels, batch_size=2, verbose=0, return_dict=True)
    for name, value in expected.items():
        np.testing.assert_allclose([*history[name], evaluated[name]], value, rtol=1e-5)
