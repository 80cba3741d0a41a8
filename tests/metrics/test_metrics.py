"""Metrics against the oracle over streams of batches, with and without weights; configs, padding, masks, bad inputs."""

import contextlib

import keras
import numpy as np
import pytest

from kerata import engines, metrics, ops
from kerata.core import batch, masks
from kerata.core.variable import Variable
from kerata.engines.abstract.array import AbstractArray
from kerata.engines.abstract.row_rules import MixesRows
from kerata.training import padding

# The oracle's own warnings.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Explicitly requested dtype"),
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy"),
]
RNG = np.random.default_rng(0)
BATCHES, N, D = 3, 7, 4


def floats(*shape):
    return RNG.normal(size=shape).astype("float32")


def chances(*shape):
    return RNG.uniform(0.02, 0.98, shape).astype("float32")


def one_hot(n=N):
    return np.eye(D, dtype="float32")[RNG.integers(0, D, n)]


def rows(x):
    return (x / x.sum(-1, keepdims=True)).astype("float32")


STREAMS = {
    "numbers": [(floats(N, D), floats(N, D)) for _ in range(BATCHES)],
    "positive": [(np.abs(floats(N, D)), np.abs(floats(N, D)) + 0.1) for _ in range(BATCHES)],
    "binary": [((chances(N, 1) > 0.5).astype("float32"), chances(N, 1)) for _ in range(BATCHES)],
    "flat": [((chances(N) > 0.5).astype("float32"), chances(N)) for _ in range(BATCHES)],
    "labels": [((chances(N, D) > 0.5).astype("float32"), chances(N, D)) for _ in range(BATCHES)],
    "logits": [((chances(N, D) > 0.5).astype("float32"), floats(N, D)) for _ in range(BATCHES)],
    "one_hot": [(one_hot(), rows(chances(N, D))) for _ in range(BATCHES)],
    "sparse": [(RNG.integers(0, D, (N, 1)), rows(chances(N, D))) for _ in range(BATCHES)],
    "equal": [(RNG.integers(0, 3, (N, 1)), RNG.integers(0, 3, (N, 1))) for _ in range(BATCHES)],
    "classes": [(RNG.integers(0, D, (N, 5)), RNG.integers(0, D, (N, 5))) for _ in range(BATCHES)],
    "times": [(RNG.integers(0, D, (N, 3)), rows(chances(N, 3, D))) for _ in range(BATCHES)],
}
CASES = [
    ("MeanSquaredError", {}, "numbers"),
    ("MeanAbsoluteError", {}, "numbers"),
    ("MeanAbsolutePercentageError", {}, "numbers"),
    ("MeanSquaredLogarithmicError", {}, "positive"),
    ("RootMeanSquaredError", {}, "numbers"),
    ("CosineSimilarity", {}, "numbers"),
    ("LogCoshError", {}, "numbers"),
    ("Hinge", {}, "logits"),
    ("SquaredHinge", {}, "logits"),
    ("CategoricalHinge", {}, "one_hot"),
    ("KLDivergence", {}, "one_hot"),
    ("Poisson", {}, "positive"),
    ("BinaryCrossentropy", {}, "labels"),
    ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, "logits"),
    ("CategoricalCrossentropy", {}, "one_hot"),
    ("CategoricalCrossentropy", {"label_smoothing": 0.1}, "one_hot"),
    ("SparseCategoricalCrossentropy", {}, "sparse"),
    ("SparseCategoricalCrossentropy", {}, "times"),
    ("Accuracy", {}, "equal"),
    ("BinaryAccuracy", {}, "labels"),
    ("BinaryAccuracy", {"threshold": 0.3}, "binary"),
    ("CategoricalAccuracy", {}, "one_hot"),
    ("SparseCategoricalAccuracy", {}, "sparse"),
    ("SparseCategoricalAccuracy", {}, "times"),
    ("TopKCategoricalAccuracy", {"k": 2}, "one_hot"),
    ("SparseTopKCategoricalAccuracy", {"k": 2}, "sparse"),
    ("PearsonCorrelation", {}, "numbers"),
    ("ConcordanceCorrelation", {}, "numbers"),
    ("R2Score", {}, "numbers"),
    ("R2Score", {"class_aggregation": None}, "numbers"),
    ("R2Score", {"class_aggregation": "variance_weighted_average", "num_regressors": 2}, "numbers"),
    ("TruePositives", {}, "labels"),
    ("TrueNegatives", {"thresholds": [0.2, 0.7]}, "labels"),
    ("FalsePositives", {"thresholds": 0.3}, "binary"),
    ("FalseNegatives", {}, "flat"),
    ("Precision", {}, "flat"),
    ("Precision", {"thresholds": [0.1, 0.5, 0.9]}, "labels"),
    ("Precision", {"top_k": 2}, "one_hot"),
    ("Precision", {"class_id": 1, "top_k": 2}, "one_hot"),
    ("Recall", {}, "binary"),
    ("Recall", {"class_id": 2, "thresholds": 0.4}, "labels"),
    ("SensitivityAtSpecificity", {"specificity": 0.5}, "labels"),
    ("SensitivityAtSpecificity", {"specificity": 0.6, "num_thresholds": 1}, "labels"),
    ("SpecificityAtSensitivity", {"sensitivity": 0.4, "num_thresholds": 30}, "labels"),
    ("PrecisionAtRecall", {"recall": 0.6}, "labels"),
    ("RecallAtPrecision", {"precision": 0.5, "class_id": 1}, "labels"),
    ("AUC", {}, "labels"),
    ("AUC", {"num_thresholds": 11, "summation_method": "minoring"}, "flat"),
    ("AUC", {"summation_method": "majoring", "curve": "PR"}, "flat"),
    ("AUC", {"curve": "PR"}, "labels"),
    ("AUC", {"curve": "PRGAIN", "num_thresholds": 4}, "labels"),
    ("AUC", {"thresholds": [0.8, 0.2, 0.5]}, "labels"),
    ("AUC", {"multi_label": True}, "labels"),
    ("AUC", {"multi_label": True, "num_labels": D, "label_weights": [1.0, 2.0, 0.5, 3.0]}, "labels"),
    ("AUC", {"label_weights": [1.0, 2.0, 0.5, 3.0]}, "labels"),
    ("AUC", {"from_logits": True, "curve": "PR", "multi_label": True}, "logits"),
    ("FBetaScore", {"beta": 2.0}, "one_hot"),
    ("FBetaScore", {"average": "micro", "threshold": 0.4}, "labels"),
    ("FBetaScore", {"average": "weighted", "threshold": 0.4}, "labels"),
    ("F1Score", {"average": "macro"}, "one_hot"),
    ("IoU", {"num_classes": D, "target_class_ids": [0, 2]}, "classes"),
    ("MeanIoU", {"num_classes": D}, "classes"),
    ("MeanIoU", {"num_classes": D, "ignore_class": 1}, "classes"),
    ("MeanIoU", {"num_classes": D, "sparse_y_pred": False}, "times"),
    ("OneHotIoU", {"num_classes": D, "target_class_ids": [1]}, "one_hot"),
    ("OneHotMeanIoU", {"num_classes": D}, "one_hot"),
    ("BinaryIoU", {"target_class_ids": [1], "threshold": 0.4}, "labels"),
]
IDS = [f"{name}-{i}" for i, (name, _, _) in enumerate(CASES)]
UNWEIGHTED_IN_ORACLE = ("times",)


def close(got, want, rtol=1e-5, atol=1e-5):
    np.testing.assert_allclose(np.asarray(got), np.asarray(want), rtol=rtol, atol=atol)


def weights_of(name, i):
    weights = np.linspace(0.2, 1.7, N, dtype="float32") + i
    return np.round(weights).astype("int32") if "IoU" in name else weights


@pytest.mark.parametrize("name,kwargs,stream", CASES, ids=IDS)
class TestParity:
    def test_stream(self, name, kwargs, stream, engine):
        for weighted in (False, True):
            ours, oracle = getattr(metrics, name)(**kwargs), getattr(keras.metrics, name)(**kwargs)
            for i, (y_true, y_pred) in enumerate(STREAMS[stream]):
                weights = weights_of(name, i) if weighted else None
                theirs = weights
                if weighted and "IoU" in name and y_true.ndim > 1 and name != "OneHotIoU" and name != "OneHotMeanIoU":
                    theirs = np.broadcast_to(weights[:, None], y_true.shape)
                ours.update_state(y_true, y_pred, sample_weight=weights)
                oracle.update_state(y_true, y_pred, sample_weight=theirs)
                close(ours.result(), oracle.result())
            assert [v.path.split("/")[-1] for v in ours.variables] == [v.path.split("/")[-1] for v in oracle.variables]
            assert [v.shape for v in ours.variables] == [v.shape for v in oracle.variables]
            ours.reset_state()
            assert all((v.numpy() == 0).all() for v in ours.variables)

    def test_compiled_and_stateless(self, name, kwargs, stream, engine):
        eager, compiled = getattr(metrics, name)(**kwargs), getattr(metrics, name)(**kwargs)
        update = engines.current().compile(lambda t, p, w: compiled.update_state(t, p, sample_weight=w))
        values = None
        for i, (y_true, y_pred) in enumerate(STREAMS[stream]):
            weights = weights_of(name, i)
            eager.update_state(y_true, y_pred, sample_weight=weights)
            if len(compiled.variables) != len(eager.variables):
                compiled.stateless_update_state([], y_true, y_pred)  # a metric of unknown width makes its variables
            if values is None:
                values = compiled.stateless_reset_state()
            update(y_true, y_pred, weights)
            values = compiled.stateless_update_state(values, y_true, y_pred, sample_weight=weights)
        close(compiled.result(), eager.result())
        close(compiled.stateless_result(values), eager.result())

    def test_config(self, name, kwargs, stream):
        ours, oracle = getattr(metrics, name)(name="m", **kwargs), getattr(keras.metrics, name)(name="m", **kwargs)
        config = ours.get_config()
        theirs = oracle.get_config()
        if kwargs.get("label_weights"):
            theirs.pop("label_weights")
        assert theirs.items() <= config.items()
        again = type(ours).from_config(config)
        assert again.get_config() == config
        serialized = metrics.serialize(ours)
        assert metrics.deserialize(serialized).get_config() == config
        assert type(keras.metrics.deserialize(serialized)).__name__ == name

    def test_padding(self, name, kwargs, stream):
        """A padded batch counts as the batch without its padding, exactly."""
        plain, padded = getattr(metrics, name)(**kwargs), getattr(metrics, name)(**kwargs)
        valid = np.array([1.0] * N + [0.0] * 2, "float32")
        for i, (y_true, y_pred) in enumerate(STREAMS[stream]):
            weights = weights_of(name, i)
            more = [np.concatenate([x, np.zeros_like(x[:2])]) for x in (y_true, y_pred)]
            for w in (None, weights):
                plain.update_state(y_true, y_pred, sample_weight=w)
                with batch.valid_rows(valid):
                    padded.update_state(*more, sample_weight=None if w is None else np.concatenate([w, [3.0, 3.0]]))
        for ours, want in zip(padded.variables, plain.variables):
            close(ours.numpy(), want.numpy(), rtol=1e-6)

    def test_padding_is_proven(self, name, kwargs, stream):
        """The proof that rows added count for nothing holds for all but those that look at all labels to know their kind."""
        mixes = pytest.raises(MixesRows) if name in ("Hinge", "SquaredHinge") else contextlib.nullcontext()
        with mixes, padding.proof(masked=True):
            getattr(metrics, name)(**kwargs).update_state(*padding.as_rows(STREAMS[stream][0]))

    def test_abstract(self, name, kwargs, stream):
        """The update runs on shapes alone, with an unknown number of rows."""
        y_true, y_pred = STREAMS[stream][0]
        metric = getattr(metrics, name)(**kwargs)
        with engines.use_engine("abstract"):
            metric.update_state(*[AbstractArray((None, *x.shape[1:]), x.dtype.name) for x in (y_true, y_pred)])
            metric.result()


class TestMeans:
    @pytest.mark.parametrize(
        "values,weights",
        [
            ((2, 3, 4), (2, 1)),
            ((2, 3, 4), (2, 3)),
            ((2, 3, 4), (2, 1, 1)),
            ((2, 3, 4), (1,)),
            ((2, 3, 4), (2,)),
            ((2, 3, 4), ()),
            ((2, 3), (2, 3, 1)),
            ((3,), (3, 1)),
            ((3, 1), (3,)),
            ((2, 3, 4), (1, 3)),
            ((2, 3, 4), (2, 3, 1)),
            ((2, 3), None),
            ((), None),
        ],
    )
    def test_weights_of_all_shapes(self, values, weights, engine):
        x, w = floats(*values), None if weights is None else chances(*weights)
        for name in ("Mean", "Sum"):
            ours, oracle = getattr(metrics, name)(), getattr(keras.metrics, name)()
            ours.update_state(x, sample_weight=w)
            oracle.update_state(x, sample_weight=w)
            close([v.numpy() for v in ours.variables], [v.numpy() for v in oracle.variables])

    def test_mask(self):
        y_true, y_pred = floats(2, 3, 4), floats(2, 3, 4)
        marked = ops.convert_to_tensor(y_pred)
        mask = np.array([[True, True, False], [True, False, False]])
        masks.set_mask(marked, ops.convert_to_tensor(mask))
        metric = metrics.MeanSquaredError()
        metric.update_state(y_true, marked)
        close(metric.result(), ((y_true - y_pred) ** 2).mean(-1)[mask].mean())

    def test_wrong_weights(self):
        with pytest.raises(ValueError, match=r"\(3,\)"):
            metrics.Mean().update_state(floats(2, 3, 4), sample_weight=floats(3))


class TestUsersMetrics:
    def make(self):
        class Positives(metrics.Metric):
            def __init__(self, limit=0.5, name="positives", **kwargs):
                super().__init__(name=name, **kwargs)
                self.limit = limit
                self.total = self.add_weight(name="total")
                self.inner = metrics.Mean()

            def update_state(self, y_true, y_pred, sample_weight=None):
                self.total.assign_add(ops.sum(ops.cast(ops.convert_to_tensor(y_pred) > self.limit, "float32")))
                self.inner.update_state(y_pred)

            def result(self):
                return {"total": self.total.value, "mean": self.inner.result()}

        return Positives

    def test_it_works(self):
        metric = self.make()(0.4)
        assert metric.get_config() == {"limit": 0.4, "name": "positives", "dtype": "float32"} or "limit" in metric.get_config()
        assert float(metric([0], [0.3, 0.5])["total"]) == 1.0
        assert [v.path for v in metric.variables] == ["positives/total", "mean/total", "mean/count"] or len(
            metric.variables
        ) == 3
        metric.reset_state()
        assert float(metric.result()["total"]) == 0.0

    def test_padding_is_refused(self):
        """A user's metric counts the rows as they come: nothing says that it leaves any out."""
        with padding.proof(masked=True), pytest.raises(MixesRows):
            self.make()().update_state(*padding.as_rows((np.zeros(2, "float32"), np.zeros(2, "float32"))))

    def test_scalar_function(self):
        metric = metrics.MeanMetricWrapper(lambda t, p: ops.mean(ops.abs(t - p)))
        metric.update_state(np.ones(3), np.zeros(3))
        assert float(metric.result()) == 1.0
        with padding.proof(masked=True), pytest.raises(MixesRows):
            metric.update_state(*padding.as_rows((np.ones(3, "float32"), np.zeros(3, "float32"))))

    def test_abstract_methods(self):
        with pytest.raises(NotImplementedError, match="update_state"):
            metrics.Metric().update_state(1)
        with pytest.raises(NotImplementedError, match="result"):
            metrics.Metric().result()


@pytest.mark.parametrize("name", [n for n in dir(keras.metrics) if not n.startswith("_")])
def test_every_name(name):
    assert hasattr(metrics, name)


def test_get():
    for alias in "mse MSE mae MAE mape msle bce BCE auc AUC accuracy precision f1_score mean root_mean_squared_error".split():
        assert type(metrics.get(alias)).__name__ == type(keras.metrics.get(alias)).__name__
    assert isinstance(metrics.get("rmse"), metrics.RootMeanSquaredError)
    assert isinstance(metrics.get("acc"), metrics.Accuracy)
    assert metrics.get("mean_squared_error").name == "mean_squared_error"
    assert metrics.get(None) is None
    with pytest.raises(ValueError, match="Did you mean"):
        metrics.get("mean_sqared_error")
    wrapped = metrics.MeanMetricWrapper(metrics.huber, name="h", delta=2.0)
    assert metrics.deserialize(metrics.serialize(wrapped)).get_config() == wrapped.get_config()


def test_names_count():
    from kerata.core import naming

    naming.reset_names()
    assert [metrics.AUC().name for _ in range(2)] == ["auc", "auc_1"]


@pytest.mark.parametrize(
    "make,words",
    [
        (lambda: metrics.AUC(curve="rok"), "curve must be"),
        (lambda: metrics.AUC(num_thresholds=1), "at least 2"),
        (lambda: metrics.AUC(thresholds=[2.0]), "from 0 to 1"),
        (lambda: metrics.Precision(thresholds=1.5), "from 0 to 1"),
        (lambda: metrics.FBetaScore(average="all"), "average must be"),
        (lambda: metrics.FBetaScore(beta=0), "positive"),
        (lambda: metrics.F1Score(threshold=0), "threshold"),
        (lambda: metrics.R2Score(class_aggregation="x"), "class_aggregation"),
        (lambda: metrics.R2Score(num_regressors=-1), "num_regressors"),
        (lambda: metrics.IoU(2, [2]), "beyond 2 classes"),
        (lambda: metrics.BinaryAccuracy(threshold=2), "threshold"),
        (lambda: metrics.PrecisionAtRecall(2.0), "recall must be"),
        (lambda: metrics.AUC()(np.ones((3, 2)), np.ones((3, 1))), "must be equal"),
        (lambda: metrics.Accuracy()(np.ones((3, 2)), np.ones((3, 4))), "must be equal"),
        (lambda: metrics.SparseCategoricalAccuracy()(np.ones((3, 2)), np.ones((3, 2))), "one-hot"),
        (lambda: metrics.F1Score()(np.ones(3), np.ones(3)), "batch, classes"),
    ],
)
def test_bad_inputs(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_variables_stay_float32_in_low_precision():
    metric = metrics.Mean(dtype="bfloat16")
    assert metric.dtype == "bfloat16" and metric.total.dtype == "float32"
    assert isinstance(metric.total, Variable)


def test_thresholds_are_a_list_and_configs_hold_what_was_given():
    for make in (metrics.Precision, metrics.Recall, metrics.FalsePositives):
        assert make().thresholds == [0.5] and make().get_config()["thresholds"] is None
        assert make(thresholds=0.2).thresholds == [0.2] and make.from_config(make(thresholds=0.2).get_config()).thresholds == [
            0.2
        ]


def test_areas_take_their_curve_in_small_letters_and_labels_with_several_curves_alone():
    assert metrics.AUC(curve="pr").curve == "PR"
    with pytest.raises(ValueError, match="multi_label"):
        metrics.AUC(num_labels=3)


def test_an_update_of_iou_returns_the_confusion_matrix_so_far(engine):
    for cls in ("MeanIoU", "BinaryIoU", "OneHotMeanIoU"):
        mine, other = (
            getattr(of, cls)(**({} if cls == "BinaryIoU" else {"num_classes": 2})) for of in (metrics, keras.metrics)
        )
        for y, p in [([0, 1], [0, 1]), ([1, 1], [0, 1])]:
            y, p = (np.eye(2)[y], np.eye(2)[p]) if "OneHot" in cls else (y, p)
            np.testing.assert_array_equal(engine.to_numpy(mine.update_state(y, p)), other.update_state(y, p))
