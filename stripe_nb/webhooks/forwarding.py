"""Hands webhooks on to an application, signed anew for it."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlsplit

import requests
import stripe

from stripe_nb.clock import wall_time
from stripe_nb.errors import WebhookError
from stripe_nb.settings import is_loopback

__all__ = ["Forwarding"]

_SECONDS_TO_ANSWER = 30.0


class Forwarding:
    """Sends bodies to a URL.

    Parameters
    ----------
    url
        Where the application takes webhooks.

    Raises
    ------
    WebhookError
        If it is no HTTP address.
    """

    def __init__(self, url: str) -> None:
        host = _host(url)
        if host is None:
            raise WebhookError(
                "forward_to has to be an address such as "
                "http://127.0.0.1:8000/webhook, with http or https."
            )
        self._url = url
        self._is_here = is_loopback(host)

    def send(self, body: bytes, secret: str) -> None:
        """Hand a body on.

        Raises
        ------
        WebhookError
            If the application does not answer, or not with success.
        """
        # A signature holds for minutes only, and a replay may come much later.
        header = stripe.WebhookSignature.generate_signature_header(
            body.decode(), secret, int(wall_time())
        )
        try:
            status = self._post(body, header)
        except requests.RequestException as error:
            raise WebhookError(
                f"The application at forward_to did not answer: {type(error).__name__}."
            ) from error
        if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            hint = ", and redirects are not followed" if 300 <= status < 400 else ""  # noqa: PLR2004 - HTTP's redirects
            raise WebhookError(f"The application answered {status}{hint}.")

    def _post(self, body: bytes, header: str) -> int:
        with requests.Session() as session:
            # A proxy leads out of the machine, and not to an application on it.
            session.trust_env = not self._is_here
            answer = session.post(
                self._url,
                data=body,
                headers={
                    "Content-Type": "application/json; charset=utf-8",
                    "Stripe-Signature": header,
                },
                timeout=_SECONDS_TO_ANSWER,
                allow_redirects=False,
            )
        return answer.status_code


def _host(url: str) -> str | None:
    """Return the host of an HTTP address; None if it is no such address."""
    try:
        parts = urlsplit(url)
        # Parsed only when it is read.
        _ = parts.port
    except ValueError:
        return None
    return parts.hostname if parts.scheme in ("http", "https") else None
