"""Draws on the engine, and the seeds that they come from."""

from kerata.core.seeds import SeedGenerator as SeedGenerator
from kerata.ops.random import (
    beta as beta,
    binomial as binomial,
    categorical as categorical,
    dropout as dropout,
    gamma as gamma,
    normal as normal,
    randint as randint,
    shuffle as shuffle,
    truncated_normal as truncated_normal,
    uniform as uniform,
)
