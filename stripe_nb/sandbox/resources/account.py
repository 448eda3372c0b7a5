"""The account that the sandbox's keys belong to, and those connected to it."""

from __future__ import annotations

from typing import Any

from stripe_nb.sandbox.blank import assign, blank
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.connect import capabilities, persons
from stripe_nb.sandbox.connect.controller import collected_by_stripe, controller
from stripe_nb.sandbox.connect.external_accounts import external_account, find
from stripe_nb.sandbox.connect.platform import (
    account_of,
    inside,
    on_platform,
    settle,
)
from stripe_nb.sandbox.connect.profile import business_profile, currency_of, settings
from stripe_nb.sandbox.connect.requirements import nothing_due
from stripe_nb.sandbox.errors import InvalidRequest, NotSimulated
from stripe_nb.sandbox.resource import Behaviour, Listing, check_metadata
from stripe_nb.sandbox.store import Condition, equals
from stripe_nb.sandbox.wire import Json

__all__ = ["Account", "onboard", "open_account"]

_COUNTRY = "US"
_CURRENCY = "usd"
_BUSINESS = "stripe_nb sandbox"

# Parameters that have no field of the same name and meaning, and are handled apart.
_APART = ("capabilities", "controller", "external_account", "individual", "type")
# What an account with Stripe's full dashboard has without asking. The last one
# lets it take transfers at once, as those of the Stripe CLI's triggers do.
_BY_DEFAULT = ("card_payments", "transfers", "legacy_payments")
_BEYOND = ("account_token", "documents")
# What Stripe keeps of a company's secrets, and what the object says of them.
_COMPANY_SECRETS = {
    "tax_id": "tax_id_provided",
    "vat_id": "vat_id_provided",
    "registration_number": "",
}
_REJECTIONS = {
    "fraud_no_intent_to_fulfill": "rejected.platform_fraud",
    "fraud_other": "rejected.platform_fraud",
    "fraud_payment_method_casher": "rejected.platform_fraud",
    "fraud_payment_method_tester": "rejected.platform_fraud",
    "terms_of_service": "rejected.platform_terms_of_service",
}


class Account(Behaviour):
    """`Account <https://docs.stripe.com/api/accounts>`_."""

    name = "account"
    said = "account"
    missing_param = "account"

    def target(self, call: Call) -> Json:
        """Return the account that the path names."""
        return account_of(call, call.path["account"])

    def on_accounts_retrieve_current(self, call: Call) -> Json:
        """Answer the account of the key, or the one that the request acts on."""
        return account_of(call, call.account)

    def on_retrieve(self, call: Call) -> Json:
        """Answer an account that the caller may see."""
        return self.target(call)

    def on_list(self, call: Call) -> Listing:
        """Answer a page of the connected accounts; the own one is none of them."""
        connected = Condition("id != ?", (call.engine.account,))
        return self.listing(call, [*self.conditions(call), connected])

    def on_create(self, call: Call) -> Json:
        """Connect a new account."""
        _check(call)
        if call.account != call.engine.account:
            raise InvalidRequest(
                "You can only create new accounts if you've signed up for Connect, "
                "which you can do at https://dashboard.stripe.com/connect."
            )
        params = call.params
        kind, properties = controller(params)
        country = (params.get("country") or _COUNTRY).upper()
        account = {
            **blank(call.kind("account")),
            "id": f"acct_1{call.engine.ids.letters(15, of='account')}",
            "business_profile": business_profile(),
            "business_type": None,
            "capabilities": {},
            "charges_enabled": False,
            "company": {"name": None},
            "controller": properties,
            "country": country,
            "created": call.now(),
            "default_currency": params.get("default_currency") or currency_of(country),
            "details_submitted": False,
            "email": None,
            "external_accounts": {},
            "future_requirements": nothing_due(),
            "metadata": {},
            "payouts_enabled": False,
            "requirements": nothing_due(),
            "settings": settings(None, None),
            "tos_acceptance": {"date": None},
            "type": kind,
        }
        account.pop("groups", None)
        wanted = params.get("capabilities") or {}
        if properties["stripe_dashboard"]["type"] == "full" and not wanted:
            wanted = {name: {"requested": True} for name in _BY_DEFAULT}
        platform = on_platform(call)
        platform.insert(account)
        return self._apply(call, account, wanted)

    def on_update(self, call: Call) -> Json:
        """Change an account."""
        _check(call)
        return self._apply(
            call, self.target(call), call.params.get("capabilities") or {}
        )

    def _apply(self, call: Call, account: Json, wanted: Json) -> Json:
        """Set an account's fields from the parameters, and what follows from them."""
        check_metadata(call.params, account.get("metadata"))
        params = {k: v for k, v in call.params.items() if k not in _APART}
        _take_company(account, params.pop("company", None), self)
        assign(account, self.resource.fields, params)
        platform = on_platform(call, about=account["id"])
        if wanted:
            capabilities.request(platform, account["id"], wanted)
        if call.params.get("individual"):
            persons.set_individual(platform, account, call.params["individual"])
        if call.params.get("external_account"):
            _add(call, account, call.params["external_account"])
        return settle(call, account)

    def on_delete(self, call: Call) -> Json:
        """Let an account go; its application learns of it."""
        account = self.target(call)
        if account["id"] == call.engine.account:
            raise InvalidRequest("You can't delete the account of your own key.")
        platform = on_platform(call, about=account["id"])
        gone = platform.delete(account)
        platform.emit("account.application.deauthorized", _application(call))
        return gone

    def on_reject(self, call: Call) -> Json:
        """Refuse an account, which can then neither charge nor be paid."""
        if call.params.get("payouts_action") == "none":
            raise NotSimulated("a rejected account that is still paid out")
        account = self.target(call)
        reason = _REJECTIONS.get(call.params["reason"], "rejected.platform_other")
        on_platform(call).set_private(account["id"], rejected=reason)
        return settle(call, account)

    def on_unreject(self, call: Call) -> Json:
        """Take a refusal back."""
        account = self.target(call)
        platform = on_platform(call)
        if not platform.private(account["id"]).get("rejected"):
            raise InvalidRequest("This account is not rejected.", param="account")
        platform.set_private(account["id"], rejected="")
        return settle(call, account)

    # External accounts --------------------------------------------------------

    def on_accounts_external_accounts_create(self, call: Call) -> Json:
        """Add a bank account to be paid out to."""
        account = self.target(call)
        added = _add(
            call,
            account,
            call.params["external_account"],
            metadata=call.params.get("metadata"),
            default=call.params.get("default_for_currency"),
        )
        settle(call, account)
        return added

    def on_accounts_external_accounts_retrieve(self, call: Call) -> Json:
        """Answer one."""
        account = self.target(call)
        return find(inside(call, account["id"]), account["id"], call.path["id"])

    def on_accounts_external_accounts_list(self, call: Call) -> Listing:
        """Answer a page of them, of one kind: bank accounts unless asked otherwise."""
        name = self.target(call)["id"]
        kind = call.engine.behaviour(call.params.get("object") or "bank_account")
        listing = kind.listing(inside(call, name), [equals("account", name)])
        return Listing(listing.page, f"/v1/accounts/{name}/external_accounts")

    def on_accounts_external_accounts_update(self, call: Call) -> Json:
        """Change what may be changed of one."""
        account = self.target(call)
        own = inside(call, account["id"])
        found = find(own, account["id"], call.path["id"])
        check_metadata(call.params, found.get("metadata"))
        if call.params.get("documents"):
            raise NotSimulated("the parameter documents of external accounts")
        if call.params.get("default_for_currency"):
            _make_default(own, found)
        fields = call.kind(found["object"]).fields
        assign(found, fields, call.params)
        changed = own.update(found)
        _tell(call, account, "updated", changed)
        settle(call, account)
        return changed

    def on_accounts_external_accounts_delete(self, call: Call) -> Json:
        """Remove one; the default of a currency stays as long as it is."""
        account = self.target(call)
        own = inside(call, account["id"])
        found = find(own, account["id"], call.path["id"])
        others = own.objects(found["object"], account=account["id"])
        same = [other for other in others if other["currency"] == found["currency"]]
        if found["default_for_currency"] and len(same) > 1:
            raise InvalidRequest(
                "You cannot delete the default external account for your default "
                "currency. Please make another external account the default using the "
                "`default_for_currency` param, and then delete this one."
            )
        gone = own.delete(found)
        _tell(call, account, "deleted", found)
        settle(call, account)
        return {**gone, "currency": found["currency"]}


def _check(call: Call) -> None:
    for name in _BEYOND:
        if call.params.get(name):
            raise NotSimulated(f"the parameter {name} of accounts")


def _take_company(account: Json, company: Json | None, kind: Behaviour) -> None:
    """Set what is told of a company, and keep its secrets out of the object."""
    if not company:
        return
    given: Json = {}
    for name, value in company.items():
        shown = _COMPANY_SECRETS.get(name, name)
        if shown:
            given[shown] = bool(value) if name in _COMPANY_SECRETS else value
    assign(account, kind.resource.fields, {"company": given})


def _add(
    call: Call,
    account: Json,
    given: Any,
    *,
    metadata: Json | None = None,
    default: bool | None = None,
) -> Json:
    own = inside(call, account["id"])
    added, private = external_account(call, own, given, account)
    others = own.objects(added["object"], account=account["id"])
    same = [other for other in others if other["currency"] == added["currency"]]
    added["default_for_currency"] = not same or bool(default)
    added["metadata"] = metadata or {}
    own.insert(added, private=private)
    if same and default:
        _make_default(own, added)
    _tell(call, account, "created", added)
    return added


def _make_default(own: Call, chosen: Json) -> None:
    """Let one external account be the default of its currency, and no other."""
    for other in own.objects(chosen["object"], account=chosen["account"]):
        if other["currency"] == chosen["currency"] and other["id"] != chosen["id"]:
            own.update({**other, "default_for_currency": False})


def _tell(call: Call, account: Json, what: str, obj: Json) -> None:
    platform = on_platform(call, about=account["id"])
    platform.emit(f"account.external_account.{what}", obj)


def onboard(call: Call, account: Json) -> Json:
    """Take in what the account's owner told Stripe on its hosted page."""
    kind = call.engine.behaviour("account")
    platform = on_platform(call, about=account["id"])
    account["business_type"] = account["business_type"] or "individual"
    account["business_profile"] |= {"mcc": "5734", "url": "https://example.com"}
    account["tos_acceptance"]["date"] = call.now()
    if not collected_by_stripe(account):
        account["tos_acceptance"]["ip"] = "127.0.0.1"
    persons.set_individual(platform, account, persons.TEST_PERSON)
    if account["business_type"] != "individual":
        _take_company(account, {**persons.TEST_COMPANY}, kind)
    if not account["external_accounts"]["data"]:
        _add(call, account, "btok_us")
    return settle(call, account)


def _application(call: Call) -> Json:
    """Return the platform as the application that its accounts know."""
    return {
        "id": f"ca_{call.engine.ids.stable(24, of='application')}",
        "object": "application",
        "name": _BUSINESS,
    }


def open_account(call: Call) -> Json:
    """Store the sandbox's own account, ready to charge cards."""
    account = blank(call.kind("account"))
    return call.insert(
        {
            **account,
            "id": call.account,
            "business_profile": business_profile(
                mcc="5734", name=_BUSINESS, url="https://example.com"
            ),
            "business_type": "company",
            "capabilities": {
                "card_payments": "active",
                "link_payments": "active",
                "transfers": "active",
            },
            "charges_enabled": True,
            "controller": {"type": "account"},
            "country": _COUNTRY,
            "created": call.now(),
            "default_currency": _CURRENCY,
            "details_submitted": True,
            "email": "owner@example.com",
            "external_accounts": {
                "object": "list",
                "data": [],
                "has_more": False,
                "url": f"/v1/accounts/{call.account}/external_accounts",
            },
            "payouts_enabled": True,
            "settings": settings(_BUSINESS, "STRIPE NB"),
            "tos_acceptance": {"date": call.now()},
            "type": "standard",
        }
    )
