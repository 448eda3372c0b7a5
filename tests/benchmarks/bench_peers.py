"""How long others take for the same list from the same server.

Run by hand from the checkout, with a folder for the peers' own environments,
which are made there on the first run and used again on the next::

    python -m tests.benchmarks.bench_peers /tmp/peers
    python -m tests.benchmarks.bench_peers /tmp/peers --rows 2000 --repeat 3

Each one runs in a process of its own, in turn with ours, and says how many rows
it has. Its seconds are those of the wall, its processor time is that of the
process and its children; both are told of the whole process and, in brackets,
without starting Python and importing.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import venv
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

GOAL_WALL, GOAL_PROCESSOR = 3.5, 10

# What each script ends with: its rows, and what it took without its imports.
_BEGIN = """
import json, resource, sys, time
url, place = sys.argv[1:3]
def used():
    found = [resource.getrusage(who) for who in (0, -1)]
    return sum(each.ru_utime + each.ru_stime for each in found)
def begin():
    global began, before
    began, before = time.perf_counter(), used()
def end(rows):
    took = {"seconds": time.perf_counter() - began, "processor": used() - before}
    print(json.dumps({"rows": rows, **took}))
"""

# At the pace of a live account.
_OURS = """
import duckdb
from pathlib import Path
from stripe_nb.export import engine, export
from stripe_nb.frames import budgets
from stripe_nb.frames.limiter import ACCOUNT_LIVE, Budget
from stripe_nb.session import connect
def pull(name):
    with connect(sandbox_url=url) as client:
        budgets._of_sandboxes[client] = Budget(ACCOUNT_LIVE)
        return export("customers", f"{place}/{name}", client=client, progress=False)
begin()
"""
_TO_DUCKDB = """
with duckdb.connect(pull("shop.duckdb")) as there:
    sql = "select count(distinct id) from customers"
    end(there.execute(sql).fetchone()[0])
"""
_TO_JSONL = """
end(len({json.loads(line)["id"] for line in pull("customers.jsonl").open()}))
"""

_DLT = """
import dlt, duckdb, stripe
from dlt.sources.rest_api import rest_api_source
def pipeline():
    return dlt.pipeline(
        "bench", pipelines_dir=f"{place}/dlt", dataset_name="shop",
        destination=dlt.destinations.duckdb(f"{place}/loaded.duckdb"))
def count():
    with duckdb.connect(f"{place}/loaded.duckdb") as there:
        sql = "select count(distinct id) from shop.customers"
        return there.execute(sql).fetchone()[0]
"""
_REST_API = """
begin()
source = rest_api_source({
    "client": {
        "base_url": f"{url}/v1/",
        "auth": {"type": "bearer", "token": "sk_test_" + "A1b2C3d4" * 3},
        "paginator": {
            "type": "cursor", "cursor_path": "data[-1].id",
            "cursor_param": "starting_after", "has_more_path": "has_more",
        },
    },
    "resources": [{
        "name": "customers",
        "endpoint": {
            "path": "customers", "params": {"limit": 100}, "data_selector": "data",
        },
    }],
})
pipeline().run(source)
end(count())
"""
# Its code is no package, so that it can't be installed. As its documentation has
# it, it takes page after page of 100 by the SDK's own list under a pinned version.
_STRIPE_ANALYTICS = """
begin()
stripe.api_base, stripe.api_key = url, "sk_test_" + "A1b2C3d4" * 3
stripe.api_version = "2022-11-15"
@dlt.resource(name="customers", write_disposition="replace")
def customers():
    page = stripe.Customer.list(limit=100)
    while not page.is_empty:
        yield page.to_dict()["data"]
        page = page.next_page(limit=100)
pipeline().run(customers())
end(count())
"""
# Its own timer of requests knows no other host, and what it asks of the account
# is only whether there is one.
_TAP = """
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
import stripe, tap_stripe
begin()
stripe.api_base = url
tap_stripe.apply_request_timer_to_client = lambda client: None
dashboard = SimpleNamespace(display_name="bench")
account = SimpleNamespace(settings=SimpleNamespace(dashboard=dashboard))
stripe.Account.retrieve = lambda *_: account
config, catalog = Path(place, "config.json"), Path(place, "catalog.json")
config.write_text(json.dumps({
    "client_secret": "sk_test_" + "A1b2C3d4" * 3, "account_id": "acct_1",
    "start_date": %r,
}))
streams = tap_stripe.discover()["streams"]
only = [each for each in streams if each["tap_stream_id"] == "customers"]
for item in only[0]["metadata"]:
    item["metadata"]["selected"] = True
catalog.write_text(json.dumps({"streams": only}))
sys.argv = ["tap-stripe", "-c", str(config), "--catalog", str(catalog)]
out, sys.stdout = sys.stdout, Path(place, "records").open("w")
tap_stripe.main()
sys.stdout.close()
sys.stdout = out
lines = map(json.loads, Path(place, "records").open())
end(len({line["record"]["id"] for line in lines if line["type"] == "RECORD"}))
"""


@dataclass(frozen=True)
class Peer:
    """One way to the same rows.

    Attributes
    ----------
    requirements
        What its environment holds; nothing for ours.
    beside
        Which of ours writes to the same kind of place.
    """

    name: str
    script: str
    requirements: tuple[str, ...] = ()
    beside: str = ""


@dataclass(frozen=True)
class Taken:
    """What one run took: of the whole process, and of the work alone."""

    seconds: float
    processor: float
    work_seconds: float
    work_processor: float

    def __str__(self) -> str:
        return (
            f"{self.seconds:5.1f} s ({self.work_seconds:4.1f}), processor "
            f"{self.processor:4.1f} s ({self.work_processor:4.1f})"
        )


def peers(start: str) -> Sequence[Peer]:
    """Return ours and theirs; lists begin at a date."""
    dlt = ("dlt[duckdb]==1.31.*", "stripe>=16,<17")
    duckdb, jsonl = "ours to DuckDB", "ours to JSON lines"
    return (
        Peer(duckdb, _OURS + _TO_DUCKDB),
        Peer(jsonl, _OURS + _TO_JSONL),
        Peer("dlt rest_api to DuckDB", _DLT + _REST_API, dlt, duckdb),
        Peer(
            "dlt, pulling as stripe_analytics does, to DuckDB",
            _DLT + _STRIPE_ANALYTICS,
            dlt,
            duckdb,
        ),
        Peer("tap-stripe to JSON lines", _TAP % start, ("tap-stripe==3.3.0",), jsonl),
    )


def interpreter(peer: Peer, folder: Path) -> str:
    """Return the Python of a peer's environment, made if it isn't there."""
    if not peer.requirements:
        return sys.executable
    home = folder / peer.requirements[0].partition("=")[0].partition("[")[0]
    python = home / "bin" / "python"
    if not (home / "complete").exists():
        venv.create(home, with_pip=True, clear=True)
        command = [str(python), "-m", "pip", "install", "-q", *peer.requirements]
        subprocess.run(command, check=True)
        (home / "complete").touch()
    return str(python)


def run(peer: Peer, python: str, url: str, rows: int) -> Taken:
    """Let one of them read all rows; make sure that it has."""
    with TemporaryDirectory() as place, ExitStack() as stack:
        log = stack.enter_context((Path(place) / "log").open("w+"))
        command = [python, "-c", _BEGIN + peer.script, url, place]
        began = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, env=_environment(), text=True
        )
        assert process.stdout is not None
        with process.stdout:
            told = process.stdout.read()
        # Of this child and its own, and of no other.
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            log.seek(0)
            raise SystemExit(f"{peer.name} failed:\n{log.read()}")
        work: Mapping[str, float] = json.loads(told.splitlines()[-1])
    if work["rows"] != rows:
        raise SystemExit(f"{peer.name} has {work['rows']:,} rows of {rows:,}")
    processor = usage.ru_utime + usage.ru_stime
    return Taken(seconds, processor, work["seconds"], work["processor"])


def _environment() -> dict[str, str]:
    # No environment of another's, and nothing sent to anyone.
    kept = {key: value for key, value in os.environ.items() if "PYTHON" not in key}
    return {**kept, "RUNTIME__DLTHUB_TELEMETRY": "false"}


def _least(runs: Sequence[Taken]) -> Taken:
    return Taken(
        min(each.seconds for each in runs),
        min(each.processor for each in runs),
        min(each.work_seconds for each in runs),
        min(each.work_processor for each in runs),
    )


def _told(peer: Peer, taken: Taken, ours: Taken) -> str:
    return (
        f"{peer.name}: {taken}; {taken.seconds / ours.seconds:.1f} x our seconds "
        f"({taken.work_seconds / ours.work_seconds:.1f}; goal {GOAL_WALL}), "
        f"{taken.processor / ours.processor:.1f} x our processor time "
        f"({taken.work_processor / ours.work_processor:.1f}; goal {GOAL_PROCESSOR})"
    )


def main() -> None:
    """Measure all of them, and print how they compare."""
    # Late: whoever only looks into this file need not be in the checkout.
    from tests.benchmarks import bench_frames

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("environments", type=Path)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--latency", type=float, default=0.1)
    parser.add_argument("--rate", type=float, default=25)
    parser.add_argument("--repeat", type=int, default=1, help="the least counts")
    asked = parser.parse_args()
    text = bench_frames.samples()["customers"]
    created = bench_frames.times("uniform", asked.rows)
    lists = {
        "/v1/customers": bench_frames.Rows("/v1/customers", text, created),
        # Where tap-stripe looks for changes; there are none.
        "/v1/events": bench_frames.Rows("/v1/events", text, []),
    }
    network = bench_frames.Network(latency=asked.latency, per_endpoint=asked.rate)
    start = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(created[0]))
    every = peers(start)
    pythons = {peer.name: interpreter(peer, asked.environments) for peer in every}
    found: dict[str, list[Taken]] = {peer.name: [] for peer in every}
    with bench_frames.list_server(lists, network) as address:
        for _ in range(asked.repeat):
            for peer in every:
                python = pythons[peer.name]
                found[peer.name].append(run(peer, python, address.url, asked.rows))
    print(
        f"{asked.rows:,} customers, {asked.latency * 1000:.0f} ms of latency, "
        f"{asked.rate:g} requests/s; the ideal is "
        f"{asked.rows / 100 / asked.rate:.1f} s"
    )
    for peer in every:
        taken = _least(found[peer.name])
        if peer.beside:
            print(_told(peer, taken, _least(found[peer.beside])))
        else:
            print(f"{peer.name}: {taken}")


if __name__ == "__main__":
    main()
