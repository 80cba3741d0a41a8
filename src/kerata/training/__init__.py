"""The trainer: `compile`, `fit`, `evaluate`, `predict`; the loop, the data and the compiled losses and metrics."""
