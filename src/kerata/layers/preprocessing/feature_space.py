"""`FeatureSpace`: the columns of a table, of numbers, categories and texts, as vectors for a model."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerata import engines, ops
from kerata.core import dtypes
from kerata.core.arrays import dtype_of, static_shape
from kerata.core.fields import Field, dataclass, fields
from kerata.core.graph import has_symbolic
from kerata.core.naming import auto_name
from kerata.core.serialization import deserialize_keras_object
from kerata.core.types import DType, Path
from kerata.layers.input_layer import Input
from kerata.layers.preprocessing.base import ClosedLayer, host
from kerata.layers.preprocessing.discretization import Discretization
from kerata.layers.preprocessing.encoding import CategoryEncoding
from kerata.layers.preprocessing.features import Cross, Feature, FeatureConcatenation, FeatureIdentity
from kerata.layers.preprocessing.hashing import HashedCrossing, Hashing
from kerata.layers.preprocessing.lookup import IntegerLookup, StringLookup
from kerata.layers.preprocessing.normalization import Normalization
from kerata.layers.reshaping import Rescaling

# Rows that come one by one are put together in batches of this many while data is adapted to.
_ROWS = 1024


class Crosses(Field[Sequence[Any] | None, list[Any]]):
    """Crossings, none if None."""

    def convert(self, value, name, owner):
        """A new list."""
        return list(value or ())


@dataclass(unlisted=("dtype",))
class FeatureSpace(ClosedLayer):
    """The columns of a table, each prepared in its own way, as one vector a row or as a dict of arrays.

    Shapes: a dict of (batch,) or (batch, 1) -> (batch, features), or a dict of (batch, n); a dict of single values ->
    (features,).

    Args:
        features: a dict from column name to what the column is: a name such as "float_normalized", or a call such as
            `FeatureSpace.string_categorical(max_tokens=100)` for other arguments than the usual ones.
        output_mode: "concat" for one vector a row, the features and then the crossings in the order of their names;
            "dict" for each by itself.
        crosses: tuples of column names, or `FeatureSpace.cross(...)`: columns of categories whose combinations are hashed.
        crossing_dim: the number of bins of crossings that are given as tuples.
        hashing_dim: the number of bins of "integer_hashed" and "string_hashed".
        num_discretization_bins: the number of bins of "float_discretized".

    Features: "float" as it is; "float_rescaled"; "float_normalized" to mean 0 and variance 1; "float_discretized" by
    quantiles; "integer_categorical" and "string_categorical" by a vocabulary; "integer_hashed" and "string_hashed" without
    one; `FeatureSpace.feature` for any layer. Rows with columns that are no features are fine: those columns are left out.

    Raises: ValueError for unknown kinds of features, for crossings of columns that are no features, and for numbers of
    categories ("int") in a concatenated vector.

    Source: crossings are those of Cheng et al. 2016, "Wide & deep learning", arXiv:1606.07792.

    >>> import kerata
    >>> space = kerata.utils.FeatureSpace({"wind": "float_normalized", "weather": "string_categorical"})
    >>> rows = {"wind": [2.0, 4.0], "weather": ["rain", "sun"]}
    >>> space.adapt(rows)
    >>> space(rows).tolist()
    [[0.0, 0.0, 1.0, -1.0], [0.0, 1.0, 0.0, 1.0]]
    """

    public_module = "keras.utils"

    features: dict[str, Any]
    output_mode: str = "concat"
    crosses: Crosses = Crosses(None)
    crossing_dim: int = 32
    hashing_dim: int = 32
    num_discretization_bins: int = 32

    def __post_init__(self):
        super().__post_init__()
        given = self.features
        if not isinstance(given, dict) or not given:
            raise ValueError(f"FeatureSpace: features must be a dict from column name to kind of feature; {given!r} came.")
        if self.output_mode not in ("concat", "dict"):
            raise ValueError(f"FeatureSpace: output_mode must be 'concat' or 'dict'; {self.output_mode!r} came.")
        self.features = {name: self._feature(name, value) for name, value in given.items()}
        self.crosses = [self._cross(value) for value in self.crosses]
        self._check_modes()
        self.inputs = {name: Input((1,), dtype=feature.dtype, name=name) for name, feature in self.features.items()}
        self.preprocessors = {name: feature.preprocessor for name, feature in self.features.items()}
        self.crossers = {c.name: HashedCrossing(c.crossing_dim, name=c.name) for c in self.crosses}
        self.one_hot_encoders = {}
        self.concat = FeatureConcatenation(name=auto_name("tfd_concat"))
        self.encoded_features = None

    _untracked = ClosedLayer._untracked | {"inputs", "encoded_features", "features", "crosses"}

    def _feature(self, name, value):
        if isinstance(value, Feature):
            return value
        if isinstance(value, dict):
            return deserialize_keras_object(value)
        numbers = {"float_discretized": self.num_discretization_bins} | dict.fromkeys(_HASHED, self.hashing_dim)
        if value not in _KINDS:
            raise ValueError(
                f"FeatureSpace: feature {name!r} must be one of {', '.join(_KINDS)}, or made by FeatureSpace.{_KINDS[0]}() and "
                f"its like; {value!r} came."
            )
        arguments = [numbers[value]] if value in numbers else []
        return getattr(type(self), value)(*arguments, name=name)

    def _cross(self, value):
        if isinstance(value, dict):
            value = deserialize_keras_object(value)
        if not isinstance(value, (Cross, list, tuple)):
            raise ValueError(f"FeatureSpace: a crossing is a tuple of column names or FeatureSpace.cross(...); {value!r} came.")
        cross = value if isinstance(value, Cross) else Cross(value, self.crossing_dim)
        unknown = [n for n in cross.feature_names if n not in self.features]
        if unknown:
            raise ValueError(
                f"FeatureSpace: the crossing of {', '.join(cross.feature_names)} needs {', '.join(unknown)}, no feature; the "
                f"features are {', '.join(self.features)}."
            )
        floats = [n for n in cross.feature_names if self.features[n].output_mode == "float"]
        if floats:
            raise ValueError(
                f"FeatureSpace: the crossing of {', '.join(cross.feature_names)} takes categories; {', '.join(floats)} has "
                "output_mode 'float'. Make it a float_discretized feature."
            )
        return cross

    def _check_modes(self):
        if self.output_mode == "concat":
            parts = {**self.features, **{cross.name: cross for cross in self.crosses}}
            whole = [name for name, part in parts.items() if part.output_mode == "int"]
            if whole:
                raise ValueError(
                    f"FeatureSpace: {', '.join(whole)} would be numbers of categories in the midst of a vector. Use "
                    "output_mode='one_hot' for them, or output_mode='dict' for the FeatureSpace."
                )

    # Kinds of features

    @classmethod
    def cross(cls, feature_names: Any, crossing_dim: int, output_mode: Any = "one_hot") -> Any:
        """Combinations of columns of categories, hashed into `crossing_dim` bins."""
        return Cross(feature_names, crossing_dim, output_mode)

    @classmethod
    def feature(cls, dtype: DType, preprocessor: Any, output_mode: Any) -> Any:
        """A column that a layer of the user's choice prepares; see `Feature` for the arguments."""
        return Feature(dtype, preprocessor, output_mode)

    @classmethod
    def float(cls, name: str | None = None) -> Any:
        """Numbers as they are."""
        return Feature("float32", FeatureIdentity(name=_named(name, "float")), "float")

    @classmethod
    def float_rescaled(cls, scale: Any = 1.0, offset: Any = 0.0, name: str | None = None) -> Any:
        """`numbers * scale + offset`."""
        return Feature("float32", Rescaling(scale, offset, name=_named(name, "float_rescaled")), "float")

    @classmethod
    def float_normalized(cls, name: str | None = None) -> Any:
        """Numbers scaled to mean 0 and variance 1."""
        return Feature("float32", Normalization(axis=-1, name=_named(name, "float_normalized")), "float")

    @classmethod
    def float_discretized(
        cls, num_bins: int, bin_boundaries: Any = None, output_mode: Any = "one_hot", name: str | None = None
    ) -> Any:
        """Numbers in bins: `num_bins` with equally many each, or those between `bin_boundaries`.

        Raises: ValueError if boundaries are given that make another number of bins; `num_bins` may be None then.
        """
        if bin_boundaries is not None and num_bins not in (None, len(bin_boundaries) + 1):
            raise ValueError(
                f"FeatureSpace: {len(bin_boundaries)} bin_boundaries make {len(bin_boundaries) + 1} bins; num_bins={num_bins}."
            )
        count = num_bins if bin_boundaries is None else None
        layer = Discretization(bin_boundaries=bin_boundaries, num_bins=count, name=_named(name, "float_discretized"))
        return Feature("float32", layer, output_mode)

    @classmethod
    def integer_categorical(
        cls, max_tokens: int | None = None, num_oov_indices: int = 1, output_mode: Any = "one_hot", name: str | None = None
    ) -> Any:
        """Integers by a vocabulary, of the `max_tokens` most frequent ones; see `IntegerLookup`."""
        layer = IntegerLookup(max_tokens, num_oov_indices, name=_named(name, "integer_categorical"))
        return Feature("int32", layer, output_mode)

    @classmethod
    def string_categorical(
        cls, max_tokens: int | None = None, num_oov_indices: int = 1, output_mode: Any = "one_hot", name: str | None = None
    ) -> Any:
        """Texts by a vocabulary, of the `max_tokens` most frequent ones; see `StringLookup`."""
        layer = StringLookup(max_tokens, num_oov_indices, name=_named(name, "string_categorical"))
        return Feature("string", layer, output_mode)

    @classmethod
    def integer_hashed(cls, num_bins: int, output_mode: Any = "one_hot", name: str | None = None) -> Any:
        """Integers hashed into `num_bins` bins."""
        return Feature("int32", Hashing(num_bins, name=_named(name, "integer_hashed")), output_mode)

    @classmethod
    def string_hashed(cls, num_bins: int, output_mode: Any = "one_hot", name: str | None = None) -> Any:
        """Texts hashed into `num_bins` bins."""
        return Feature("string", Hashing(num_bins, name=_named(name, "string_hashed")), output_mode)

    # Adapting

    def adapt(self, dataset: Any) -> None:
        """Measure what the features need to know: means, quantiles, vocabularies.

        Args:
            dataset: a dict of arrays or lists, a pandas `DataFrame`, or what gives dicts, of single rows or of batches: a
                `tf.data.Dataset`, a data set of kerata's, a `DataLoader`, a generator. Of tuples the first part is taken.

        Raises: ValueError if a feature is missing.
        """
        wanted = {name: layer for name, layer in self.preprocessors.items() if hasattr(layer, "adapt") and not _is_given(layer)}
        if isinstance(dataset, dict) or hasattr(dataset, "to_numpy"):
            dataset = [_as_dict(dataset)]
        elif iter(dataset) is dataset:
            dataset = list(dataset)  # it can be read once only, but each feature reads it
        self._check_columns(_as_dict(next(iter(dataset), {})))
        for name, layer in wanted.items():
            layer.adapt(self._batches_of(name, dataset))
        self.encoded_features, self.one_hot_encoders = None, {}
        self._complete()

    def _batches_of(self, name, dataset):
        """A column of the data, in arrays of shape (batch, 1) or, where a value has several numbers, (batch, n)."""
        whole = (host(_as_dict(element)[name]) for element in dataset)
        first = next(whole)
        rest = itertools.chain([first], whole)
        if np.ndim(first) > 0:
            yield from (self._values(name, x[:, None] if x.ndim == 1 else x) for x in rest)
            return
        while rows := list(itertools.islice(rest, _ROWS)):
            yield self._values(
                name, np.array([x.item() for x in rows], object if rows[0].dtype.kind in "OUS" else None)[:, None]
            )

    def _check_columns(self, data):
        missing = [name for name in self.features if name not in data]
        if missing:
            raise ValueError(
                f"FeatureSpace {self.name!r}: the data has no {', '.join(map(repr, missing))}; it has "
                f"{', '.join(map(repr, data)) or 'nothing'}."
            )

    def _check_adapted(self):
        waiting = [name for name, layer in self.preprocessors.items() if not _is_ready(layer)]
        if waiting:
            raise ValueError(
                f"FeatureSpace {self.name!r}: {', '.join(waiting)} must see data first. Call adapt(dataset) before using it."
            )

    def _complete(self):
        """Make the encoders, whose lengths are known once the features are adapted."""
        self._check_adapted()
        if not self.one_hot_encoders:
            depths = {n: _depth(n, f) for n, f in sorted(self.features.items()) if f.output_mode == "one_hot"}
            depths |= {c.name: c.crossing_dim for c in self._sorted_crosses() if c.output_mode == "one_hot"}
            self.one_hot_encoders = {name: CategoryEncoding(depth) for name, depth in depths.items()}
        self.built = True

    @property
    def crosses_by_name(self) -> Any:
        """The crossings by their names."""
        return {cross.name: cross for cross in self.crosses}

    def _sorted_crosses(self):
        return sorted(self.crosses, key=lambda cross: cross.name)

    # Computing

    def get_inputs(self) -> Any:
        """The symbolic inputs by name, each of shape (batch, 1).

        Raises: ValueError if the features are not adapted yet.
        """
        self._check_adapted()
        return self.inputs

    def get_encoded_features(self) -> Any:
        """What follows from the symbolic inputs: with them, a model's inputs and its first tensor.

        Raises: ValueError if the features are not adapted yet.
        """
        if self.encoded_features is None:
            self.encoded_features = self._encoded(self.inputs, complete=True)
        return self.encoded_features

    def __call__(self, data: Any) -> Any:
        """The vectors, or the dict, for a dict of columns: arrays, lists, tensors, symbolic ones too, or a `DataFrame`."""
        data = _as_dict(data)
        self._check_columns(data)
        self._complete()
        columns = {name: self._column(name, data[name]) for name in self.features}
        if has_symbolic((columns,), {}):
            return self.call(columns)
        return super().__call__(columns)

    def _converted(self, args, kwargs, dtype):
        return args, kwargs  # the features' layers convert, each to its own dtype

    def _column(self, name, x):
        """A column as an array, not yet the engine's where it came from outside."""
        known = engines.current().is_array(x) or has_symbolic((x,), {}) or engines.owner_of_graph(x)
        return x if known else self._values(name, host(x))

    def _values(self, name, array):
        """An array of the host's in the feature's dtype; texts and large integers stay as they are.

        Raises: ValueError for other things than numbers, or whole numbers, where such are expected.
        """
        wanted, kind = self.features[name].dtype, array.dtype.kind
        if wanted == "string":
            return array if kind in "OUS" else array.astype(str).astype(object)
        try:
            if dtypes.is_float_dtype(wanted):
                return array.astype(wanted)
            whole = array.astype("int64")
        except (TypeError, ValueError):
            whole = None
        if whole is None or kind == "f" and not (whole == array).all():
            raise ValueError(f"FeatureSpace: feature {name!r} takes {wanted}; {array.ravel()[:3].tolist()} came.")
        return whole

    def call(self, data: Any) -> Any:
        shapes = {name: static_shape(x) for name, x in data.items()}
        if len({len(shape) == 0 for shape in shapes.values()}) > 1:
            raise ValueError(f"FeatureSpace: single values and arrays came together, of shapes {shapes}.")
        single = not any(map(len, shapes.values()))
        encoded = self._encoded({name: _with_two_axes(x) for name, x in data.items()})
        if not single:
            return encoded
        first = lambda x: ops.squeeze(x, 0)
        return {name: first(x) for name, x in encoded.items()} if isinstance(encoded, dict) else first(encoded)

    def _encoded(self, columns, complete=False):
        if complete:
            self._complete()
        prepared = {name: self._prepared(name, columns[name]) for name in sorted(self.features)}
        crossed = {c.name: self.crossers[c.name]([prepared[n] for n in c.feature_names]) for c in self._sorted_crosses()}
        encoders = self.one_hot_encoders
        encoded = {name: encoders[name](x) if name in encoders else x for name, x in (prepared | crossed).items()}
        if self.output_mode == "dict":
            return encoded
        return self.concat(list(encoded.values())) if len(encoded) > 1 else next(iter(encoded.values()))

    def _prepared(self, name, x):
        feature = self.features[name]
        if dtypes.is_float_dtype(feature.dtype) and dtype_of(x) != feature.dtype:
            x = ops.cast(x, feature.dtype)
        x = self.preprocessors[name](x)
        if feature.output_mode == "one_hot" and dtypes.is_float_dtype(dtype_of(x)):
            raise ValueError(
                f"FeatureSpace: feature {name!r} has output_mode 'one_hot', so its layer must give whole numbers; "
                f"{dtype_of(x)} came."
            )
        return x

    # Saving

    def get_config(self) -> dict[str, Any]:
        return {name: value for name, value in super().get_config().items() if name in fields(type(self))}

    def get_build_config(self) -> dict[str, Any] | None:
        """What each feature's layer was built for."""
        return {name: layer.get_build_config() for name, layer in self.preprocessors.items()}

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Build the features' layers for what `get_build_config` noted."""
        for name, built_for in config.items():
            if not self.preprocessors[name].built:
                self.preprocessors[name].build_from_config(built_for)
        if all(map(_is_ready, self.preprocessors.values())):
            self._complete()

    def save(self, filepath: Path) -> None:
        """Save to a `.keras` file; `keras.models.load_model` reads it."""
        from kerata.saving import save_model

        save_model(self, filepath)

    def save_own_variables(self, store: dict[str, Any]) -> None:
        """Nothing to write: what was measured is the features' layers'."""

    def load_own_variables(self, store: dict[str, Any]) -> None:
        """Nothing to read."""


_KINDS = ("float", "float_rescaled", "float_normalized", "float_discretized", "integer_categorical", "string_categorical",
          "integer_hashed", "string_hashed")  # fmt: skip
_HASHED = ("integer_hashed", "string_hashed")


def _named(name, kind):
    return f"{name}_preprocessor" if name else auto_name(f"{kind}_preprocessor")


def _as_dict(data):
    """Rows as a dict of columns: of a tuple `(x, y)` the first part, of a `DataFrame` its columns.

    Raises: ValueError for other things.
    """
    if isinstance(data, (tuple, list)) and data and isinstance(data[0], dict):
        data = data[0]
    if hasattr(data, "columns") and hasattr(data, "to_numpy"):
        return {name: data[name].to_numpy() for name in data.columns}
    if not isinstance(data, dict):
        raise ValueError(f"FeatureSpace takes a dict from column name to values; {type(data).__name__} came.")
    return data


def _with_two_axes(x):
    rank = len(static_shape(x))
    return (
        x
        if rank > 1
        else x[..., None]
        if rank == 1
        else np.asarray(x)[None, None]
        if isinstance(x, np.generic)
        else x[None, None]
    )


def _is_given(layer):
    """Whether the layer was given what `adapt` finds."""
    inner = getattr(layer, "_lookup_layer", layer)
    boundaries = isinstance(layer, Discretization) and layer.num_bins is None
    return boundaries or getattr(inner, "_fixed", False) or getattr(layer, "input_mean", None) is not None


def _is_ready(layer):
    """Whether a layer has what it needs to know of the data."""
    if not hasattr(layer, "adapt") or _is_given(layer):
        return True
    if isinstance(layer, Discretization):
        return layer.bin_boundaries is not None
    if hasattr(layer, "vocabulary_size"):
        special = len(layer.get_vocabulary()) - len(layer.get_vocabulary(include_special_tokens=False))
        return layer.vocabulary_size() > special
    return layer.built


def _depth(name, feature):
    """How many categories a feature has.

    Raises: ValueError if its layer does not tell.
    """
    layer = feature.preprocessor
    if isinstance(layer, Discretization):
        boundaries: Any = layer.bin_boundaries
        return len(boundaries) + 1
    if hasattr(layer, "vocabulary_size"):
        return layer.vocabulary_size()
    count = getattr(layer, "num_bins", getattr(layer, "num_tokens", None))
    if not isinstance(count, int):
        raise ValueError(
            f"FeatureSpace: feature {name!r} has output_mode 'one_hot', but its layer {type(layer).__name__} does not tell how "
            "many categories there are, by vocabulary_size() or num_bins. Use a layer that does, or output_mode='float'."
        )
    return count
