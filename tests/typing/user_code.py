"""What users write, as type checkers see it: `assert_type` says what must be inferred, "refused" what must be an error.

`check.py` holds mypy and pyright to it, line by line. The file is never run.
"""

from collections.abc import Callable
from typing import Any, assert_type

import numpy as np

import kerata
import kerata as keras
from kerata import layers, losses, metrics, ops, optimizers

# Namespaces and their names.
keras.ops.sqrt(4.0)
ops.add(1, np.ones(3))
ops.matmul(np.ones((2, 3)), np.ones((3, 4)))
ops.sum(np.ones((2, 3)), axis=(0, 1), keepdims=True)
keras.ops.numpy.cumsum([1, 2])
ops.sqr(4.0)  # refused
layers.Dens(3)  # refused
kerata.lossess  # refused

# Constructors: arguments by place and by name, what is missing, misspelt or of another kind.
dense = layers.Dense(3, "relu", name="first", input_shape=(4,), dtype="float32", activity_regularizer="l2")
layers.Dense(3, None, True, "zeros", keras.initializers.Zeros())
layers.Dense(np.int64(3), activation=ops.relu, kernel_initializer=keras.initializers.HeNormal(seed=1))
layers.Dense(units=3, kernel_regularizer=keras.regularizers.L2(0.1), trainable=False)
layers.Dense()  # refused
layers.Dense(3, unit=4)  # refused
layers.Dense("many")  # refused
layers.Dense(3, use_bias=[1])  # refused
layers.Conv2D(3, (1, 2), strides=2, padding="same", data_format=None)
layers.Conv2D(3)  # refused
layers.Conv2D(3, 3, stride=2)  # refused
layers.LSTM(3, return_sequences=True, go_backwards=True, stateful=False)
layers.LSTM(3, return_sequence=True)  # refused
layers.Dropout(0.5, seed=1)
layers.Dropout(np.float32(0.5))
keras.regularizers.l2(0.1)
keras.initializers.glorot_uniform(seed=1)
keras.constraints.max_norm(3)
keras.mixed_precision.set_global_policy("float32")
layers.RandomRotation(np.float32(0.1))
layers.Discretization(bin_boundaries=np.array([0.0, 1.0]))
layers.Embedding(10, 4, mask_zero=True)
layers.BatchNormalization(momentum=0.9, axis=-1)
layers.MaxPooling2D((2, 2), strides=None, padding="valid")
layers.Bidirectional(layers.LSTM(3), merge_mode="concat")
layers.MultiHeadAttention(2, key_dim=4, dropout=0.1)
layers.Input((3,), batch_size=2)

# Attributes are what the arguments became.
assert_type(dense.units, int)
assert_type(dense.use_bias, bool)
assert_type(dense.activation, Callable[..., Any])
assert_type(dense.kernel_regularizer, Callable[..., Any] | None)
assert_type(dense.name, str)
assert_type(layers.Conv2D(3, 3).kernel_size, tuple[int, ...])
assert_type(layers.LSTM(3).units, int)
dense.unit  # refused
outputs = dense(np.ones((2, 4)))

# Losses, metrics, optimizers.
losses.MeanSquaredError("sum")
losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1, name="loss")
losses.CategoricalCrossentropy(logits=True)  # refused
metrics.Mean("loss")
metrics.AUC(curve="PR", name="auc")
metrics.Precision(threshold=0.5)  # refused
optimizers.Adam(0.001, beta_1=0.9, clipnorm=1.0)
optimizers.Adam(optimizers.schedules.CosineDecay(0.1, 100))
optimizers.SGD(learning_rate=0.1, momentum=0.9, nesterov=True)
optimizers.Adam(0.1, beta1=0.9)  # refused
keras.callbacks.EarlyStopping("val_loss", patience=3, restore_best_weights=True)
keras.callbacks.EarlyStopping(patients=3)  # refused

# Models.
model = keras.Sequential([layers.Input((4,)), layers.Dense(8, "relu"), layers.Dense(1)])
model.compile(optimizer="adam", loss="mse", metrics=["mae"])
model.compile(optimizers.Adam(0.1), losses.MeanSquaredError())
history = model.fit(np.ones((8, 4)), np.ones((8, 1)), epochs=2, batch_size=4, verbose=0)
assert_type(history, keras.callbacks.History)
model.fit(np.ones((8, 4)), np.ones((8, 1)), epoch=2)  # refused
model.evaluate(np.ones((8, 4)), np.ones((8, 1)), return_dict=True)
model.predict(np.ones((8, 4)))
model.summary()
model.save("model.keras")
assert_type(model.count_params(), int)
inputs = keras.Input((3,))
functional = keras.Model(inputs, layers.Dense(2)(inputs), name="functional")


class Scale(layers.Layer):
    """A layer of the user's with a constructor of its own, and an annotation that is no argument."""

    factor: float

    def __init__(self, factor, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def build(self, input_shape):
        self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="scale")

    def call(self, inputs, training=None):
        return inputs * self.scale * self.factor


Scale(2.0, name="scale")
Scale()  # refused


class Plain(layers.Layer):
    """Annotations of a class that does not ask for fields are none."""

    offset: float

    def build(self, input_shape):
        self.offset = 1.0

    def call(self, inputs):
        return inputs + self.offset


Plain(name="plain")


@keras.dataclass
class Shift(layers.Layer):
    """A layer whose arguments are fields."""

    by: float
    times: int = 1

    def call(self, inputs):
        return inputs + self.by * self.times


Shift(1.0, times=2, name="shift", dtype="float32")
assert_type(Shift(1.0).times, int)
Shift()  # refused
Shift(1.0, time=2)  # refused
Shift("far")  # refused


class WiderDense(layers.Dense):
    """A class that derives from one of kerata's and has a constructor of its own."""

    def __init__(self, factor, **kwargs):
        super().__init__(4 * factor, activation="gelu", **kwargs)


WiderDense(2, name="wider", use_bias=False)


class Custom(keras.Model):
    """A model with a training step of its own."""

    def __init__(self):
        super().__init__(name="custom")
        self.dense = layers.Dense(1)

    def call(self, inputs):
        return self.dense(inputs)

    def train_step(self, data):
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)

        def loss_fn():
            y_pred = self(x, training=True)
            return self.compute_loss(x, y, y_pred, sample_weight), y_pred

        (loss, y_pred), grads = keras.value_and_grad(loss_fn, self.trainable_variables, has_aux=True)
        self.optimizer.apply(grads, self.trainable_variables)
        return self.compute_metrics(x, y, y_pred, sample_weight)


class Rescale(metrics.Metric):
    """A metric of the user's."""

    def __init__(self, name="rescale", **kwargs):
        super().__init__(name=name, **kwargs)
        self.total = self.add_variable((), "zeros", name="total")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.total.assign_add(ops.sum(y_pred))

    def result(self):
        return self.total.value
