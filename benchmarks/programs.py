"""The programs that kerata and Keras are compared on: each written once, for a module `keras` that is either."""

import numpy as np

# name -> (batch size, steps in an epoch)
SIZES = {
    "tiny_mlp": (32, 200),
    "mlp_32": (32, 100),
    "mlp_128": (128, 60),
    "cnn": (128, 8),
    "lstm": (32, 12),
    "transformer": (32, 6),
}


def data(name):
    """Inputs and labels of a case."""
    batch, steps = SIZES[name]
    rows, random = batch * steps, np.random.default_rng(0)
    shapes = {"tiny_mlp": (4,), "mlp_32": (784,), "mlp_128": (784,), "cnn": (28, 28, 1)}
    if name in shapes:
        x = random.random((rows, *shapes[name]), dtype="float32")
    else:
        x = random.integers(1, 5000, (rows, 80 if name == "lstm" else 64)).astype("int32")
    classes = {"tiny_mlp": 3, "lstm": 2, "transformer": 2}.get(name, 10)
    return x, random.integers(0, classes, rows).astype("int32")


def model(name, keras):
    """The compiled model of a case."""
    layers = keras.layers
    if name == "tiny_mlp":
        stack = [keras.Input((4,)), layers.Dense(16, activation="relu"), layers.Dense(3, activation="softmax")]
    elif name.startswith("mlp"):
        stack = [keras.Input((784,)), layers.Dense(512, activation="relu"), layers.Dense(10, activation="softmax")]
    elif name == "cnn":
        stack = [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    elif name == "lstm":
        stack = [
            keras.Input((80,), dtype="int32"),
            layers.Embedding(5000, 128),
            layers.LSTM(128),
            layers.Dense(2, activation="softmax"),
        ]
    else:
        return _compiled(transformer(keras))
    return _compiled(keras.Sequential(stack))


def _compiled(model):
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    return model


def transformer(keras, blocks=4, length=64, width=128, heads=4):
    """A stack of encoder blocks with a classifier."""
    layers = keras.layers
    tokens = keras.Input((length,), dtype="int32")
    x = layers.Embedding(5000, width)(tokens)
    for _ in range(blocks):
        attended = layers.MultiHeadAttention(heads, width // heads)(x, x)
        x = layers.LayerNormalization()(layers.Add()([x, attended]))
        hidden = layers.Dense(4 * width, activation="relu")(x)
        x = layers.LayerNormalization()(layers.Add()([x, layers.Dense(width)(hidden)]))
    x = layers.GlobalAveragePooling1D()(x)
    return keras.Model(tokens, layers.Dense(2, activation="softmax")(x))


def mobilenet(keras):
    """MobileNetV2 (Sandler et al. 2018, arXiv:1801.04381, table 2) for 224 x 224 images, built and not trained."""
    layers = keras.layers

    def unit(x, filters, activate=True):
        x = layers.BatchNormalization()(layers.Conv2D(filters, 1, use_bias=False)(x))
        return layers.ReLU(max_value=6)(x) if activate else x

    image = keras.Input((224, 224, 3))
    x = layers.Conv2D(32, 3, strides=2, padding="same", use_bias=False)(image)
    x = layers.ReLU(max_value=6)(layers.BatchNormalization()(x))
    for expansion, filters, count, stride in (
        (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
    ):  # fmt: skip
        for i in range(count):
            start = x
            y = unit(x, expansion * x.shape[-1]) if expansion > 1 else x
            y = layers.DepthwiseConv2D(3, strides=stride if i == 0 else 1, padding="same", use_bias=False)(y)
            y = layers.ReLU(max_value=6)(layers.BatchNormalization()(y))
            x = unit(y, filters, activate=False)
            if i > 0:
                x = layers.Add()([start, x])
    x = layers.GlobalAveragePooling2D()(unit(x, 1280))
    return keras.Model(image, layers.Dense(1000, activation="softmax")(x))
