"""What a `FeatureSpace` is made of: features, crossings of them, and the plain layers in between."""

from collections.abc import Callable, Sequence
from typing import Any

from kerata import ops
from kerata.core.configurable import Configurable
from kerata.core.fields import Field, dataclass
from kerata.core.serialization import deserialize_keras_object, serialize_keras_object
from kerata.layers.arguments import OneOf
from kerata.layers.preprocessing.base import DataLayer

OUTPUT_MODES = ("int", "one_hot", "float")
_FILE_MODULE = "keras.src.layers.preprocessing.feature_space"


class Names(Field[Sequence[str], tuple[str, ...]]):
    """Two or more names."""

    def convert(self, value, name, owner):
        if isinstance(value, str) or len(value) < 2:
            raise ValueError(f"{type(owner).__name__}: {name} must be two or more names; {value!r} came.")
        return tuple(value)


@dataclass
class Feature(Configurable):
    """One column of a table: its dtype, the layer that prepares it, and the form that it leaves in.

    Args:
        dtype: of the column: "float32", "int32", "string".
        preprocessor: a layer.
        output_mode: "float" for numbers as they come from the layer, "int" for numbers of categories, "one_hot" for vectors.
    """

    public_module = _FILE_MODULE

    dtype: str
    preprocessor: Callable[..., Any]
    output_mode: OneOf = OneOf(Field.required, *OUTPUT_MODES)

    def __post_init__(self):
        super().__post_init__()
        if not callable(self.preprocessor):
            raise ValueError(f"Feature: preprocessor must be a layer; {self.preprocessor!r} came.")

    def get_config(self):
        return super().get_config() | {"preprocessor": serialize_keras_object(self.preprocessor)}

    @classmethod
    def from_config(cls, config):
        return cls(config["dtype"], deserialize_keras_object(config["preprocessor"]), config["output_mode"])


@dataclass
class Cross(Configurable):
    """Features whose combinations are hashed into bins.

    Args:
        feature_names: two or more names of features.
        crossing_dim: the number of bins.
        output_mode: "int" for the bins' numbers, "one_hot" for vectors.
    """

    public_module = _FILE_MODULE

    feature_names: Names
    crossing_dim: int
    output_mode: OneOf = OneOf("one_hot", "int", "one_hot")

    @property
    def name(self):
        """The features' names joined by `_X_`."""
        return "_X_".join(self.feature_names)


class FeatureIdentity(DataLayer):
    """Numbers as they are, in the layer's dtype. Shapes: any -> the same."""

    public_module, public_name = _FILE_MODULE, "TFDIdentity"

    def call(self, inputs):
        return ops.cast(inputs, self.compute_dtype)


@dataclass
class FeatureConcatenation(DataLayer):
    """Encoded features as one vector. Shapes: several of (batch, n_i) -> (batch, sum of n_i)."""

    public_module, public_name = _FILE_MODULE, "TFDConcat"

    axis: int = -1

    def call(self, xs):
        return ops.concatenate(xs, axis=self.axis)
