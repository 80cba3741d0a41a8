"""Layers. The names here are those of `keras.layers`."""

from kerata.core import registry as _registry
from kerata.layers.activation import ELU, LeakyReLU, PReLU, ReLU, Softmax
from kerata.layers.attention import AdditiveAttention, Attention
from kerata.layers.batch_normalization import BatchNormalization
from kerata.layers.borders import (
    Cropping1D,
    Cropping2D,
    Cropping3D,
    UpSampling1D,
    UpSampling2D,
    UpSampling3D,
    ZeroPadding1D,
    ZeroPadding2D,
    ZeroPadding3D,
)
from kerata.layers.conv import (
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Conv2DTranspose,
    Conv3D,
    Conv3DTranspose,
    Convolution1D,
    Convolution1DTranspose,
    Convolution2D,
    Convolution2DTranspose,
    Convolution3D,
    Convolution3DTranspose,
)
from kerata.layers.conv_recurrent import ConvLSTM1D, ConvLSTM2D, ConvLSTM3D
from kerata.layers.core import Activation, ActivityRegularization, Identity, Lambda, Masking
from kerata.layers.dense import Dense, EinsumDense
from kerata.layers.depthwise_conv import (
    DepthwiseConv1D,
    DepthwiseConv2D,
    SeparableConv1D,
    SeparableConv2D,
    SeparableConvolution1D,
    SeparableConvolution2D,
)
from kerata.layers.embedding import Embedding, ReversibleEmbedding
from kerata.layers.foreign import TorchModuleWrapper
from kerata.layers.foreign_jax import FlaxLayer, JaxLayer
from kerata.layers.foreign_tensorflow import TFSMLayer
from kerata.layers.input_layer import Input, InputLayer
from kerata.layers.input_spec import InputSpec
from kerata.layers.layer import Layer
from kerata.layers.merging import (
    Add,
    Average,
    Concatenate,
    Dot,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
    add,
    average,
    concatenate,
    dot,
    maximum,
    minimum,
    multiply,
    subtract,
)
from kerata.layers.multi_head_attention import GroupQueryAttention, MultiHeadAttention
from kerata.layers.normalization import GroupNormalization, LayerNormalization, RMSNormalization, UnitNormalization
from kerata.layers.pooling import (
    AdaptiveAveragePooling1D,
    AdaptiveAveragePooling2D,
    AdaptiveAveragePooling3D,
    AdaptiveMaxPooling1D,
    AdaptiveMaxPooling2D,
    AdaptiveMaxPooling3D,
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    AvgPool1D,
    AvgPool2D,
    AvgPool3D,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
    GlobalAvgPool1D,
    GlobalAvgPool2D,
    GlobalAvgPool3D,
    GlobalMaxPool1D,
    GlobalMaxPool2D,
    GlobalMaxPool3D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
    GlobalMinPooling1D,
    GlobalMinPooling2D,
    GlobalMinPooling3D,
    MaxPool1D,
    MaxPool2D,
    MaxPool3D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
    MinPooling1D,
    MinPooling2D,
    MinPooling3D,
)
from kerata.layers.preprocessing.audio import MelSpectrogram, STFTSpectrogram
from kerata.layers.preprocessing.discretization import Discretization
from kerata.layers.preprocessing.encoding import CategoryEncoding
from kerata.layers.preprocessing.hashing import HashedCrossing, Hashing
from kerata.layers.preprocessing.image_colors import (
    RandomBrightness,
    RandomColorDegeneration,
    RandomColorJitter,
    RandomContrast,
    RandomGrayscale,
    RandomHue,
    RandomInvert,
    RandomPosterization,
    RandomSaturation,
    RandomSharpness,
    Solarization,
)
from kerata.layers.preprocessing.image_geometry import (
    RandomElasticTransform,
    RandomFlip,
    RandomPerspective,
    RandomRotation,
    RandomShear,
    RandomTranslation,
    RandomZoom,
)
from kerata.layers.preprocessing.image_histograms import (
    AutoContrast,
    ContrastLimitedAdaptiveHistogramEqualization,
    Equalization,
)
from kerata.layers.preprocessing.image_mixing import (
    CutMix,
    MaxNumBoundingBoxes,
    MixUp,
    Pipeline,
    RandomErasing,
    RandomGaussianBlur,
)
from kerata.layers.preprocessing.image_policies import AugMix, RandAugment
from kerata.layers.preprocessing.image_sizes import CenterCrop, RandomCrop, Resizing
from kerata.layers.preprocessing.lookup import IntegerLookup, StringLookup
from kerata.layers.preprocessing.normalization import Normalization
from kerata.layers.preprocessing.text_vectorization import TextVectorization
from kerata.layers.recurrent import GRU, LSTM, RNN, SimpleRNN
from kerata.layers.recurrent_cells import GRUCell, LSTMCell, SimpleRNNCell, StackedRNNCells
from kerata.layers.regularization import (
    AlphaDropout,
    Dropout,
    GaussianDropout,
    GaussianNoise,
    SpatialDropout1D,
    SpatialDropout2D,
    SpatialDropout3D,
)
from kerata.layers.reshaping import Flatten, Permute, RepeatVector, Rescaling, Reshape
from kerata.layers.spectral_normalization import SpectralNormalization
from kerata.layers.wrappers import Bidirectional, TimeDistributed, Wrapper


def serialize(layer):
    """The layer's JSON form.

    >>> serialize(Dense(3))["class_name"], serialize(Dense(3))["config"]["units"]
    ('Dense', 3)
    """
    return _registry.serialize_keras_object(layer)


def deserialize(config, custom_objects=None):
    """A layer from its JSON form.

    Raises: ValueError if the config names what is unknown, or no layer.

    >>> deserialize(serialize(Dense(3))).units
    3
    """
    layer = _registry.deserialize_keras_object(config, custom_objects=custom_objects)
    if not isinstance(layer, Layer):
        raise ValueError(f"The config makes a {type(layer).__name__}, not a layer: {config!r:.200}")
    return layer


__all__ = [
    "Activation", "ActivityRegularization", "AdaptiveAveragePooling1D", "AdaptiveAveragePooling2D",
    "AdaptiveAveragePooling3D", "AdaptiveMaxPooling1D", "AdaptiveMaxPooling2D", "AdaptiveMaxPooling3D", "Add",
    "AdditiveAttention", "AlphaDropout", "Attention", "AugMix", "AutoContrast", "Average", "AveragePooling1D",
    "AveragePooling2D", "AveragePooling3D", "AvgPool1D", "AvgPool2D", "AvgPool3D", "BatchNormalization", "Bidirectional",
    "CategoryEncoding", "CenterCrop", "Concatenate", "ContrastLimitedAdaptiveHistogramEqualization", "Conv1D",
    "Conv1DTranspose", "Conv2D", "Conv2DTranspose", "Conv3D", "Conv3DTranspose", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D",
    "Convolution1D", "Convolution1DTranspose", "Convolution2D", "Convolution2DTranspose", "Convolution3D",
    "Convolution3DTranspose", "Cropping1D", "Cropping2D", "Cropping3D", "CutMix", "Dense", "DepthwiseConv1D",
    "DepthwiseConv2D", "Discretization", "Dot", "Dropout", "ELU", "EinsumDense", "Embedding", "Equalization", "Flatten",
    "FlaxLayer", "GRU", "GRUCell", "GaussianDropout", "GaussianNoise", "GlobalAveragePooling1D", "GlobalAveragePooling2D",
    "GlobalAveragePooling3D", "GlobalAvgPool1D", "GlobalAvgPool2D", "GlobalAvgPool3D", "GlobalMaxPool1D", "GlobalMaxPool2D",
    "GlobalMaxPool3D", "GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D", "GlobalMinPooling1D",
    "GlobalMinPooling2D", "GlobalMinPooling3D", "GroupNormalization", "GroupQueryAttention", "HashedCrossing", "Hashing",
    "Identity", "Input", "InputLayer", "InputSpec", "IntegerLookup", "JaxLayer", "LSTM", "LSTMCell", "Lambda", "Layer",
    "LayerNormalization", "LeakyReLU", "Masking", "MaxNumBoundingBoxes", "MaxPool1D", "MaxPool2D", "MaxPool3D",
    "MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "Maximum", "MelSpectrogram", "MinPooling1D", "MinPooling2D",
    "MinPooling3D", "Minimum", "MixUp", "MultiHeadAttention", "Multiply", "Normalization", "PReLU", "Permute", "Pipeline",
    "RMSNormalization", "RNN", "RandAugment", "RandomBrightness", "RandomColorDegeneration", "RandomColorJitter",
    "RandomContrast", "RandomCrop", "RandomElasticTransform", "RandomErasing", "RandomFlip", "RandomGaussianBlur",
    "RandomGrayscale", "RandomHue", "RandomInvert", "RandomPerspective", "RandomPosterization", "RandomRotation",
    "RandomSaturation", "RandomSharpness", "RandomShear", "RandomTranslation", "RandomZoom", "ReLU", "RepeatVector",
    "Rescaling", "Reshape", "Resizing", "ReversibleEmbedding", "STFTSpectrogram", "SeparableConv1D", "SeparableConv2D",
    "SeparableConvolution1D", "SeparableConvolution2D", "SimpleRNN", "SimpleRNNCell", "Softmax", "Solarization",
    "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "SpectralNormalization", "StackedRNNCells", "StringLookup",
    "Subtract", "TFSMLayer", "TextVectorization", "TimeDistributed", "TorchModuleWrapper", "UnitNormalization",
    "UpSampling1D", "UpSampling2D", "UpSampling3D", "Wrapper", "ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D", "add",
    "average", "concatenate", "deserialize", "dot", "maximum", "minimum", "multiply", "serialize", "subtract",
]  # fmt: skip
