"""The search for secrets in what the suite writes finds them, wherever they are."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from tests.leaks import leaks_below, secrets_in

ROOT = Path(__file__).parents[2]
# In two parts, or this file's own failures would show it.
SECRET = "pi_3Abc" + "_secret_Wq1234567890xyz12345"


def _zipped(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("sheet.xml", f"<v>{SECRET}</v>")


WRITE: dict[str, Callable[[Path], object]] = {
    "report.html": lambda path: path.write_text(f"<td>{SECRET}</td>"),
    "saved.ipynb": lambda path: path.write_text(f'{{"text": "{SECRET}\\n"}}'),
    "rows.parquet": lambda path: pd.DataFrame({"a": [SECRET]}).to_parquet(path),
    "rows.xlsx": _zipped,
}


@pytest.mark.parametrize("name", WRITE)
def test_a_file_with_a_secret_is_found(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    WRITE[name](path)
    (tmp_path / ".env").write_text(SECRET)
    found = list(leaks_below(tmp_path))
    path.unlink()
    assert len(found) == 1
    assert name in found[0]


@pytest.mark.parametrize(
    "text",
    [
        "sk_live_" + "a1" * 12,
        "Bearer rk_test_" + "a1" * 12,
        "whsec_" + "a1" * 16,
        "ek_test_" + "a1" * 12,
    ],
)
def test_each_kind_of_secret_is_known(text: str) -> None:
    assert secrets_in(f"x={text!r}")


def test_what_is_no_secret_is_let_be() -> None:
    assert not secrets_in("pi_1_secret_…xyz1, the secret_garden, sk_test_…a1b2, pk_1")


LEAKING = """
    import logging
    from pathlib import Path

    SECRET = {secret!r}

    def test_printing():
        print(SECRET)

    def test_failing():
        assert SECRET == 1

    def test_quiet():
        pass

    def test_writing(tmp_path):
        (tmp_path / "report.html").write_text(SECRET)

    def test_logging():
        try:
            raise ValueError(SECRET)
        except ValueError:
            logging.getLogger("stripe_nb").exception("It failed")
"""


def test_a_suite_that_leaks_fails(tmp_path: Path) -> None:
    test = tmp_path / "test_leaking.py"
    test.write_text(textwrap.dedent(LEAKING.format(secret=SECRET)))
    base = tmp_path / "base"
    words = ["-q", "--rootdir", tmp_path, "--basetemp", base, test]
    for plugin in ("tests.conftest", "no:xdist", "no:nbval", "no:cacheprovider"):
        words += ["-p", plugin]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *map(str, words)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    # This suite itself must not find them.
    (base / "test_writing0" / "report.html").unlink()
    for name in ("printing", "failing", "logging"):
        assert re.search(rf"FAILED .*::test_{name}\b", done.stdout), name
    for leak in ("report.html: pi_3Abc", "test_logging (call), logger stripe_nb"):
        assert leak in done.stdout
    assert "3 failed, 2 passed, " in done.stdout
