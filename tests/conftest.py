"""What all tests share: a sandbox, and a client that is connected to it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import dotenv
import orjson
import pytest

from stripe_nb.sandbox import Sandbox
from stripe_nb.sandbox.checker import problems
from stripe_nb.sandbox.engine import Engine
from stripe_nb.sandbox.publishable import is_publishable
from stripe_nb.sandbox.shapes import was_otherwise
from stripe_nb.sandbox.wire import Request, Response
from stripe_nb.session import Client, connect

_SETTINGS = (
    "STRIPE_ACCOUNT",
    "STRIPE_NB_SANDBOX_URL",
    "STRIPE_PUBLISHABLE_KEY",
    "STRIPE_SECRET_KEY",
)


def pytest_configure() -> None:
    """Keep every test, and every kernel that one starts, away from Stripe."""
    for name in _SETTINGS:
        os.environ.pop(name, None)
    found = dotenv.find_dotenv(usecwd=True)
    if found and "STRIPE_SECRET_KEY" in dotenv.dotenv_values(found):
        pytest.exit(
            f"The tests run on the sandbox alone, and {found} has a key that the "
            "notebooks would take: move that file away for the tests.",
            returncode=pytest.ExitCode.USAGE_ERROR,
        )


@pytest.fixture
def root() -> Path:
    return Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def shapes_are_stripes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hold every answer of every sandbox in this process against the SDK's classes.

    Answers in an older version's shape have no class to be held against, and a
    publishable key is shown a part of an object only.
    """
    answer, found = Engine.answer, set[str]()

    def checked(engine: Engine, request: Request, **how: Any) -> Response:
        response = answer(engine, request, **how)
        version = response.headers.get("Stripe-Version", "")
        kind = response.headers.get("Content-Type", "")
        fit = response.status == HTTPStatus.OK and kind == "application/json"
        fit = fit and not is_publishable(request.headers)
        if fit and not was_otherwise(version):
            found.update(problems(engine.catalog, orjson.loads(response.body)))
        return response

    monkeypatch.setattr(Engine, "answer", checked)
    yield
    assert not found, "\n".join(sorted(found))


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seed=7, clock="2026-01-15") as running:
        yield running


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    with connect(sandbox=sandbox) as connected:
        yield connected
