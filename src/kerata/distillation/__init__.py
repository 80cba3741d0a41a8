"""Distillation: small models that learn from what a large one has learnt."""

from kerata.distillation.distiller import Distiller
from kerata.distillation.strategies import DistillationLoss, FeatureDistillation, LogitsDistillation

__all__ = ["DistillationLoss", "Distiller", "FeatureDistillation", "LogitsDistillation"]
