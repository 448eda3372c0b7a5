"""Whether a webhook is genuine: the SDK decides, and the reason is put in words."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from math import ceil
from typing import Any, Self

import stripe
from stripe.v2.core import EventNotification

from stripe_nb.clock import wall_time
from stripe_nb.errors import WebhookError, kind_of
from stripe_nb.session import Client

__all__ = [
    "TOLERANCE",
    "Secrets",
    "check_tolerance",
    "is_thin",
    "typed",
    "verified",
    "verify",
]

TOLERANCE = 300
_THIN = "v2.core.event"


class Secrets(tuple[str, ...]):
    """Signing secrets that no traceback shows, not even among its variables.

    Examples
    --------
    >>> Secrets.of("whsec_0123456789")
    <signing secrets: 1>
    """

    __slots__ = ()

    @classmethod
    def of(cls, given: Any) -> Self:
        """Take one secret, or several; what is no text is as good as an empty one.

        Parameters
        ----------
        given
            Text or a sequence of texts; or anything else, such as the None that the
            environment has for a variable that is not set.
        """
        is_several = isinstance(given, Iterable) and not isinstance(given, str | bytes)
        several = given if is_several else [given]
        return cls(each if isinstance(each, str) else "" for each in several)

    def __repr__(self) -> str:
        return f"<signing secrets: {len(self)}>"


def verify(
    body: bytes | bytearray | str,
    header: str | None,
    secret: str | Sequence[str],
    tolerance: int = TOLERANCE,
    *,
    client: Client | None = None,
) -> Any:
    """Return the event of a webhook, once it is clear that Stripe sent it.

    Parameters
    ----------
    body
        The raw body: exactly the bytes that came, not parsed and written anew.
    header
        The ``Stripe-Signature`` header.
    secret
        The endpoint's signing secret; several while one replaces the other.
    tolerance
        How many seconds old a signature may be.
    client
        The client that thin events fetch their objects with.

    Returns
    -------
    stripe.Event
        Or, of a thin event, the SDK's notification of its type.

    Raises
    ------
    WebhookError
        If it is not genuine, or no event; answer 400 then. The message says why.

    Examples
    --------
    >>> verify(b"{}", None, "whsec_0123456789")
    Traceback (most recent call last):
    ...
    stripe_nb.errors.WebhookError: The Stripe-Signature header is missing: ...
    """
    # In its own name's place: verbose tracebacks show the variables of this frame.
    secret = Secrets.of(secret)
    return typed(verified(body, header, secret, tolerance), client)


def verified(
    body: bytes | bytearray | str,
    header: str | None,
    secret: str | Sequence[str],
    tolerance: int = TOLERANCE,
) -> dict[str, Any]:
    """Return what a genuine webhook says, as it says it.

    See `verify`.
    """
    secret = Secrets.of(secret)
    if not secret or not all(each.strip() for each in secret):
        raise WebhookError(
            "There is no signing secret to verify with: give the endpoint's (whsec_...)"
            "; only the answer that made the endpoint, and the Dashboard, tell it."
        )
    check_tolerance(tolerance)
    text = _text(body)
    _check_signature(text, header, secret, tolerance)
    return _event(text)


def check_tolerance(tolerance: object) -> None:
    """Refuse what would let webhooks of any age pass, or none."""
    if type(tolerance) is not int or tolerance < 1:
        # The SDK takes 0 for "any age", which would let old webhooks be replayed.
        raise WebhookError(
            f"tolerance must be a whole number of seconds from 1 up, not {tolerance!r}."
        )


def typed(event: dict[str, Any], client: Client | None = None) -> Any:
    """Return a verified event as the SDK's object: an event, or a notification.

    From what it says and not from the body, which the SDK would parse once more.
    """
    if is_thin(event) and client is None:
        raise WebhookError(
            "This is a thin event, which fetches what it is about: give the client "
            "that it may use, verify(..., client=client)."
        )
    try:
        if client is None:
            return stripe.Event.construct_from(event, stripe.api_key)
        if is_thin(event):
            return EventNotification.from_json(event, client)
        return client.deserialize(event, api_mode="V1")
    except (
        AttributeError,
        LookupError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        raise WebhookError(
            f"The installed stripe {stripe.VERSION} can't read this event "
            f"({type(error).__name__}): a part of it is missing."
        ) from error


def is_thin(event: dict[str, Any]) -> bool:
    """Tell whether an event says only what happened, and not its object."""
    return event.get("object") == _THIN


def _text(body: bytes | bytearray | str) -> str:
    if isinstance(body, str):
        return body
    if not isinstance(body, bytes | bytearray):
        raise WebhookError(
            "The body has to be what came, byte by byte, and not what a framework "
            f"made of it ({type(body).__name__}): take the request's raw body."
        )
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        raise WebhookError(
            "The body is not UTF-8: it was changed on its way, or is none of Stripe's."
        ) from None


def _check_signature(
    body: str, header: str | None, secrets: Sequence[str], tolerance: int
) -> None:
    if not header:
        raise WebhookError(
            "The Stripe-Signature header is missing: the request is not Stripe's, or "
            "a proxy dropped the header."
        )
    if not isinstance(header, str):
        raise WebhookError(
            f"The Stripe-Signature header has to be text, and not {kind_of(header)}."
        )
    time, signatures = _parts(header)
    if time is None:
        raise WebhookError(
            "The Stripe-Signature header can't be read: it has to be like "
            "t=1700000000,v1=5257a8..."
        )
    if not signatures:
        raise WebhookError(
            "The Stripe-Signature header has no v1 signature, the kind that counts."
        )
    if any(_fits(body, header, each, tolerance) for each in secrets):
        return
    if any(_fits(body, header, each, None) for each in secrets):
        raise WebhookError(
            f"The signature is {ceil(wall_time()) - time} seconds old, and {tolerance} "
            "are allowed: an old webhook was sent again, or this machine's clock is "
            "wrong."
        )
    raise WebhookError(
        "No signature fits: the secret is another endpoint's, or the body was changed "
        "on its way, for example by a framework that parsed it and wrote it anew."
        f"{_hint(secrets)}"
    )


def _hint(secrets: Sequence[str]) -> str:
    """Say what is odd about secrets that don't fit."""
    if any(each != each.strip() for each in secrets):
        return " The secret begins or ends with a space or a line break."
    if not any(each.startswith("whsec_") for each in secrets):
        return " Stripe's secrets begin with whsec_, and the one given does not."
    return ""


def _parts(header: str) -> tuple[int | None, list[str]]:
    items = [each.split("=", 2) for each in header.split(",")]
    times = [item[1] for item in items if item[0] == "t" and len(item) > 1]
    try:
        time = int(times[0]) if times else None
    except ValueError:
        time = None
    return time, [item[1] for item in items if item[0] == "v1" and len(item) > 1]


def _fits(body: str, header: str, secret: str, tolerance: int | None) -> bool:
    # What is not ASCII fits nothing, and the SDK would not look at the others.
    readable = ",".join(each for each in header.split(",") if each.isascii())
    try:
        stripe.WebhookSignature.verify_header(body, readable, secret, tolerance)
    except (stripe.SignatureVerificationError, UnicodeError):
        return False
    return True


def _event(text: str) -> dict[str, Any]:
    try:
        event = json.loads(text)
    except (ValueError, RecursionError):
        event = None
    if not isinstance(event, dict) or event.get("object") not in ("event", _THIN):
        raise WebhookError("The body is signed, but it is no event.")
    if not all(_is_text(event.get(name)) for name in ("id", "type")):
        raise WebhookError("The body is signed, but the event has no id or no type.")
    return event


def _is_text(value: object) -> bool:
    """Tell whether a value is text that can be kept: JSON can hold halves of it."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
