"""The verdict of the soak: what grows is found, what a busy machine slows is not."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def soak() -> ModuleType:
    # It is run by hand, and belongs to no package.
    spec = importlib.util.spec_from_file_location(
        "soak", Path(__file__).with_name("soak.py")
    )
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["soak"] = module
    spec.loader.exec_module(module)
    return module


STEADY = {
    "median": 10.0,
    "slowest": 50.0,
    "processor": 1.0,
    "sandbox": 160.0,
    "clients": 190.0,
}


def test_a_steady_load_has_not_grown(soak: ModuleType) -> None:
    stretches = [soak.Stretch(**STEADY)] * 30
    busy = soak.Stretch(**{**STEADY, "median": 40.0, "processor": 2.0})
    assert soak.grown([*stretches, busy, stretches[0]]) == []


@pytest.mark.parametrize("name", STEADY)
def test_whatever_grows_bit_by_bit_is_named(soak: ModuleType, name: str) -> None:
    stretches = [
        soak.Stretch(**{**STEADY, name: STEADY[name] * (1 + 0.03 * turn)})
        for turn in range(30)
    ]
    assert soak.grown(stretches) == [name]


def test_what_is_larger_while_caches_fill_does_not_count(soak: ModuleType) -> None:
    cold = soak.Stretch(**{**STEADY, "median": 1.0, "sandbox": 100.0})
    assert soak.grown([cold, cold, *[soak.Stretch(**STEADY)] * 10]) == []


def test_a_run_that_is_too_short_tells_nothing(soak: ModuleType) -> None:
    with pytest.raises(SystemExit, match="Too short"):
        soak.grown([soak.Stretch(**STEADY)] * 3)
