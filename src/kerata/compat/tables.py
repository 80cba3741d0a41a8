"""What old programs say, and what it is called now. Data only."""

# Arguments: class name -> {old: new}, None for those that mean nothing today; "*" is for every class of a namespace.
ARGUMENTS: dict[str | None, dict[str, dict[str, str | None]]] = {
    "optimizers": {"*": {"lr": "learning_rate", "epsilon_": "epsilon"}},
    "layers": {
        "*": {
            "init": "kernel_initializer",
            "W_regularizer": "kernel_regularizer",
            "b_regularizer": "bias_regularizer",
            "W_constraint": "kernel_constraint",
            "b_constraint": "bias_constraint",
            "bias": "use_bias",
            "border_mode": "padding",
            "subsample": "strides",
            "inner_init": "recurrent_initializer",
            "inner_activation": "recurrent_activation",
            "implementation": None,  # how a recurrent layer's products were put together
        },
        "Dense": {"output_dim": "units"},
        "LSTM": {"output_dim": "units"},
        "GRU": {"output_dim": "units"},
        "SimpleRNN": {"output_dim": "units"},
        "Conv1D": {"nb_filter": "filters", "filter_length": "kernel_size", "subsample_length": "strides"},
        "Dropout": {"p": "rate"},
        "LeakyReLU": {"alpha": "negative_slope"},
    },
}

# Functions that turn an old argument's value into the new one's, where the meaning changed.
VALUES = {"init": lambda value: {"normal": "random_normal", "uniform": "random_uniform"}.get(value, value)}

# Methods: old name -> the method that does it now, and the old names of its arguments.
METHODS: dict[str, tuple[str, dict[str, str | None]]] = {
    "fit_generator": (
        "fit",
        {"generator": "x", "nb_epoch": "epochs", "samples_per_epoch": None, "nb_val_samples": "validation_steps"},
    ),
    "fit_on_generator": ("fit", {"generator": "x"}),
    "evaluate_generator": ("evaluate", {"generator": "x"}),
    "predict_generator": ("predict", {"generator": "x"}),
}

# Arguments that say how batches were read; the loop decides that now.
DROPPED = ("workers", "use_multiprocessing", "max_queue_size", "max_q_size", "nb_worker", "pickle_safe")

# Classes: old name -> the present one, in the namespace of layers, with fixed arguments.
LAYERS = {
    "AtrousConvolution1D": ("Conv1D", {}),
    "AtrousConvolution2D": ("Conv2D", {}),
    "ConvLSTM2DCell": ("conv_recurrent.ConvLSTMCell", {"rank": 2}),
    "ConvRecurrent2D": ("ConvLSTM2D", {}),
    "CuDNNGRU": ("GRU", {"reset_after": True}),
    "CuDNNLSTM": ("LSTM", {}),
    "Deconvolution2D": ("Conv2DTranspose", {}),
    "Deconvolution3D": ("Conv3DTranspose", {}),
}

# Modules: old path -> the present one, both without the package's name.
MODULES = {
    "layers.core": "layers",
    "layers.convolutional": "layers",
    "layers.pooling": "layers",
    "layers.recurrent": "layers",
    "layers.normalization": "layers",
    "layers.embeddings": "layers",
    "layers.noise": "layers",
    "layers.merge": "layers",
    "layers.wrappers": "layers",
    "layers.advanced_activations": "layers",
    "engine": "models",
    "engine.topology": "layers",
    "engine.training": "models",
    "engine.sequential": "models",
    "utils.np_utils": "utils",
    "utils.generic_utils": "utils",
    "utils.vis_utils": "utils",
    "objectives": "losses",
}
