"""Where kerata's public names differ from Keras's on purpose, by reason. A pattern that no longer covers a difference fails."""

REASONS = {
    "of later issues": [
        "keras.applications.*",
        "keras.distribution.*",
        "keras.export.*",
        "keras.Model.export",
        "keras.models.Model.export",
    ],
    "derived from `call` for all layers at once, so these take whatever `call` takes": [
        "keras.layers.*.compute_output_shape",
        "keras.layers.*.compute_output_spec",
        "keras.Sequential.compute_output_spec",
        "keras.models.Sequential.compute_output_spec",
    ],
    "takes all that Keras's takes, and old names of arguments too": [
        "keras.Layer.add_variable",
        "keras.Layer.add_weight",
        "keras.layers.Layer.add_variable",
        "keras.layers.Layer.add_weight",
        "keras.callbacks.ModelCheckpoint",
    ],
    "takes all that Keras's takes, and more": [
        "keras.KerasTensor.reshape",
        "keras.Layer.build",
        "keras.layers.Layer.build",
        "keras.layers.GRU.from_config",
        "keras.layers.LSTM.from_config",
        "keras.layers.SimpleRNN.from_config",
    ],
}
