"""Edges of a diagram keep clear of the boxes that they do not join."""

import itertools

from kerata.utils.diagram_layout import Box, place


def crosses(segment, box):
    """Whether a segment goes through the inside of a box, sampled closely."""
    (x0, y0), (x1, y1) = segment
    for share in (i / 400 for i in range(401)):
        x, y = x0 + share * (x1 - x0), y0 + share * (y1 - y0)
        if box.x + 1 < x < box.x + box.width - 1 and box.y + 1 < y < box.y + box.height - 1:
            return True
    return False


def test_edges_beside_a_tall_box():
    boxes = {"a": Box(80, 40), "b": Box(80, 40), "tall": Box(240, 500), "short": Box(80, 40), "end": Box(120, 40)}
    edges = [("a", "tall"), ("b", "short"), ("tall", "end"), ("short", "end"), ("a", "end")]
    width, height, lines = place(boxes, edges)
    for (start, end), points in zip(edges, lines):
        assert points[0][1] == boxes[start].y + boxes[start].height and points[-1][1] == boxes[end].y
        for segment, (name, box) in itertools.product(itertools.pairwise(points), boxes.items()):
            assert not crosses(segment, box), (start, end, name)
        assert all(0 <= x <= width and 0 <= y <= height for x, y in points)
