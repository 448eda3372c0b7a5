"""Stripe objects, lists and errors as cards: HTML for a page, text for a terminal.

The same object gives the same bytes each time, whatever comes from the API is
escaped, and secrets are masked. Plain HTML without styles, so that the cards
look at home in every front end and theme, and on a code host's page.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

import stripe

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
from stripe_nb.widgets.words import in_words

__all__ = ["as_html", "as_text", "line"]

_ROWS = 10
_COLUMNS = 5
_ENVELOPES = frozenset({"list", "search_result"})


def as_html(value: stripe.StripeObject | stripe.StripeError | Object) -> str:
    """Return the card of an object, a list or an error as HTML.

    Parameters
    ----------
    value
        What the SDK returned or raised, or an object as a dictionary.

    Examples
    --------
    >>> as_html({"object": "customer", "id": "cus_1", "name": "<b>"}).splitlines()[1]
    '<tr><th>name</th><td>&lt;b&gt;</td></tr>'
    """
    if isinstance(value, stripe.StripeError):
        return explain(value)._repr_html_()
    obj = _whole(value)
    return _list_html(obj) if _is_list(obj) else _object_html(obj)


def as_text(value: stripe.StripeObject | stripe.StripeError | Object) -> str:
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
    if isinstance(value, stripe.StripeError):
        return str(explain(value))
    obj = _whole(value)
    if not _is_list(obj):
        return "\n".join([_heading(obj), *_aligned(_rows(obj))])
    first = [f"  {line(each)}" for each in obj["data"][:_ROWS]]
    return "\n".join([_summary(obj), *first])


def line(value: stripe.StripeObject | stripe.StripeError | Object) -> str:
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
    return ": ".join(filter(None, (_heading(obj), ", ".join(texts[:3]))))


def _whole(value: stripe.StripeObject | Object) -> Object:
    if isinstance(value, dict):
        return value
    # In a list, so that an envelope stays one.
    return plain([value])[0][0]


def _is_list(obj: Object) -> bool:
    return obj.get("object") in _ENVELOPES and isinstance(obj.get("data"), list)


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
    more = ", and more to come" if obj.get("has_more") else ""
    return f"{title(str(obj['object']))} of {count}{more}"


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
    summary = f"<summary>{len(rest)} more fields</summary>"
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
