"""What a user changes between steps counts, or a warning says that it does not."""

import numpy as np
import pytest

import kerata
from kerata import layers, ops
from kerata.callbacks import Callback, LambdaCallback

X = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")
Y = np.zeros((8, 1), "float32")


class Scaled(layers.Layer):
    """A user's layer with a number that a callback changes."""

    factor = None

    def __init__(self, factor=1.0):
        super().__init__()
        self.factor = factor

    def call(self, x):
        return x * self.factor


def constant_loss(t, p):
    return ops.mean(p, axis=-1)


class Set(Callback):
    def __init__(self, change, hook="on_epoch_end"):
        super().__init__()
        setattr(self, hook, lambda step, logs=None: change(self.model, step))


def scaled_model():
    model = kerata.Sequential([kerata.Input((3,)), Scaled()])
    model.compile(kerata.optimizers.SGD(0.0), constant_loss)
    return model


class TestAttributesOfLayers:
    def test_changed_after_an_epoch(self, training_engine):
        model = scaled_model()
        change = lambda model, epoch: setattr(model.layers[0], "factor", epoch + 2.0)
        losses = model.fit(X, Y, epochs=3, verbose=0, callbacks=[Set(change)]).history["loss"]
        np.testing.assert_allclose(losses, [X.mean(), 2 * X.mean(), 3 * X.mean()], rtol=1e-4)

    def test_changed_after_a_batch(self, training_engine):
        model = scaled_model()
        change = lambda model, batch: setattr(model.layers[0], "factor", 3.0)
        callback = Set(change, "on_train_batch_end")
        loss = model.fit(X, Y, batch_size=4, shuffle=False, verbose=0, callbacks=[callback]).history["loss"][0]
        np.testing.assert_allclose(loss, (X[:4].mean() + 3 * X[4:].mean()) / 2, rtol=1e-4)

    def test_in_predict_and_evaluate(self, training_engine):
        model = scaled_model()
        for factor in (1.0, 2.0, 5.0):
            model.layers[0].factor = factor
            np.testing.assert_allclose(model.predict(X, verbose=0), X * factor, rtol=1e-6)
            np.testing.assert_allclose(model.evaluate(X, Y, verbose=0), X.mean() * factor, rtol=1e-4)
            np.testing.assert_allclose(model.train_on_batch(X, Y), X.mean() * factor, rtol=1e-4)

    def test_of_a_model(self, training_engine):
        class Net(kerata.Model):
            def __init__(self):
                super().__init__()
                self.factor = 1.0

            def call(self, x):
                return x * self.factor

        model = Net()
        model.compile(kerata.optimizers.SGD(0.0), constant_loss)
        for factor in (1.0, 4.0):
            model.factor = factor
            np.testing.assert_allclose(model.fit(X, Y, verbose=0).history["loss"][0], X.mean() * factor, rtol=1e-4)
            np.testing.assert_allclose(model.predict(X, verbose=0), X * factor, rtol=1e-6)

    def test_other_values(self, training_engine):
        model = scaled_model()
        for value in ([1.0, 2.0, 3.0], (0.5, 0.0, 1.0), np.array([2.0, 2.0, 2.0], "float32")):
            model.layers[0].factor = ops.convert_to_tensor(value)
            np.testing.assert_allclose(model.predict(X, verbose=0), X * np.asarray(value, "float32"), rtol=1e-6)

    def test_what_a_step_sets_itself_costs_nothing(self, training_engine):
        class Counts(layers.Layer):
            def __init__(self):
                super().__init__()
                self.calls = 0

            def call(self, x):
                self.calls += 1
                return x

        model = kerata.Sequential([kerata.Input((3,)), Counts(), layers.Dense(1)])
        model.compile("sgd", "mse")
        model.fit(X, Y, verbose=0)
        model.fit(X, Y, epochs=3, verbose=0)
        compiled = len(model._compilation.programs._made)
        model.fit(X, Y, epochs=3, verbose=0)
        assert len(model._compilation.programs._made) == compiled

    def test_many_changes_are_told(self):
        model = scaled_model()
        with pytest.warns(UserWarning, match="Scaled.factor and the like were changed 8 times.*variable") as caught:
            for i in range(20):
                model.layers[0].factor = float(i + 2)
        assert len(caught) == 1


class TestOtherObjects:
    """Losses, metrics and optimizers have numbers, too."""

    def test_loss(self, training_engine):
        class Weighted(kerata.losses.Loss):
            factor = 1.0

            def __init__(self):
                super().__init__()
                self.factor = 1.0

            def call(self, t, p):
                return self.factor * ops.mean(p, -1)

        loss = Weighted()
        model = kerata.Sequential([kerata.Input((3,)), layers.Rescaling(1.0)])
        model.compile(kerata.optimizers.SGD(0.0), loss)
        for factor in (1.0, 3.0):
            loss.factor = factor
            np.testing.assert_allclose(model.evaluate(X, Y, verbose=0), X.mean() * factor, rtol=1e-4)

    def test_metric(self, training_engine):
        metric = kerata.metrics.BinaryAccuracy(threshold=0.5)
        model = kerata.Sequential([kerata.Input((3,)), layers.Rescaling(1.0)])
        model.compile("sgd", "mse", metrics=[metric])
        y = np.ones((8, 3), "float32")
        for threshold in (0.5, -0.5):
            metric.threshold = metric._fn_kwargs["threshold"] = threshold
            got = model.evaluate(X, y, verbose=0)[1]
            np.testing.assert_allclose(got, (threshold < X).mean(), rtol=1e-6)

    def test_optimizer(self, training_engine):
        model = kerata.Sequential([kerata.Input((3,)), layers.Dense(1, use_bias=False, kernel_initializer="ones")])
        model.compile(kerata.optimizers.SGD(1.0, clipvalue=1e-3), constant_loss)
        moved = []
        for limit in (1e-3, 1e-2):
            model.optimizer.clipvalue = limit
            before = model.get_weights()[0]
            model.train_on_batch(X, Y)
            moved.append(np.abs(model.get_weights()[0] - before).max())
        np.testing.assert_allclose(moved, [1e-3, 1e-2], rtol=1e-2)


class TestTrainable:
    """`compile` settles which weights are trained, as Keras's guides say; a change since then is told once."""

    def model(self, frozen=False):
        model = kerata.Sequential([kerata.Input((3,)), layers.Dense(3, name="first"), layers.Dense(1)])
        model.layers[0].trainable = not frozen
        model.compile("adam", "mse")
        return model

    def moved(self, model, run=None):
        before = model.layers[0].get_weights()[0]
        (run or (lambda: model.fit(X, Y + 1, verbose=0)))()
        return bool(np.abs(model.layers[0].get_weights()[0] - before).max() > 0)

    @pytest.mark.parametrize("trained", [False, True])
    def test_unfrozen_after_compile(self, trained, training_engine):
        model = self.model(frozen=True)
        if trained:
            assert not self.moved(model)
        model.layers[0].trainable = True
        with pytest.warns(UserWarning, match="look trainable but are not trained: 'first/kernel'.*Call compile") as caught:
            assert not self.moved(model)
            assert not self.moved(model, lambda: model.train_on_batch(X, Y + 1))
        assert len(caught) == 1 and model.layers[0].trainable
        model.compile("adam", "mse")
        assert self.moved(model)

    @pytest.mark.parametrize("trained", [False, True])
    def test_frozen_after_compile(self, trained, training_engine):
        model = self.model()
        if trained:
            assert self.moved(model)
        model.layers[0].trainable = False
        with pytest.warns(UserWarning, match="look frozen but are trained") as caught:
            assert self.moved(model)
            assert self.moved(model)
        assert len(caught) == 1 and not model.layers[0].trainable and len(model.trainable_weights) == 2
        model.compile("adam", "mse")
        assert not self.moved(model)

    def test_two_networks_against_each_other(self, training_engine):
        """The discriminator is trained alone as compiled, and stays as it is inside the model of both."""
        inner = kerata.Sequential([kerata.Input((3,)), layers.Dense(1, name="first")])
        inner.compile("adam", "mse")
        inner.trainable = False
        inputs = kerata.Input((3,))
        both = kerata.Model(inputs, inner(layers.Dense(3)(inputs)))
        both.compile("adam", "mse")
        with pytest.warns(UserWarning, match="look frozen but are trained"):
            assert self.moved(inner, lambda: inner.train_on_batch(X, Y + 1))
        before = inner.get_weights()[0]
        both.train_on_batch(X, Y + 1)
        np.testing.assert_array_equal(inner.get_weights()[0], before)

    def test_own_step(self, training_engine):
        class Net(kerata.Sequential):
            def train_step(self, data):
                x, y = data

                def loss_fn():
                    return ops.mean(ops.square(self(x, training=True) - y))

                loss, gradients = kerata.value_and_grad(loss_fn, self.trainable_variables)
                self.optimizer.apply(gradients, self.trainable_variables)
                return {"loss": loss}

        model = Net([kerata.Input((3,)), layers.Dense(3, name="first"), layers.Dense(1)])
        model.layers[0].trainable = False
        model.compile("adam")
        model.optimizer.build(model.trainable_variables)
        model.layers[0].trainable = True
        with pytest.warns(UserWarning, match="look trainable"):
            assert not self.moved(model)

    def test_not_built_at_compile(self, training_engine):
        model = kerata.Sequential([layers.Dense(3, name="first"), layers.Dense(1)])
        model.layers[0].trainable = False
        model.compile("adam", "mse")
        model.fit(X, Y, verbose=0)
        assert not self.moved(model)


class TestInsideCallbacks:
    """`evaluate` and `predict` inside a callback of `fit` leave the epoch's logs as they are."""

    @pytest.mark.parametrize("streamed", [False, True])
    @pytest.mark.parametrize("hook", ["on_train_batch_end", "on_train_batch_begin", "on_epoch_begin", "on_epoch_end"])
    def test_logs(self, hook, streamed, training_engine):
        def run(*callbacks):
            model = kerata.Sequential([kerata.Input((3,)), layers.Dense(1, kernel_initializer="ones")])
            model.compile(kerata.optimizers.SGD(0.0), "mse", metrics=["mae"])
            data = ((X[i : i + 2], Y[i : i + 2]) for i in (0, 2, 4, 6, 0, 2, 4, 6)) if streamed else X
            options = {"steps_per_epoch": 4} if streamed else {"y": Y, "batch_size": 2, "shuffle": False}
            given = {"validation_data": (X[:3], Y[:3])}
            return model.fit(data, epochs=2, verbose=0, callbacks=list(callbacks), **options, **given).history

        def disturb(model, step):
            model.evaluate(X * 100, Y, batch_size=2, verbose=0)
            model.predict(X * 100, verbose=0)
            model.test_on_batch(X * 100, Y)

        plain, disturbed = run(), run(Set(disturb, hook))
        assert plain.keys() == disturbed.keys()
        for name, values in plain.items():
            np.testing.assert_allclose(disturbed[name], values, rtol=1e-5, err_msg=name)

    def test_a_stop_is_not_forgotten(self, training_engine):
        model = kerata.Sequential([kerata.Input((3,)), layers.Dense(1)])
        model.compile("sgd", "mse")

        def stop(model, epoch):
            model.stop_training = True
            model.predict(X, batch_size=2, verbose=0)
            model.evaluate(X, Y, verbose=0)

        assert len(model.fit(X, Y, epochs=5, verbose=0, callbacks=[Set(stop)]).history["loss"]) == 1

    def test_labels_out_of_range_are_still_told(self, training_engine):
        model = kerata.Sequential([kerata.Input((3,)), layers.Dense(2, activation="softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy")
        look = LambdaCallback(on_train_batch_end=lambda batch, logs: model.evaluate(X, Y[:, 0].astype(int), verbose=0))
        batches = ((X[:2], np.array([0, 5 if i == 1 else 1])) for i in range(3))
        with pytest.raises(ValueError, match="5"):
            model.fit(batches, steps_per_epoch=3, verbose=0, callbacks=[look])


class TestChangesInPlace:
    """Lists, dicts and arrays that a user's object holds count when they are changed in place, too."""

    CHANGES = {
        "list": (lambda: [2.0], lambda layer: layer.held.__setitem__(0, 5.0), lambda held: held[0]),
        "dict": (lambda: {"a": [2.0]}, lambda layer: layer.held["a"].__setitem__(0, 5.0), lambda held: held["a"][0]),
        "array": (lambda: np.array([2.0], "float32"), lambda layer: layer.held.__setitem__(0, 5.0), lambda held: held[0]),
        "array, set": (lambda: np.array(2.0, "float32"), lambda layer: setattr(layer, "held", 2.5 * layer.held), float),
    }

    def model(self, kind):
        make, change, read = self.CHANGES[kind]

        class Holds(layers.Layer):
            def __init__(self):
                super().__init__()
                self.held = make()

            def call(self, x):
                return x * read(self.held)

        model = kerata.Sequential([kerata.Input((3,)), Holds()])
        model.compile(kerata.optimizers.SGD(0.0), constant_loss)
        return model, lambda: change(model.layers[0])

    @pytest.mark.parametrize("kind", CHANGES)
    def test_between_calls(self, kind, training_engine):
        model, change = self.model(kind)
        runs = {
            "predict": lambda: model.predict(X, verbose=0).mean(),
            "evaluate": lambda: model.evaluate(X, Y, verbose=0),
            "fit": lambda: model.fit(X, Y, verbose=0).history["loss"][0],
            "train_on_batch": lambda: model.train_on_batch(X, Y),
        }
        for run in runs.values():
            np.testing.assert_allclose(run(), 2 * X.mean(), rtol=1e-4)
        change()
        for name, run in runs.items():
            np.testing.assert_allclose(run(), 5 * X.mean(), rtol=1e-4, err_msg=name)

    def test_between_batches(self, training_engine):
        model, change = self.model("dict")
        callback = Set(lambda model, batch: change(), "on_train_batch_end")
        loss = model.fit(X, Y, batch_size=4, shuffle=False, verbose=0, callbacks=[callback]).history["loss"][0]
        np.testing.assert_allclose(loss, (2 * X[:4].mean() + 5 * X[4:].mean()) / 2, rtol=1e-4)


def test_another_optimizer_is_used_from_then_on(training_engine):
    model = kerata.Sequential([kerata.Input((3,)), layers.Dense(1)])
    model.compile(kerata.optimizers.SGD(0.1), "mse")
    model.fit(X, Y + 1, verbose=0)
    model.optimizer = kerata.optimizers.SGD(0.0)
    before = model.get_weights()[0]
    for _ in range(2):
        model.fit(X, Y + 1, verbose=0)
        model.train_on_batch(X, Y + 1)
    np.testing.assert_array_equal(model.get_weights()[0], before)


def test_frozen_by_a_callback_is_told(training_engine):
    model = kerata.Sequential([kerata.Input((3,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    freeze = Set(lambda model, epoch: setattr(model.layers[0], "trainable", False), "on_epoch_begin")
    with pytest.warns(UserWarning, match="look frozen but are trained"):
        model.fit(X, Y, epochs=2, verbose=0, callbacks=[freeze])
