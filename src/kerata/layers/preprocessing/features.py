"""What a `FeatureSpace` is made of: features, crossings of them, and the plain layers in between."""

from kerata import ops
from kerata.core.registry import deserialize_keras_object, serialize_keras_object
from kerata.layers.preprocessing.base import DataLayer

OUTPUT_MODES = ("int", "one_hot", "float")
_FILE_MODULE = "keras.src.layers.preprocessing.feature_space"


def checked_output_mode(mode, what):
    """Raises: ValueError naming `what` for an unknown mode."""
    if mode not in OUTPUT_MODES:
        raise ValueError(f"{what}: output_mode must be one of {', '.join(OUTPUT_MODES)}; {mode!r} came.")
    return mode


class Feature:
    """One column of a table: its dtype, the layer that prepares it, and the form that it leaves in.

    Args:
        dtype: of the column: "float32", "int32", "string".
        preprocessor: a layer.
        output_mode: "float" for numbers as they come from the layer, "int" for numbers of categories, "one_hot" for vectors.
    """

    public_module = _FILE_MODULE

    def __init__(self, dtype, preprocessor, output_mode):
        self.output_mode = checked_output_mode(output_mode, "Feature")
        if not callable(preprocessor):
            raise ValueError(f"Feature: preprocessor must be a layer; {preprocessor!r} came.")
        self.dtype, self.preprocessor = dtype, preprocessor

    def get_config(self):
        """The constructor's arguments."""
        preprocessor = serialize_keras_object(self.preprocessor)
        return {"dtype": self.dtype, "preprocessor": preprocessor, "output_mode": self.output_mode}

    @classmethod
    def from_config(cls, config):
        """A feature from its config."""
        return cls(config["dtype"], deserialize_keras_object(config["preprocessor"]), config["output_mode"])


class Cross:
    """Features whose combinations are hashed into bins.

    Args:
        feature_names: two or more names of features.
        crossing_dim: the number of bins.
        output_mode: "int" for the bins' numbers, "one_hot" for vectors.
    """

    public_module = _FILE_MODULE

    def __init__(self, feature_names, crossing_dim, output_mode="one_hot"):
        if isinstance(feature_names, str) or len(feature_names) < 2:
            raise ValueError(f"Cross: feature_names must be two or more names; {feature_names!r} came.")
        if output_mode == "float":
            raise ValueError("Cross: output_mode must be 'int' or 'one_hot'; 'float' came.")
        self.output_mode = checked_output_mode(output_mode, "Cross")
        self.feature_names, self.crossing_dim = tuple(feature_names), crossing_dim

    @property
    def name(self):
        """The features' names joined by `_X_`."""
        return "_X_".join(self.feature_names)

    def get_config(self):
        """The constructor's arguments."""
        return {name: getattr(self, name) for name in ("feature_names", "crossing_dim", "output_mode")}

    @classmethod
    def from_config(cls, config):
        """A crossing from its config."""
        return cls(**config)


class FeatureIdentity(DataLayer):
    """Numbers as they are, in the layer's dtype. Shapes: any -> the same."""

    public_module, public_name = _FILE_MODULE, "TFDIdentity"

    def call(self, inputs):
        """The inputs."""
        return ops.cast(inputs, self.compute_dtype)


class FeatureConcatenation(DataLayer):
    """Encoded features as one vector. Shapes: several of (batch, n_i) -> (batch, sum of n_i)."""

    public_module, public_name = _FILE_MODULE, "TFDConcat"

    def __init__(self, axis=-1, **kwargs):
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, xs):
        """The vector."""
        return ops.concatenate(xs, axis=self.axis)
