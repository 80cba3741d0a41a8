"""Models of older generations: methods, names, and losses that use symbolic tensors."""

import numpy as np
import pytest

import kerata
from kerata import ops
from kerata.compat.generations import GENERATIONS

X = np.random.default_rng(0).normal(size=(24, 4)).astype("float32")
Y = np.eye(3, dtype="float32")[np.arange(24) % 3]


def era(name):
    generation = GENERATIONS[name]

    class Era:
        def __getattr__(self, wanted):
            home = {"Model": "models", "Sequential": "models", "mean_squared_error": "losses"}.get(wanted, "layers")
            return generation.get(home, wanted)

    return Era()


def chain(k, units=3, **kwargs):
    model = k.Sequential()
    model.add(k.Dense(5, input_dim=4, activation="relu"))
    model.add(k.Dense(units, activation="softmax" if units > 1 else "sigmoid"))
    model.compile(loss="categorical_crossentropy" if units > 1 else "binary_crossentropy", optimizer="sgd", **kwargs)
    return model


@pytest.mark.parametrize("generation, epochs", [("keras1", "nb_epoch"), ("keras2", "epochs"), ("tf_keras", "epochs")])
def test_methods(generation, epochs, training_engine):
    k = era(generation)
    model = chain(k, metrics=["accuracy"])
    history = model.fit(X, Y, batch_size=8, verbose=0, validation_split=0.25, **{epochs: 2}).history
    assert history["acc"] == history["accuracy"] and len(history["val_acc"]) == 2 and "val_acc" in history
    assert model.metrics_names == ["loss", "accuracy"]
    loss, accuracy = model.evaluate(X, Y, batch_size=8, verbose=0)
    probabilities = model.predict_proba(X, batch_size=8, verbose=0)
    classes = model.predict_classes(X, batch_size=8, verbose=0)
    np.testing.assert_array_equal(classes, probabilities.argmax(1))
    np.testing.assert_allclose(accuracy, np.mean(classes == Y.argmax(1)), rtol=1e-5)
    np.testing.assert_allclose(loss, -np.log((probabilities * Y).sum(1)).mean(), rtol=1e-4)
    assert chain(k, units=1).predict_classes(X, verbose=0).shape == (24, 1)


def test_epochs_that_were_not_given(training_engine):
    assert len(chain(era("keras1")).fit(X, Y, verbose=0).epoch) == 10
    assert len(chain(era("keras2")).fit(X, Y, verbose=0).epoch) == 1


def test_generators_count_samples_in_keras_1_and_steps_in_keras_2(training_engine):
    def batches():
        while True:
            yield X[:8], Y[:8]

    seen = []
    counting = kerata.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(batch))
    model = chain(era("keras1"))
    model.fit_generator(batches(), samples_per_epoch=20, nb_epoch=2, verbose=0, callbacks=[counting], max_q_size=3)
    assert seen == [0, 1, 2] * 2
    assert isinstance(model.evaluate_generator(batches(), val_samples=16), float)
    assert model.predict_generator(batches(), val_samples=16).shape == (16, 3)
    seen.clear()
    chain(era("keras2")).fit_generator(batches(), 2, 1, 0, [counting], workers=2)
    assert seen == [0, 1]


def test_graphs_names_and_kinds(training_engine):
    k = era("keras1")
    a, b = k.Input(shape=(4,)), k.Input(shape=(4,))
    joined = k.merge([k.Dense(2)(a), k.Dense(2)(b)], mode="sum")
    model = k.Model(input=[a, b], output=[k.Dense(1, name="first")(joined), k.Dense(1, name="second")(joined)])
    assert isinstance(model, k.Model) and isinstance(model, kerata.Model)
    assert a.name.startswith("input_") and model.name.startswith("model_")
    model.compile("rmsprop", ["mse", "mae"], metrics={"second": "mse"}, loss_weights=[1.0, 0.5])
    assert model.metrics_names == ["loss", "first_loss", "second_loss", "second_mse"]
    values = model.evaluate([X, X], [Y[:, :1], Y[:, :1]], verbose=0)
    np.testing.assert_allclose(values[0], values[1] + 0.5 * values[2], rtol=1e-4)
    again = kerata.models.model_from_json(model.to_json())
    again.set_weights(model.get_weights())
    for one, other in zip(model.predict([X, X]), again.predict([X, X], verbose=0)):
        np.testing.assert_allclose(one, other, rtol=1e-5)


def autoencoder(k):
    x = k.Input(shape=(4,))
    mean, log_variance = k.Dense(2)(x), k.Dense(2)(x)
    z = k.Lambda(lambda pair: pair[0] + ops.exp(pair[1] / 2), output_shape=(2,))([mean, log_variance])
    output = k.Dense(4)(z)
    divergence = -0.5 * ops.sum(1 + log_variance - ops.square(mean) - ops.exp(log_variance), axis=-1)
    return x, output, divergence, mean, log_variance


def expected_loss(x, output, mean, log_variance):
    found = kerata.Model(x, [output, mean, log_variance]).predict(X, verbose=0)
    divergence = -0.5 * np.sum(1 + found[2] - found[1] ** 2 - np.exp(found[2]), axis=-1)
    return np.mean(4 * np.mean((X - found[0]) ** 2, axis=-1) + divergence)


def test_losses_that_use_symbolic_tensors(training_engine):
    k = era("keras2")
    x, output, divergence, mean, log_variance = autoencoder(k)

    def loss(y_true, y_pred):
        return 4 * k.mean_squared_error(y_true, y_pred) + divergence

    model = k.Model(x, output)
    model.compile("sgd", loss)
    np.testing.assert_allclose(model.evaluate(X, X, verbose=0), expected_loss(x, output, mean, log_variance), rtol=1e-4)
    before = model.get_weights()
    losses = model.fit(X, X, batch_size=5, epochs=3, verbose=0).history["loss"]
    assert losses[-1] < losses[0] and not np.array_equal(before[0], model.get_weights()[0])


def test_symbolic_losses_and_metrics_that_are_added(training_engine):
    k = era("keras2")
    x, output, divergence, mean, log_variance = autoencoder(k)
    model = k.Model(x, output)
    model.add_loss(4 * ops.mean(ops.square(x - output), axis=-1) + divergence)
    model.add_metric(divergence, name="divergence")
    model.compile("sgd")
    found = model.evaluate(X, verbose=0, batch_size=24)
    np.testing.assert_allclose(
        found if np.ndim(found) == 0 else found[0], expected_loss(x, output, mean, log_variance), rtol=1e-4
    )
    history = model.fit(X, epochs=2, verbose=0).history
    assert history["loss"][1] < history["loss"][0] and len(history["divergence"]) == 2


def test_what_is_refused():
    model = chain(era("keras2"))
    with pytest.raises(RuntimeError, match="to_json"):
        model.to_yaml()
    with pytest.raises(ValueError, match="target_tensors"):
        model.compile("sgd", "mse", target_tensors=[X])
    with pytest.raises(TypeError, match="epochz"):
        model.fit(X, Y, epochz=2)
