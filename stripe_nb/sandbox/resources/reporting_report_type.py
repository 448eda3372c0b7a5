"""The types of reports that the sandbox can write."""

from __future__ import annotations

from stripe_nb.sandbox.blank import in_order
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import NotSimulated
from stripe_nb.sandbox.reporting.tables import REPORTS
from stripe_nb.sandbox.resource import Behaviour
from stripe_nb.sandbox.wire import Json

__all__ = ["ReportType"]

_DAY = 86_400


class ReportType(Behaviour):
    """`ReportType <https://docs.stripe.com/api/reporting/report_type>`_."""

    name = "reporting.report_type"

    def on_list(self, call: Call) -> Json:
        """Answer all of them."""
        return {
            "object": "list",
            "data": [self.report_type(call, name) for name in REPORTS],
            "has_more": False,
            "url": "/v1/reporting/report_types",
        }

    def on_retrieve(self, call: Call) -> Json:
        """Answer one."""
        name = call.path["report_type"]
        if name not in REPORTS:
            raise NotSimulated(f"the report type {name}, if there is one,")
        return self.report_type(call, name)

    def report_type(self, call: Call, name: str) -> Json:
        """Return what is known of a type; there is data until last midnight."""
        account = call.engine.store.row(call.engine.account, call.account)
        midnight = call.now() // _DAY * _DAY
        return in_order(
            {
                "id": name,
                "object": self.name,
                "data_available_end": midnight,
                "data_available_start": account.created if account else midnight,
                "default_columns": list(REPORTS[name].columns),
                "livemode": False,
                "name": REPORTS[name].name,
                "updated": midnight,
                "version": 1,
            }
        )
