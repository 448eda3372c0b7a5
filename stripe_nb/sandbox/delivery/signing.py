"""The signature of a webhook, as Stripe's SDKs verify it.

Its time is the machine's, whatever the sandbox's clock says: the receiver
compares it with its own.
"""

from __future__ import annotations

import hashlib
import hmac

__all__ = ["headers", "sign"]

_AGENT = "Stripe/1.0 (+https://stripe.com/docs/webhooks)"


def sign(payload: bytes, secret: str, at: int) -> str:
    """Return the ``Stripe-Signature`` of a body.

    Parameters
    ----------
    payload
        The exact bytes that are sent.
    secret
        The endpoint's.
    at
        Unix seconds.

    Examples
    --------
    >>> sign(b"{}", "whsec_1", 1_767_225_600)[:24]
    't=1767225600,v1=84901771'
    """
    digest = hmac.new(secret.encode(), b"%d.%b" % (at, payload), hashlib.sha256)
    return f"t={at},v1={digest.hexdigest()}"


def headers(payload: bytes, secret: str, at: int) -> dict[str, str]:
    """Return the headers that a webhook comes with."""
    return {
        "Accept": "*/*; q=0.5, application/xml",
        "Cache-Control": "no-cache",
        "Content-Type": "application/json; charset=utf-8",
        "Stripe-Signature": sign(payload, secret, at),
        "User-Agent": _AGENT,
    }
