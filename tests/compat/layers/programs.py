"""Programs of older generations, run by their Keras for `expected/*.json` and by kerata in the tests.

    KERAS_BACKEND=theano python programs.py keras1 > expected/keras1.json     # Keras 1.2.2
    KERAS_BACKEND=tensorflow python programs.py keras2 > expected/keras2.json # Keras 2.2.4
    python programs.py tf_keras > expected/tf_keras.json                      # tf_keras 2.21

All weights and data come from formulas; every result is a list of the weights' shapes and the outputs, rounded.
"""

import json
import sys

import numpy as np


def line(shape, first=-0.5, last=0.7):
    """Numbers that rise evenly."""
    return np.linspace(first, last, int(np.prod(shape))).reshape(shape).astype("float32")


def run(keras, layer, shape):
    """The shapes of a layer's weights, and what it makes of a batch."""
    model = keras.models.Sequential()
    model.add(layer)
    shapes = [list(w.shape) for w in layer.get_weights()]
    layer.set_weights([line(s) for s in shapes])
    return [shapes, np.asarray(model.predict(line(shape, -1, 1), verbose=0), "float64").round(4).tolist()]


def _keras1(keras):
    layers, r = keras.layers, keras.regularizers
    yield "Dense", layers.Dense(2, init="he_normal", activation="tanh", W_regularizer=r.l2(0.1), input_dim=3), (2, 3)
    yield "Dense without bias", layers.Dense(2, bias=False, input_shape=(3,)), (2, 3)
    yield "Dense with weights", layers.Dense(2, weights=[line((3, 2)), line((2,))], input_dim=3), (2, 3)
    yield "Highway", layers.Highway(activation="tanh", input_shape=(3,)), (2, 3)
    yield "MaxoutDense", layers.MaxoutDense(2, 3, input_shape=(3,)), (2, 3)
    yield "SReLU", layers.SReLU(input_shape=(6,)), (2, 6)
    yield "SReLU shared", layers.SReLU(shared_axes=[1], input_shape=(3, 2)), (2, 3, 2)
    yield "ParametricSoftplus", layers.ParametricSoftplus(input_shape=(3,)), (2, 3)
    yield "PReLU", layers.PReLU(input_shape=(3,)), (2, 3)
    yield "ThresholdedReLU", layers.ThresholdedReLU(0.3, input_shape=(3,)), (2, 3)
    yield "LeakyReLU", layers.LeakyReLU(input_shape=(3,)), (2, 3)
    for less in ("cpu", "mem", "gpu"):
        for gate in ("sigmoid", "hard_sigmoid"):
            options = dict(consume_less=less, inner_activation=gate, input_dim=2, input_length=3)
            yield f"LSTM {less} {gate}", layers.LSTM(2, **options), (2, 3, 2)
            yield f"GRU {less} {gate}", layers.GRU(2, return_sequences=True, **options), (2, 3, 2)
    yield "SimpleRNN", layers.SimpleRNN(2, go_backwards=True, input_shape=(3, 2)), (2, 3, 2)
    yield "LSTM unrolled", layers.LSTM(2, unroll=True, inner_activation="sigmoid", input_shape=(3, 2)), (2, 3, 2)
    inner = layers.LSTM(2, inner_activation="sigmoid")
    yield "Bidirectional", layers.Bidirectional(inner, merge_mode="sum", input_shape=(3, 2)), (2, 3, 2)
    yield "TimeDistributed", layers.TimeDistributed(layers.Dense(2), input_shape=(3, 2)), (2, 3, 2)
    yield "TimeDistributedDense", layers.TimeDistributedDense(4, input_dim=2, input_length=3), (2, 3, 2)
    yield "BatchNormalization", layers.BatchNormalization(epsilon=1.0, input_shape=(3,)), (2, 3)
    yield "BatchNormalization 1", layers.BatchNormalization(mode=1, input_shape=(3,)), (2, 3)
    yield "BatchNormalization 2", layers.BatchNormalization(mode=2, input_shape=(3,)), (2, 3)
    yield "LocallyConnected1D", layers.LocallyConnected1D(2, 2, subsample_length=2, input_shape=(5, 2)), (2, 5, 2)
    local = layers.LocallyConnected2D(2, 2, 2, subsample=(2, 1), dim_ordering="tf", input_shape=(4, 3, 2))
    yield "LocallyConnected2D", local, (1, 4, 3, 2)
    yield "MaxPooling1D", layers.MaxPooling1D(2, stride=1, input_shape=(4, 2)), (2, 4, 2)
    pool = layers.AveragePooling2D((2, 1), strides=(1, 1), dim_ordering="th", input_shape=(2, 3, 3))
    yield "AveragePooling2D", pool, (1, 2, 3, 3)
    yield "UpSampling1D", layers.UpSampling1D(length=3, input_shape=(2, 2)), (1, 2, 2)
    yield "ZeroPadding2D", layers.ZeroPadding2D((1, 2), dim_ordering="th", input_shape=(1, 2, 2)), (1, 1, 2, 2)
    yield "Cropping1D", layers.Cropping1D((1, 0), input_shape=(3, 2)), (1, 3, 2)
    yield "Dropout", layers.Dropout(p=0.5, input_shape=(3,)), (2, 3)
    doubled = layers.Lambda(lambda x, by: x * by, output_shape=(3,), arguments={"by": 2.0}, input_shape=(3,))
    yield "Lambda", doubled, (2, 3)
    yield "RepeatVector", layers.RepeatVector(2, input_shape=(3,)), (2, 3)
    yield "Permute", layers.Permute((2, 1), input_shape=(2, 3)), (1, 2, 3)


def _keras2(keras):
    layers = keras.layers
    yield "Dense", layers.Dense(2, activation="tanh", kernel_initializer="he_normal", input_shape=(3,)), (2, 3)
    yield "LSTM", layers.LSTM(2, recurrent_activation="hard_sigmoid", implementation=2, input_shape=(3, 2)), (2, 3, 2)
    for after in (False, True):
        gru = layers.GRU(2, reset_after=after, recurrent_activation="sigmoid", input_shape=(3, 2))
        yield f"GRU reset_after={after}", gru, (2, 3, 2)
    yield "GRU", layers.GRU(2, recurrent_activation="sigmoid", input_shape=(3, 2)), (2, 3, 2)
    yield "RNN of cells", layers.RNN([layers.LSTMCell(2, recurrent_activation="sigmoid")], input_shape=(3, 2)), (2, 3, 2)
    yield "Conv1D causal", layers.Conv1D(2, 2, padding="causal", dilation_rate=2, input_shape=(5, 2)), (1, 5, 2)
    yield "Conv2D", layers.Conv2D(2, (2, 1), strides=(2, 1), input_shape=(4, 3, 2)), (1, 4, 3, 2)
    yield "Conv2DTranspose", layers.Conv2DTranspose(2, 2, strides=2, input_shape=(2, 2, 3)), (1, 2, 2, 3)
    yield "SeparableConv2D", layers.SeparableConv2D(2, 2, depth_multiplier=2, input_shape=(3, 3, 2)), (1, 3, 3, 2)
    convolved = layers.ConvLSTM2D(1, 2, recurrent_activation="sigmoid", input_shape=(2, 3, 3, 1))
    yield "ConvLSTM2D", convolved, (1, 2, 3, 3, 1)
    convolved = layers.ConvLSTM2D(1, 2, recurrent_activation="hard_sigmoid", return_sequences=True, input_shape=(2, 3, 3, 1))
    yield "ConvLSTM2D hard", convolved, (1, 2, 3, 3, 1)
    yield "LocallyConnected1D", layers.LocallyConnected1D(2, 2, strides=2, input_shape=(5, 2)), (2, 5, 2)
    yield "LocallyConnected2D", layers.LocallyConnected2D(2, (2, 1), input_shape=(3, 3, 2)), (1, 3, 3, 2)
    first = layers.LocallyConnected2D(2, 2, data_format="channels_first", input_shape=(2, 3, 4))
    yield "LocallyConnected2D channels_first", first, (1, 2, 3, 4)
    yield "ThresholdedReLU", layers.ThresholdedReLU(0.3, input_shape=(3,)), (2, 3)
    yield "BatchNormalization", layers.BatchNormalization(epsilon=1.0, scale=False, input_shape=(3,)), (2, 3)
    yield "Softmax", layers.Softmax(axis=1, input_shape=(2, 3)), (1, 2, 3)
    yield "UpSampling2D", layers.UpSampling2D((1, 2), input_shape=(2, 2, 1)), (1, 2, 2, 1)


def _tf_keras(keras):
    layers = keras.layers
    for number in (1, 2, 3):
        for order, shape in (("channels_last", (4, 3, 2)), ("channels_first", (2, 4, 3))):
            options = dict(implementation=number, data_format=order)
            for padding in ("valid", "same") if number > 1 else ("valid",):
                two = layers.LocallyConnected2D(2, 2, strides=(2, 1), padding=padding, input_shape=shape, **options)
                yield f"LocallyConnected2D {number} {order} {padding}", two, (2, *shape)
                one = layers.LocallyConnected1D(2, 2, padding=padding, input_shape=shape[:2], **options)
                yield f"LocallyConnected1D {number} {order} {padding}", one, (2, *shape[:2])
    yield "LSTM", layers.LSTM(2, return_sequences=True, input_shape=(3, 2)), (2, 3, 2)
    yield "LSTM time_major", layers.LSTM(2, time_major=True, return_sequences=True, input_shape=(3, 2)), (2, 3, 2)
    yield "GRU", layers.GRU(2, input_shape=(3, 2)), (2, 3, 2)
    yield "GRU time_major", layers.GRU(2, time_major=True, input_shape=(3, 2)), (2, 3, 2)
    yield "ThresholdedReLU", layers.ThresholdedReLU(0.3, input_shape=(3,)), (2, 3)
    yield "LeakyReLU", layers.LeakyReLU(alpha=0.2, input_shape=(3,)), (2, 3)
    features = layers.experimental.RandomFourierFeatures(3, "gaussian", scale=2.0, input_shape=(3,))
    yield "RandomFourierFeatures", features, (2, 3)
    convolved = layers.ConvLSTM2D(1, 2, recurrent_activation="hard_sigmoid", input_shape=(2, 3, 3, 1))
    yield "ConvLSTM2D", convolved, (1, 2, 3, 3, 1)


PROGRAMS = {"keras1": _keras1, "keras2": _keras2, "tf_keras": _tf_keras}


def merged(keras):
    """What Keras 1's `merge` makes of two tensors, in each mode."""
    found = {}
    for mode in ("sum", "mul", "concat", "ave", "cos", "dot", "max"):
        for shape in ((3,), (2, 3)):
            inputs = [keras.layers.Input(shape=shape), keras.layers.Input(shape=shape)]
            model = keras.models.Model(inputs, keras.layers.merge(inputs, mode=mode))
            data = [line((2,) + shape, -1, 1), line((2,) + shape, 0.1, 2)]
            found[f"{mode} {shape}"] = np.asarray(model.predict(data, verbose=0), "float64").round(4).tolist()
    return found


if __name__ == "__main__":
    generation = sys.argv[1]
    if generation == "tf_keras":
        import tf_keras as keras
    else:
        import keras
        import keras.layers
        import keras.models
        import keras.regularizers
    results = {name: run(keras, layer, shape) for name, layer, shape in PROGRAMS[generation](keras)}
    if generation == "keras1":
        results["merge"] = merged(keras)
    print("\n".join(["{", ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in results.items()), "}"]))
