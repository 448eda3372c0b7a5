from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stripe_nb.catalog.model import Operation
from stripe_nb.clock import TickingClock
from stripe_nb.sandbox import Sandbox
from stripe_nb.sandbox.errors import Forbidden, Unauthorized
from stripe_nb.session import Client
from stripe_nb.sync import engine


@pytest.fixture(params=["duckdb", "sqlite"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "duckdb":
        return str(tmp_path / "w.duckdb")
    return f"sqlite:///{tmp_path}/w.sqlite"


@pytest.fixture(autouse=True)
def _events_are_asked_for_small_tables_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_FEW_ROWS", -1)


class Forbid:
    """Refuses operations of a sandbox, as Stripe does for a restricted key."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._refusals: dict[str, Exception] = {}
        self._passes: dict[str, int] = {}
        self._handler = sandbox.engine.handler

    def __call__(
        self, operation: str, message: str, *, status: int = 403, after: int = 0
    ) -> None:
        self._passes[operation] = after
        kind = Unauthorized if status == Unauthorized.http_status else Forbidden
        self._refusals[operation] = kind(message)

    def nothing(self) -> None:
        """Let everything pass again."""
        self._refusals.clear()

    def handler(self, operation: Operation) -> Any:
        if operation.name in self._refusals:
            self._passes[operation.name] -= 1
            if self._passes[operation.name] >= 0:
                return self._handler(operation)
            raise self._refusals[operation.name]
        return self._handler(operation)


@pytest.fixture
def forbid(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Forbid:
    forbidding = Forbid(sandbox)
    monkeypatch.setattr(sandbox.engine, "handler", forbidding.handler)
    return forbidding


@pytest.fixture
def wait(sandbox: Sandbox, client: Client) -> Callable[[], None]:
    """Let a day pass, and leave an event at its end."""

    def pass_by() -> None:
        clock = sandbox.engine.clock
        assert isinstance(clock, TickingClock)
        clock.set(sandbox.now + 24 * 3600)
        client.v1.tax_rates.create(
            {"display_name": "VAT", "inclusive": False, "percentage": 19}
        )

    return pass_by
