"""The weights of sequence layers stand in files where the oracle looks for them, and the other way round."""

import numpy as np

import kerata


def model_of(library):
    of = library.layers
    inputs = library.Input((6, 8))
    x = of.Bidirectional(of.LSTM(4, return_sequences=True))(inputs)
    x = of.MultiHeadAttention(2, 3, use_gate=True)(x, x)
    x = of.GroupQueryAttention(3, 2, 1, use_gate=True)(x, x)
    x = of.TimeDistributed(of.Dense(5))(x)
    x = of.Add()([of.Attention(use_scale=True)([x, x]), of.AdditiveAttention()([x, x])])
    x, h, c = of.LSTM(4, return_state=True, return_sequences=True)(x)
    x = of.LSTM(4, return_sequences=True)(x, initial_state=[h, c])
    x = of.RNN([of.LSTMCell(3), of.GRUCell(4)], return_sequences=True)(x)
    y = of.Flatten()(of.ConvLSTM1D(2, 2)(of.Reshape((6, 2, 2))(x)))
    return library.Model(inputs, of.Concatenate()([of.GRU(3)(x), of.SimpleRNN(3)(x), y]))


def test_files_cross(tmp_path):
    import keras

    for writer, reader in ((kerata, keras), (keras, kerata)):
        model = model_of(writer)
        path = tmp_path / f"{writer.__name__}.keras"
        model.save(path)
        other = reader.saving.load_model(path)
        assert [tuple(w.shape) for w in other.weights] == [tuple(w.shape) for w in model.weights]
        for ours, theirs in zip(model.get_weights(), other.get_weights()):
            np.testing.assert_array_equal(ours, theirs)
