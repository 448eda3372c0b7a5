"""What all tests share: a sandbox, and a client that is connected to it."""

from __future__ import annotations

import logging
import os
from collections.abc import Generator, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import dotenv
import orjson
import pytest
from hypothesis import HealthCheck, settings

from stripe_nb.redaction import redact_tokens
from stripe_nb.sandbox import Sandbox
from stripe_nb.sandbox.checker import problems
from stripe_nb.sandbox.engine import Engine
from stripe_nb.sandbox.publishable import is_publishable
from stripe_nb.sandbox.shapes import was_otherwise
from stripe_nb.sandbox.wire import Request, Response
from stripe_nb.session import Client, connect

from .leaks import LogWatch, leaks_below, secrets_in

# How long an example takes is the machine's business, which does other things too.
settings.register_profile(
    "stripe_nb", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("stripe_nb")

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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[
    None, pytest.TestReport, pytest.TestReport
]:
    """Fail a test that prints a secret, or fails with one in its words."""
    report = yield
    printed = [text for _, text in report.sections]
    if found := secrets_in("\n".join([*printed, report.longreprtext])):
        report.outcome = "failed"
        told = redact_tokens(report.longreprtext)
        report.longrepr = f"This test printed a secret: {found[0]}\n{told}"
    return report


@pytest.fixture(scope="session", autouse=True)
def nothing_written_holds_a_secret(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[None]:
    """Look through all files and all logs of this process in the end."""
    watch = LogWatch()
    watch.setFormatter(logging.Formatter())
    logging.getLogger().addHandler(watch)
    yield
    logging.getLogger().removeHandler(watch)
    leaks = [*watch.leaks, *leaks_below(tmp_path_factory.getbasetemp())]
    assert not leaks, "\n".join(leaks)


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
