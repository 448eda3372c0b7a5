"""Identity sessions, up to what a person would do."""

from __future__ import annotations

import pytest
import stripe

from stripe_nb.session import Client


def opened(client: Client) -> stripe.identity.VerificationSession:
    return client.v1.identity.verification_sessions.create(
        {
            "type": "document",
            "options": {"document": {"require_matching_selfie": True}},
            "metadata": {"order": "6"},
        }
    )


def test_session_waits_for_its_person(client: Client) -> None:
    session = opened(client)
    assert session.status == "requires_input"
    assert session.url is not None
    assert session.client_secret is not None
    assert session.client_secret.startswith(f"{session.id}_secret_")
    assert session.options is not None
    assert session.options.document is not None
    assert session.options.document.require_matching_selfie is True
    assert client.v1.events.list().data[0].type == (
        "identity.verification_session.created"
    )


def test_canceled_session_stays_so(client: Client) -> None:
    service = client.v1.identity.verification_sessions
    session = service.cancel(opened(client).id)
    assert (session.status, session.url, session.client_secret) == (
        "canceled",
        None,
        None,
    )
    with pytest.raises(stripe.InvalidRequestError, match="status of canceled"):
        service.cancel(session.id)


def test_redaction_takes_a_moment(client: Client) -> None:
    service = client.v1.identity.verification_sessions
    session = service.redact(opened(client).id)
    assert session.redaction is not None
    assert session.redaction.status == "processing"
    assert session.status == "canceled"
    session = service.retrieve(session.id)
    assert session.redaction is not None
    assert session.redaction.status == "redacted"
    types = [event.type for event in client.v1.events.list().data]
    assert types == [
        "identity.verification_session.redacted",
        "identity.verification_session.canceled",
        "identity.verification_session.created",
    ]


def test_type_is_required(client: Client) -> None:
    with pytest.raises(stripe.InvalidRequestError) as missing:
        client.v1.identity.verification_sessions.create()
    assert (missing.value.code, missing.value.param) == ("parameter_missing", "type")
