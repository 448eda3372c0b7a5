"""Looks for secrets in all that the suite writes: files, logs, what is printed.

What belongs to nobody is no secret: the keys that every sandbox takes, and those
that tests make up. A database keeps what Stripe keeps; only its owner reads it.
"""

from __future__ import annotations

import logging
import os
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from stripe_nb.redaction import redact_tokens

__all__ = ["LogWatch", "leaks_below", "secrets_in"]

_SECRET = re.compile(
    r"\b[sr]k_(?:test|live|org)_[A-Za-z0-9]{10,}|\bwhsec_[A-Za-z0-9]{10,}"
    r"|\bek_test_[A-Za-z0-9]{10,}|\w*_secret_[A-Za-z0-9]{16,}"
)
_MADE_UP = re.compile(
    r"sk_test_(?:stripenbsandbox0|(?:sandbox0){3}|(?:A1b2C3d4){3})\b"
    r"|\w+?_0123456789\w*|\w+?_51Abcdef\w*"
)
_DATABASES = (b"SQLite format 3", b"DUCK")
# Where a key is meant to stand, what reads it from there, and what Stripe's own
# command line tells whoever runs it.
_HOMES = re.compile(r"\.env(?:\..*)?|.*\.(?:env|pyc?|toml)|listen\.log")


# What is looked for soonest: no secret is without one of these.
_MARKS = ("k_test_", "k_live_", "k_org_", "whsec_", "_secret_")


def secrets_in(text: str) -> list[str]:
    """Return what a text gives away, masked, so that telling of it gives no more.

    Examples
    --------
    >>> secrets_in("pi_1_secret_abcdefgh12345678 sk_test_sandbox0sandbox0sandbox0")
    ['pi_1_secret_…5678']
    """
    if not any(mark in text for mark in _MARKS):
        return []
    found = (each[0] for each in _SECRET.finditer(text))
    return [redact_tokens(each) for each in found if not _MADE_UP.fullmatch(each)]


def leaks_below(folder: Path) -> Iterator[str]:
    """Tell which files give something away, and what."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not _HOMES.fullmatch(path.name):
            for text in _texts(path):
                if found := secrets_in(text):
                    yield f"{path}: {found[0]}"


def _texts(path: Path) -> Iterator[str]:
    content = path.read_bytes()
    if content.startswith(_DATABASES) or b"SQLite" in content[:4096]:
        return
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if not _HOMES.fullmatch(Path(name).name):
                    yield archive.read(name).decode("latin-1")
    elif content.startswith(b"PAR1"):
        import pandas as pd

        yield pd.read_parquet(path).to_csv()
    else:
        yield content.decode("latin-1")


class LogWatch(logging.Handler):
    """Takes down which test logged a secret, with tracebacks as they are printed.

    Attributes
    ----------
    leaks
        What was logged, and by which test.
    """

    def __init__(self) -> None:
        super().__init__()
        self.leaks: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Look through a record."""
        if found := secrets_in(self.format(record)):
            test = os.environ.get("PYTEST_CURRENT_TEST", "no test")
            self.leaks.append(f"{test}, logger {record.name}: {found[0]}")
