"""How each of Stripe's lists goes on after a page.

v1 lists take the last object's id, searches a token, v2 lists an address.
Knows nothing of HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from stripe_nb.errors import FrameError
from stripe_nb.frames.decoding import Record
from stripe_nb.frames.objects import Object
from stripe_nb.frames.query import Query

__all__ = ["PAGE", "LostError", "Mark", "Step", "following", "rows_of"]

# Stripe: a page holds up to 100 objects.
PAGE = 100


class LostError(FrameError):
    """The place is gone where a list was to go on."""


@dataclass(frozen=True, slots=True)
class Step:
    """What leads to the next page.

    Attributes
    ----------
    path
        Another address than the list's own, for v2.
    params
        What to add to the list's own parameters.
    """

    path: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a list that is not divided by time goes on, in another process too.

    Attributes
    ----------
    step
        What leads to the rows after those that have come.
    trail
        The ids of the last rows that have come, the last one last.
    """

    step: Step
    trail: Sequence[str] = ()


def rows_of(answer: Any, path: str) -> list[Object]:
    """Return the objects of a page."""
    rows = answer.get("data") if isinstance(answer, dict | Record) else None
    if not isinstance(rows, list):
        raise FrameError(f"Stripe's answer from {path} is no page of a list.")
    return rows


def following(query: Query, answer: Mapping[str, Any] | Record) -> Step | None:
    """Return what leads to the page after this one, None if it is the last.

    Raises
    ------
    FrameError
        If there is one, and no way to it.
    """
    if query.operation.version == "v2":
        url: str | None = answer.get("next_page_url")
        return Step(path=url) if url else None
    # The SDK, too, takes an empty page for the end.
    rows = answer.get("data")
    if not answer.get("has_more") or not rows:
        return None
    if query.operation.answer == "search":
        return Step(params={"page": str(answer.get("next_page"))})
    last = rows[-1].get("id")
    if not isinstance(last, str) or not query.takes("starting_after"):
        raise FrameError(
            f"{query.path} has more rows, and its objects have no id to go on from; "
            "narrow it down with a filter."
        )
    return Step(params={"starting_after": last})
