"""Imports inside functions, by reason. The test fails for one that is not here, and for one that is gone: the list may only shrink."""

REASONS = {
    "a library that most programs do without, loaded when it is first needed": """
        callbacks/orbax_files.py: name
        callbacks/progress.py: rich.progress
        compat/report.py: rich.console
        compat/report.py: rich.table
        engines/__init__.py: module
        engines/base.py: ml_dtypes
        engines/tensorflow/library.py: tensorflow.python.autograph.core
        layers/foreign_jax.py: flax.core
        saving/file_editor.py: h5py
        saving/file_editor.py: rich.console
        saving/file_editor.py: rich.text
        saving/file_editor.py: rich.tree
        utils/diagram_drawing.py: PIL
        utils/folder_datasets.py: scipy.signal
        utils/images.py: PIL
        utils/plotting.py: IPython
        visualization/bounding_boxes.py: PIL
        visualization/box_gallery.py: matplotlib.patches
        visualization/galleries.py: matplotlib
        visualization/galleries.py: matplotlib.figure
    """,
    "a part of kerata that most programs do without, loaded when it is first needed": """
        callbacks/callback.py: kerata.callbacks.progress
        engines/jax/engine.py: kerata.engines.jax
        cli/demo.py: kerata
        cli/demo.py: kerata.layers
        engines/tensorflow/engine.py: kerata.engines.tensorflow.data
        engines/tensorflow/engine.py: kerata.engines.tensorflow.saved
        layers/quantization/quantizable.py: f'kerata.layers.quantization.{module}'
        models/model.py: kerata.models.quantization
        models/model.py: kerata.models.summary
    """,
    "names that are looked up: a namespace's own, and those of other Kerases": """
        compat/alias.py: f'{self.__name__}.{name}'
        compat/alias.py: tensorflow.keras
        compat/generations.py: f'kerata.{namespace}'.strip('.')
        compat/generations.py: home
        core/lazy.py: f'{home}.{original}'
        core/lazy.py: home
        core/registry.py: f'kerata.{namespace}'
        core/registry.py: home
    """,
    "two files that need each other": """
        core/config.py: kerata.core
        core/config.py: kerata.core.policies
        core/graph.py: kerata.core.remat
        core/policies.py: kerata.core
        core/policies.py: kerata.core.serialization
        layers/layer.py: kerata.layers.foreign
        models/model.py: kerata.models.functional
    """,
    "up the house, for convenience: operators are ops, names are initializers, old names are found, `adapt` reads what `fit` does": """
        core/configurable.py: kerata.compat.translate
        core/operators.py: kerata.ops
        core/variable.py: kerata.initializers
        layers/preprocessing/base.py: kerata.training.data
        layers/preprocessing/feature_space.py: kerata.saving
        training/trainer.py: kerata.compat.translate
    """,
    "up the house: TensorFlow's functions learn of kerata's variables, and its kernel falls back on the op's body": """
        engines/tensorflow/engine.py: kerata.core.variable
        engines/tensorflow/kernels.py: kerata.core.op
    """,
}
KNOWN = {line.strip() for lines in REASONS.values() for line in lines.strip().splitlines()}
