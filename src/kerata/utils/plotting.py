"""`plot_model` and `model_to_dot`: a model as a picture."""

import pathlib
import shutil
import subprocess
import sys
from typing import Any

from kerata.core import suggestions
from kerata.utils import diagram_drawing
from kerata.utils.model_diagram import diagram_of

_DIRECTIONS = ("TB", "BT", "LR", "RL")
_DRAWN = (".svg", ".png", ".jpg", ".jpeg", ".webp")


class Dot:
    """A model's diagram, with the methods of pydot's graphs that programs use.

    Args:
        diagram: the boxes and lines, with their places.
        rankdir, dpi, splines: for Graphviz.
        name: the graph's.
    """

    def __init__(self, diagram, rankdir, dpi, splines, name):
        self.diagram, self.rankdir, self.dpi, self.splines, self.name = diagram, rankdir, dpi, splines, name

    def to_string(self):
        """The graph in Graphviz's language."""
        return diagram_drawing.to_dot(self.diagram, self.rankdir, self.dpi, self.splines, self.name)

    __str__ = to_string

    def create_svg(self):
        """The bytes of an SVG file, drawn by kerata."""
        return diagram_drawing.to_svg(self.diagram).encode()

    def write(self, path, format=None):
        """Write a file: SVG and pictures are drawn by kerata, `.dot` is text, and for the rest Graphviz's `dot` is asked.

        Raises: ValueError for another ending if `dot` is not installed.
        """
        path = pathlib.Path(path)
        ending = f".{format}" if format else path.suffix.lower()
        if ending == ".svg":
            path.write_bytes(self.create_svg())
        elif ending in _DRAWN:
            diagram_drawing.to_image(self.diagram, self.dpi).save(path, dpi=(self.dpi, self.dpi))
        elif ending in (".dot", ".gv"):
            path.write_text(self.to_string(), "utf-8")
        elif shutil.which("dot"):
            command = ["dot", f"-T{ending.lstrip('.')}", "-o", str(path)]
            subprocess.run(command, input=self.to_string().encode(), check=True, capture_output=True)
        else:
            raise ValueError(
                f"{str(path)!r}: {', '.join(_DRAWN)} and .dot can be written; other kinds of files need Graphviz's dot, which is "
                "not installed."
            )


def model_to_dot(
    model: Any,
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    subgraph: bool = False,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
    **kwargs: Any,
) -> Any:
    """A model's diagram: `to_string()` gives it in Graphviz's language, `write("model.svg")` draws it.

    Args:
        subgraph: only False; nested models are groups inside the one diagram.

    The other arguments are those of `plot_model`.

    Raises: ValueError for a model that is not built, another direction, or `subgraph=True`; TypeError for arguments by other
    names.

    >>> import kerata
    >>> model = kerata.Sequential([kerata.Input((3,)), kerata.layers.Dense(2, name="d")])
    >>> '"d" [label="d (Dense)"]' in model_to_dot(model).to_string()
    True
    """
    suggestions.refuse(model_to_dot, kwargs)
    if subgraph:
        raise ValueError("model_to_dot(subgraph=True) is not available: a model's diagram is whole. Leave it out.")
    if rankdir not in _DIRECTIONS:
        raise ValueError(f"rankdir is one of {', '.join(_DIRECTIONS)}; {rankdir!r} came.")
    if not getattr(model, "built", False):
        raise ValueError(
            f"The model {model.name!r} is not built yet, so it has no graph: call it on data or build(shape) first."
        )
    options = {
        "show_shapes": show_shapes,
        "show_dtype": show_dtype,
        "show_layer_names": show_layer_names,
        "rankdir": rankdir,
        "expand_nested": expand_nested,
        "show_layer_activations": show_layer_activations,
        "show_trainable": show_trainable,
    }
    return Dot(diagram_of(model, options), rankdir, dpi, splines, model.name)


def plot_model(
    model: Any,
    to_file: str = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
    **kwargs: Any,
) -> Any:
    """Draw a model. Graphviz is not needed.

    Args:
        model: a built model.
        to_file: `.svg`, `.png`, `.jpg`, `.webp` (pictures by Pillow), `.dot`, or what Graphviz writes if it is installed.
        show_shapes: whether the shapes of inputs and outputs are told.
        show_dtype: whether the outputs' dtypes are told.
        show_layer_names: whether the layers' names are told, beside their classes.
        rankdir: "TB" (from top to bottom), "BT", "LR" or "RL".
        expand_nested: whether the layers of models inside are drawn, in a frame.
        dpi: dots an inch of pictures.
        show_layer_activations: whether activations are told.
        show_trainable: whether it is told which layers are trained.
        splines: how Graphviz draws lines.

    Returns: in a notebook, the picture; else None.

    Raises: ValueError for a model that is not built, another direction or an ending that can't be written; TypeError for
    arguments by other names.

    >>> import kerata, pathlib, tempfile
    >>> model = kerata.Sequential([kerata.layers.Input((2,)), kerata.layers.Dense(1)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     plot_model(model, folder + "/model.svg", show_shapes=True)
    ...     "Dense" in pathlib.Path(folder, "model.svg").read_text()
    True
    """
    suggestions.refuse(plot_model, kwargs)
    dot = model_to_dot(
        model,
        show_shapes,
        show_dtype,
        show_layer_names,
        rankdir,
        expand_nested,
        dpi,
        show_layer_activations=show_layer_activations,
        show_trainable=show_trainable,
        splines=splines,
    )
    dot.write(to_file)
    return _shown_in_notebook(to_file)


def _shown_in_notebook(path):
    if "IPython" not in sys.modules:
        return None
    from IPython import display

    if str(path).endswith(".svg"):
        return display.SVG(filename=str(path))
    return display.Image(filename=str(path)) if pathlib.Path(path).suffix.lower() in (".png", ".jpg", ".jpeg") else None
