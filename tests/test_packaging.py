"""What a wheel and a conda environment hold."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

import stripe_nb

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found: dict[str, Any] = settings["project"]
    return found


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    _pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, ROOT)
    (built,) = folder.glob("*.whl")
    return built


def _pip(*arguments: str | Path) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", *map(str, arguments)]
    subprocess.run(command, check=True)


def test_conda_environment_equals_the_dependencies(project: dict[str, Any]) -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    *conda, pip = environment["dependencies"]
    assert conda == [f"python{project['requires-python']}", "pip"]
    assert pip == {"pip": [*project["dependencies"], "-e ."]}


def test_wheel_carries_the_data_the_notebooks_and_the_extension(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    for folder in ("data", "notebooks"):
        expected = {
            f"stripe_nb/_{folder}/{path.relative_to(ROOT / folder).as_posix()}"
            for path in _committed(folder)
        }
        assert expected
        assert expected <= names
    assert "stripe_nb/py.typed" in names
    home = f"stripe_nb-{stripe_nb.__version__}.data/data/share/jupyter/labextensions"
    assert f"{home}/stripe-nb/package.json" in names
    assert f"{home}/stripe-nb/static/extension.js" in names
    assert f"stripe_nb-{stripe_nb.__version__}.dist-info/METADATA" in names


def test_wheel_carries_nothing_that_git_ignores(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            assert not {"exports", ".ipynb_checkpoints", "__pycache__"} & set(
                name.split("/")
            )


def _committed(folder: str) -> list[Path]:
    left_by_runs = {"exports", ".ipynb_checkpoints"}
    return [
        path
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and not left_by_runs & set(path.parts)
    ]


def test_installed_wheel_runs_the_demo_with_no_checkout(
    wheel: Path, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    _pip("install", "--no-deps", "--target", site, wheel)
    code = (
        "import stripe_nb; from stripe_nb.cli import main\n"
        "print(stripe_nb.__file__)\n"
        "main(['demo'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(site))
    written = {path.name for path in (tmp_path / "stripe-nb-demo").iterdir()}
    assert {"00_quickstart.ipynb", "customers.csv", "customers.parquet"} <= written
