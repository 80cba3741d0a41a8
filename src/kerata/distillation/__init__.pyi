"""Distillation: small models that learn from what a large one has learnt."""

from kerata.distillation.distiller import Distiller as Distiller
from kerata.distillation.strategies import (
    DistillationLoss as DistillationLoss,
    FeatureDistillation as FeatureDistillation,
    LogitsDistillation as LogitsDistillation,
)
