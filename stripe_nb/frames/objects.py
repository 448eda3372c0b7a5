"""Stripe objects of any make, turned into plain dictionaries in one place."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from stripe_nb.errors import FrameError, kind_of

__all__ = ["Object", "canonical_json", "plain", "resource_of"]

Object = dict[str, Any]

_SCALARS = frozenset({str, int, bool, float, Decimal, type(None)})
_ENVELOPES = frozenset({"list", "search_result"})


def plain(objects: Any) -> tuple[list[Object], bool]:
    """Return dictionaries for whatever holds Stripe objects.

    The second value is False for a page of a list that goes on.

    Parameters
    ----------
    objects
        An iterable of dictionaries or of the SDK's objects, a page of a list
        or a search, or one object.
    """
    objects = _plain(objects)
    complete = True
    if isinstance(objects, Mapping):
        if objects.get("object") in _ENVELOPES or _is_v2_page(objects):
            complete = not (objects.get("has_more") or objects.get("next_page_url"))
            objects = objects["data"]
        else:
            objects = [objects]
    if isinstance(objects, str | bytes) or not isinstance(objects, Iterable):
        raise FrameError(
            f"{kind_of(objects)} holds no Stripe objects; give "
            "dictionaries, the SDK's objects, or a list of them."
        )
    return [_dictionary(_plain(value)) for value in objects], complete


def _plain(value: Any) -> Any:
    # Since version 15 the SDK's objects are no dictionaries; this is the one
    # place that turns them into some. Its Decimals stay: see `canonical_json`.
    # Where one exists the SDK is imported already; plain data does without.
    stripe = sys.modules.get("stripe")
    if stripe is not None and isinstance(value, stripe.StripeObject):
        return _whole(value, stripe.StripeObject)
    return value


def _whole(value: Any, kind: type) -> Object:
    # As its to_dict() does, in a third of the time: most values are scalars.
    found: Object = value.to_dict(recursive=False)
    for key, item in found.items():
        if type(item) in _SCALARS:
            continue
        if isinstance(item, kind):
            found[key] = _whole(item, kind)
        elif isinstance(item, list):
            found[key] = [_whole(i, kind) if isinstance(i, kind) else i for i in item]
    return found


def _is_v2_page(value: Mapping[str, Any]) -> bool:
    return "next_page_url" in value and isinstance(value.get("data"), list)


def _dictionary(value: Any) -> Object:
    if not isinstance(value, Mapping):
        raise FrameError(
            f"{kind_of(value)} is no Stripe object; give dictionaries "
            "or the SDK's objects."
        )
    return value if type(value) is dict else dict(value)


def resource_of(objects: Iterable[Object]) -> str:
    """Return the name that all objects give in their ``object`` field."""
    names = {str(value["object"]) for value in objects if value.get("object")}
    if not names:
        raise FrameError(
            "the objects don't say what they are; give "
            'resource=, for example resource="customer".'
        )
    if len(names) > 1:
        raise FrameError(
            f"a frame holds one kind of object, and here are {_listed(names)}; "
            "make one frame of each."
        )
    return names.pop()


def _listed(names: Iterable[str]) -> str:
    *first, last = sorted(names)
    return f"{', '.join(first)} and {last}"


def canonical_json(value: Any) -> str:
    """Write a value as JSON with sorted keys and no spaces.

    Equal values give equal text, so that frames can be compared and grouped.
    A text stays as it is, and so does a decimal, which is one on the wire.
    """
    if type(value) is str:
        return value
    if type(value) is Decimal:
        return str(value)
    try:
        return _ENCODE(value).decode()
    except (TypeError, UnicodeEncodeError):
        # Beyond msgspec: lone surrogates, keys of other types.
        return json.dumps(
            value, default=_wire, sort_keys=True, separators=(",", ":"), skipkeys=True
        )


def _wire(value: Any) -> Any:
    """Give a value that JSON lacks the form that Stripe sends it in."""
    if isinstance(value, Decimal):
        return str(value)
    if _plain(value) is not value:
        return _plain(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    return str(value)


_ENCODE = msgspec.json.Encoder(enc_hook=_wire, order="deterministic").encode
