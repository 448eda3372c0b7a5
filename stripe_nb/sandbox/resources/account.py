"""The account that the sandbox's keys belong to."""

from __future__ import annotations

from stripe_nb.sandbox.blank import blank, in_order
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.resource import Behaviour
from stripe_nb.sandbox.wire import Json

__all__ = ["Account", "open_account"]

_COUNTRY = "US"
_CURRENCY = "usd"
_BUSINESS = "stripe_nb sandbox"


class Account(Behaviour):
    """`Account <https://docs.stripe.com/api/accounts>`_."""

    name = "account"
    said = "account"
    missing_param = "account"

    def on_accounts_retrieve_current(self, call: Call) -> Json:
        """Answer the account of the key."""
        return call.get("account", call.account)


def open_account(call: Call) -> Json:
    """Store the sandbox's own account, ready to charge cards."""
    account = blank(call.kind("account"))
    return call.insert(
        {
            **account,
            "id": call.account,
            "business_profile": _business_profile(),
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
            "settings": _settings(),
            "tos_acceptance": {"date": call.now()},
            "type": "standard",
        }
    )


def _business_profile() -> Json:
    return in_order(
        {
            "annual_revenue": None,
            "estimated_worker_count": None,
            "mcc": "5734",
            "minority_owned_business_designation": None,
            "name": _BUSINESS,
            "product_description": None,
            "support_address": None,
            "support_email": None,
            "support_phone": None,
            "support_url": None,
            "url": "https://example.com",
        }
    )


def _settings() -> Json:
    return {
        "bacs_debit_payments": {"display_name": None, "service_user_number": None},
        "branding": {
            "icon": None,
            "logo": None,
            "primary_color": None,
            "secondary_color": None,
        },
        "card_issuing": {"tos_acceptance": {"date": None, "ip": None}},
        "card_payments": {
            "decline_on": {"avs_failure": False, "cvc_failure": False},
            "statement_descriptor_prefix": None,
            "statement_descriptor_prefix_kana": None,
            "statement_descriptor_prefix_kanji": None,
        },
        "dashboard": {"display_name": _BUSINESS, "timezone": "Etc/UTC"},
        "invoices": {
            "default_account_tax_ids": None,
            "hosted_payment_method_save": "offer",
        },
        "payments": {
            "statement_descriptor": "STRIPE NB",
            "statement_descriptor_kana": None,
            "statement_descriptor_kanji": None,
        },
        "payouts": {
            "debit_negative_balances": True,
            "schedule": {"delay_days": 2, "interval": "daily"},
            "statement_descriptor": None,
        },
        "sepa_debit_payments": {},
    }
