"""Customers: who pays, with what, on which terms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.clocks import unclocked
from stripe_nb.sandbox.errors import (
    InvalidRequest,
    NotSimulated,
    ParameterInvalid,
    ResourceMissing,
)
from stripe_nb.sandbox.events import changes
from stripe_nb.sandbox.invoicing import automatic_tax
from stripe_nb.sandbox.payments import cash
from stripe_nb.sandbox.payments.texts import check_email
from stripe_nb.sandbox.resource import Behaviour, check_metadata
from stripe_nb.sandbox.resources import (
    card,
    customer_balance_transaction,
    discount,
    payment_method,
    tax_id,
    test_clock,
)
from stripe_nb.sandbox.store import Condition
from stripe_nb.sandbox.subscriptions import ends
from stripe_nb.sandbox.wire import Json

__all__ = ["Customer"]

# Parameters that are more than a field of the same name.
_HANDLED = (
    "balance",
    "cash_balance",
    "coupon",
    "promotion_code",
    "source",
    "tax",
    "tax_id_data",
)
_PREFIX_LENGTHS = range(3, 13)
_OVER = ("canceled", "incomplete_expired")


class Customer(Behaviour):
    """`Customer <https://docs.stripe.com/api/customers>`_."""

    name = "customer"

    def on_create(self, call: Call) -> Json:
        """Make a customer with what is to be attached to it."""
        _check(call)
        given = {name: call.params.pop(name, None) for name in _HANDLED}
        if call.params.get("test_clock"):
            test_clock.admit(call, call.params["test_clock"])
        customer = self.draft(
            call,
            balance=0,
            delinquent=False,
            invoice_prefix=call.secret(8, "invoice_prefix").upper(),
            invoice_settings=_invoice_settings(),
            next_invoice_sequence=1,
            preferred_locales=[],
            tax_exempt="none",
        )
        token = call.params.get("payment_method")
        method = token and payment_method.resolve(call, token)
        if method:
            payment_method.check_attachable(call, method)
        self._set_default(call, customer, token, method)
        _set_opening_balance(call, customer, given["balance"])
        _set_discount(call, customer, given)
        customer = self.finish(call, customer)
        _announce_discount(call, customer)
        for described in given["tax_id_data"] or ():
            tax_id.make(call, customer, described)
        _set_tax(call, customer, given["tax"])
        _set_cash(call, customer, given["cash_balance"])
        if given["source"]:
            card.add(call, customer, given["source"])
        if method:
            payment_method.attach(call, method, customer["id"])
        return call.get("customer", customer["id"])

    def on_update(self, call: Call) -> Json:
        """Change a customer."""
        _check(call)
        named = [name for name in _HANDLED if name in call.params]
        given = {name: call.params.pop(name) for name in named}
        customer = self.target(call)
        self._set_default(call, customer, None, None)
        _check_default_source(call, customer)
        _set_tax(call, customer, given.get("tax"))
        _set_cash(call, customer, given.get("cash_balance"))
        before = customer["discount"]
        _set_discount(call, customer, given)
        if given.get("source"):
            added = card.add(call, customer, given["source"])
            customer = {**call.get("customer", customer["id"]), **_only(customer)}
            customer["default_source"] = added["id"]
        customer = self.change(call, customer)
        if customer["discount"] != before:
            _announce_discount(call, customer, before)
        wanted = given.get("balance")
        if wanted is not None and wanted != customer["balance"]:
            customer_balance_transaction.book(
                call,
                customer,
                wanted - customer["balance"],
                "adjustment",
                _currency(call, customer),
            )
        return call.get("customer", customer["id"])

    def on_delete(self, call: Call) -> Json:
        """Delete a customer: its subscriptions end, its cards go with it."""
        customer = self.target(call)
        for subscription in call.objects("subscription", customer=customer["id"]):
            if subscription["status"] not in _OVER:
                ends.cancel(call, subscription)
        for method in call.objects("payment_method", customer=customer["id"]):
            payment_method.detach(call, method)
        card.remove_all(call, customer["id"])
        customer = call.get("customer", customer["id"])
        return call.delete(customer, announce="customer.deleted")

    def conditions(self, call: Call) -> Iterator[Condition]:
        """Leave out customers on a test clock, unless that clock is named."""
        yield from super().conditions(call)
        yield from unclocked(call)

    def _set_default(
        self, call: Call, customer: Json, token: str | None, method: Json | None
    ) -> None:
        """Check the default payment method; it may repeat the token just attached."""
        settings = call.params.get("invoice_settings") or {}
        default = settings.get("default_payment_method")
        if not default:
            return
        if method and default in (token, method["id"]):
            settings["default_payment_method"] = method["id"]
            customer["invoice_settings"]["default_payment_method"] = method["id"]
            return
        found = call.find("payment_method", default)
        if found is None or found["customer"] != customer["id"]:
            raise ResourceMissing(
                "PaymentMethod",
                default,
                param="invoice_settings[default_payment_method]",
                http_status=400,
                hint="; the customer does not have a payment method with this ID. The "
                "payment method must be attached to the customer before it can be "
                "set as the default.",
            )

    def expanded(self, call: Call, obj: Json, name: str) -> Any:
        """Return what appears on a customer only when it is expanded."""
        if name == "tax":
            located = automatic_tax.is_located(call, obj)
            return {
                "automatic_tax": "not_collecting"
                if located
                else "unrecognized_location",
                "ip_address": call.private(obj["id"]).get("ip_address"),
                "location": None,
                "provider": "stripe",
            }
        if name == "cash_balance":
            return cash.view(call, obj)
        if name == "invoice_credit_balance":
            return {obj["currency"]: obj["balance"]} if obj["balance"] else {}
        if name in ("sources", "subscriptions", "tax_ids"):
            return _listed(obj, name, [*_parts(call, obj, name)])
        return super().expanded(call, obj, name)


def _parts(call: Call, customer: Json, name: str) -> Iterator[Json]:
    """Give what a customer's nested list of this name holds."""
    if name == "sources":
        yield from call.objects("card", customer=customer["id"])
        yield from call.objects("bank_account", customer=customer["id"])
    elif name == "tax_ids":
        yield from call.objects("tax_id", customer=customer["id"])
    else:
        for subscription in call.objects("subscription", customer=customer["id"]):
            if subscription["status"] not in _OVER:
                yield subscription


def _listed(customer: Json, name: str, found: list[Json]) -> Json:
    return {
        "object": "list",
        "data": found[:10],
        "has_more": len(found) > 10,  # noqa: PLR2004 (a page's default size)
        "total_count": len(found),
        "url": f"/v1/customers/{customer['id']}/{name}",
    }


def _only(customer: Json) -> Json:
    """Return of a changed customer what the adding of a source does not touch."""
    return {name: value for name, value in customer.items() if name != "default_source"}


def _check(call: Call) -> None:
    params = call.params
    check_metadata(params)
    check_email(params.get("email"))
    prefix = params.get("invoice_prefix")
    if prefix is not None:
        _check_prefix(call, prefix)


def _check_prefix(call: Call, prefix: str) -> None:
    plain = prefix.isascii() and prefix.isalnum() and prefix.upper() == prefix
    if not plain or len(prefix) not in _PREFIX_LENGTHS:
        raise ParameterInvalid(
            "The invoice prefix must be 3 to 12 uppercase letters or numbers.",
            param="invoice_prefix",
        )
    others = call.objects("customer", invoice_prefix=prefix)
    if any(other["id"] != call.path.get("customer") for other in others):
        raise InvalidRequest(
            f"The invoice prefix {prefix} is another customer's.",
            param="invoice_prefix",
        )


def _check_default_source(call: Call, customer: Json) -> None:
    name = call.params.get("default_source")
    if not name:
        return
    found = call.find("card", name) or call.find("bank_account", name)
    if found is None or found["customer"] != customer["id"]:
        raise ResourceMissing("source", name, param="default_source", http_status=400)


def _currency(call: Call, customer: Json) -> str:
    account = call.find("account", call.account) or {}
    return str(customer["currency"] or account.get("default_currency") or "usd")


def _set_opening_balance(call: Call, customer: Json, balance: int | None) -> None:
    """Give a new customer a balance; its first transaction tells of it."""
    if balance:
        customer["currency"] = _currency(call, customer)
        customer["balance"] = balance
        customer_balance_transaction.record(
            call, customer, balance, "initial", customer["currency"]
        )


def _set_tax(call: Call, customer: Json, tax: Json | None) -> None:
    if not tax:
        return
    if tax.get("validate_location", "deferred") != "deferred":
        raise NotSimulated("validating a customer's location for tax")
    if "ip_address" in tax:
        call.set_private(customer["id"], ip_address=tax["ip_address"])


def _set_cash(call: Call, customer: Json, given: Json | None) -> None:
    """Choose who pays the customer's intents with its cash balance."""
    mode = ((given or {}).get("settings") or {}).get("reconciliation_mode")
    if mode:
        kept = None if mode == "merchant_default" else mode
        call.set_private(customer["id"], reconciliation_mode=kept)


def _set_discount(call: Call, customer: Json, given: Json) -> None:
    """Put a coupon on a customer, or take it off, as older versions say it."""
    ways: Json = {
        name: given[name] for name in ("coupon", "promotion_code") if name in given
    }
    named: Json = {name: value for name, value in ways.items() if value}
    if named:
        built = discount.build(
            call,
            named,
            param="",
            for_customer=customer["id"],
            customer=customer["id"],
        )
        if customer["discount"]:
            discount.end(call, customer["discount"])
        customer["discount"] = discount.store(call, built)
    elif ways and customer["discount"] and None in ways.values():
        discount.end(call, customer["discount"])
        customer["discount"] = None


def _announce_discount(call: Call, customer: Json, before: Json | None = None) -> None:
    after = customer["discount"]
    if before and after:
        call.emit("customer.discount.updated", after, changes(before, after))
    elif after:
        call.emit("customer.discount.created", after)
    elif before:
        call.emit("customer.discount.deleted", before)


def _invoice_settings() -> Json:
    return {
        "custom_fields": None,
        "default_payment_method": None,
        "footer": None,
        "rendering_options": None,
    }
