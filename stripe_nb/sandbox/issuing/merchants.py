"""The merchants at which an issued card is used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stripe_nb.sandbox.errors import NotSimulated
from stripe_nb.sandbox.wire import Json

__all__ = ["merchant"]

# Stripe's names of merchant categories and the card networks' codes of them, those
# met most: https://docs.stripe.com/issuing/categories
_CODES = {
    "ac_refrigeration_repair": "7623",
    "airlines_air_carriers": "4511",
    "automated_fuel_dispensers": "5542",
    "bakeries": "5462",
    "book_stores": "5942",
    "car_rental_agencies": "7512",
    "computer_network_services": "4816",
    "computer_software_stores": "5734",
    "department_stores": "5311",
    "drug_stores_and_pharmacies": "5912",
    "eating_places_restaurants": "5812",
    "electronics_stores": "5732",
    "fast_food_restaurants": "5814",
    "grocery_stores_supermarkets": "5411",
    "hotels_motels_and_resorts": "7011",
    "miscellaneous_food_stores": "5499",
    "office_supplies": "5943",
    "parking_lots_garages": "7523",
    "railroads": "4011",
    "service_stations": "5541",
    "taxicabs_limousines": "4121",
    "telecommunication_services": "4814",
    "travel_agencies_tour_operators": "4722",
    "utilities": "4900",
}
_CATEGORY = "computer_software_stores"


def merchant(given: Mapping[str, Any] | None) -> Json:
    """Return the merchant of an authorization or a transaction.

    Parameters
    ----------
    given
        The parameter ``merchant_data``; what it lacks is a test merchant's.

    Raises
    ------
    NotSimulated
        For a category whose code the sandbox does not know.

    Examples
    --------
    >>> merchant({"category": "bakeries"})["category_code"]
    '5462'
    """
    given = given or {}
    category = given.get("category") or _CATEGORY
    if category not in _CODES:
        raise NotSimulated(f"the merchant category {category}")
    return {
        "category": category,
        "category_code": _CODES[category],
        "city": given.get("city"),
        "country": given.get("country"),
        "name": given.get("name") or "Rocket Rides",
        "network_id": given.get("network_id") or "1234567890",
        "postal_code": given.get("postal_code"),
        "state": given.get("state"),
        "tax_id": None,
        "terminal_id": given.get("terminal_id"),
        "url": given.get("url"),
    }
