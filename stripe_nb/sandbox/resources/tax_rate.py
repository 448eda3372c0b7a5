"""Tax rates: how much tax, and whether prices hold it already."""

from __future__ import annotations

from collections.abc import Sequence

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest, ParameterInvalid
from stripe_nb.sandbox.resource import Behaviour
from stripe_nb.sandbox.wire import Json

__all__ = ["TaxRate", "given"]

_ALL = 100


class TaxRate(Behaviour):
    """`Tax rate <https://docs.stripe.com/api/tax_rates>`_."""

    name = "tax_rate"
    missing_param = "tax_rate"

    def on_create(self, call: Call) -> Json:
        """Make a tax rate."""
        percentage = call.params["percentage"]
        if not 0 <= percentage <= _ALL:
            raise ParameterInvalid(
                "The percentage of a tax rate must be between 0 and 100.",
                param="percentage",
            )
        return self.finish(
            call,
            self.draft(
                call,
                active=True,
                rate_type="percentage",
            ),
        )


def given(
    call: Call, names: Sequence[str] | None, param: str = "tax_rates"
) -> list[Json]:
    """Return the tax rates that a parameter names.

    Raises
    ------
    InvalidRequest
        If one is not there, or archived.
    """
    found = []
    for index, name in enumerate(names or ()):
        where = f"{param}[{index}]"
        rate = call.get("tax_rate", name, param=where, http_status=400)
        if not rate["active"]:
            raise InvalidRequest(
                f"The tax rate {name} is archived and can't be used for new items.",
                param=where,
            )
        found.append(rate)
    return found
