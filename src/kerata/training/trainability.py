"""Which layers a model trains: those that were trainable when it was compiled.

That is Keras's rule: `compile` settles how a model trains, and a change of `trainable` counts from the next `compile` on.
Programs rely on it: one that trains a network against another freezes the one inside the model of both, and goes on to train
it alone as it was compiled (Goodfellow et al. 2014, arXiv:1406.2661).
"""

import contextlib

from kerata.engines.warning import warn


class Trainability:
    """What was trainable when a model was compiled. Layers made since then follow their own attribute."""

    def __init__(self, model):
        self._flags = [(layer, layer._trainable) for layer in model._flatten_layers()]
        self._told = False

    def changed(self):
        """The layers whose `trainable` is another now."""
        return [layer for layer, flag in self._flags if layer._trainable is not flag]

    @contextlib.contextmanager
    def in_force(self):
        """Inside, `trainable` is what it was when the model was compiled."""
        changed = [(layer, layer._trainable) for layer in self.changed()]
        for layer, now in changed:
            vars(layer)["_trainable"] = not now
        try:
            yield
        finally:
            for layer, now in changed:
                vars(layer)["_trainable"] = now

    def tell(self, model):
        """Warn once if weights look trainable that are not trained, or the reverse."""
        if self._told or not self.changed():
            return
        looks = {id(v): v for v in model.trainable_variables}
        with self.in_force():
            trained = {id(v): v for v in model.trainable_variables}
        for some, others, looking, doing in (
            (looks, trained, "trainable", "are not trained"),
            (trained, looks, "frozen", "are trained"),
        ):
            paths = [v.path for key, v in some.items() if key not in others]
            if paths:
                self._told = True
                shown = ", ".join(map(repr, paths[:4])) + (f" and {len(paths) - 4} more" if len(paths) > 4 else "")
                warn(
                    f"Weights of {model.name!r} look {looking} but {doing}: {shown}. `trainable` was changed after compile(), and "
                    "counts from the next compile() on. Call compile() again if that is what you want."
                )
