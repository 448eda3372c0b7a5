"""Draws a state machine: states in a column, forward ways right, backward left.

A drawing is a list of shapes, which the page builds as elements and `to_svg`
writes as text, so that the widget and its static fall-back show the same.
No way ever crosses a state, whatever the machine.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from stripe_nb.widgets.states import Machine, Transition

__all__ = ["Shape", "drawing", "in_words", "svg_image", "to_svg"]

Shape = dict[str, Any]
"""``{"tag", "class", "attributes", "text", "state"}``; the page styles by class."""

_ROW = 44
_HEIGHT = 28
_LETTER = 7.3
_PADDING = 12
_MARGIN = 10
_BOW = 13
_LABEL = 6.6

_STYLE = """
text{font:12px ui-monospace,monospace;fill:#1a1b25}
.box{fill:#fff;stroke:#6b7280}.end{stroke-width:2.5}
.way{fill:none;stroke:#9aa0ac}.tip{fill:#9aa0ac}.by{font-size:11px;fill:#4b3fd1}
.lit .box{fill:#4b3fd1;stroke:#4b3fd1}.lit text{fill:#fff}
.on.way{stroke:#4b3fd1;stroke-width:2}.on.tip{fill:#4b3fd1}
@media(prefers-color-scheme:dark){text{fill:#eef0f4}.box{fill:#20242c}
.by{fill:#b3a9ff}.lit .box{fill:#b3a9ff}.lit text{fill:#17123d}
.on.way{stroke:#b3a9ff}.on.tip{fill:#b3a9ff}}
"""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the column of states stands."""

    left: float
    width: float
    rows: dict[str, int]

    @property
    def right(self) -> float:
        return self.left + self.width

    def middle(self, state: str) -> float:
        return _MARGIN + self.rows[state] * _ROW + _HEIGHT / 2


def drawing(machine: Machine, state: str) -> tuple[list[Shape], tuple[int, int]]:
    """Return the shapes of a machine with a state lit, and the picture's size.

    Parameters
    ----------
    machine
        From `states_of`.
    state
        The present one; ``""`` lights none.

    Examples
    --------
    >>> from stripe_nb.widgets.states import states_of
    >>> shapes, size = drawing(states_of("credit_note"), "issued")
    >>> [shape["text"] for shape in shapes if shape["state"]]
    ['issued', 'void']
    """
    rows = {name: number for number, name in enumerate(machine.states)}
    ways = [way for way in machine.transitions if way.source]
    back = [rows[way.source] - rows[way.target] for way in ways]
    ahead = [-steps for steps in back]
    place = _Place(
        left=_MARGIN + _bow(max(back)) + 8,
        width=max(map(len, rows)) * _LETTER + 2 * _PADDING,
        rows=rows,
    )
    first = {way.target for way in machine.from_state("")}
    shapes = [
        *_arcs(ways, place, state),
        *(_box(name, place, machine, state) for name in rows),
        *(_dot(name, place) for name in rows if name in first),
    ]
    text_from = place.right + _bow(max(ahead)) + 10
    labels = _labels(machine, place, state, text_from)
    longest = max((len(label["text"]) for label in labels), default=0)
    width = text_from + longest * _LABEL + _MARGIN
    height = 2 * _MARGIN + (len(rows) - 1) * _ROW + _HEIGHT
    return [*shapes, *labels], (round(width), height)


def _shape(
    tag: str, kind: str, *, text: str = "", state: str = "", **how: Any
) -> Shape:
    attributes = {name.replace("_", "-"): _number(value) for name, value in how.items()}
    return {
        "tag": tag,
        "class": kind,
        "attributes": attributes,
        "text": text,
        "state": state,
    }


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float | int) else str(value)


def _bow(steps: int) -> float:
    """Return how far a way bows out that goes over so many rows."""
    return _BOW * min(max(steps, 0), 6)


def _arcs(ways: list[Transition], place: _Place, state: str) -> list[Shape]:
    # Ways of the present state last, so that they lie above the others.
    pairs = dict.fromkeys((way.source, way.target) for way in ways)
    ordered = sorted(pairs, key=lambda pair: pair[0] == state)
    return [shape for pair in ordered for shape in _arc(*pair, place, state)]


def _arc(source: str, target: str, place: _Place, state: str) -> list[Shape]:
    steps = place.rows[target] - place.rows[source]
    side = 1 if steps > 0 else -1
    start = place.right if side > 0 else place.left
    # What leaves a state and what arrives are a little apart.
    top, bottom = place.middle(source) + 5 * side, place.middle(target) - 5 * side
    out = start + side * (_bow(abs(steps)) * 4 / 3 + 6)
    tip = f"M{start:g},{bottom:g}l{7 * side},-4v8z"
    path = f"M{start:g},{top:g}C{out:g},{top:g} {out:g},{bottom:g} {start:g},{bottom:g}"
    on = " on" if source == state else ""
    way = {"data_source": source, "data_target": target}
    return [
        _shape("path", f"way{on}", d=path, **way),
        _shape("path", f"tip{on}", d=tip, **way),
    ]


def _box(name: str, place: _Place, machine: Machine, state: str) -> Shape:
    is_end = not machine.from_state(name)
    return _shape(
        "g",
        f"state{' lit' if name == state else ''}{' final' if is_end else ''}",
        text=name,
        state=name,
        x=place.left,
        y=place.middle(name) - _HEIGHT / 2,
        width=place.width,
        height=_HEIGHT,
    )


def _dot(name: str, place: _Place) -> Shape:
    return _shape("circle", "tip", cx=place.left, cy=place.middle(name), r=4)


def _labels(machine: Machine, place: _Place, state: str, left: float) -> list[Shape]:
    """Say beside each state that may come next what leads there."""
    found: dict[str, list[str]] = {}
    for way in machine.from_state(state) if state else ():
        name = way.operation.rpartition(".")[2] + "()" if way.operation else way.by
        found.setdefault(way.target, []).append(name)
    return [
        _shape("text", "by", text=" / ".join(names), x=left, y=place.middle(target) + 4)
        for target, names in found.items()
    ]


def to_svg(shapes: Sequence[Shape], size: Sequence[int]) -> str:
    """Write a drawing as a picture of its own, for both themes.

    Parameters
    ----------
    shapes
        From `drawing`.
    size
        From there, too.
    """
    width, height = size
    drawn = "".join(map(_written, shapes))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}"><style>{_STYLE.strip()}</style>{drawn}</svg>'
    )


def _written(shape: Shape) -> str:
    how, text = shape["attributes"], escape(shape["text"])
    if shape["tag"] == "g":
        kind = "box end" if "final" in shape["class"] else "box"
        at = {name: float(how[name]) for name in ("x", "y", "width")}
        middle, line = at["x"] + at["width"] / 2, at["y"] + _HEIGHT / 2 + 4
        given = _attributes({"class": kind, "rx": "6", **how})
        return (
            f'<g class="{shape["class"]}"><rect{given}/>'
            f'<text x="{middle:g}" y="{line:g}" text-anchor="middle">{text}</text></g>'
        )
    drawn = {name: how[name] for name in how if not name.startswith("data-")}
    given = _attributes({"class": shape["class"], **drawn})
    return f"<{shape['tag']}{given}>{text}</{shape['tag']}>"


def _attributes(values: dict[str, str]) -> str:
    return "".join(f' {name}="{escape(value)}"' for name, value in values.items())


def svg_image(svg: str, text: str) -> str:
    """Return an HTML image of a picture, which code hosts don't strip as they do SVG.

    Parameters
    ----------
    svg
        From `to_svg`.
    text
        What it shows, for those who don't see it.
    """
    data = base64.b64encode(svg.encode()).decode()
    return f'<img alt="{escape(text)}" src="data:image/svg+xml;base64,{data}">'


def in_words(machine: Machine, state: str) -> list[str]:
    """Say what may come next, one sentence for each way.

    Parameters
    ----------
    machine
        From `states_of`.
    state
        The present one.

    Examples
    --------
    >>> from stripe_nb.widgets.states import states_of
    >>> in_words(states_of("quote"), "open")
    ['accepted, by quotes.accept', 'canceled, by quotes.cancel']
    """
    joined: dict[str, list[str]] = {}
    for way in machine.from_state(state):
        how = f"by {way.operation}" if way.operation else f"when {way.by}"
        joined.setdefault(how, []).append(way.target)
    return [f"{' or '.join(targets)}, {how}" for how, targets in joined.items()]
