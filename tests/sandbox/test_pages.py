"""The page on which a cardholder confirms a payment, as a browser sees it."""

from __future__ import annotations

import pytest
import requests
import stripe

from stripe_nb.sandbox import Sandbox
from stripe_nb.sandbox.pages.visit import Visit
from stripe_nb.session import Client


def waiting(client: Client, **more: object) -> stripe.PaymentIntent:
    """Return a payment that waits for its cardholder."""
    return client.v1.payment_intents.create(
        {
            "amount": 2000,
            "currency": "usd",
            "payment_method": "pm_card_authenticationRequired",
            "confirm": True,
            "return_url": "https://shop.example/done?order=1",
            **more,  # type: ignore[typeddict-item]
        }
    )


def page_of(intent: stripe.PaymentIntent) -> str:
    assert intent.next_action is not None
    assert intent.next_action.redirect_to_url is not None
    url = intent.next_action.redirect_to_url.url
    assert url is not None
    return url


def answer(url: str, outcome: str) -> requests.Response:
    return requests.post(
        url, data={"outcome": outcome}, timeout=5, allow_redirects=False
    )


def test_the_question_shows_the_amount_and_nothing_from_elsewhere(
    client: Client,
) -> None:
    page = requests.get(page_of(waiting(client)), timeout=5)

    assert page.status_code == 200
    assert "20.00 USD" in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "<script" not in page.text


@pytest.mark.parametrize(
    ("outcome", "status"),
    [("succeeded", "succeeded"), ("failed", "requires_payment_method")],
)
def test_an_answer_settles_the_payment_and_returns_to_the_shop(
    client: Client, outcome: str, status: str
) -> None:
    intent = waiting(client)

    back = answer(page_of(intent), outcome)
    settled = client.v1.payment_intents.retrieve(intent.id)

    assert back.status_code == 303
    assert back.headers["Location"] == (
        f"https://shop.example/done?order=1&payment_intent={intent.id}"
        f"&payment_intent_client_secret={intent.client_secret}"
        f"&source_type=card&redirect_status={outcome}"
    )
    assert settled.status == status
    if outcome == "failed":
        assert settled.last_payment_error is not None
        assert (
            settled.last_payment_error.code == "payment_intent_authentication_failure"
        )


def test_a_question_is_answered_once(client: Client) -> None:
    url = page_of(waiting(client))
    answer(url, "succeeded")

    assert answer(url, "succeeded").status_code == 409


def test_a_guessed_link_shows_nothing(client: Client, sandbox: Sandbox) -> None:
    intent = waiting(client)

    page = requests.get(
        f"{sandbox.url}/_sandbox/3d_secure/{intent.id}/guess", timeout=5
    )

    assert page.status_code == 404
    assert "20.00" not in page.text


def test_the_programmatic_answer_does_the_same(
    client: Client, sandbox: Sandbox
) -> None:
    passed, failed = waiting(client), waiting(client)

    sandbox.authenticate(passed.id)
    sandbox.authenticate(failed.id, succeed=False)

    assert client.v1.payment_intents.retrieve(passed.id).status == "succeeded"
    assert (
        client.v1.payment_intents.retrieve(failed.id).status
        == "requires_payment_method"
    )


def test_the_answer_stands_before_the_fragment(client: Client) -> None:
    place = "https://shop.example/done"
    for url, joint in ((place, "?"), (f"{place}?a=%20b", "&")):
        intent = waiting(client, return_url=f"{url}#/paid?x=1")
        back = answer(page_of(intent), "succeeded").headers["Location"]
        assert back.startswith(f"{url}{joint}payment_intent={intent.id}&")
        assert back.endswith("&redirect_status=succeeded#/paid?x=1")


def test_a_page_that_fails_says_so(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    url = page_of(waiting(client))

    def fail(*_: object) -> None:
        raise RuntimeError("it broke")

    monkeypatch.setattr(Visit, "call_about", fail)
    page = requests.get(url, timeout=5)

    assert (page.status_code, "its log says more" in page.text) == (500, True)
    assert "it broke" not in page.text
    assert "it broke" in caplog.text
