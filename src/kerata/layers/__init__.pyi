"""Layers. The names here are those of `keras.layers`."""

from kerata.layers.activation import ELU as ELU, LeakyReLU as LeakyReLU, PReLU as PReLU, ReLU as ReLU, Softmax as Softmax
from kerata.layers.attention import AdditiveAttention as AdditiveAttention, Attention as Attention
from kerata.layers.batch_normalization import BatchNormalization as BatchNormalization
from kerata.layers.borders import (
    Cropping1D as Cropping1D,
    Cropping2D as Cropping2D,
    Cropping3D as Cropping3D,
    UpSampling1D as UpSampling1D,
    UpSampling2D as UpSampling2D,
    UpSampling3D as UpSampling3D,
    ZeroPadding1D as ZeroPadding1D,
    ZeroPadding2D as ZeroPadding2D,
    ZeroPadding3D as ZeroPadding3D,
)
from kerata.layers.conv import (
    Conv1D as Conv1D,
    Conv1DTranspose as Conv1DTranspose,
    Conv2D as Conv2D,
    Conv2DTranspose as Conv2DTranspose,
    Conv3D as Conv3D,
    Conv3DTranspose as Conv3DTranspose,
    Convolution1D as Convolution1D,
    Convolution1DTranspose as Convolution1DTranspose,
    Convolution2D as Convolution2D,
    Convolution2DTranspose as Convolution2DTranspose,
    Convolution3D as Convolution3D,
    Convolution3DTranspose as Convolution3DTranspose,
)
from kerata.layers.conv_recurrent import ConvLSTM1D as ConvLSTM1D, ConvLSTM2D as ConvLSTM2D, ConvLSTM3D as ConvLSTM3D
from kerata.layers.core import (
    Activation as Activation,
    ActivityRegularization as ActivityRegularization,
    Identity as Identity,
    Lambda as Lambda,
    Masking as Masking,
)
from kerata.layers.dense import Dense as Dense, EinsumDense as EinsumDense
from kerata.layers.depthwise_conv import (
    DepthwiseConv1D as DepthwiseConv1D,
    DepthwiseConv2D as DepthwiseConv2D,
    SeparableConv1D as SeparableConv1D,
    SeparableConv2D as SeparableConv2D,
    SeparableConvolution1D as SeparableConvolution1D,
    SeparableConvolution2D as SeparableConvolution2D,
)
from kerata.layers.embedding import Embedding as Embedding, ReversibleEmbedding as ReversibleEmbedding
from kerata.layers.foreign import TorchModuleWrapper as TorchModuleWrapper
from kerata.layers.foreign_jax import FlaxLayer as FlaxLayer, JaxLayer as JaxLayer
from kerata.layers.foreign_tensorflow import TFSMLayer as TFSMLayer
from kerata.layers.input_layer import Input as Input, InputLayer as InputLayer
from kerata.layers.input_spec import InputSpec as InputSpec
from kerata.layers.layer import Layer as Layer
from kerata.layers.lookup import deserialize as deserialize, serialize as serialize
from kerata.layers.merging import (
    Add as Add,
    Average as Average,
    Concatenate as Concatenate,
    Dot as Dot,
    Maximum as Maximum,
    Minimum as Minimum,
    Multiply as Multiply,
    Subtract as Subtract,
    add as add,
    average as average,
    concatenate as concatenate,
    dot as dot,
    maximum as maximum,
    minimum as minimum,
    multiply as multiply,
    subtract as subtract,
)
from kerata.layers.multi_head_attention import (
    GroupQueryAttention as GroupQueryAttention,
    MultiHeadAttention as MultiHeadAttention,
)
from kerata.layers.normalization import (
    GroupNormalization as GroupNormalization,
    LayerNormalization as LayerNormalization,
    RMSNormalization as RMSNormalization,
    UnitNormalization as UnitNormalization,
)
from kerata.layers.pooling import (
    AdaptiveAveragePooling1D as AdaptiveAveragePooling1D,
    AdaptiveAveragePooling2D as AdaptiveAveragePooling2D,
    AdaptiveAveragePooling3D as AdaptiveAveragePooling3D,
    AdaptiveMaxPooling1D as AdaptiveMaxPooling1D,
    AdaptiveMaxPooling2D as AdaptiveMaxPooling2D,
    AdaptiveMaxPooling3D as AdaptiveMaxPooling3D,
    AveragePooling1D as AveragePooling1D,
    AveragePooling2D as AveragePooling2D,
    AveragePooling3D as AveragePooling3D,
    AvgPool1D as AvgPool1D,
    AvgPool2D as AvgPool2D,
    AvgPool3D as AvgPool3D,
    GlobalAveragePooling1D as GlobalAveragePooling1D,
    GlobalAveragePooling2D as GlobalAveragePooling2D,
    GlobalAveragePooling3D as GlobalAveragePooling3D,
    GlobalAvgPool1D as GlobalAvgPool1D,
    GlobalAvgPool2D as GlobalAvgPool2D,
    GlobalAvgPool3D as GlobalAvgPool3D,
    GlobalMaxPool1D as GlobalMaxPool1D,
    GlobalMaxPool2D as GlobalMaxPool2D,
    GlobalMaxPool3D as GlobalMaxPool3D,
    GlobalMaxPooling1D as GlobalMaxPooling1D,
    GlobalMaxPooling2D as GlobalMaxPooling2D,
    GlobalMaxPooling3D as GlobalMaxPooling3D,
    GlobalMinPooling1D as GlobalMinPooling1D,
    GlobalMinPooling2D as GlobalMinPooling2D,
    GlobalMinPooling3D as GlobalMinPooling3D,
    MaxPool1D as MaxPool1D,
    MaxPool2D as MaxPool2D,
    MaxPool3D as MaxPool3D,
    MaxPooling1D as MaxPooling1D,
    MaxPooling2D as MaxPooling2D,
    MaxPooling3D as MaxPooling3D,
    MinPooling1D as MinPooling1D,
    MinPooling2D as MinPooling2D,
    MinPooling3D as MinPooling3D,
)
from kerata.layers.preprocessing.audio import MelSpectrogram as MelSpectrogram, STFTSpectrogram as STFTSpectrogram
from kerata.layers.preprocessing.discretization import Discretization as Discretization
from kerata.layers.preprocessing.encoding import CategoryEncoding as CategoryEncoding
from kerata.layers.preprocessing.hashing import HashedCrossing as HashedCrossing, Hashing as Hashing
from kerata.layers.preprocessing.image_colors import (
    RandomBrightness as RandomBrightness,
    RandomColorDegeneration as RandomColorDegeneration,
    RandomColorJitter as RandomColorJitter,
    RandomContrast as RandomContrast,
    RandomGrayscale as RandomGrayscale,
    RandomHue as RandomHue,
    RandomInvert as RandomInvert,
    RandomPosterization as RandomPosterization,
    RandomSaturation as RandomSaturation,
    RandomSharpness as RandomSharpness,
    Solarization as Solarization,
)
from kerata.layers.preprocessing.image_geometry import (
    RandomElasticTransform as RandomElasticTransform,
    RandomFlip as RandomFlip,
    RandomPerspective as RandomPerspective,
    RandomRotation as RandomRotation,
    RandomShear as RandomShear,
    RandomTranslation as RandomTranslation,
    RandomZoom as RandomZoom,
)
from kerata.layers.preprocessing.image_histograms import (
    AutoContrast as AutoContrast,
    ContrastLimitedAdaptiveHistogramEqualization as ContrastLimitedAdaptiveHistogramEqualization,
    Equalization as Equalization,
)
from kerata.layers.preprocessing.image_mixing import (
    CutMix as CutMix,
    MaxNumBoundingBoxes as MaxNumBoundingBoxes,
    MixUp as MixUp,
    Pipeline as Pipeline,
    RandomErasing as RandomErasing,
    RandomGaussianBlur as RandomGaussianBlur,
)
from kerata.layers.preprocessing.image_policies import AugMix as AugMix, RandAugment as RandAugment
from kerata.layers.preprocessing.image_sizes import CenterCrop as CenterCrop, RandomCrop as RandomCrop, Resizing as Resizing
from kerata.layers.preprocessing.lookup import IntegerLookup as IntegerLookup, StringLookup as StringLookup
from kerata.layers.preprocessing.normalization import Normalization as Normalization
from kerata.layers.preprocessing.text_vectorization import TextVectorization as TextVectorization
from kerata.layers.recurrent import GRU as GRU, LSTM as LSTM, RNN as RNN, SimpleRNN as SimpleRNN
from kerata.layers.recurrent_cells import (
    GRUCell as GRUCell,
    LSTMCell as LSTMCell,
    SimpleRNNCell as SimpleRNNCell,
    StackedRNNCells as StackedRNNCells,
)
from kerata.layers.regularization import (
    AlphaDropout as AlphaDropout,
    Dropout as Dropout,
    GaussianDropout as GaussianDropout,
    GaussianNoise as GaussianNoise,
    SpatialDropout1D as SpatialDropout1D,
    SpatialDropout2D as SpatialDropout2D,
    SpatialDropout3D as SpatialDropout3D,
)
from kerata.layers.reshaping import (
    Flatten as Flatten,
    Permute as Permute,
    RepeatVector as RepeatVector,
    Rescaling as Rescaling,
    Reshape as Reshape,
)
from kerata.layers.spectral_normalization import SpectralNormalization as SpectralNormalization
from kerata.layers.wrappers import Bidirectional as Bidirectional, TimeDistributed as TimeDistributed, Wrapper as Wrapper
