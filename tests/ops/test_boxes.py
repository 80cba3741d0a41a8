"""Bounding boxes: the oracle's numbers."""

import inspect

import numpy as np
import pytest

import kerata
from kerata.ops.boxes import FORMATS
from kerata.utils import bounding_boxes as mine

from ..oracle import keras

RNG = np.random.default_rng(0)


def boxes(count):
    corner = RNG.uniform(0, 5, (2, count, 2))
    return np.concatenate([corner, corner + RNG.uniform(0.5, 4, (2, count, 2))], -1).astype("float32")


A, B = boxes(3), boxes(4)


def theirs():
    return keras().utils.bounding_boxes


def close(found, expected, engine):
    np.testing.assert_allclose(engine.to_numpy(found), np.asarray(expected), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("source", ["xyxy", "center_yxhw", "rel_xywh"])
def test_convert_format(source, engine):
    for target in FORMATS:
        close(mine.convert_format(A, source, target, 8, 10), theirs().convert_format(A, source, target, 8, 10), engine)


def test_overlap(engine):
    close(mine.compute_iou(A, B, "xyxy"), theirs().compute_iou(A, B, "xyxy"), engine)
    none = np.concatenate([B[:, :2], -np.ones((2, 1, 4), "float32")], 1)
    close(mine.compute_iou(A, none, "xyxy", True), theirs().compute_iou(A, none, "xyxy", True), engine)
    close(mine.compute_ciou(A, B[:, :3], "xyxy"), theirs().compute_ciou(A, B[:, :3], "xyxy"), engine)


def test_clip(engine):
    given = {"boxes": A * 1.5, "labels": np.arange(6).reshape(2, 3)}
    found, expected = (m.clip_to_image_size(given, 8, 10, "xyxy") for m in (mine, theirs()))
    close(found["boxes"], expected["boxes"], engine)
    close(found["labels"], expected["labels"], engine)
    outside = mine.clip_to_image_size(given | {"boxes": A - 20}, 8, 10)
    assert (engine.to_numpy(outside["labels"]) == -1).all()
    close(outside["boxes"], theirs().clip_to_image_size(given | {"boxes": A - 20}, 8, 10)["boxes"], engine)


@pytest.mark.parametrize("dtype", ["int32", "float16", "float32"])
def test_clipped_boxes_keep_their_dtype(engine, dtype):
    boxes = {"boxes": np.array([[0, 0, 150, 120], [50, 40, 70, 80]], dtype), "labels": np.array([0, 1])}
    clipped = mine.clip_to_image_size(boxes, height=100, width=120)["boxes"]
    assert kerata.ops.dtype(clipped) == dtype
    assert engine.to_numpy(clipped).tolist() == [[0, 0, 120, 100], [50, 40, 70, 80]]
    centred = mine.clip_to_image_size({"boxes": np.array([[5, 5, 3, 3]], dtype)}, 10, 10, "center_xywh")["boxes"]
    assert engine.to_numpy(centred).tolist() == [[5, 5, 3, 3]]


def test_encoding(engine):
    for kind in ("center_xywh", "center_yxhw"):
        variance = [0.1, 0.1, 0.2, 0.2]
        deltas = mine.encode_box_to_deltas(A, B[:, :3], "xyxy", "xyxy", kind, variance)
        close(deltas, theirs().encode_box_to_deltas(A, B[:, :3], "xyxy", "xyxy", kind, variance), engine)
        close(mine.decode_deltas_to_boxes(A, deltas, "xyxy", "xyxy", kind, variance), B[:, :3], engine)


def test_crop_and_pad(engine):
    close(mine.crop(A, 1, 2, 4, 5), np.clip(A - [2, 1, 2, 1], 0, [5, 4, 5, 4]), engine)
    close(mine.pad(A, 1, 2), A + [2, 1, 2, 1], engine)


def test_affine_transform(engine):
    """A quarter turn of a square image of 11 pixels moves (x, y) to (y, 10 - x); otherwise it is the oracle's."""
    pair = lambda *values: [np.array([value] * 2, "float32") for value in values]
    left, top, right, bottom = np.split(A, 4, -1)
    expected = np.concatenate([top, 10 - right, bottom, 10 - left], -1)
    close(mine.affine_transform(A, *pair(90.0, 0.0, 0.0, 1.0, 0.0, 0.0), 11, 11), expected, engine)
    for numbers in (pair(30.0, 0.1, -0.2, 1.5, 10.0, 20.0), pair(0.0, 0.3, 0.0, 1.0, 0.0, 15.0)):
        for center in ({}, {"center_x": 0.25, "center_y": 0.1}):
            expected = theirs().affine_transform(A, *numbers, 8, 10, **center)
            close(mine.affine_transform(A, *numbers, 8, 10, **center), expected, engine)
            close(mine.affine_transform(A[0], *[n[:1] for n in numbers], 8, 10, **center), np.asarray(expected)[0], engine)


def test_signatures():
    for name in mine.__all__:
        wanted = inspect.signature(getattr(theirs(), name)).parameters.values()
        assert [(p.name, p.default) for p in inspect.signature(getattr(mine, name)).parameters.values()] == [
            (p.name, p.default) for p in wanted
        ]


def test_errors():
    with pytest.raises(ValueError, match="There is no bounding box format 'x'"):
        mine.convert_format(A, "x", "xyxy")
    with pytest.raises(ValueError, match="height and width of the image are needed"):
        mine.convert_format(A, "rel_xyxy", "xyxy")
    with pytest.raises(ValueError, match="4 numbers in their last axis"):
        mine.convert_format(A[..., :3], "xyxy", "xywh")
    with pytest.raises(ValueError, match="encoded as 'center_xywh' or 'center_yxhw'; 'xyxy' came"):
        mine.encode_box_to_deltas(A, A, "xyxy", "xyxy", "xyxy")
