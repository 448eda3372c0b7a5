"""Errors as they are met: wrapped, grouped, of the network, with Stripe's advice."""

from __future__ import annotations

import asyncio
import socket
import ssl
import urllib.error
from typing import Any

import aiohttp
import pytest
import requests
import stripe
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from stripe_nb.errors import FrameError, WebhookError, explain

# The SDK leaves its errors' constructors untyped.
API_ERROR: Any = stripe.APIError
CARD_ERROR: Any = stripe.CardError
DECLINED = CARD_ERROR("No.", None, "expired_card")


def raised_from(cause: BaseException, error: BaseException) -> BaseException:
    error.__cause__ = cause
    return error


def declined(decline_code: str, **more: str) -> Any:
    said = {"code": "card_declined", "decline_code": decline_code, **more}
    return CARD_ERROR("No.", None, "card_declined", json_body={"error": said})


@pytest.mark.parametrize(
    "error",
    [
        raised_from(DECLINED, RuntimeError("The order failed.")),
        raised_from(raised_from(DECLINED, KeyError("a")), ValueError("b")),
        ExceptionGroup("many", [ValueError("a"), DECLINED]),
        ExceptionGroup("many", [ExceptionGroup("few", [DECLINED])]),
        raised_from(ExceptionGroup("many", [DECLINED]), RuntimeError()),
    ],
    ids=lambda error: type(error).__name__,
)
def test_stripe_s_error_within_another_is_explained(error: BaseException) -> None:
    assert explain(error) == explain(DECLINED)


def test_an_error_while_one_of_stripe_s_is_handled_is_another_one() -> None:
    def handle_it_wrongly() -> None:
        orders: dict[str, str] = {}
        try:
            raise DECLINED
        except stripe.CardError:
            orders["order"].upper()

    with pytest.raises(KeyError) as caught:
        handle_it_wrongly()
    assert explain(caught.value).title == "Key error"


def test_our_own_error_tells_itself_whatever_it_came_of() -> None:
    told = explain(raised_from(DECLINED, FrameError("The list failed: ask again.")))
    assert told.what_happened == "The list failed: ask again."
    within = ExceptionGroup("many", [WebhookError("No signature fits.")])
    assert explain(within).what_happened == "No signature fits."


def test_errors_that_caused_each_other_are_explained_all_the_same() -> None:
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    assert explain(first).what_happened == "a"


@pytest.mark.parametrize(
    "error",
    [
        ConnectionResetError(104, "reset"),
        TimeoutError("timed out"),
        socket.gaierror(-2, "unknown"),
        ssl.SSLError("handshake"),
        requests.ConnectionError("refused"),
        requests.exceptions.SSLError("certificate"),
        requests.exceptions.ReadTimeout("read"),
        requests.exceptions.ChunkedEncodingError("cut"),
        urllib3.exceptions.ProtocolError("cut"),
        aiohttp.ClientPayloadError("cut"),
        aiohttp.ServerDisconnectedError(),
        aiohttp.ServerTimeoutError(),
        # Not installed here, but known by its name.
        type("TransportError", (Exception,), {"__module__": "httpx"})("cut"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_failure_of_the_network_may_have_had_its_effect(error: Exception) -> None:
    told = explain(error)
    assert told.what_happened.startswith("The network failed")
    assert not told.retry_is_safe
    assert "look for the object" in told.retry_how


@pytest.mark.parametrize("error", [KeyboardInterrupt(), asyncio.CancelledError()])
def test_a_call_that_was_stopped_may_have_had_its_effect(error: BaseException) -> None:
    told = explain(error)
    assert told.what_happened.startswith("The program was stopped before an answer")
    assert not told.retry_is_safe
    assert "look for the object" in told.retry_how


def test_what_says_nothing_is_not_said_to_have_come_before_stripe() -> None:
    assert explain(MemoryError()).what_happened.endswith("does not say why.")


@pytest.mark.parametrize(
    "error",
    [
        requests.exceptions.InvalidURL("x"),
        requests.HTTPError("404"),
        urllib.error.HTTPError("http://x", 404, "No", {}, None),  # type: ignore[arg-type]
        FileNotFoundError("x"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_the_network_did_not_do_is_not_laid_to_it(error: Exception) -> None:
    assert explain(error).what_to_do == "This is no error of Stripe's."


@pytest.mark.parametrize(
    ("status", "who", "safe"),
    [
        (None, "Stripe", True),
        (500, "Stripe", True),
        (503, "Stripe", True),
        (409, "Stripe", True),
        (408, "Stripe", True),
        (429, "developer", True),
        (405, "developer", False),
        (413, "developer", False),
        (422, "developer", False),
    ],
)
def test_an_error_of_no_class_is_judged_by_its_status(
    status: int | None, who: str, safe: bool
) -> None:
    told = explain(API_ERROR("No.", http_status=status))
    assert (told.who_must_act, told.retry_is_safe) == (who, safe)


@pytest.mark.parametrize("name", ["Stripe-Should-Retry", "stripe-should-retry"])
def test_stripe_s_own_word_on_a_retry_decides(name: str) -> None:
    fails = API_ERROR("No.", http_status=500, headers={name: "false"})
    assert not explain(fails).retry_is_safe
    assert "new key" in explain(fails).retry_how
    busy: Any = stripe.InvalidRequestError
    passes = busy("No.", None, http_status=400, headers={name: "true"})
    assert explain(passes).retry_is_safe
    assert "same idempotency key" in explain(passes).retry_how


@pytest.mark.parametrize("word", ["true", "false"])
def test_too_many_requests_may_always_be_sent_later(word: str) -> None:
    """Stripe says "false" with each 429: the SDK is not to send it again at once."""
    kind: Any = stripe.RateLimitError
    told = explain(kind("No.", http_status=429, headers={"Stripe-Should-Retry": word}))
    assert told.retry_is_safe
    assert "fewer requests at once" in told.retry_how


def test_a_refusal_that_is_final_anyhow_keeps_its_own_words() -> None:
    kind: Any = stripe.InvalidRequestError
    plain = kind("No.", None, "parameter_missing")
    final = kind(
        "No.", None, "parameter_missing", headers={"Stripe-Should-Retry": "false"}
    )
    assert explain(final).retry_how == explain(plain).retry_how


@pytest.mark.parametrize("advice", ["do_not_try_again", "confirm_card_data"])
def test_the_issuer_s_advice_against_a_retry_counts(advice: str) -> None:
    assert explain(declined("insufficient_funds")).retry_is_safe
    assert not explain(declined("insufficient_funds", advice_code=advice)).retry_is_safe


def test_the_issuer_s_advice_allows_no_more_than_the_decline_does() -> None:
    stolen = declined("stolen_card", advice_code="try_again_later")
    assert explain(stolen) == explain(declined("stolen_card"))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    )
    | st.fixed_dictionaries(
        {
            "error": st.dictionaries(
                st.sampled_from(
                    [
                        "code",
                        "decline_code",
                        "message",
                        "advice_code",
                        "doc_url",
                        "param",
                    ]
                ),
                st.none() | st.text() | st.lists(st.text()) | st.integers(),
            )
        }
    )
)
def test_whatever_the_body_holds_an_error_is_explained(body: Any) -> None:
    for kind in (API_ERROR, stripe.StripeError):
        told = explain(kind("No.", json_body=body, headers={"a": "b"}))
        assert told.title
        assert told._repr_html_()
