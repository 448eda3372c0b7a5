"""Hands webhooks on to an application, signed anew for it."""

from __future__ import annotations

from urllib.parse import urlsplit

import requests
import stripe

from stripe_nb.clock import wall_time
from stripe_nb.errors import WebhookError

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
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise WebhookError(
                "forward_to has to be an address such as "
                "http://127.0.0.1:8000/webhook, with http or https."
            )
        self._url = url

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
            answer = requests.post(
                self._url,
                data=body,
                headers={
                    "Content-Type": "application/json; charset=utf-8",
                    "Stripe-Signature": header,
                },
                timeout=_SECONDS_TO_ANSWER,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise WebhookError(
                f"The application at forward_to did not answer: {type(error).__name__}."
            ) from error
        if not answer.ok or answer.is_redirect:
            raise WebhookError(f"The application answered {answer.status_code}.")
