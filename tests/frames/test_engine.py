"""The fetch engine over real HTTP: faults, loops, threads, and its limiter."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import stripe

from stripe_nb.errors import FrameError, StripeNbError
from stripe_nb.frames import explode, frame
from stripe_nb.frames.asking import Asker, Tally
from stripe_nb.frames.fetch import Pull, frame_each
from stripe_nb.frames.limiter import Budget, SharedFile
from stripe_nb.frames.paging import Step
from stripe_nb.frames.selection import Selection
from stripe_nb.frames.sender import ByClient
from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client, connect, current

FAULTS = "rate_limit=0.05, error=0.05, drop=0.05, truncate=0.05"


@pytest.fixture
def shop() -> Iterator[Client]:
    with (
        Sandbox(seed=7, clock="2026-01-15") as sandbox,
        connect(sandbox=sandbox) as client,
    ):
        for number in range(130):
            client.v1.customers.create({"name": f"Customer {number}"})
        yield client


def test_a_list_comes_whole_inside_a_running_loop(shop: Client) -> None:
    async def cell() -> pd.DataFrame:
        return frame("customers", client=shop)

    assert len(asyncio.run(cell())) == 130


def test_leaving_early_ends_the_pull(shop: Client) -> None:
    pieces = Pull(Selection(resource="customers", client=shop)).pieces()
    assert isinstance(pieces, Generator)
    next(pieces)
    pieces.close()
    assert len(frame("customers", client=shop)) == 130


def test_the_certificate_is_json_and_says_complete(shop: Client) -> None:
    proof = frame("customers", client=shop).attrs["certificate"]
    assert json.loads(json.dumps(proof)) == proof
    assert (proof["verdict"], proof["rows"], proof["requests"]) == ("complete", 130, 2)
    assert proof["windows"] == [[None, None]]
    cut = frame("customers", limit=5, client=shop).attrs["certificate"]
    assert (cut["verdict"], cut["why"]) == ("incomplete", "limit=5 cut it short")


def test_several_lists_come_at_once(shop: Client) -> None:
    found = frame_each(["customers", "products"], client=shop)
    assert [len(each) for each in found.values()] == [130, 0]


def test_arrows_types_where_asked_for(shop: Client) -> None:
    arrow = frame("customers", client=shop, dtype_backend="pyarrow")
    assert all(isinstance(kind, pd.ArrowDtype) for kind in arrow.dtypes)


def test_exploded_and_lazy_frames_have_arrows_types_too() -> None:
    pytest.importorskip("dask.dataframe")
    asked: Any = {"dtype_backend": "pyarrow", "progress": False}
    with Sandbox(seed=7) as sandbox, connect(sandbox=sandbox) as client:
        customer = client.v1.customers.create({"name": "Ada"})
        invoice = client.v1.invoices.create({"customer": customer.id})
        item: Any = {
            "customer": customer.id,
            "amount": 500,
            "currency": "usd",
            "invoice": invoice.id,
        }
        client.v1.invoice_items.create(item)
        lines = frame("invoices", explode="lines", client=client, **asked)
        lazy: Any = frame("invoices", engine="dask", client=client, **asked)
        computed = lazy.compute(scheduler="sync")
    assert lines["amount"].tolist() == [500]
    for found in (lines, lazy, computed):
        assert all(isinstance(kind, pd.ArrowDtype) for kind in found.dtypes)
    assert computed.dtypes.equals(lazy.dtypes)
    assert lines.attrs["exploded"] == "lines"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"dtype_backend": "arrow"}, "give numpy_nullable or pyarrow"),
        ({"engine": "polars"}, 'give "pandas" or "dask"'),
        ({"fields": []}, "fields names no column"),
    ],
)
def test_what_no_frame_can_be_is_refused(
    shop: Client, asked: dict[str, Any], words: str
) -> None:
    with pytest.raises(FrameError, match=words):
        frame("customers", client=shop, **asked)


def test_faults_cost_no_row() -> None:
    with Sandbox(seed=7, clock="2026-01-15") as calm, connect(sandbox=calm) as client:
        for number in range(320):
            client.v1.customers.create({"name": f"Customer {number}"})
        whole = frame("customers", client=client)
        calm.engine.faults.rules = Sandbox(faults=FAULTS).engine.faults.rules
        proofs = []
        for _ in range(12):
            faulty = frame("customers", client=client)
            assert faulty["id"].tolist() == whole["id"].tolist()
            proofs.append(faulty.attrs["certificate"])
        assert sum(proof["retries"] for proof in proofs) > 0


def test_a_list_of_several_kinds_that_nobody_has_explodes_to_nothing(
    client: Client,
) -> None:
    client.v1.customers.create({})
    found = frame("customers", explode="sources", client=client)
    assert found.columns.tolist() == ["customer"]
    assert len(found) == 0


def test_rows_count_without_a_column(client: Client) -> None:
    client.v1.customers.create({})
    client.v1.customers.create({})
    found = frame("customers", fields=["metadata"], client=client)
    assert found.shape == (2, 0)


def test_nested_lists_explode_with_their_parents() -> None:
    line = {"id": "il_1", "object": "line_item", "amount": 500}
    invoice = {"id": "in_1", "object": "invoice", "lines": {"data": [line]}}
    found = explode([invoice], "lines", fields=["id", "amount"])
    assert found.to_dict("list") == {
        "invoice": ["in_1"],
        "id": ["il_1"],
        "amount": [500],
    }


def test_a_refusal_halves_the_rate_once() -> None:
    now = [100.0]
    budget = Budget(25.0, clock=lambda: now[0])
    before = budget.rate("a")
    for _ in range(3):
        budget.refused("a", "endpoint-rate", pause=2.0)
    assert budget.rate("a") == before / 2
    assert budget.book("a") >= 2.0
    assert budget.rate("b") == before


def test_a_file_shares_one_rate(tmp_path: Path) -> None:
    file = tmp_path / "rate"
    budgets = [
        Budget(25.0, store=SharedFile(file), clock=lambda: 100.0) for _ in range(2)
    ]
    waits = [budget.book("a") for _ in range(10) for budget in budgets]
    assert waits == sorted(waits)
    assert waits[-1] == pytest.approx((20 - 5) / 20, abs=0.01)


def test_a_refusal_that_names_no_limit_lowers_the_rate_a_little() -> None:
    rates = {}
    for reason in ("", "endpoint-rate"):
        budget = Budget(100.0, clock=lambda: 10.0)
        before = budget.rate("a")
        budget.refused("a", reason, pause=0.0)
        rates[reason] = budget.rate("a") / before
    assert rates == {"": pytest.approx(0.9), "endpoint-rate": pytest.approx(0.5)}


def test_a_closed_client_is_refused(shop: Client) -> None:
    with Sandbox(seed=7) as sandbox:
        closed = connect(sandbox=sandbox)
        closed.close()
        with pytest.raises(StripeNbError, match="This client is closed"):
            frame("customers", client=closed)


def test_lists_inside_objects_come_to_their_ends(shop: Client) -> None:
    customer = shop.v1.customers.create({"name": "Ada"}).id
    invoice = shop.v1.invoices.create({"customer": customer}).id
    for number in range(25):
        shop.v1.invoice_items.create(
            {
                "customer": customer,
                "invoice": invoice,
                "amount": 100 + number,
                "currency": "usd",
            }
        )
    first = shop.v1.invoices.retrieve(invoice).lines
    assert (len(first.data), first.has_more) == (10, True)
    invoices = frame("invoices", client=shop)
    lines = json.loads(invoices["lines"].iloc[0])
    assert sorted(line["amount"] for line in lines["data"]) == [*range(100, 125)]
    assert not lines["has_more"]
    assert invoices.attrs["certificate"]["nested_lists_followed"] == 1
    exploded = frame("invoices", explode="lines", client=shop)
    assert sorted(exploded["amount"]) == [*range(100, 125)]


def test_search_finds_what_stripe_finds(shop: Client) -> None:
    found = frame("customers", search="name:'Customer 7'", client=shop)
    assert found["name"].tolist() == ["Customer 7"]
    many = frame("customers", search="name~'Customer'", client=shop)
    assert sorted(many["name"]) == sorted(f"Customer {n}" for n in range(130))


_REFUSED = {"Stripe-Should-Retry": "false"}


@pytest.mark.parametrize(
    ("status", "headers", "tries"),
    [
        (500, _REFUSED, 1),
        (500, {}, 3),
        (400, {"Stripe-Should-Retry": "true"}, 3),
        (400, {}, 1),
        (409, _REFUSED, 1),
        (429, {}, 3),
        (429, _REFUSED, 1),
        (429, _REFUSED | {"Stripe-Rate-Limited-Reason": "resource-specific"}, 1),
        (429, _REFUSED | {"Stripe-Rate-Limited-Reason": "endpoint-rate"}, 3),
        (429, _REFUSED | {"Stripe-Rate-Limited-Reason": "global-concurrency"}, 3),
        (429, _REFUSED | {"Retry-After": "0.01"}, 3),
    ],
)
def test_stripes_advice_on_trying_again_is_taken(
    status: int, headers: dict[str, str], tries: int
) -> None:
    asked = 0

    class Failing(ByClient):
        async def get(self, *_asked: Any) -> bytes:
            nonlocal asked
            asked += 1
            if asked < 3:
                raise stripe.APIError("oh", http_status=status, headers=headers)
            return b"{}"

    async def ask() -> None:
        tally, budget = Tally(), Budget(None)
        sender = Failing(current(), None)
        await Asker(sender, budget, "a", tally, pause=0.001).ask("/v1/a", {}, Step())

    with Sandbox(seed=7) as sandbox, connect(sandbox=sandbox):
        if tries == 1:
            with pytest.raises(stripe.APIError):
                asyncio.run(ask())
        else:
            asyncio.run(ask())
    assert asked == tries


INTERRUPTED = """
import signal
import sys
import threading
# A shell's background job, such as a test run, hands on that it is ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
from stripe_nb.frames import frame
from stripe_nb.session import connect
with connect(sandbox_url=sys.argv[1]) as client:
    print("reading", flush=True)
    try:
        while True:
            frame("customers", client=client)
    except KeyboardInterrupt:
        pulls = [t for t in threading.enumerate() if t.name == "stripe_nb pull"]
        for thread in pulls:
            thread.join(10)
        print("stopped", any(t.is_alive() for t in pulls), flush=True)
"""


def test_an_interrupt_ends_a_pull_and_its_thread(shop: Client) -> None:
    assert shop.sandbox is not None
    command = [sys.executable, "-c", INTERRUPTED, shop.sandbox.url]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "reading\n"
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        try:
            output, errors = process.communicate(timeout=20)
        finally:
            process.kill()
    assert (output, errors, process.returncode) == ("stopped False\n", "", 0)


def test_dask_reads_the_same_rows(shop: Client) -> None:
    pytest.importorskip("dask.dataframe")
    whole = frame("customers", fields=["id", "created"], client=shop)
    lazy: Any = frame("customers", fields=["id", "created"], client=shop, engine="dask")
    assert sorted(lazy.compute(scheduler="sync")["id"]) == sorted(whole["id"])


# Dask's own clean-up of its workers and their sockets.
@pytest.mark.filterwarnings("ignore")
def test_dask_reads_the_same_rows_on_workers_of_their_own(
    shop: Client, tmp_path: Path
) -> None:
    distributed = pytest.importorskip("distributed")
    whole = frame("customers", fields=["id", "created"], client=shop)
    lazy: Any = frame("customers", fields=["id", "created"], client=shop, engine="dask")
    with (
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            dashboard_address=None,
            local_directory=str(tmp_path),
        ) as cluster,
        distributed.Client(cluster),
    ):
        found = lazy.compute()
    assert sorted(found["id"]) == sorted(whole["id"])
    assert found.dtypes.equals(whole.dtypes)
