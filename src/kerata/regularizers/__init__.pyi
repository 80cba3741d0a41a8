"""Penalties on weights and outputs."""

from kerata.regularizers.lookup import deserialize as deserialize, get as get, serialize as serialize
from kerata.regularizers.regularizers import (
    L1 as L1,
    L1L2 as L1L2,
    L2 as L2,
    OrthogonalRegularizer as OrthogonalRegularizer,
    Regularizer as Regularizer,
)

l1 = L1
l1_l2 = L1L2
l2 = L2
orthogonal_regularizer = OrthogonalRegularizer
