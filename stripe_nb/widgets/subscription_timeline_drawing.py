"""Draws a history: shapes that a page and the static fall-back show alike.

Knows nothing of Stripe. Every text is a child of its element and never markup.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from html import escape
from typing import Any

from stripe_nb.widgets.subscription_timeline_history import LANES, History, Mark

__all__ = ["NARROW", "Shape", "draw", "to_svg"]

# tag, attributes, text, tooltip
Shape = dict[str, Any]

# Where a page has less room than the usual picture can be read in.
NARROW = 300
_WIDTH, _LEFT, _RIGHT = 760, 84, 14
_LANE, _BAR, _TOP, _AXIS = 34, 14, 10, 26
_DAY = 86_400
# Days between two dates of the axis.
_STEPS = (1, 2, 7, 14, 30, 61, 91, 183, 365, 730)
# With the gap to the next one.
_DATE = 90
# Readable on white as on black.
_COLOURS = {
    "good": "#1f9d63",
    "bad": "#d8456b",
    "warn": "#c4820e",
    "info": "#5b7fe0",
    "muted": "#8a92a3",
}


class _Axis:
    """Turns times into places."""

    def __init__(self, start: int, end: int, width: int) -> None:
        self.width = width
        self._room = width - _LEFT - _RIGHT
        margin = max((end - start) // 40, 3_600)
        self.start, self.end = start - margin, end + margin

    def x(self, at: int) -> float:
        share = (at - self.start) / (self.end - self.start)
        return round(_LEFT + share * self._room, 1)

    def ticks(self) -> Iterator[int]:
        days = (self.end - self.start) / _DAY
        most = self._room // _DATE
        step = next((each for each in _STEPS if days / each <= most), _STEPS[-1])
        first = -(-self.start // _DAY) * _DAY
        yield from range(first, self.end, step * _DAY)


def draw(history: History, width: int = _WIDTH) -> dict[str, Any]:
    """Return a history's drawing: ``width``, ``height`` and ``shapes``.

    Parameters
    ----------
    history
        What to draw.
    width
        In the units in which its letters are 11 high.
    """
    lanes = [lane for lane in LANES if any(m.lane == lane for m in history.marks)]
    times = [history.now, history.renewal or history.now]
    for mark in history.marks:
        times += [mark.start, mark.end or mark.start]
    axis = _Axis(min(times), max(times), width)
    bottom = _TOP + _LANE * len(lanes)
    shapes = [*_grid(axis, bottom), *_names(lanes)]
    for mark in history.marks:
        shapes += _of_mark(mark, axis, _TOP + _LANE * lanes.index(mark.lane))
    shapes += _now(axis, history, bottom)
    return {"width": width, "height": bottom + _AXIS, "shapes": shapes}


def to_svg(drawing: Mapping[str, Any], title: str) -> str:
    """Return a drawing as SVG.

    Parameters
    ----------
    drawing
        As `draw` returns it.
    title
        What it shows, for those who can't see it.

    Examples
    --------
    >>> to_svg({"width": 9, "height": 9, "shapes": []}, "<b>")
    '<svg viewBox="0 0 9 9" width="9" role="img"><title>&lt;b&gt;</title></svg>'
    """
    width, height = drawing["width"], drawing["height"]
    inner = "".join(_element(shape) for shape in drawing["shapes"])
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" role="img">'
        f"<title>{escape(title)}</title>{inner}</svg>"
    )


def _element(shape: Shape) -> str:
    attributes = "".join(
        f' {name}="{escape(str(value))}"' for name, value in shape["is"].items()
    )
    tip = f"<title>{escape(shape['tip'])}</title>" if shape.get("tip") else ""
    tag = shape["tag"]
    return f"<{tag}{attributes}>{tip}{escape(shape.get('text', ''))}</{tag}>"


def _text(text: str, x: float, y: float, **more: object) -> Shape:
    place = {"x": x, "y": y, "font-size": 11, "fill": "currentColor", **more}
    return {"tag": "text", "is": place, "text": text}


def _grid(axis: _Axis, bottom: int) -> Iterator[Shape]:
    for at in axis.ticks():
        x = axis.x(at)
        line = {"x1": x, "x2": x, "y1": _TOP, "y2": bottom, "stroke": "currentColor"}
        yield {"tag": "line", "is": {**line, "stroke-opacity": 0.15}}
        day = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")
        # The first and the last stay within the picture.
        anchor = "middle" if x < axis.width - _RIGHT - 30 else "end"
        yield _text(day, x, bottom + 16, **{"text-anchor": anchor})


def _names(lanes: list[str]) -> Iterator[Shape]:
    for number, lane in enumerate(lanes):
        yield _text(lane, 0, _TOP + _LANE * number + _LANE // 2 + 4)


def _of_mark(mark: Mark, axis: _Axis, top: int) -> Iterator[Shape]:
    x, middle = axis.x(mark.start), top + _LANE // 2
    colour = _COLOURS[mark.tone]
    tip = f"{mark.row()['from']}: {mark.what}"
    if mark.end:
        width = max(axis.x(mark.end) - x - 1, 2)
        place = {"x": x, "y": middle - _BAR // 2, "width": round(width, 1)}
        look = {"height": _BAR, "rx": 3, "fill": colour, "fill-opacity": 0.8}
        yield {"tag": "rect", "is": {**place, **look}, "tip": tip}
    else:
        dot = {"cx": x, "cy": middle, "r": 6, "fill": colour}
        yield {"tag": "circle", "is": dot, "tip": tip}


def _now(axis: _Axis, history: History, bottom: int) -> Iterator[Shape]:
    x = axis.x(history.now)
    line = {"x1": x, "x2": x, "y1": 2, "y2": bottom, "stroke": _COLOURS["bad"]}
    tip = f"Now: {datetime.fromtimestamp(history.now, UTC):%Y-%m-%d %H:%M}"
    yield {"tag": "line", "is": {**line, "stroke-width": 2}, "tip": tip}
    if history.renewal and history.renewal > history.now:
        x = axis.x(history.renewal)
        line = {**line, "x1": x, "x2": x, "stroke": _COLOURS["muted"]}
        yield {
            "tag": "line",
            "is": {**line, "stroke-dasharray": "4 3"},
            "tip": "Renewal",
        }
