"""Images side by side in a figure, by matplotlib."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerata.core.arrays import to_numpy
from kerata.core.types import Path, TensorLike
from kerata.visualization import pixels

_RIGHT, _WRONG = "#0072b2", "#d55e00"  # blue and vermillion, which all can tell apart
_TITLE_ROOM = 0.16  # inches for a line above an image


def plot_image_gallery(
    images: TensorLike,
    y_true: TensorLike = None,
    y_pred: TensorLike = None,
    label_map: Any = None,
    rows: Any = None,
    cols: Any = None,
    value_range: Sequence[float] = (0, 255),
    scale: Any = 2,
    path: Path | None = None,
    show: Any = None,
    transparent: bool = True,
    dpi: int = 60,
    legend_handles: Any = None,
    data_format: str | None = None,
) -> Any:
    """Show images side by side, or save them as one picture.

    Args:
        images: (batch, height, width, channels), of 1, 3 or 4 channels.
        y_true: labels, (batch,), written above the images.
        y_pred: predicted labels, likewise; in blue where they are right, in vermillion where they are wrong.
        label_map: a dict from label to name.
        rows, cols: of the gallery; as near to a square as may be if None. Images beyond `rows * cols` are left out.
        value_range: the values of black and white.
        scale: the longer side of an image, in inches.
        path: the picture's file. None shows the figure.
        show: whether the figure is shown; True unless there is a path.
        transparent: whether the ground of the file is transparent.
        dpi: dots an inch of the file.
        legend_handles: matplotlib's, of a legend below.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.

    Returns: the matplotlib figure if it is not shown, else None.

    Raises: ValueError for images that are no batch, labels without names, both a path and `show=True`; ImportError without
    matplotlib.

    >>> import numpy as np
    >>> figure = plot_image_gallery(np.zeros((5, 8, 8, 3)), y_true=np.arange(5), label_map=dict(enumerate("abcde")), show=False)
    >>> [axes.get_title() for axes in figure.axes][:2]
    ['a', 'b']
    """
    array = pixels.as_bytes(pixels.batch_of(images, data_format, "plot_image_gallery"), value_range)
    titles = _titles(len(array), y_true, y_pred, label_map)
    return gallery(array, titles, rows, cols, scale, path, show, transparent, dpi, legend_handles)


def gallery(array, titles, rows, cols, scale, path, show, transparent, dpi, legend_handles):
    """The same for bytes, and titles that are lists of pairs of text and colour."""
    if path is not None and show:
        raise ValueError("A gallery is either saved, path=..., or shown, show=True; both came.")
    show = path is None if show is None else show
    rows, cols = _grid(len(array), rows, cols)
    figure = _figure(array, titles, rows, cols, scale, legend_handles, show)
    if path is not None:
        figure.savefig(path, dpi=dpi, transparent=transparent)
    if not show:
        return figure
    from matplotlib import pyplot

    pyplot.show()
    return None


def _grid(count, rows, cols):
    """Raises: ValueError for numbers that are not positive, or no images."""
    if not count:
        raise ValueError("There are no images to show: the batch is empty.")
    if any(n is not None and n < 1 for n in (rows, cols)):
        raise ValueError(f"rows and cols must be positive; {rows} and {cols} came.")
    if cols is None:
        cols = math.ceil(math.sqrt(count)) if rows is None else math.ceil(count / rows)
    return math.ceil(count / cols) if rows is None else rows, cols


def _figure(array, titles, rows, cols, scale, legend_handles, show):
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ImportError("Galleries are drawn by matplotlib: pip install matplotlib (or kerata[plots]).") from None
    height, width = array.shape[1:3]
    inch = scale / max(height, width)
    lines = max((len(title) for title in titles), default=0)
    size = (cols * (width * inch + 0.08), rows * (height * inch + 0.08 + lines * _TITLE_ROOM))
    if show:
        from matplotlib import pyplot

        figure = pyplot.figure(figsize=size, layout="constrained")
    else:
        figure = Figure(figsize=size, layout="constrained")
    layout: Any = figure.get_layout_engine()
    layout.set(w_pad=0.04, h_pad=0.02, wspace=0, hspace=0)
    for i, axes in enumerate(np.ravel(figure.subplots(rows, cols, squeeze=False))):
        axes.set_axis_off()
        if i < len(array):
            image = array[i, ..., 0] if array.shape[-1] == 1 else array[i]
            axes.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
            _entitle(axes, titles[i] if i < len(titles) else [])
    if legend_handles:
        figure.legend(handles=legend_handles, loc="outside lower center", ncols=min(len(legend_handles), 4), frameon=False)
    return figure


def _entitle(axes, title):
    """The title's lines, each in its colour."""
    text = "\n".join(line for line, _ in title)
    colors = {color for _, color in title}
    axes.set_title(text, fontsize=8, pad=2, color=_WRONG if _WRONG in colors else _RIGHT if _RIGHT in colors else "black")


def _titles(count, y_true, y_pred, label_map):
    """For each image the lines above it, as pairs of text and colour."""
    if y_true is None and y_pred is None:
        return []
    if label_map is None:
        raise ValueError("plot_image_gallery: with y_true or y_pred a label_map, from label to name, must be given.")
    truth, guesses = (_labels(count, y, name) for y, name in ((y_true, "y_true"), (y_pred, "y_pred")))
    name = lambda label: _name(label, label_map)
    if guesses is None:
        return [[(name(label), "black")] for label in truth]
    if truth is None:
        return [[(name(label), "black")] for label in guesses]
    colors = [_RIGHT if t == p else _WRONG for t, p in zip(truth, guesses)]
    return [[(f"true: {name(t)}", "black"), (f"predicted: {name(p)}", c)] for t, p, c in zip(truth, guesses, colors)]


def _labels(count, given, name):
    if given is None:
        return None
    labels = np.asarray(to_numpy(given)).reshape(-1)
    if len(labels) != count:
        raise ValueError(f"plot_image_gallery: {name} has {len(labels)} labels for {count} images.")
    return labels.tolist()


def _name(label, label_map):
    if label not in label_map:
        raise ValueError(f"plot_image_gallery: label_map has no name for {label!r}; it has names for {sorted(label_map)}.")
    return str(label_map[label])
