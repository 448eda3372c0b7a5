"""The inbox of a test: made and given up without a request, as tests are many."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from stripe_nb.errors import SandboxError
from stripe_nb.sandbox import Sandbox
from stripe_nb.sandbox.wire import Request, encode_form
from stripe_nb.session import Client
from stripe_nb.webhooks import Inbox
from stripe_nb.webhooks.sources import Registration
from stripe_nb.webhooks.verification import TOLERANCE

__all__ = ["inbox"]


def inbox(client: Client, sandbox: Sandbox) -> Inbox:
    """Return an inbox for every event of a sandbox that is reset before long.

    Examples
    --------
    >>> from stripe_nb.session import connect
    >>> with (
    ...     Sandbox(seed=7) as sandbox,
    ...     connect(sandbox=sandbox) as client,
    ...     inbox(client, sandbox) as opened,
    ... ):
    ...     product = client.v1.products.create({"name": "Tea"})
    ...     opened.wait_for("product.created")
    <Received product.created: unhandled>
    """

    class AtHand(Registration):
        """An endpoint on this sandbox, which asks it without HTTP."""

        def close(self) -> None:
            """Leave the endpoint to the reset before the next test."""

        def _create(self, **wish: Any) -> tuple[str, str]:
            made = sandbox.handle(
                Request(
                    method="POST",
                    path="/v1/webhook_endpoints",
                    query="",
                    headers={
                        "authorization": f"Bearer {sandbox.key}",
                        "content-type": "application/x-www-form-urlencoded",
                    },
                    body=encode_form(wish).encode(),
                )
            )
            said = json.loads(made.body)
            if made.status != HTTPStatus.OK:
                raise SandboxError(f"The inbox got no endpoint: {said}")
            return said["id"], said["secret"]

    return Inbox(
        client,
        events=("*",),
        forward_to=None,
        store=None,
        tolerance=TOLERANCE,
        source=AtHand,
    )
