"""Five steps of each optimizer of Keras 1. Run with it, this prints `expected/optimizers.json`; the test runs it with kerata.

Keras 1.2.2 on Theano made the file: on TensorFlow 1 the number of steps is read before or after it was raised, as it comes.
"""

import json

import numpy as np


def optimizers(module):
    """The optimizers by names of cases."""
    return {
        "sgd": module.SGD(lr=0.05, momentum=0.9, decay=0.1, nesterov=True),
        "sgd0": module.SGD(),
        "rms": module.RMSprop(decay=0.05, lr=0.01),
        "ada": module.Adagrad(),
        "add": module.Adadelta(),
        "adam": module.Adam(lr=0.01, decay=0.01),
        "admx": module.Adamax(),
        "nadam": module.Nadam(),
        "clip": module.SGD(lr=0.1, clipnorm=0.1),
        "clipv": module.Adam(clipvalue=0.01),
        "s": "adadelta",
        "s2": "nadam",
    }


def weights_after(optimizer, models, layers):
    """The weights after five steps, and the last loss."""
    x = np.linspace(-1, 1, 24).reshape(8, 3)
    y = x.sum(1, keepdims=True) ** 2
    model = models.Sequential([layers.Dense(1, input_shape=(3,))])
    model.set_weights([np.array([[0.1], [-0.2], [0.3]]), np.array([0.05])])
    model.compile(optimizer, "mse")
    for _ in range(5):
        loss = model.train_on_batch(x, y)
    return [*np.concatenate([w.ravel() for w in model.get_weights()]).astype(float).tolist(), float(loss)]


if __name__ == "__main__":
    import keras

    found = {name: weights_after(o, keras.models, keras.layers) for name, o in optimizers(keras.optimizers).items()}
    print(json.dumps(found))
