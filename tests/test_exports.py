"""The front door: its names, and what a bare import costs."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import stripe_nb
from stripe_nb import errors


def test_names_are_sorted_and_unique() -> None:
    assert stripe_nb.__all__ == sorted(set(stripe_nb.__all__))


@pytest.mark.parametrize("name", stripe_nb.__all__)
def test_each_name_resolves_and_is_documented(name: str) -> None:
    assert inspect.getdoc(getattr(stripe_nb, name))
    assert name in dir(stripe_nb)


def test_every_error_is_public() -> None:
    classes = {name for name in errors.__all__ if name.endswith("Error")}
    assert classes
    assert classes <= set(stripe_nb.__all__)


@pytest.mark.parametrize("name", ["export", "sync"])
def test_a_function_stays_one_after_its_package_was_imported(name: str) -> None:
    code = (
        f"import stripe_nb.{name}\n"
        "import stripe_nb\n"
        f"assert callable(stripe_nb.{name}), stripe_nb.{name}"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'conect'"):
        _ = stripe_nb.conect


def test_a_bare_import_loads_nothing_heavy() -> None:
    code = (
        "import sys, stripe_nb\n"
        "heavy = {'pandas', 'numpy', 'pyarrow', 'stripe', 'starlette', 'IPython'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
