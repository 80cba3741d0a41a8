"""Constraints on weights, applied after each update."""

from kerata.constraints.constraints import (
    Constraint as Constraint,
    MaxNorm as MaxNorm,
    MaxNorm as max_norm,
    MinMaxNorm as MinMaxNorm,
    MinMaxNorm as min_max_norm,
    NonNeg as NonNeg,
    NonNeg as non_neg,
    UnitNorm as UnitNorm,
    UnitNorm as unit_norm,
)
from kerata.constraints.lookup import deserialize as deserialize, get as get, serialize as serialize
