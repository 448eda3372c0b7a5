"""The parts of an account that every account has: its profile and its settings."""

from __future__ import annotations

from stripe_nb.sandbox.errors import NotSimulated
from stripe_nb.sandbox.wire import Json

__all__ = ["business_profile", "currency_of", "settings"]

_EURO = (
    *("AT", "BE", "CY", "DE", "EE", "ES", "FI", "FR", "GR", "HR"),
    *("IE", "IT", "LT", "LU", "LV", "MT", "NL", "PT", "SI", "SK"),
)
_CURRENCIES = {
    "AE": "aed",
    "AU": "aud",
    "BG": "eur",
    "BR": "brl",
    "CA": "cad",
    "CH": "chf",
    "CZ": "czk",
    "DK": "dkk",
    "GB": "gbp",
    "HK": "hkd",
    "HU": "huf",
    "JP": "jpy",
    "MX": "mxn",
    "MY": "myr",
    "NO": "nok",
    "NZ": "nzd",
    "PL": "pln",
    "RO": "ron",
    "SE": "sek",
    "SG": "sgd",
    "TH": "thb",
    "US": "usd",
}


def currency_of(country: str) -> str:
    """Return the currency that an account in a country is settled in.

    Raises
    ------
    NotSimulated
        For a country that the sandbox does not know.

    Examples
    --------
    >>> currency_of("DE")
    'eur'
    """
    if country in _EURO:
        return "eur"
    try:
        return _CURRENCIES[country]
    except KeyError:
        raise NotSimulated(f"an account in the country {country}") from None


def business_profile(**values: str) -> Json:
    """Return a business profile with nothing said but the values."""
    return {
        "annual_revenue": None,
        "estimated_worker_count": None,
        "mcc": None,
        "minority_owned_business_designation": None,
        "name": None,
        "product_description": None,
        "specified_commercial_transactions_act_url": None,
        "support_address": None,
        "support_email": None,
        "support_phone": None,
        "support_url": None,
        "url": None,
        **values,
    }


def settings(display_name: str | None, descriptor: str | None) -> Json:
    """Return the settings of a new account.

    Parameters
    ----------
    display_name
        What its dashboard and receipts call it.
    descriptor
        What card statements call it.
    """
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
        "dashboard": {"display_name": display_name, "timezone": "Etc/UTC"},
        "invoices": {
            "default_account_tax_ids": None,
            "hosted_payment_method_save": "offer",
        },
        "payments": {
            "statement_descriptor": descriptor,
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
