"""Every operation of Stripe's API is answered, if only by a clear refusal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from click.testing import CliRunner

from stripe_nb.catalog import load
from stripe_nb.catalog.model import Kind, Operation, Type
from stripe_nb.cli import main
from stripe_nb.sandbox import Sandbox
from stripe_nb.sandbox.coverage import Answer, coverage, table
from stripe_nb.sandbox.wire import Request, encode_form

_PLAIN: dict[Kind, Any] = {
    Kind.ANY: "x",
    Kind.BOOLEAN: True,
    Kind.DECIMAL: "1.5",
    Kind.EXPANDABLE: "x_unknown",
    Kind.FILE: "x",
    Kind.INTEGER: 1,
    Kind.NUMBER: 1.5,
    Kind.RESOURCE: "x_unknown",
    Kind.STRING: "usd",
}


def sample(wanted: Type) -> Any:
    """Return a value of a parameter's type, with what it requires and no more."""
    if wanted.kind is Kind.ENUM:
        return next((value for value in wanted.values if value), "")
    if wanted.kind is Kind.OBJECT:
        return {
            name: sample(field.type)
            for name, field in wanted.fields.items()
            if field.required
        }
    if wanted.kind in (Kind.LIST, Kind.PAGE):
        return [sample(wanted.item)] if wanted.item else []
    if wanted.kind is Kind.MAP:
        return {"k": "v"}
    if wanted.kind is Kind.UNION:
        return sample(wanted.options[0])
    return _PLAIN[wanted.kind]


def request(sandbox: Sandbox, operation: Operation, params: dict[str, Any]) -> Request:
    form = encode_form(params)
    posts = operation.method == "post"
    return Request(
        method=operation.method.upper(),
        path=operation.path.format_map(
            dict.fromkeys(operation.path_parameters, "x_unknown")
        ),
        query="" if posts else form,
        headers={
            "authorization": f"Bearer {sandbox.key}",
            "stripe-version": load().api_version,
        },
        body=form.encode() if posts else b"",
    )


def v1() -> Iterator[Operation]:
    return (o for o in load().operations.values() if o.version == "v1")


@pytest.fixture(scope="module")
def quiet() -> Iterator[Sandbox]:
    sandbox = Sandbox(seed=7, clock="2026-01-15")
    yield sandbox
    sandbox.stop()


@pytest.mark.parametrize("everything", [False, True], ids=["required", "all"])
def test_each_v1_operation_is_answered(quiet: Sandbox, everything: bool) -> None:
    wrong = {}
    for operation in v1():
        params = {
            name: sample(field.type)
            for name, field in operation.parameters.items()
            if field.required or (everything and name not in ("expand", "limit"))
        }
        answer = quiet.handle(request(quiet, operation, params))
        if answer.status == 200:
            continue
        error = orjson.loads(answer.body)["error"]
        by_url = error["message"].startswith("Unrecognized request URL")
        refused = answer.status == 501 and error["code"] == "not_simulated"
        if by_url or not (400 <= answer.status < 500 or refused):
            wrong[operation.name] = answer.status, error["message"]
    assert not wrong


def test_each_v2_operation_is_answered(quiet: Sandbox) -> None:
    wrong = {}
    for operation in load().operations.values():
        if operation.version == "v2":
            answer = quiet.handle(request(quiet, operation, {}))
            if answer.status >= 500 and answer.status != 501:
                wrong[operation.name] = answer.status
    assert not wrong


def test_coverage_says_what_the_engine_does(quiet: Sandbox) -> None:
    for entry in coverage(quiet.engine):
        if entry.operation.version != "v1":
            continue
        answer = quiet.handle(request(quiet, entry.operation, {}))
        if entry.answer is Answer.REFUSED and not any(
            field.required for field in entry.operation.parameters.values()
        ):
            assert answer.status in (400, 404, 501), entry


def test_coverage_knows_the_three_classes(quiet: Sandbox) -> None:
    answers = {entry.operation.name: entry.answer for entry in coverage(quiet.engine)}
    assert answers["payment_intents.confirm"] is Answer.SIMULATED
    assert answers["prices.list"] is Answer.SIMULATED
    assert answers["terminal.locations.create"] is Answer.GENERIC
    assert answers["treasury.financial_accounts.create"] is Answer.REFUSED
    assert answers["tax_codes.list"] is Answer.REFUSED


def test_table_adds_up(quiet: Sandbox) -> None:
    *lines, _, first, second = table(quiet.engine).splitlines()
    assert len(lines) == len(load().operations)
    assert first.startswith("v1: 560 operations: ")
    assert second.startswith("v2: 91 operations: ")


def test_command_prints_the_table() -> None:
    ran = CliRunner().invoke(main, ["sandbox", "--coverage"])
    assert ran.exit_code == 0
    assert "payment_intents.confirm" in ran.output
    assert ran.output.splitlines()[-2].startswith("v1: ")
