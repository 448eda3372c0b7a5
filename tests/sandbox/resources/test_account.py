"""Connected accounts: made, asked for what they owe, kept apart, let go."""

from __future__ import annotations

import urllib.parse
import urllib.request
from typing import Any

import pytest
import stripe

from stripe_nb.session import Client

_INDIVIDUAL: dict[str, Any] = {
    "address": {
        "city": "San Francisco",
        "country": "US",
        "line1": "1 Market Street",
        "postal_code": "94105",
        "state": "CA",
    },
    "dob": {"day": 1, "month": 1, "year": 1901},
    "email": "jenny.rosen@example.com",
    "first_name": "Jenny",
    "last_name": "Rosen",
    "phone": "+15555550123",
    "ssn_last_4": "0000",
}
_BANK = {
    "object": "bank_account",
    "account_number": "000123456789",
    "country": "US",
    "currency": "usd",
    "routing_number": "110000000",
}


def express(client: Client) -> stripe.Account:
    return client.v1.accounts.create(
        {"type": "express", "capabilities": {"transfers": {"requested": True}}}
    )


def types(client: Client) -> list[str]:
    return [event.type for event in client.v1.events.list({"limit": 100}).data]


@pytest.mark.parametrize(
    ("kind", "payer", "losses", "collection", "dashboard"),
    [
        ("standard", "account", "stripe", "stripe", "full"),
        ("express", "application_express", "application", "stripe", "express"),
        ("custom", "application_custom", "application", "application", "none"),
    ],
)
def test_type_sets_the_controller(
    client: Client,
    kind: Any,
    payer: str,
    losses: str,
    collection: str,
    dashboard: str,
) -> None:
    account = client.v1.accounts.create({"type": kind})
    assert account.type == kind
    assert account.controller is not None
    assert account.controller.to_dict() == {
        "fees": {"payer": payer},
        "is_controller": True,
        "losses": {"payments": losses},
        "requirement_collection": collection,
        "stripe_dashboard": {"type": dashboard},
        "type": "application",
    }


def test_controller_alone_gives_no_type(client: Client) -> None:
    account = client.v1.accounts.create(
        {"controller": {"stripe_dashboard": {"type": "express"}}}
    )
    assert account.type == "none"


def test_type_and_controller_exclude_each_other(client: Client) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="mutually exclusive"):
        client.v1.accounts.create(
            {"type": "custom", "controller": {"fees": {"payer": "account"}}}
        )


def test_account_is_able_once_it_owes_nothing(client: Client) -> None:
    account = client.v1.accounts.create(
        {
            "type": "custom",
            "country": "US",
            "capabilities": {"transfers": {"requested": True}},
        }
    )
    assert account.requirements is not None
    assert "business_type" in (account.requirements.currently_due or [])
    assert account.requirements.disabled_reason == "requirements.past_due"
    told: Any = {
        "business_type": "individual",
        "business_profile": {"mcc": "5734", "url": "https://example.com"},
        "individual": _INDIVIDUAL,
        "tos_acceptance": {"date": 1768435200, "ip": "127.0.0.1"},
    }
    account = client.v1.accounts.update(account.id, told)
    assert account.requirements is not None
    assert account.requirements.currently_due == ["external_account"]
    account = client.v1.accounts.update(account.id, {"external_account": "btok_us"})
    assert account.charges_enabled
    assert account.payouts_enabled
    assert account.capabilities is not None
    assert account.capabilities.transfers == "active"


def test_secrets_of_a_person_are_never_shown(client: Client) -> None:
    params: Any = {
        "type": "custom",
        "business_type": "individual",
        "individual": _INDIVIDUAL,
    }
    account = client.v1.accounts.create(params)
    person = client.v1.accounts.persons.list(account.id).data[0]
    assert person.ssn_last_4_provided is True
    assert "ssn_last_4" not in person
    assert account.individual is not None
    assert account.individual.id == person.id


def test_hosted_onboarding_fills_in_test_data(client: Client) -> None:
    account = express(client)
    link = client.v1.account_links.create(
        {
            "account": account.id,
            "type": "account_onboarding",
            "refresh_url": "http://127.0.0.1:9/refresh",
            "return_url": "http://127.0.0.1:9/back",
        }
    )
    assert link.expires_at == link.created + 300
    with urllib.request.urlopen(link.url) as page:
        assert b"Tell Stripe about your business" in page.read()
    form = urllib.parse.urlencode({"outcome": "complete"}).encode()
    opener = urllib.request.build_opener(_StayHere())
    with pytest.raises(urllib.error.HTTPError) as left:
        opener.open(link.url, form)
    assert left.value.headers["location"] == "http://127.0.0.1:9/back"
    left.value.close()
    account = client.v1.accounts.retrieve(account.id)
    assert account.details_submitted
    assert account.charges_enabled
    assert client.v1.accounts.login_links.create(account.id).url


class _StayHere(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def test_login_link_needs_onboarding(client: Client) -> None:
    account = express(client)
    with pytest.raises(stripe.InvalidRequestError, match="not completed onboarding"):
        client.v1.accounts.login_links.create(account.id)


def test_accounts_see_only_their_own_objects(client: Client) -> None:
    account = express(client)
    options: Any = {"stripe_account": account.id}
    theirs = client.v1.customers.create({"name": "theirs"}, options)
    ours = client.v1.customers.create({"name": "ours"})
    assert [c.id for c in client.v1.customers.list().data] == [ours.id]
    assert [c.id for c in client.v1.customers.list({}, options).data] == [theirs.id]
    with pytest.raises(stripe.InvalidRequestError) as missing:
        client.v1.customers.retrieve(theirs.id)
    assert missing.value.code == "resource_missing"
    context: Any = {"stripe_context": account.id}
    assert client.v1.customers.retrieve(theirs.id, {}, context).name == "theirs"
    assert client.v1.accounts.retrieve_current({}, options).id == account.id


def test_events_say_whose_they_are(client: Client) -> None:
    account = express(client)
    options: Any = {"stripe_account": account.id}
    client.v1.customers.create({}, options)
    theirs = client.v1.events.list({}, options).data
    assert [(e.type, e.account) for e in theirs] == [("customer.created", account.id)]
    client.v1.accounts.update(account.id, {"metadata": {"k": "v"}})
    updated = client.v1.events.list({"type": "account.updated"}).data[0]
    assert updated.account == account.id
    changed: Any = updated.data.object
    assert changed["metadata"]["k"] == "v"


def test_unknown_account_is_forbidden(client: Client) -> None:
    options: Any = {"stripe_account": "acct_1nobody"}
    with pytest.raises(stripe.PermissionError) as refused:
        client.v1.customers.list({}, options)
    body: Any = refused.value.json_body
    assert body["error"]["code"] == "account_invalid"
    with pytest.raises(stripe.PermissionError):
        client.v1.accounts.retrieve("acct_1nobody")


def test_deleted_account_lets_its_application_know(client: Client) -> None:
    account = client.v1.accounts.create({"type": "standard"})
    gone = client.v1.accounts.delete(account.id)
    assert gone.deleted is True
    assert types(client)[0] == "account.application.deauthorized"
    assert client.v1.accounts.list().data == []


def test_own_account_is_not_listed_or_deleted(client: Client) -> None:
    own = client.v1.accounts.retrieve_current()
    assert client.v1.accounts.list().data == []
    with pytest.raises(stripe.InvalidRequestError, match="your own key"):
        client.v1.accounts.delete(own.id)


def test_rejection_disables_until_it_is_taken_back(client: Client) -> None:
    account = express(client)
    rejected = client.v1.accounts.reject(account.id, {"reason": "fraud_other"})
    assert rejected.requirements is not None
    assert rejected.requirements.disabled_reason == "rejected.platform_fraud"
    back = client.v1.accounts.unreject(account.id)
    assert back.requirements is not None
    assert back.requirements.disabled_reason == "requirements.past_due"


def test_external_accounts_have_one_default_per_currency(client: Client) -> None:
    account = express(client)
    bank: Any = {"external_account": _BANK}
    service = client.v1.accounts.external_accounts
    first = service.create(account.id, bank)
    second = service.create(account.id, bank)
    assert (first.default_for_currency, second.default_for_currency) == (True, False)
    with pytest.raises(stripe.InvalidRequestError, match="cannot delete the default"):
        service.delete(account.id, first.id)
    service.update(account.id, second.id, {"default_for_currency": True})
    gone = service.delete(account.id, first.id)
    assert gone.deleted is True
    left = service.list(account.id, {"object": "bank_account"}).data
    assert [(b.id, b.default_for_currency) for b in left] == [(second.id, True)]
    shown = client.v1.accounts.retrieve(account.id).external_accounts
    assert shown is not None
    assert [b.id for b in shown.data] == [second.id]


def test_token_of_the_platform_becomes_an_external_account(client: Client) -> None:
    account = express(client)
    details: Any = {"bank_account": {**_BANK, "account_holder_name": "Jenny"}}
    del details["bank_account"]["object"]
    token = client.v1.tokens.create(details)
    added: Any = client.v1.accounts.external_accounts.create(
        account.id, {"external_account": token.id}
    )
    assert (added.object, added.last4, added.account_holder_name) == (
        "bank_account",
        "6789",
        "Jenny",
    )
    with pytest.raises(stripe.InvalidRequestError, match="more than once"):
        client.v1.accounts.external_accounts.create(
            account.id, {"external_account": token.id}
        )


def test_debit_card_is_paid_out_to_and_a_credit_card_is_not(client: Client) -> None:
    account = express(client)
    service = client.v1.accounts.external_accounts
    card: Any = service.create(account.id, {"external_account": "tok_visa_debit"})
    assert (card.object, card.account, card.currency) == ("card", account.id, "usd")
    listed = service.list(account.id, {"object": "card"}).data
    assert [found.id for found in listed] == [card.id]
    with pytest.raises(stripe.InvalidRequestError) as refused:
        service.create(account.id, {"external_account": "tok_visa"})
    assert refused.value.code == "invalid_card_type"


def test_capability_is_asked_for_and_given_back(client: Client) -> None:
    account = express(client)
    service = client.v1.accounts.capabilities
    asked = service.update(account.id, "card_payments", {"requested": True})
    assert (asked.status, asked.requested) == ("inactive", True)
    assert {c.id for c in service.list(account.id).data} == {
        "card_payments",
        "transfers",
    }
    given = service.update(account.id, "card_payments", {"requested": False})
    assert (given.status, given.requested) == ("unrequested", False)
    with pytest.raises(stripe.InvalidRequestError) as missing:
        service.retrieve(account.id, "flying")
    assert missing.value.param == "capability"


def test_person_comes_and_goes(client: Client) -> None:
    account = express(client)
    service = client.v1.accounts.persons
    owner = service.create(
        account.id, {"first_name": "Ada", "relationship": {"owner": True}}
    )
    service.create(account.id, {"first_name": "Bob"})
    found = service.list(account.id, {"relationship": {"owner": True}}).data
    assert [person.id for person in found] == [owner.id]
    assert service.update(account.id, owner.id, {"email": "a@b.co"}).email == "a@b.co"
    assert service.delete(account.id, owner.id).deleted is True
    assert types(client)[0] == "person.deleted"


def test_account_session_enables_what_is_asked(client: Client) -> None:
    account = express(client)
    session = client.v1.account_sessions.create(
        {
            "account": account.id,
            "components": {"account_onboarding": {"enabled": True}},
        }
    )
    assert session.components.account_onboarding.enabled
    assert not session.components.payments.enabled
    disabled: Any = {"account_onboarding": {"enabled": False}}
    with pytest.raises(stripe.InvalidRequestError, match="at least one component"):
        client.v1.account_sessions.create(
            {"account": account.id, "components": disabled}
        )
