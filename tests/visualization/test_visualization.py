"""Boxes, masks and galleries: pixels against arithmetic and the oracle, figures by what is in them, and what goes wrong."""

import sys
import warnings

import matplotlib
import numpy as np
import pytest
from PIL import Image

from kerata import ops, visualization
from kerata.utils import bounding_boxes
from kerata.visualization import pixels
from tests.oracle import keras

matplotlib.use("Agg")

GREY = np.full((2, 40, 60, 3), 100, "uint8")
BOXES = {
    "boxes": np.array([[[10.0, 12.0, 40.0, 30.0], [0, 0, 0, 0]], [[5.0, 20.0, 55.0, 35.0], [2, 2, 8, 9]]]),
    "labels": np.array([[0, -1], [1, 2]]),
}
NAMES = {0: "cat", 1: "dog", 2: "bird"}
MASKS = np.array([[[0, 1, 2], [3, 0, 1]]])
COLORS = {0: (1, 2, 3), 1: (255, 0, 0), 2: (0, 255, 0), 3: (0, 0, 255)}


def framed(shape, box, color, thickness):
    """A frame drawn by slices."""
    image = np.full(shape, 100, "uint8")
    left, top, right, bottom = box
    inner = image[top + thickness : bottom + 1 - thickness, left + thickness : right + 1 - thickness].copy()
    image[top : bottom + 1, left : right + 1] = color
    image[top + thickness : bottom + 1 - thickness, left + thickness : right + 1 - thickness] = inner
    return image


@pytest.mark.parametrize("thickness", [1, 3])
def test_boxes_are_frames(engine, thickness):
    boxes = {"boxes": ops.array(BOXES["boxes"]), "labels": BOXES["labels"]}
    found = visualization.draw_bounding_boxes(ops.array(GREY), boxes, "xyxy", color=(230, 159, 0), line_thickness=thickness)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found[0], framed((40, 60, 3), (10, 12, 40, 30), (230, 159, 0), thickness))
    expected = framed((40, 60, 3), (5, 20, 55, 35), (230, 159, 0), thickness)
    small = framed((40, 60, 3), (2, 2, 8, 9), (230, 159, 0), thickness)
    np.testing.assert_array_equal(found[1], np.where(small != 100, small, expected))


@pytest.mark.parametrize(
    "name", ["yxyx", "xywh", "center_xywh", "center_yxhw", "rel_xyxy", "rel_yxyx", "rel_xywh", "rel_center_xywh"]
)
def test_boxes_of_every_format(name):
    converted = bounding_boxes.convert_format(BOXES, "xyxy", name, height=40, width=60)
    expected = visualization.draw_bounding_boxes(GREY, BOXES, "xyxy")
    np.testing.assert_array_equal(visualization.draw_bounding_boxes(GREY, converted, name), expected)


def test_names_stand_above_boxes_and_inside_where_there_is_no_room():
    plain = visualization.draw_bounding_boxes(GREY, BOXES, "xyxy", color=(0, 0, 200))
    named = visualization.draw_bounding_boxes(GREY, BOXES, "xyxy", NAMES, color=(0, 0, 200))
    sure = visualization.draw_bounding_boxes(
        GREY, BOXES | {"confidences": np.full((2, 2), 0.5)}, "xyxy", NAMES, color=(0, 0, 200)
    )
    rows = np.flatnonzero((named[0] != plain[0]).any((1, 2)))
    assert 0 <= rows.min() and rows.max() < 12 and (named[0, rows.min(), 10] == (0, 0, 200)).all()
    assert (named[0] > 150).all(-1).sum() > 5  # bright letters on the dark blue
    wider = lambda image: np.flatnonzero((image != plain[0]).any((0, 2))).max()
    assert wider(sure[0]) > wider(named[0])
    top = np.flatnonzero((named[1, :, :8] != plain[1, :, :8]).any((1, 2)))
    assert top.min() >= 2  # the box at the top edge has its name inside


def test_names_that_are_missing_are_not_written():
    np.testing.assert_array_equal(
        visualization.draw_bounding_boxes(GREY, BOXES, "xyxy", {7: "cow"}),
        visualization.draw_bounding_boxes(GREY, BOXES, "xyxy"),
    )


def test_boxes_beyond_the_image_and_boxes_that_are_none():
    boxes = {"boxes": [[[-9, -9, 99, 99], [np.nan, 0, 4, 4], [30, 30, 10, 10]]] * 2, "labels": np.zeros((2, 3), int)}
    np.testing.assert_array_equal(visualization.draw_bounding_boxes(GREY, boxes, "xyxy"), GREY)


@pytest.mark.parametrize("channels", [1, 4])
def test_grey_images_and_images_with_opacity(channels):
    images = np.full((2, 40, 60, channels), 100, "uint8")
    found = visualization.draw_bounding_boxes(images, BOXES, "xyxy", color=(255, 0, 0))
    assert found.shape == images.shape
    assert found[0, 12, 20].tolist() == ([76] if channels == 1 else [255, 0, 0, 100])
    masks = np.zeros((2, 40, 60), int)
    masks[0, 0, 0] = 1
    found = visualization.draw_segmentation_masks(images, masks, color_mapping={1: (255, 0, 0)}, blend=False)
    assert found[0, 0, 0].tolist() == ([76] if channels == 1 else [255, 0, 0, 100]) and found[0, 0, 1, 0] == 100


def test_channels_first():
    turned = GREY.transpose(0, 3, 1, 2)
    found = visualization.draw_bounding_boxes(turned, BOXES, "xyxy", NAMES, data_format="channels_first")
    expected = visualization.draw_bounding_boxes(GREY, BOXES, "xyxy", NAMES)
    np.testing.assert_array_equal(found.transpose(0, 2, 3, 1), expected)
    masks = np.arange(2 * 40 * 60).reshape(2, 40, 60) % 4
    found = visualization.draw_segmentation_masks(turned, masks[:, None], data_format="channels_first")
    np.testing.assert_array_equal(found.transpose(0, 2, 3, 1), visualization.draw_segmentation_masks(GREY, masks))


@pytest.mark.parametrize(
    "options", [{}, {"alpha": 0.5}, {"alpha": 0.3, "ignore_index": 1}, {"blend": False}, {"ignore_index": 0}]
)
def test_masks_are_the_oracles(engine, options):
    images = np.random.default_rng(0).integers(0, 256, (1, 2, 3, 3)).astype("uint8")
    found = visualization.draw_segmentation_masks(ops.array(images), ops.array(MASKS), 4, COLORS, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = keras().visualization.draw_segmentation_masks(images, MASKS[..., None], 4, COLORS, **options)
    np.testing.assert_array_equal(found, np.asarray(expected).astype("uint8"))


def test_masks_by_arithmetic():
    images = np.full((1, 2, 3, 3), 100.0)
    found = visualization.draw_segmentation_masks(images, MASKS[..., None], alpha=0.5)
    expected = images.copy()
    for number, color in enumerate(pixels.OKABE_ITO[:3], start=1):
        expected[MASKS == number] = (100 + np.array(color)) // 2
    np.testing.assert_array_equal(found, expected)
    fewer = visualization.draw_segmentation_masks(images, MASKS, num_classes=1, blend=False)
    assert fewer[0, 0].tolist() == [[100] * 3, list(pixels.OKABE_ITO[0]), [100] * 3]


def test_colours_of_many_classes_differ():
    colors = np.array(pixels.palette(20), float)
    distances = np.linalg.norm(colors[:, None] - colors, axis=-1) + 999 * np.eye(20)
    assert distances.min() > 25 and colors.min() >= 0 and colors.max() <= 255


def test_okabe_and_itos_colours_differ_for_the_colour_blind():
    """With red-green vision collapsed (Viénot, Brettel and Mollon 1999) each pair of them still differs."""
    linear = (np.array(pixels.OKABE_ITO) / 255) ** 2.2
    deuteranope = np.array([[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]])
    seen = 255 * np.clip(linear @ deuteranope.T, 0, 1) ** (1 / 2.2)
    distances = np.linalg.norm(seen[:, None] - seen, axis=-1) + 999 * np.eye(len(seen))
    assert distances.min() > 25


def test_galleries_have_a_place_for_each_image():
    images = np.zeros((5, 8, 12, 3), "uint8")
    for options, grid in (({}, (2, 3)), ({"rows": 1}, (1, 5)), ({"cols": 2}, (3, 2)), ({"rows": 2, "cols": 2}, (2, 2))):
        figure = visualization.plot_image_gallery(images, show=False, **options)
        places = figure.axes[0].get_gridspec()
        assert (places.nrows, places.ncols) == grid
        assert sum(bool(axes.images) for axes in figure.axes) == min(5, grid[0] * grid[1])
    wide, high = visualization.plot_image_gallery(images[:1], scale=3, show=False).get_size_inches()
    assert 3 < wide < 3.3 and 2 < high < 2.3


def test_galleries_show_what_they_are_given():
    images = np.random.default_rng(0).uniform(-1, 1, (2, 6, 6, 3))
    figure = visualization.plot_image_gallery(images, value_range=(-1, 1), show=False)
    np.testing.assert_array_equal(figure.axes[1].images[0].get_array(), np.round((images[1] + 1) * 127.5).astype("uint8"))
    grey = visualization.plot_image_gallery(images[..., :1], value_range=(-1, 1), show=False).axes[0].images[0]
    assert grey.get_array().shape == (6, 6) and grey.get_clim() == (0, 255)


def test_titles_tell_right_and_wrong_labels(engine):
    labels, guesses = ops.array([0, 1]), ops.array([[0], [2]])
    figure = visualization.plot_image_gallery(GREY, labels, guesses, NAMES, show=False)
    titles = [axes.title for axes in figure.axes]
    assert [t.get_text() for t in titles] == ["true: cat\npredicted: cat", "true: dog\npredicted: bird"]
    assert titles[0].get_color() != titles[1].get_color()
    alone = visualization.plot_image_gallery(GREY, y_pred=guesses, label_map=NAMES, show=False)
    assert [axes.get_title() for axes in alone.axes] == ["cat", "bird"]


def test_galleries_are_saved(tmp_path):
    path = tmp_path / "gallery.png"
    figure = visualization.plot_image_gallery(GREY, path=path, dpi=50, transparent=False)
    with Image.open(path) as picture:
        assert picture.size == tuple(int(50 * x) for x in figure.get_size_inches())
        assert np.asarray(picture)[..., 3].min() == 255


def test_galleries_are_shown(monkeypatch):
    from matplotlib import pyplot

    shown = []
    monkeypatch.setattr(pyplot, "show", lambda: shown.append(pyplot.gcf()))
    assert visualization.plot_image_gallery(GREY) is None
    assert visualization.plot_bounding_box_gallery(GREY, "xyxy", BOXES, show=True) is None
    assert len(shown) == 2 and len(shown[0].axes) == 2
    pyplot.close("all")


def test_box_galleries_have_both_kinds_of_boxes():
    predicted = {"boxes": BOXES["boxes"] + 1, "labels": BOXES["labels"], "confidences": np.ones((2, 2))}
    figure = visualization.plot_bounding_box_gallery(
        GREY / 255.0,
        "xyxy",
        BOXES,
        predicted,
        (0, 1),
        class_mapping=NAMES,
        prediction_mapping={0: "lion"},
        legend=True,
        show=False,
    )
    image = figure.axes[0].images[0].get_array()
    assert max(image.shape) >= 256
    for color in ((0, 188, 212), (255, 235, 59)):
        assert (image == color).all(-1).sum() > 100
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["Ground truth", "Prediction"]
    alone = visualization.plot_bounding_box_gallery(GREY, "xyxy", y_pred=predicted, legend=True, rows=2, show=False)
    assert [text.get_text() for text in alone.legends[0].get_texts()] == ["Prediction"]


def test_mask_galleries_stand_beside_the_images():
    masks = np.zeros((2, 40, 60), int)
    masks[:, 5:15, 5:15] = 1
    figure = visualization.plot_segmentation_mask_gallery(GREY, 1, y_true=masks, y_pred=1 - masks, alpha=1.0, show=False)
    image = np.asarray(figure.axes[0].images[0].get_array())
    assert image.shape == (40, 3 * 60 + 2 * 2, 3)
    np.testing.assert_array_equal(image[:, :60], GREY[0])
    orange = (image == pixels.OKABE_ITO[0]).all(-1)
    np.testing.assert_array_equal(orange[:, 62:122], masks[0] == 1)
    np.testing.assert_array_equal(orange[:, 124:], masks[0] == 0)
    assert figure.axes[0].get_title() == "image | truth | prediction"


def draw(images=GREY, boxes=BOXES, name="xyxy", **options):
    return lambda: visualization.draw_bounding_boxes(images, boxes, name, **options)


def mask(images=GREY, masks=None, **options):
    given = np.ones((2, 40, 60), int) if masks is None else masks
    return lambda: visualization.draw_segmentation_masks(images, given, **options)


def show(images=GREY, **options):
    return lambda: visualization.plot_image_gallery(images, **({"show": False} | options))


@pytest.mark.parametrize(
    "call, error, message",
    [
        (draw(GREY[0]), ValueError, "Add the batch axis"),
        (draw(GREY[..., :2]), ValueError, "1, 3 or 4 channels; 2 came"),
        (draw(boxes=[[0, 0, 1, 1]]), TypeError, "dict with 'boxes' and 'labels'; list came"),
        (draw(boxes={"boxes": BOXES["boxes"]}), ValueError, "lacks 'labels'"),
        (draw(boxes=BOXES | {"labels": np.zeros((2, 3))}), ValueError, "one of 'labels' for each box"),
        (draw(boxes={"boxes": BOXES["boxes"][0], "labels": [[0, 0]]}), ValueError, "shape \\(batch, n, 4\\)"),
        (draw(name="xxyy"), ValueError, "no bounding box format 'xxyy'"),
        (draw(color=(0, 0, 300)), ValueError, "three numbers from 0 to 255"),
        (draw(line_thickness=0), ValueError, "at least 1"),
        (mask(masks=np.ones((2, 40, 60))), TypeError, "integers, the classes of pixels; float64 came"),
        (mask(masks=np.ones((2, 4, 6), int)), ValueError, "\\(2, 40, 60\\); \\(2, 4, 6\\) came"),
        (mask(alpha=1.5), ValueError, "from 0 to 1; 1.5 came"),
        (mask(color_mapping={2: (0, 0, 0)}), ValueError, "no colour for class 1"),
        (show(GREY[0]), ValueError, "Add the batch axis"),
        (show(GREY[:0]), ValueError, "batch is empty"),
        (show(rows=0), ValueError, "rows and cols must be positive"),
        (show(y_true=[0, 1]), ValueError, "label_map"),
        (show(y_true=[0, 9], label_map=NAMES), ValueError, "no name for 9"),
        (show(y_pred=[0], label_map=NAMES), ValueError, "1 labels for 2 images"),
        (show(path="x.png", show=True), ValueError, "either saved, path=..., or shown"),
        (show(value_range=(1, 0)), ValueError, "smaller and a larger"),
        (
            lambda: visualization.plot_bounding_box_gallery(GREY, "xyxy", BOXES, legend=True, legend_handles=[]),
            ValueError,
            "not both",
        ),
        (lambda: visualization.plot_segmentation_mask_gallery(GREY, 1, shows=False), TypeError, "no argument 'shows'"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_what_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match="pip install matplotlib"):
        visualization.plot_image_gallery(GREY, show=False)
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImportError, match="pip install pillow"):
        visualization.draw_bounding_boxes(GREY, BOXES, "xyxy")
