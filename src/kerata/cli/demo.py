"""The demonstration: a convolutional network on real handwritten digits, from data to predictions."""

import pathlib
import tempfile

import numpy as np


def run(epochs=12):
    """Train, evaluate, save, load back and predict; returns the accuracy on digits never seen in training."""
    import kerata as keras
    from kerata import layers

    keras.utils.set_random_seed(0)
    (x_train, y_train), (x_test, y_test) = keras.datasets.digits.load_data()
    x_train, x_test = (x[..., None].astype("float32") / 16 for x in (x_train, x_test))
    print(f"{len(x_train)} handwritten digits of 8 x 8 pixels to learn from, {len(x_test)} to be tested on\n")

    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ],
        name="digits",
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.summary()
    model.fit(x_train, y_train, epochs=epochs, batch_size=64, validation_split=0.1)
    loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
    print(f"\nOn digits never seen: {accuracy:.1%} correct (loss {loss:.3f})")

    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "digits.keras"
        model.save(path)
        size = path.stat().st_size
        loaded = keras.models.load_model(path)
    same = np.array_equal(loaded.predict(x_test, verbose=0), model.predict(x_test, verbose=0))
    print(f"Saved ({size / 1024:.0f} KiB) and loaded back: {'the same' if same else 'OTHER'} predictions\n")
    _show(x_test[:8, ..., 0], loaded.predict(x_test[:8], verbose=0), y_test[:8])
    return accuracy


def _show(images, probabilities, labels):
    """Draw digits with the model's answers under them."""
    shades = " .:-=+*#%@"
    for row in range(images.shape[1]):
        print("  ".join("".join(shades[int(v * 9)] * 2 for v in image[row]) for image in images))
    answers = [f"{p.argmax()} ({p.max():.0%}){'' if p.argmax() == y else f' is {y}'}" for p, y in zip(probabilities, labels)]
    print("  ".join(answer.center(16) for answer in answers))
