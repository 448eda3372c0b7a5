"""Customers."""

from __future__ import annotations

from typing import Any

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import NotSimulated, ParameterInvalid, ResourceMissing
from stripe_nb.sandbox.resource import Behaviour
from stripe_nb.sandbox.resources import payment_method
from stripe_nb.sandbox.wire import Json

__all__ = ["Customer"]

# Parameters whose effect on other objects nothing here brings about yet.
_BEYOND = (
    "cash_balance",
    "coupon",
    "promotion_code",
    "source",
    "tax",
    "tax_id_data",
    "test_clock",
)


class Customer(Behaviour):
    """`Customer <https://docs.stripe.com/api/customers>`_."""

    name = "customer"

    def on_create(self, call: Call) -> Json:
        """Make a customer, with a payment method attached if one is given."""
        _check(call)
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
        customer = self.finish(call, customer)
        if method:
            payment_method.attach(call, method, customer["id"])
        return customer

    def on_update(self, call: Call) -> Json:
        """Change a customer."""
        _check(call)
        customer = self.target(call)
        self._set_default(call, customer, None, None)
        return self.change(call, customer)

    def on_delete(self, call: Call) -> Json:
        """Delete a customer; its cards go with it."""
        customer = self.target(call)
        for method in call.objects("payment_method", customer=customer["id"]):
            payment_method.detach(call, method)
        return call.delete(customer, announce="customer.deleted")

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
        if name in ("sources", "subscriptions", "tax_ids"):
            return {
                "object": "list",
                "data": [],
                "has_more": False,
                "total_count": 0,
                "url": f"/v1/customers/{obj['id']}/{name}",
            }
        if name == "invoice_credit_balance":
            return {}
        return super().expanded(call, obj, name)


def _check(call: Call) -> None:
    for name in _BEYOND:
        if call.params.get(name):
            raise NotSimulated(f"the parameter {name} of customers")
    email = call.params.get("email")
    if email and ("@" not in email or email != email.strip()):
        raise ParameterInvalid(
            f"Invalid email address: {email}", code="email_invalid", param="email"
        )


def _invoice_settings() -> Json:
    return {
        "custom_fields": None,
        "default_payment_method": None,
        "footer": None,
        "rendering_options": None,
    }
