"""Runs of a report: asked for now, written a moment later."""

from __future__ import annotations

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest, NotSimulated, ParameterMissing
from stripe_nb.sandbox.reporting.tables import REPORTS, write
from stripe_nb.sandbox.resource import Behaviour
from stripe_nb.sandbox.resources.file import store_file
from stripe_nb.sandbox.wire import Json

__all__ = ["ReportRun"]

_SECONDS = 1
_TAKES = ("columns", "interval_end", "interval_start")


class ReportRun(Behaviour):
    """`ReportRun <https://docs.stripe.com/api/reporting/report_run>`_."""

    name = "reporting.report_run"
    missing_param = "report_run"

    def on_create(self, call: Call) -> Json:
        """Ask for a report."""
        kind = call.params["report_type"]
        if kind not in REPORTS:
            raise NotSimulated(f"the report type {kind}, if there is one,")
        wanted = call.params.get("parameters") or {}
        _check(kind, wanted)
        run = call.insert(
            call.new(
                self.name,
                error=None,
                parameters=wanted,
                report_type=kind,
                result=None,
                status="pending",
                succeeded_at=None,
            ),
            # For the address of the file, which is written without a request.
            private={"base_url": call.base_url},
        )
        call.later(call.now() + _SECONDS, "write", run)
        return run

    def due_write(self, call: Call, run: Json) -> None:
        """Write the report into a file."""
        call.base_url = call.private(run["id"])["base_url"]
        report, wanted = REPORTS[run["report_type"]], run["parameters"]
        rows = report.rows(
            call.objects("balance_transaction"),
            wanted["interval_start"],
            wanted["interval_end"],
        )
        file = store_file(
            call,
            write(report, rows, wanted.get("columns") or report.columns),
            filename=f"{run['id']}.csv",
            purpose="finance_report_run",
            kind="csv",
        )
        call.update(
            run,
            announce="reporting.report_run.succeeded",
            result=file,
            status="succeeded",
            succeeded_at=call.now(),
        )


def _check(kind: str, wanted: Json) -> None:
    for name, value in wanted.items():
        if name not in _TAKES and (name, value) != ("timezone", "Etc/UTC"):
            raise NotSimulated(f"the parameter parameters[{name}] of report runs")
    for name in ("interval_start", "interval_end"):
        if wanted.get(name) is None:
            raise ParameterMissing(f"parameters[{name}]")
    if wanted["interval_start"] >= wanted["interval_end"]:
        raise InvalidRequest(
            "The interval_start must be before the interval_end.",
            param="parameters[interval_start]",
        )
    unknown = [
        column
        for column in wanted.get("columns") or ()
        if column not in REPORTS[kind].columns
    ]
    if unknown:
        raise InvalidRequest(
            f"Invalid columns for the report type {kind}: {', '.join(unknown)}.",
            param="parameters[columns]",
        )
