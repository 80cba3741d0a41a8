"""The names and places that Keras has for ops and their arguments in files and graphs, where they don't follow from kerata's."""

from kerata.core.naming import to_snake_case

# The class of an op's calls, where it is not the op's name in capitals.
_CLASSES = {
    "abs": "Absolute", "conj": "Conjugate", "allclose": "AllClose", "isin": "IsIn", "searchsorted": "SearchSorted",
    "batch_normalization": "BatchNorm", "layer_normalization": "LayerNorm", "rms_normalization": "RMSNorm", "svd": "SVD",
    "fft": "FFT", "fft2": "FFT2", "ifft2": "IFFT2", "rfft": "RFFT", "irfft": "IRFFT", "stft": "STFT", "istft": "ISTFT",
    "jvp": "JVP", "cdist": "CDist", "psnr": "PSNR", "ssim": "SSIM", "ctc_loss": "CTCLoss", "ctc_decode": "CTCDecode",
    "in_top_k": "InTopK", "hsv_to_rgb": "HSVToRGB", "rgb_to_hsv": "RGBToHSV", "rgb_to_grayscale": "RGBToGrayscale",
    "extract_patches_3d": "ExtractPatches3d",
}  # fmt: skip
_OPS = {cls: op for op, cls in _CLASSES.items()} | {"ConvertToTensor": "cast"}  # which is what is left of it in a graph
# The file of an op: of some by name, of the others by kerata's file.
_FILES = {
    "norm": "linalg", "bincount": "numpy", "slogdet": "numpy", "logdet": "math", "scatter": "core", "scatter_update": "core",
    "rearrange": "einops", "polar": "nn", "view_as_complex": "math", "view_as_real": "math", "psnr": "nn",
}  # fmt: skip
_FILES_BY_OURS = (
    dict.fromkeys(("segments", "signal", "special", "distances"), "math")
    | dict.fromkeys(
        ("activation", "crossentropy", "layouts", "ctc_decoding", "normalization", "pooling", "convolution", "attention"), "nn"
    )
    | dict.fromkeys(("creation", "elementwise", "indexing", "joining", "products", "reductions", "shaping"), "numpy")
    | dict.fromkeys(("statistics", "windows", "vectorizing", "sets", "complex_numbers"), "numpy")
)

# Arguments that Keras keeps in a call even when they are no tensors; the others belong to the op's config.
IN_CALLS = {"x1", "x2", "key", "indices", "start_indices"}
# Those that it wants there even where they were left out.
_IN_EVERY_CALL = {
    "full_like": ("fill_value",), "pad": ("constant_values",), "layer_normalization": ("gamma", "beta"),
    "quantile": ("q",), "percentile": ("q",), "nanquantile": ("q",), "nanpercentile": ("q",), "scatter": ("values",),
    "dot_product_attention": ("bias", "mask", "scale"), "rearrange": ("pattern",),
}  # fmt: skip


def in_every_call(op):
    """The arguments of an op that a call in a file must hold."""
    return _IN_EVERY_CALL.get(op.__name__, ())


def class_name(op):
    """The class that Keras has for an op's calls.

    >>> from kerata import ops
    >>> class_name(ops.svd), class_name(ops.logical_not)
    ('SVD', 'LogicalNot')
    """
    name = op.__name__
    return _CLASSES.get(name) or "".join(part.capitalize() for part in name.split("_"))


def prefix(op):
    """What the names of an op's calls in a graph begin with.

    >>> from kerata import ops
    >>> prefix(ops.abs), prefix(ops.batch_normalization), prefix(ops.exp)
    ('absolute', 'batch_norm', 'exp')
    """
    name = op.__name__
    return to_snake_case(_CLASSES[name]) if name in _CLASSES else name


def file_name(op):
    """The file in which Keras has an op, which forms of graphs name.

    >>> from kerata import ops
    >>> file_name(ops.abs), file_name(ops.image.resize), file_name(ops.conv)
    ('numpy', 'image', 'nn')
    """
    home = op.__module__.split(".")[-1]
    return _FILES.get(op.__name__) or ("image" if home.startswith("image") else _FILES_BY_OURS.get(home, home))


def op_of_class(name):
    """The name of the op whose calls Keras has a class of this name for.

    >>> op_of_class("Absolute"), op_of_class("LogicalNot")
    ('abs', 'logical_not')
    """
    return _OPS.get(name) or to_snake_case(name)
