"""Where the boxes of a diagram stand: layers from top to bottom, few crossings, straight lines.

Source: Sugiyama, Tagawa, Toda 1981, doi:10.1109/TSMC.1981.4308636; order by barycentres, places by isotonic regression.
"""

import dataclasses
from typing import Any

_GAP_BETWEEN_LAYERS, _GAP_IN_LAYER, _SWEEPS = 34, 26, 8


@dataclasses.dataclass
class Box:
    """Something with a size and, after the layout, the place of its upper left corner."""

    width: float
    height: float
    x: float = 0.0
    y: float = 0.0
    rank: int = 0


def place(boxes, edges):
    """Place boxes, and return the whole width, the whole height and each edge's points.

    Args:
        boxes: a dict from key to `Box`, in the order in which they are computed.
        edges: a list of pairs of keys, each from an earlier box to a later one.
    """
    ranks = _ranks(boxes, edges)
    nodes, chains = _with_bends(boxes, edges, ranks)
    layers = _ordered(nodes, chains)
    _spread(nodes, layers, chains)
    y, rows = 0.0, {}
    for layer in layers:
        height = max(nodes[key].height for key in layer)
        for key in layer:
            if isinstance(key, tuple):  # a bend keeps clear of the boxes beside it
                nodes[key].height = height
            nodes[key].y = y + (height - nodes[key].height) / 2
            rows[key] = y, y + height
        y += height + _GAP_BETWEEN_LAYERS
    left = min(node.x for node in nodes.values())
    for node in nodes.values():
        node.x -= left
    width = max(node.x + node.width for node in nodes.values())
    return width, y - _GAP_BETWEEN_LAYERS, [_points(nodes, rows, chain) for chain in chains]


def _ranks(boxes, edges):
    """The longest way from a beginning to each box; beginnings stand just above what needs them."""
    before: dict[Any, list[Any]] = {key: [] for key in boxes}
    after: dict[Any, list[Any]] = {key: [] for key in boxes}
    for start, end in edges:
        before[end].append(start)
        after[start].append(end)
    ranks: dict[Any, int] = {}
    for key in boxes:
        ranks[key] = max((ranks[k] + 1 for k in before[key]), default=0)
    for key in boxes:
        if not before[key] and after[key]:
            ranks[key] = min(ranks[k] for k in after[key]) - 1
    return ranks


def _with_bends(boxes, edges, ranks):
    """The boxes by layer, with a small one where an edge passes a layer; each edge as a chain of keys."""
    lowest = min(ranks.values())
    nodes = {}
    for key, box in boxes.items():
        box.rank = ranks[key] - lowest
        nodes[key] = box
    chains = []
    for number, (start, end) in enumerate(edges):
        chain = [start]
        for rank in range(nodes[start].rank + 1, nodes[end].rank):
            bend = Box(1, 1, rank=rank)
            nodes["bend", number, rank] = bend
            chain.append(("bend", number, rank))
        chains.append([*chain, end])
    return nodes, chains


def _neighbours(nodes, chains):
    above: dict[Any, list[Any]] = {key: [] for key in nodes}
    below: dict[Any, list[Any]] = {key: [] for key in nodes}
    for chain in chains:
        for start, end in zip(chain, chain[1:]):
            above[end].append(start)
            below[start].append(end)
    return above, below


def _ordered(nodes, chains):
    """The layers' boxes in an order with few crossings."""
    layers: list[list[Any]] = [[] for _ in range(max(node.rank for node in nodes.values()) + 1)]
    for key, node in nodes.items():
        layers[node.rank].append(key)
    above, below = _neighbours(nodes, chains)
    position: dict[Any, float] = {}
    for layer in layers:
        position |= {key: i - len(layer) / 2 for i, key in enumerate(layer)}
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        for layer in layers if down else layers[::-1]:
            sides = above if down else below
            means = {k: _mean([position[n] for n in sides[k]], position[k]) for k in layer}
            layer.sort(key=means.__getitem__)
            position |= {key: i - len(layer) / 2 for i, key in enumerate(layer)}
    return layers


def _mean(values, otherwise):
    return sum(values) / len(values) if values else otherwise


def _spread(nodes, layers, chains):
    """Move boxes sideways towards those that they are connected to, in their order and without overlap."""
    above, below = _neighbours(nodes, chains)
    for layer in layers:
        wanted = [0.0] * len(layer)
        _settle(nodes, layer, wanted)
    centre = lambda key: nodes[key].x + nodes[key].width / 2
    for sweep in range(2 * _SWEEPS):
        for layer in layers if sweep % 2 == 0 else layers[::-1]:
            wanted = []
            for key in layer:
                near = above[key] if sweep % 2 == 0 else below[key]
                near = near if sweep < 2 * _SWEEPS - 4 else above[key] + below[key]
                wanted.append(_mean([centre(n) for n in near], centre(key)))
            _settle(nodes, layer, wanted)


def _settle(nodes, layer, wanted):
    """The places nearest to the wanted centres that keep the order and the gaps: pooled adjacent violators."""
    offsets, offset = [], 0.0
    for i, key in enumerate(layer):
        if i:
            offset += nodes[layer[i - 1]].width / 2 + nodes[key].width / 2 + _GAP_IN_LAYER
        offsets.append(offset)
    pools = []
    for target, offset in zip(wanted, offsets):
        pools.append([target - offset, 1])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (second, n), (first, m) = pools.pop(), pools.pop()
            pools.append([(first * m + second * n) / (m + n), m + n])
    places = [value for value, count in pools for _ in range(count)]
    for key, offset, value in zip(layer, offsets, places):
        nodes[key].x = value + offset - nodes[key].width / 2


def _points(nodes, rows, chain):
    """Where an edge leaves, bends and arrives; beside taller boxes of its row it goes straight down."""
    first, last = nodes[chain[0]], nodes[chain[-1]]
    start, end = first.x + first.width / 2, last.x + last.width / 2
    points = [(start, first.y + first.height), (start, rows[chain[0]][1])]
    points += [(nodes[k].x, side) for k in chain[1:-1] for side in rows[k]]
    points += [(end, rows[chain[-1]][0]), (end, last.y)]
    return [point for i, point in enumerate(points) if i == 0 or point != points[i - 1]]
