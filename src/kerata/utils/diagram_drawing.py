"""Diagrams as SVG, as PNG (by Pillow), and in Graphviz's language."""

import math
from xml.sax.saxutils import escape

from kerata.utils.images import pillow

_MARGIN, _PADDING, _LINE, _LABEL, _ARROW = 16, 9, 17, 20, 7
_FILL, _INPUT_FILL, _TITLE_FILL, _EDGE, _GROUP = "#f5f7fa", "#e8f3ec", "#34495e", "#5d6d7e", "#fbfbfc"
_INPUT_TITLE, _TEXT, _TITLE_TEXT, _FONT = "#3c7a57", "#1c2833", "#ffffff", "Helvetica, Arial, sans-serif"


def _shapes(diagram, left, top):
    """What is drawn, from back to front: `("rectangle" | "line" | "text", ...)`."""
    for box in diagram.boxes:
        x, y = left + box.x, top + box.y
        if box.inner is not None:
            yield "rectangle", x, y, box.width, box.height, _GROUP, _EDGE
            yield "text", x + _PADDING, y + _LABEL / 2 + 3, box.title, _TEXT, True, "start"
            yield from _shapes(box.inner, x + (box.width - box.inner.width) / 2, y + _LABEL + _PADDING)
            continue
        title_fill = _INPUT_TITLE if box.is_input else _TITLE_FILL
        yield "rectangle", x, y, box.width, box.height, _INPUT_FILL if box.is_input else _FILL, title_fill
        head = _LINE + (_PADDING if box.lines else 2 * _PADDING)
        yield "rectangle", x, y, box.width, head, title_fill, title_fill
        yield "text", x + box.width / 2, y + head / 2, box.title, _TITLE_TEXT, True, "middle"
        for i, line in enumerate(box.lines):
            yield "text", x + box.width / 2, y + head + _LINE * (i + 0.5) + _PADDING / 2, line, _TEXT, False, "middle"
    for path in diagram.paths:
        yield "line", [(left + x, top + y) for x, y in path]


def _arrow(points):
    """The three corners of the arrow's head at the end of a line, and the line's end at its back."""
    (x0, y0), (x1, y1) = points[-2:]
    length = math.hypot(x1 - x0, y1 - y0) or 1.0
    dx, dy = (x1 - x0) / length, (y1 - y0) / length
    back = (x1 - _ARROW * dx, y1 - _ARROW * dy)
    side = _ARROW * 0.45
    return [(x1, y1), (back[0] - side * dy, back[1] + side * dx), (back[0] + side * dy, back[1] - side * dx)], back


def to_svg(diagram):
    """The diagram as the text of an SVG file."""
    width, height = diagram.width + 2 * _MARGIN, diagram.height + 2 * _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.1f} {height:.1f}" font-family="{_FONT}" font-size="13">',
        '<rect width="100%" height="100%" fill="white"/>',
    ]
    for kind, *shape in _shapes(diagram, _MARGIN, _MARGIN):
        if kind == "rectangle":
            x, y, w, h, fill, border = shape
            place = f'x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}"'
            parts.append(f'<rect {place} rx="3" fill="{fill}" stroke="{border}"/>')
        elif kind == "text":
            x, y, text, fill, bold, anchor = shape
            weight = ' font-weight="bold"' if bold else ""
            place = f'x="{x:.1f}" y="{y:.1f}" fill="{fill}" text-anchor="{anchor}" dominant-baseline="central"'
            parts.append(f"<text {place}{weight}>{escape(text)}</text>")
        else:
            head, back = _arrow(shape[0])
            line = " ".join(f"{x:.1f},{y:.1f}" for x, y in [*shape[0][:-1], back])
            corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in head)
            parts.append(
                f'<polyline points="{line}" fill="none" stroke="{_EDGE}"/><polygon points="{corners}" fill="{_EDGE}"/>'
            )
    return "\n".join([*parts, "</svg>\n"])


def to_image(diagram, dpi=200):
    """The diagram as a Pillow image.

    Args:
        dpi: dots an inch; the diagram has 96 units an inch.

    Raises: ImportError without Pillow.
    """
    Image = pillow()
    from PIL import ImageDraw, ImageFont

    wanted = dpi / 96
    scale = min(wanted, 16000 / max(diagram.width, diagram.height, 1))  # pictures of deep models stay of a size to be opened
    size = [max(1, round((length + 2 * _MARGIN) * scale)) for length in (diagram.width, diagram.height)]
    image = Image.new("RGB", size, "white")
    draw, font, line = ImageDraw.Draw(image), ImageFont.load_default(12.5 * scale), max(1, round(scale))
    scaled = lambda points: [(x * scale, y * scale) for x, y in points]
    for kind, *shape in _shapes(diagram, _MARGIN, _MARGIN):
        if kind == "rectangle":
            x, y, w, h, fill, border = shape
            draw.rounded_rectangle(scaled([(x, y), (x + w, y + h)]), 3 * scale, fill, border, line)
        elif kind == "text":
            x, y, text, fill, bold, anchor = shape
            place = scaled([(x, y)])[0]
            draw.text(place, text, fill, font, "mm" if anchor == "middle" else "lm", stroke_width=scale * 0.25 if bold else 0)
        else:
            head, back = _arrow(shape[0])
            draw.line(scaled([*shape[0][:-1], back]), _EDGE, line, joint="curve")
            draw.polygon(scaled(head), _EDGE)
    return image


def to_dot(diagram, rankdir="TB", dpi=200, splines="ortho", name="model"):
    """The diagram in Graphviz's language, for `dot` to lay out anew."""
    lines = [
        f'digraph "{_quoted(name)}" {{',
        f"  rankdir={rankdir}; dpi={dpi}; splines={splines}; compound=true;",
        '  node [shape=box, fontname="Helvetica", style="rounded,filled", fillcolor="#f5f7fa"];',
        *_dot_lines(diagram, "  "),
        "}",
    ]
    return "\n".join(lines) + "\n"


def _dot_lines(diagram, indent):
    for box in diagram.boxes:
        if box.inner is None:
            label = "\\n".join(_quoted(text) for text in (box.title, *box.lines))
            yield f'{indent}"{_quoted(box.key)}" [label="{label}"];'
        else:
            yield f'{indent}subgraph "cluster_{_quoted(box.key)}" {{'
            yield f'{indent}  label="{_quoted(box.title)}";'
            yield from _dot_lines(box.inner, indent + "  ")
            yield f"{indent}}}"
    inside = {box.key: box.inner for box in diagram.boxes}
    for start, end in diagram.edges:
        clipped = [f'ltail="cluster_{_quoted(start)}"'] if inside[start] else []
        clipped += [f'lhead="cluster_{_quoted(end)}"'] if inside[end] else []
        ends = f'{indent}"{_quoted(_end(inside[start], start, -1))}" -> "{_quoted(_end(inside[end], end, 0))}"'
        yield ends + (f" [{', '.join(clipped)}];" if clipped else ";")


def _end(inner, key, which):
    """A box to draw to: the first or last one inside a group."""
    return key if inner is None else _end(inner.boxes[which].inner, inner.boxes[which].key, which)


def _quoted(text):
    return text.replace("\\", "\\\\").replace('"', '\\"')
