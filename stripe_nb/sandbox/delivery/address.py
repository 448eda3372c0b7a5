"""Which addresses webhooks may go to: those of this machine, unless more is said."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

from stripe_nb.sandbox.errors import InvalidRequest

__all__ = ["check_url", "is_allowed", "is_local"]


def is_local(host: str) -> bool:
    """Tell whether a host's name or address is this machine's own.

    Examples
    --------
    >>> is_local("127.0.0.1"), is_local("localhost"), is_local("example.com")
    (True, True, False)
    """
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def is_allowed(host: str, others: Sequence[str]) -> bool:
    """Tell whether webhooks may go to a host.

    Parameters
    ----------
    host
        Its name or address.
    others
        Hosts besides this machine that are allowed; ``"*"`` is any.
    """
    return is_local(host) or "*" in others or host.lower() in others


def check_url(url: str, others: Sequence[str], *, param: str = "url") -> None:
    """Refuse a URL that webhooks can't or may not go to.

    Raises
    ------
    InvalidRequest
        In Stripe's words where Stripe would refuse it too.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
        # A name that can't be looked up: a part of it is empty or too long.
        (host or "").encode("idna")
    except ValueError:
        raise _invalid("Invalid URL: Not a valid URL", param) from None
    if parts.scheme not in ("http", "https"):
        raise _invalid(
            "Invalid URL: An explicit scheme (such as https) must be provided.", param
        )
    if not host or not url.isascii() or any(c.isspace() or c < " " for c in url):
        raise _invalid("Invalid URL: Not a valid URL", param)
    if not is_allowed(host, others):
        raise InvalidRequest(
            f"The sandbox sends webhooks to this machine only, and {host} is another: "
            "use a URL such as http://127.0.0.1:4242/webhook, or allow the host with "
            "Sandbox(webhook_hosts=[...]).",
            param=param,
        )


def _invalid(message: str, param: str) -> InvalidRequest:
    return InvalidRequest(message, code="url_invalid", param=param)
