"""What all tests share: a sandbox, and a client that is connected to it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import dotenv
import pytest

from stripe_nb.sandbox import Sandbox
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


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seed=7, clock="2026-01-15") as running:
        yield running


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    with connect(sandbox=sandbox) as connected:
        yield connected
