"""Layers that are not part of Keras 3, and what layers could do before it."""

from kerata.compat.by_generation import ByGeneration
from kerata.compat.layers import convolution, feed_forward, images, joining, locally_connected, normalization, recurrent as rnn
from kerata.compat.layers.inputs import make_input
from kerata.compat.layers.joining import BeginsWithMerge as BeginsWithMerge
from kerata.compat.layers.making import function, layer, values as values
from kerata.compat.layers.old_layer import OldLayer as OldLayer
from kerata.layers import recurrent

AbstractRNNCell = layer(rnn.AbstractRNNCell, "tf_keras")
BatchNormalization = layer(normalization.BatchNormalization1, "keras1")
ConvLSTM2D = layer(rnn.ConvLSTM2D1, "keras1")
ConvRNN2D = layer(rnn.ConvRNN2D, "keras2")
Deconv2D = Deconvolution2D = layer(convolution.Deconvolution2D, "keras1")
DenseFeatures = layer(images.DenseFeatures, "tf_keras")
Embedding = layer(feed_forward.DroppingEmbedding, "keras1")
GRU = layer(keras1=rnn.GRU1, keras2=recurrent.GRU, tf_keras=rnn.GRU2)
Input = ByGeneration(make_input)
Highway = layer(feed_forward.Highway, "keras1", "keras2")
LSTM = layer(keras1=rnn.LSTM1, keras2=recurrent.LSTM, tf_keras=rnn.LSTM2)
LocallyConnected1D = layer(locally_connected.LocallyConnected1D)
LocallyConnected2D = layer(locally_connected.LocallyConnected2D)
MaxoutDense = layer(feed_forward.MaxoutDense, "keras1", "keras2")
Merge = layer(joining.Merge, "keras1", "keras2")
ParametricSoftplus = layer(feed_forward.ParametricSoftplus, "keras1", "keras2")
PreprocessingLayer = layer(images.PreprocessingLayer, "tf_keras")
RNN = layer(keras2=recurrent.RNN, tf_keras=rnn.RNN2)
RandomFourierFeatures = layer(images.RandomFourierFeatures, "tf_keras")
RandomHeight = layer(images.RandomHeight, "tf_keras")
RandomWidth = layer(images.RandomWidth, "tf_keras")
Recurrent = layer(rnn.Recurrent, "keras1", "keras2")
SReLU = layer(feed_forward.SReLU, "keras1", "keras2")
SeparableConv2D = SeparableConvolution2D = layer(convolution.SeparableConv2D1, "keras1")
SimpleRNN = layer(recurrent.SimpleRNN, keras1=rnn.SimpleRNN1)
ThresholdedReLU = layer(feed_forward.ThresholdedReLU)
merge = function(joining.merge, "keras1", "keras2")
time_distributed_dense = function(rnn.time_distributed_dense, "keras1", "keras2")

__all__ = """
    AbstractRNNCell BatchNormalization ConvLSTM2D ConvRNN2D Deconv2D Deconvolution2D DenseFeatures Embedding GRU
    Highway Input LSTM LocallyConnected1D LocallyConnected2D MaxoutDense Merge ParametricSoftplus PreprocessingLayer RNN
    RandomFourierFeatures RandomHeight RandomWidth Recurrent SReLU SeparableConv2D SeparableConvolution2D
    SimpleRNN ThresholdedReLU merge time_distributed_dense
""".split()
