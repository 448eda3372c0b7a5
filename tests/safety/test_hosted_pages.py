"""The hosted pages show what they are told as text, and take nothing from elsewhere."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import pytest
import requests
import stripe

from stripe_nb.sandbox import Sandbox
from stripe_nb.sandbox.pages import routes
from stripe_nb.session import Client

HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}"
ESCAPED = "&lt;script&gt;"
POLICY = (
    "default-src 'none'",
    "style-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action ",
)


def show(url: str, **form: str) -> requests.Response:
    if form:
        return requests.post(url, data=form, timeout=5, allow_redirects=False)
    return requests.get(url, timeout=5, allow_redirects=False)


def assert_harmless(page: requests.Response) -> None:
    policy = page.headers["Content-Security-Policy"]
    assert all(rule in policy for rule in POLICY), policy
    assert "script-src" not in policy
    assert "unsafe" not in policy
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Cache-Control"] == "no-store"
    assert "<script" not in page.text
    assert "<img" not in page.text
    assert "49" not in page.text or "{{7*7}}" in page.text


def price(client: Client, **more: Any) -> str:
    said = {"currency": "usd", "unit_amount": 1500, "product_data": {"name": HOSTILE}}
    params: Any = {**said, **more}
    return client.v1.prices.create(params).id


@pytest.mark.parametrize("path", [path for path, _ in routes.PAGES])
def test_every_page_has_a_strict_policy_whatever_it_is_asked(
    sandbox: Sandbox, path: str
) -> None:
    for given in ("x", "%00", quote(HOSTILE.replace("/", ""))):
        page = show(sandbox.url + re.sub("{[a-z]+}", given, path))
        assert page.status_code == 404
        assert HOSTILE not in page.text
        assert_harmless(page)


def test_checkout_escapes_what_the_seller_and_the_customer_wrote(
    client: Client,
) -> None:
    session = client.v1.checkout.sessions.create(
        {
            "mode": "payment",
            "success_url": "https://shop.example/?a=%22><script>",
            "cancel_url": "https://shop.example/?a='><script>alert(1)</script>",
            "line_items": [{"price": price(client), "quantity": 1}],
            "custom_text": {"submit": {"message": HOSTILE}},
            "custom_fields": [
                {
                    "key": "a",
                    "label": {"type": "custom", "custom": HOSTILE[:50]},
                    "type": "text",
                }
            ],
        }
    )
    assert session.url
    first = show(session.url)
    again = show(session.url, email=HOSTILE, name=HOSTILE, number=HOSTILE, a=HOSTILE)
    for page in (first, again):
        assert ESCAPED in page.text
        assert_harmless(page)


def test_a_link_s_closing_words_and_thanks_are_escaped(client: Client) -> None:
    link = client.v1.payment_links.create(
        {
            "line_items": [{"price": price(client), "quantity": 1}],
            "inactive_message": HOSTILE,
        }
    )
    client.v1.payment_links.update(link.id, {"active": False})
    page = show(link.url)
    assert (page.status_code, ESCAPED in page.text) == (410, True)
    assert_harmless(page)


def test_the_portal_escapes_names(client: Client) -> None:
    customer = client.v1.customers.create({"name": HOSTILE, "email": "a@example.com"})
    method = client.v1.payment_methods.attach(
        "pm_card_visa", {"customer": customer.id}
    ).id
    client.v1.subscriptions.create(
        {
            "customer": customer.id,
            "default_payment_method": method,
            "items": [{"price": price(client, recurring={"interval": "month"})}],
        }
    )
    session = client.v1.billing_portal.sessions.create(
        {"customer": customer.id, "return_url": "https://shop.example/?a='><script>"}
    )
    page = show(session.url)
    assert (page.status_code, ESCAPED in page.text) == (200, True)
    assert_harmless(page)


RUNNING = [
    "javascript:alert(1)",
    " javascript:alert(1)",
    "JaVaScRiPt://x/%0aalert(1)",
    "java\tscript://x/",
    "data:text/html,<script>",
    "vbscript:x",
    "file:///etc/passwd",
    "blob:https://shop.example/1",
    "//evil.example",
    "evil",
    "https://",
    "https://[",
    "https://shop.example/\r\nSet-Cookie: a=b",
]


def _sent_to(client: Client, way: str, url: str) -> Any:
    said: Any = {"return_url": url}
    if way in ("a payment", "a setup"):
        said |= {"payment_method": "pm_card_threeDSecure2Required", "confirm": True}
        said |= {"allowed_payment_method_types": ["card"]}
        if way == "a setup":
            return client.v1.setup_intents.create(said)
        said |= {"amount": 500, "currency": "usd"}
        return client.v1.payment_intents.create(said)
    if way == "the portal":
        said |= {"customer": client.v1.customers.create({}).id}
        return client.v1.billing_portal.sessions.create(said)
    account = client.v1.accounts.create({"type": "express"}).id
    said |= {"account": account, "type": "account_onboarding", "refresh_url": url}
    said[way] = "https://shop.example"
    return client.v1.account_links.create(said)


@pytest.mark.parametrize(
    "way", ["a payment", "a setup", "the portal", "return_url", "refresh_url"]
)
def test_no_page_leads_where_something_would_run(client: Client, way: str) -> None:
    assert _sent_to(client, way, "shop-app://done/1")
    for url in RUNNING:
        with pytest.raises(
            stripe.InvalidRequestError, match="Not a valid URL"
        ) as caught:
            _sent_to(client, way, url)
        assert caught.value.code == "url_invalid"
        assert str(caught.value.param).endswith("_url")


def test_onboarding_and_challenges_show_what_they_were_told_as_text(
    client: Client,
) -> None:
    account = client.v1.accounts.create(
        {"type": "express", "business_profile": {"name": HOSTILE}}
    )
    back = "https://shop.example/?a='\"><script>"
    link = client.v1.account_links.create(
        {
            "account": account.id,
            "type": "account_onboarding",
            "refresh_url": back,
            "return_url": back,
        }
    )
    intent = client.v1.payment_intents.create(
        {
            "amount": 500,
            "currency": "usd",
            "payment_method": "pm_card_threeDSecure2Required",
            "confirm": True,
            "description": HOSTILE,
            "return_url": back,
            "allowed_payment_method_types": ["card"],
        }
    )
    action: Any = intent.next_action
    for url in (link.url, action.redirect_to_url.url):
        page = show(url)
        assert page.status_code == 200
        assert_harmless(page)
    refused = show(action.redirect_to_url.url, outcome=HOSTILE)
    assert refused.status_code == 400
    assert HOSTILE not in refused.text


def test_the_script_for_shops_is_all_that_other_origins_may_run(
    sandbox: Sandbox,
) -> None:
    script = requests.get(f"{sandbox.url}/v3/", timeout=5)
    assert script.headers["Content-Type"].startswith("text/javascript")
    assert script.headers["X-Content-Type-Options"] == "nosniff"
