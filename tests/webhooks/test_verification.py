"""Which webhooks count as genuine, and in what words the others are refused."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from typing import TYPE_CHECKING, Any

import pytest
import stripe
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stripe_nb.clock import wall_time
from stripe_nb.errors import WebhookError
from stripe_nb.session import Client
from stripe_nb.webhooks import Endpoint, verify
from stripe_nb.webhooks.verification import verified

if TYPE_CHECKING:
    from tests.webhooks.conftest import Sign

SECRET = "whsec_0123456789abcdefghijklmnopqrstuv"
OTHER = "whsec_vutsrqponmlkjihgfedcba9876543210"
CASES = int(os.environ.get("STRIPE_NB_FUZZ_CASES", "400"))


def test_a_genuine_webhook_is_the_sdk_s_event(sign: Sign) -> None:
    event = verify(*sign(), SECRET)
    assert isinstance(event, stripe.Event)
    assert (event.id, event.type) == ("evt_1", "invoice.paid")
    assert isinstance(event.data.object, stripe.Invoice)


def test_text_is_taken_as_well_as_bytes(sign: Sign) -> None:
    body, header = sign()
    assert verify(body.decode(), header, SECRET).id == "evt_1"


def test_a_body_is_parsed_once(
    sign: Sign, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It may be a megabyte, and have many handlers.
    parsed: list[object] = []
    loads = json.loads

    def counting(text: Any, **options: Any) -> Any:
        parsed.append(text)
        return loads(text, **options)

    signed = sign()
    with Endpoint(SECRET, client=client) as endpoint:
        endpoint.on("invoice.*")(lambda event: event.id)
        endpoint.on("*")(lambda event: event.id)
        monkeypatch.setattr(json, "loads", counting)
        verify(*signed, SECRET)
        assert len(parsed) == 1
        verify(*signed, SECRET, client=client)
        assert len(parsed) == 2
        assert endpoint.receive(*signed).status == 200
        assert len(parsed) == 3


def test_an_envelope_around_another_event_is_not_opened(sign: Sign) -> None:
    # The SDK opens AWS' and Azure's; whoever signs means the event that is signed.
    inner = {"object": "event", "id": "evt_2", "type": "invoice.voided"}
    outer = {"object": "event", "id": "evt_1", "type": "invoice.paid", "detail": inner}
    event = verify(*sign(json.dumps(outer).encode()), SECRET)
    assert (event.id, event.type) == ("evt_1", "invoice.paid")


def test_another_secret_is_refused(sign: Sign) -> None:
    with pytest.raises(WebhookError, match="another endpoint's, or the body was chan"):
        verify(*sign(), OTHER)


def test_a_changed_body_is_refused(sign: Sign) -> None:
    body, header = sign()
    for changed in (body + b" ", body.replace(b"evt_1", b"evt_2"), body[:-1]):
        with pytest.raises(WebhookError, match="No signature fits"):
            verify(changed, header, SECRET)
    anew = json.dumps(json.loads(body)).encode()
    with pytest.raises(WebhookError, match="parsed it and wrote it anew"):
        verify(anew, header, SECRET)


def test_an_old_signature_is_refused_unless_the_tolerance_allows_it(
    sign: Sign,
) -> None:
    old = sign(age=400)
    with pytest.raises(WebhookError, match=r"40\d seconds old, and 300 are allowed"):
        verify(*old, SECRET)
    assert verify(*old, SECRET, 600).id == "evt_1"


def test_a_time_that_no_clock_shows_is_old(sign: Sign) -> None:
    with pytest.raises(WebhookError, match="seconds old, and 300 are allowed"):
        verify(*sign(age=10**400), SECRET)


@pytest.mark.parametrize("header", [None, ""])
def test_a_missing_header_is_refused(sign: Sign, header: str | None) -> None:
    with pytest.raises(WebhookError, match="header is missing"):
        verify(sign()[0], header, SECRET)


@pytest.mark.parametrize("header", ["nonsense", "t=x,v1=00", "v1=00", "t,v1=0", ","])
def test_a_malformed_header_is_refused(sign: Sign, header: str) -> None:
    with pytest.raises(WebhookError, match="header can't be read"):
        verify(sign()[0], header, SECRET)


def test_an_old_scheme_alone_is_refused(sign: Sign) -> None:
    body, header = sign()
    with pytest.raises(WebhookError, match="no v1 signature"):
        verify(body, header.replace("v1=", "v0="), SECRET)


def test_while_a_secret_is_rolled_either_signature_will_do(sign: Sign) -> None:
    body, header = sign()
    both = f"{header},v1={'0' * 64},v0=00"
    assert verify(body, both, SECRET).id == "evt_1"
    foreign, own = sign(secret=OTHER)[1], header.partition(",")[2]
    assert verify(body, f"{foreign},{own}", SECRET).id == "evt_1"


def test_while_a_secret_is_rolled_either_secret_will_do(sign: Sign) -> None:
    for secret in (SECRET, OTHER):
        assert verify(*sign(secret=secret), [OTHER, SECRET]).id == "evt_1"


@pytest.mark.parametrize("signature", ["ü" * 64, "", "x" * 100_000, "\x00", "=" * 9])
def test_a_strange_signature_is_refused_in_words(sign: Sign, signature: str) -> None:
    header = f"t={int(wall_time())},v1={signature}"
    with pytest.raises(WebhookError, match="No signature fits"):
        verify(sign()[0], header, SECRET)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "no event"),
        (b"[]", "no event"),
        (b'{"object": "invoice"}', "no event"),
        (b"[" * 100_000, "no event"),
        (b'{"object": "event", "id": 5, "type": "x"}', "no id or no type"),
        (b'{"object": "event", "id": "evt_1"}', "no id or no type"),
    ],
)
def test_what_is_signed_and_no_event_is_refused(
    sign: Sign, body: bytes, reason: str
) -> None:
    with pytest.raises(WebhookError, match=reason):
        verify(*sign(body), SECRET)


def test_a_body_that_is_no_text_is_refused() -> None:
    with pytest.raises(WebhookError, match="not UTF-8"):
        verify(b"\xff", "t=1,v1=00", SECRET)


@pytest.mark.parametrize("secret", ["", "  ", [], ["", SECRET], None, 5, object()])
def test_an_empty_secret_verifies_nothing(sign: Sign, secret: Any) -> None:
    with pytest.raises(WebhookError, match="no signing secret"):
        verify(*sign(), secret)


@pytest.mark.parametrize("tolerance", [0, -1, None, 0.5, True])
def test_a_tolerance_that_would_switch_the_check_off_is_refused(
    sign: Sign, tolerance: Any
) -> None:
    with pytest.raises(WebhookError, match="tolerance must be"):
        verify(*sign(), SECRET, tolerance)


def test_a_thin_event_needs_a_client_to_fetch_with(sign: Sign, client: Client) -> None:
    body = json.dumps(
        {
            "id": "evt_1",
            "object": "v2.core.event",
            "type": "v2.core.event_destination.ping",
            "created": "2026-01-15T00:00:00.000Z",
            "livemode": False,
            "related_object": {"id": "ed_1", "type": "x", "url": "/v2/x/ed_1"},
        }
    ).encode()
    with pytest.raises(WebhookError, match="client=client"):
        verify(*sign(body), SECRET)
    told = verify(*sign(body), SECRET, client=client)
    with pytest.raises(WebhookError, match="a part of it is missing"):
        verify(*sign(body.replace(b"related_object", b"other")), SECRET, client=client)
    assert told.type == "v2.core.event_destination.ping"


def test_no_refusal_tells_the_secret(sign: Sign) -> None:
    for header in ("t=1,v1=00", sign()[1], "", "x"):
        with pytest.raises(WebhookError) as caught:
            verify(b"{}", header, SECRET)
        assert SECRET not in str(caught.value)


# The oracle: Stripe's page on checking signatures by hand, in six lines.
def is_genuine(body: bytes, header: str, secret: str, tolerance: int) -> bool:
    items = [item.split("=", 2) for item in header.split(",")]
    try:
        time = int(next(item[1] for item in items if item[0] == "t"))
    except (StopIteration, ValueError, IndexError):
        return False
    signed = f"{time}.".encode() + body
    expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    fits = any(item[0] == "v1" and item[1:2] == [expected] for item in items)
    return fits and time >= wall_time() - tolerance


BODIES = st.builds(
    lambda text: json.dumps({"id": "evt_1", "object": "event", "type": text}).encode(),
    st.text(max_size=40),
)
AGES = st.integers(-1000, 1000).filter(lambda age: abs(age - 300) > 5)
CHANGES = st.sampled_from(
    [
        "none",
        "body",
        "cut",
        "secret",
        "flip",
        "drop time",
        "drop v1",
        "scheme",
        "more v1",
        "case",
        "spaces",
        "twice",
        "junk",
    ]
)


def changed(
    body: bytes, header: str, how: str, at: int, junk: str
) -> tuple[bytes, str, str]:
    """Change one thing of a genuine request."""
    time, _, signature = header.partition(",v1=")
    position = at % 64
    flipped = f"{int(signature[position], 16) ^ 1:x}"
    flip = signature[:position] + flipped + signature[position + 1 :]
    place = at % max(len(body), 1)
    ways: dict[str, tuple[bytes, str, str]] = {
        "none": (body, header, SECRET),
        "body": (body[:place] + b" " + body[place:], header, SECRET),
        "cut": (body[:place], header, SECRET),
        "secret": (body, header, OTHER),
        "flip": (body, f"{time},v1={flip}", SECRET),
        "drop time": (body, f"v1={signature}", SECRET),
        "drop v1": (body, time, SECRET),
        "scheme": (body, f"{time},v0={signature}", SECRET),
        "more v1": (body, f"{time},v1={flip},v1={signature}", SECRET),
        "case": (body, f"{time},v1={signature.upper()}", SECRET),
        "spaces": (body, f"{time}, v1={signature}", SECRET),
        "twice": (body, f"{time},t={at},v1={signature}", SECRET),
        "junk": (body, junk, SECRET),
    }
    return ways[how]


@settings(
    max_examples=CASES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(BODIES, AGES, CHANGES, st.integers(0, 10_000), st.text(max_size=60))
def test_what_is_accepted_is_what_an_independent_check_accepts(
    sign: Sign, body: bytes, age: int, how: str, at: int, junk: str
) -> None:
    text, header = sign(body, age=age)
    asked, said, secret = changed(text, header, how, at, junk)
    try:
        verified(asked, said, secret)
        accepted = True
    except WebhookError as error:
        # A body that was cut is no event even if somebody signed it.
        accepted = "it is no event" in str(error)
    assert accepted is is_genuine(asked, said, secret, 300)
