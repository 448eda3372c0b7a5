"""What a wheel and a conda environment hold."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib.metadata import packages_distributions, requires, version
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

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


def _imported(path: Path) -> Iterator[str]:
    """Yield the packages that a module imports when it runs, late ones too."""
    left: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while left:
        node = left.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            yield from (each.name.partition(".")[0] for each in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield str(node.module).partition(".")[0]
        left += ast.iter_child_nodes(node)


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_what_the_package_imports_is_declared(project: dict[str, Any]) -> None:
    extras = project["optional-dependencies"]
    declared = {
        _plain(re.split(r"[^\w.-]", each)[0])
        for each in chain(project["dependencies"], *extras.values())
    }
    homes = packages_distributions()
    undeclared = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in (ROOT / "stripe_nb").rglob("*.py")
        for name in _imported(path)
        if name not in sys.stdlib_module_names and name != "stripe_nb"
        if not declared & {_plain(each) for each in homes.get(name, [])}
    }
    assert not undeclared, sorted(undeclared)


def test_the_search_for_imports_finds_late_ones(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text(
        "import a.b\nfrom c.d import e\nfrom . import f\n"
        "if TYPE_CHECKING:\n    import g\ndef h():\n    import i\n"
    )
    assert set(_imported(module)) == {"a", "c", "i"}


def _needed(name: str, extra: str = "") -> Iterator[Requirement]:
    for text in requires(name) or []:
        requirement = Requirement(text)
        marker = requirement.marker
        if marker is None or marker.evaluate({"extra": extra}):
            yield requirement


def test_what_is_installed_is_what_its_packages_ask_for() -> None:
    """An audit that needs no network: each release of the closure fits its users."""
    left: list[tuple[str, str]] = [("stripe-nb", "test"), ("stripe-nb", "all")]
    seen = set[tuple[str, str]]()
    wrong, asked = [], 0
    while left:
        user = left.pop()
        if user in seen:
            continue
        seen.add(user)
        for need in _needed(*user):
            installed = version(need.name)
            asked += 1
            if not need.specifier.contains(installed, prereleases=True):
                wrong.append(f"{user[0]} asks for {need}, and {installed} is there")
            left += [(need.name, extra) for extra in ("", *need.extras)]
    assert not wrong, "\n".join(wrong)
    assert asked > len(seen) > 100


def test_nothing_is_installed_from_where_it_can_t_be_checked(
    project: dict[str, Any],
) -> None:
    named = [Requirement(each) for each in project["dependencies"]]
    for extra in project["optional-dependencies"].values():
        named += map(Requirement, extra)
    for each in named:
        # Neither an address of its own nor a release that nobody bounded.
        assert each.url is None
        assert each.specifier or each.name == "stripe-nb", each


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
