"""Stripe objects, lists and errors as cards: HTML for a page, text for a terminal.

The same object gives the same bytes each time, whatever comes from the API is
escaped, and secrets are masked. Plain HTML without styles, so that the cards
look at home in every front end and theme, and on a code host's page.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

import stripe
from stripe.v2.core import EventNotification

from stripe_nb.errors import explain
from stripe_nb.frames.objects import Object, plain
from stripe_nb.widgets.presentation import (
    dashboard_url,
    entries,
    headline,
    shown,
    target,
    title,
)
from stripe_nb.widgets.words import in_words, on_one_line, printable

__all__ = ["as_html", "as_text", "line"]

Shown = stripe.StripeObject | stripe.StripeError | EventNotification | Object
"""What the SDK returned or raised, a thin event, or an object as a dictionary."""

_ROWS = 10
_COLUMNS = 5
_ENVELOPES = frozenset({"list", "search_result"})


def as_html(value: Shown) -> str:
    """Return the card of an object, a list or an error as HTML.

    Parameters
    ----------
    value
        What the SDK returned or raised, a thin event, or an object as a dictionary.

    Examples
    --------
    >>> as_html({"object": "customer", "id": "cus_1", "name": "<b>"}).splitlines()[1]
    '<tr><th>name</th><td>&lt;b&gt;</td></tr>'
    """
    if isinstance(value, stripe.StripeError):
        return explain(value)._repr_html_()
    obj = _whole(value)
    return _list_html(obj) if _is_list(obj) else _object_html(obj)


def as_text(value: Shown) -> str:
    """Return the card of an object, a list or an error as text.

    Parameters
    ----------
    value
        See `as_html`.

    Examples
    --------
    >>> print(as_text({"object": "customer", "id": "cus_1", "name": "Ada"}))
    Customer cus_1
      name  Ada
    """
    return printable("\n".join(_text_lines(value)))


def _text_lines(value: Shown) -> list[str]:
    if isinstance(value, stripe.StripeError):
        return [str(explain(value))]
    obj = _whole(value)
    if not _is_list(obj):
        return [_heading(obj), *_aligned(_rows(obj))]
    return [_summary(obj), *(f"  {line(each)}" for each in obj["data"][:_ROWS])]


def line(value: Shown) -> str:
    """Return an object, a list or an error in one line of text.

    Parameters
    ----------
    value
        See `as_html`.

    Examples
    --------
    >>> line({"object": "refund", "id": "re_1", "status": "pending"})
    'Refund re_1: pending'
    """
    if isinstance(value, stripe.StripeError):
        return in_words(value)
    obj = _whole(value)
    if _is_list(obj):
        return _summary(obj)
    texts = [text for name, text in _rows(obj) if target(obj, name) is None]
    return on_one_line(": ".join(filter(None, (_heading(obj), ", ".join(texts[:3])))))


def _whole(value: stripe.StripeObject | EventNotification | Object) -> Object:
    if isinstance(value, dict):
        return value
    if isinstance(value, EventNotification):
        return _notification(value)
    # In a list, so that an envelope stays one.
    return plain([value])[0][0]


def _notification(value: EventNotification) -> Object:
    """Return what a thin event holds, which is no object of the SDK's."""
    context = {"context": str(value.context)} if value.context else {}
    return {**_parts(value), **context}


def _parts(value: Any) -> Any:
    if not hasattr(value, "__dict__"):
        return value
    return {name: _parts(each) for name, each in vars(value).items() if name[0] != "_"}


def _is_list(obj: Object) -> bool:
    # A page of the v2 API doesn't say that it is one.
    named = obj.get("object") in _ENVELOPES or "next_page_url" in obj
    return named and isinstance(obj.get("data"), list)


def _heading(obj: Object) -> str:
    kind = title(str(obj.get("object") or "Stripe object"))
    deleted = "(deleted)" if obj.get("deleted") else ""
    return " ".join(filter(None, (kind, str(obj.get("id") or ""), deleted)))


def _rows(obj: Object) -> list[tuple[str, str]]:
    """Return what a card tells: the main fields, or all of a part without a name."""
    kind = str(obj.get("object") or "")
    names = headline(kind) or tuple(name for name in obj if name != "object")
    return [(name, text) for name in names if (text := shown(obj, name))]


def _aligned(rows: list[tuple[str, str]]) -> Iterable[str]:
    width = max((len(name) for name, _ in rows), default=0)
    return (f"  {name:<{width}}  {text}" for name, text in rows)


def _summary(obj: Object) -> str:
    data = obj["data"]
    count = f"{len(data)} object{'' if len(data) == 1 else 's'}"
    goes_on = obj.get("has_more") or obj.get("next_page_url")
    more = ", and more to come" if goes_on else ""
    return f"{title(str(obj.get('object') or 'list'))} of {count}{more}"


def _object_html(obj: Object) -> str:
    told = _rows(obj)
    known = {"id", "object", *(name for name, _ in told)}
    rest = [each for each in entries(obj) if each[0] not in known]
    parts = [f"<caption><strong>{_link(obj)}</strong></caption>"]
    parts += [_row(name, _value(obj, name, text)) for name, text in told]
    card = f"<table>{_lines(parts)}</table>"
    if not rest:
        return card
    table = _lines(_row(name, _value(obj, name, text)) for name, text in rest)
    plural = "" if len(rest) == 1 else "s"
    summary = f"<summary>{len(rest)} more field{plural}</summary>"
    return f"{card}\n<details>{summary}<table>\n{table}</table></details>"


def _lines(parts: Iterable[str]) -> str:
    return "".join(f"{part}\n" for part in parts)


def _row(name: str, value: str) -> str:
    return f"<tr><th>{escape(name)}</th><td>{value}</td></tr>"


def _link(obj: Object) -> str:
    return _anchor(obj, str(obj.get("object")), str(obj.get("id")), _heading(obj))


def _value(obj: Object, name: str, text: str) -> str:
    reference = target(obj, name)
    if reference is None:
        return escape(text)
    return _anchor(obj, *reference, text)


def _anchor(obj: Object, resource: str, object_id: str, text: str) -> str:
    url = dashboard_url(resource, object_id, livemode=bool(obj.get("livemode")))
    if url is None:
        return escape(text)
    return f'<a href="{escape(url)}" target="_blank" rel="noopener">{escape(text)}</a>'


def _list_html(obj: Object) -> str:
    rows = obj["data"][:_ROWS]
    kinds = {str(each.get("object")) for each in rows}
    names = headline(kinds.pop())[:_COLUMNS] if len(kinds) == 1 else ()
    head = "".join(f"<th>{escape(name)}</th>" for name in ("id", *names))
    body = _lines(_cells(each, names) for each in rows)
    left = len(obj["data"]) - len(rows)
    more = f"<p>{left} more</p>" if left else ""
    caption = f"<caption>{escape(_summary(obj))}</caption>"
    return f"<table>{caption}<tr>{head}</tr>\n{body}</table>{more}"


def _cells(obj: Object, names: Iterable[str]) -> str:
    values = (_value(obj, name, shown(obj, name)) for name in names)
    own = escape(str(obj.get("id") or title(str(obj.get("object")))))
    return f"<tr>{''.join(f'<td>{value}</td>' for value in (own, *values))}</tr>"
