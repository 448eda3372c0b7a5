"""What each fixture of the pytest plugin costs a test, after the first.

Run by hand; it ends with 1 if one costs more than the goal::

    python tests/benchmarks/bench_plugin.py

A project of its own has many tests for each fixture, which take turns, and pytest
times their set-up and tear-down. Each line is a fixture with all that it needs: the
least that a test paid, which is what other work of the machine can't raise, and the
median. What a test without any pays is pytest's own.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import textwrap
from collections import defaultdict
from pathlib import Path

import pytest

GOAL_MILLISECONDS = 5.0
# In the first turns the sandbox starts and modules load.
WARM_UP = 2
PROJECT = """
    import pytest
    import stripe

    turns = pytest.mark.parametrize("turn", range({turns}))

    @turns
    def test_none(turn):
        pass

    @turns
    def test_stripe_sandbox(turn, stripe_sandbox):
        assert stripe_sandbox.url

    @turns
    def test_stripe_client(turn, stripe_client):
        stripe.Customer.create(name="Ada")

    @turns
    def test_stripe_clock(turn, stripe_clock):
        stripe_clock.customer(name="Ada")

    @turns
    def test_stripe_webhooks(turn, stripe_client, stripe_webhooks):
        stripe.Customer.create(name="Ada")
        stripe_webhooks.wait_for("customer.created")
"""


class Stopwatch:
    """Lets the fixtures take turns, and notes what their tests paid."""

    def __init__(self) -> None:
        self.paid: dict[str, list[float]] = defaultdict(list)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda each: int(each.name.partition("[")[2].rstrip("]")))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        name = report.nodeid.rpartition("::test_")[2].partition("[")[0]
        if report.when == "setup":
            self.paid[name].append(report.duration * 1000)
        elif report.when == "teardown":
            self.paid[name][-1] += report.duration * 1000


def measure(turns: int) -> dict[str, list[float]]:
    """Run the project; return the milliseconds that each fixture's tests paid."""
    watch = Stopwatch()
    with tempfile.TemporaryDirectory() as folder:
        project = textwrap.dedent(PROJECT.format(turns=turns + WARM_UP))
        Path(folder, "test_project.py").write_text(project, encoding="utf-8")
        Path(folder, "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        words = [folder, "--quiet", "--quiet", "-p", "stripe_nb.testing"]
        code = pytest.main([*words, "-p", "no:cacheprovider"], plugins=[watch])
    if code:
        sys.exit("The benchmark's own tests failed.")
    return {name: paid[WARM_UP:] for name, paid in watch.paid.items()}


def main() -> None:
    """Print what the fixtures cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=100)
    turns = parser.parse_args().turns
    # Without the other plugins of this environment.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    found = measure(turns)
    for name, paid in found.items():
        print(
            f"{name:16} {min(paid):6.2f} ms at the least, "
            f"{statistics.median(paid):6.2f} ms in the middle"
        )
    sys.exit(max(min(paid) for paid in found.values()) > GOAL_MILLISECONDS)


if __name__ == "__main__":
    main()
