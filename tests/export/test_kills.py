"""A long export by several cursors, killed again and again, and then let be."""

from __future__ import annotations

import asyncio
import bisect
import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from urllib.parse import parse_qsl, urlsplit

import orjson
import pytest

from stripe_nb.export import export
from stripe_nb.export.spool import Spool
from stripe_nb.frames.spans import Span
from stripe_nb.session import connect

_NEWEST, _ROWS, _TIES = 1_767_225_600, 22_000, 7
_LATENCY = 0.06
# What all cursors may have in hand when they are killed: together a piece, and
# each a page that came and one on its way.
_PIECE, _PAGES = 1_000, 2 * 100
# How many objects there are of the kind without a filter by ``created``.
_METHODS = 7_000
_EXPORT = """
import signal
import sys
from stripe_nb.export import export
from stripe_nb.session import connect
# What runs in the background has it ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
with connect(sandbox_url=sys.argv[1]) as client:
    export(sys.argv[3], sys.argv[2], client=client, progress=False)
"""

Asked = tuple[str | None, str | None]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")


def _created(number: int) -> int:
    return _NEWEST - number // _TIES * 60


@dataclass
class ListServer:
    """Customers newest first, several in a second.

    It notes which it gave to whom: a cursor keeps its range of ``created``.
    """

    url: str = ""
    given: dict[Asked, list[int]] = field(default_factory=dict)
    requests: int = 0
    under_way: int = 0
    gone: set[int] = field(default_factory=set)

    def begin(self) -> None:
        """Forget what was asked so far, also by one that was killed just now."""
        while self.under_way:
            sleep(0.001)
        self.given, self.requests = {}, 0

    def order(self) -> list[int]:
        """Return what was given, in the order of asking."""
        return list(chain.from_iterable(self.given.values()))

    async def answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            while line := await reader.readline():
                self.under_way += 1
                while (await reader.readline()).strip():
                    pass
                await asyncio.sleep(_LATENCY)
                status, body = self._answer(line.split()[1].decode())
                self.under_way -= 1
                head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n"
                size = f"Content-Length: {len(body)}\r\n\r\n"
                writer.write((head + size).encode() + body)
                await writer.drain()
        except ConnectionError:
            # The other side was killed.
            pass
        finally:
            writer.close()

    def _answer(self, target: str) -> tuple[str, bytes]:
        url = urlsplit(target)
        query = dict(parse_qsl(url.query))
        if url.path == "/v1/customers":
            return "200 OK", self._page(query)
        assert not any(name.startswith("created") for name in query)
        return self._methods(query)

    def _methods(self, query: dict[str, str]) -> tuple[str, bytes]:
        """Return a page of what has no filter by time, and may be deleted."""
        self.requests += 1
        first, after = 0, query.get("starting_after")
        if after is not None:
            first = int(after.removeprefix("pm_")) + 1
        if first - 1 in self.gone:
            error = {
                "type": "invalid_request_error",
                "code": "resource_missing",
                "param": "starting_after",
                "message": f"No such PaymentMethod: '{after}'",
            }
            return "400 Bad Request", orjson.dumps({"error": error})
        there = (n for n in range(first, _METHODS) if n not in self.gone)
        found = list(islice(there, int(query["limit"]) + 1))
        page = found[: int(query["limit"])]
        self.given.setdefault((None, None), []).extend(page)
        answer: dict[str, object] = {"object": "list", "url": "/v1/payment_methods"}
        data = [{**_object("pm", "payment_method", n), "type": "card"} for n in page]
        answer |= {"data": data, "has_more": len(found) > len(page)}
        return "200 OK", orjson.dumps(answer)

    def _page(self, query: dict[str, str]) -> bytes:
        start, end = query.get("created[gte]"), query.get("created[lt]")
        first = 0 if end is None else _at(int(end))
        last = _ROWS if start is None else _at(int(start))
        if "starting_after" in query:
            first = int(query["starting_after"].removeprefix("cus_")) + 1
        stop = min(last, first + int(query.get("limit", 10)))
        page = range(first, stop)
        # The look at what was created meanwhile is no reading of the list.
        if (start, end) != (str(_NEWEST), None):
            self.given.setdefault((start, end), []).extend(page)
        self.requests += 1
        data = [_customer(number) for number in page]
        answer = {"object": "list", "data": data, "has_more": stop < last}
        return orjson.dumps({**answer, "url": "/v1/customers"})


def _at(bound: int) -> int:
    """Return the first number that was created before a second."""
    return bisect.bisect_right(range(_ROWS), -bound, key=lambda n: -_created(n))


def _customer(number: int) -> dict[str, object]:
    made = _object("cus", "customer", number)
    return {**made, "email": f"someone.{number}@example.com"}


def _object(prefix: str, kind: str, number: int) -> dict[str, object]:
    return {
        "id": f"{prefix}_{number:08d}",
        "object": kind,
        "created": _created(number),
        "livemode": False,
        # A key that only the oldest have: the first rows can't know of it.
        "metadata": {"old" if number > _ROWS - 50 else "plan": f"{number}"},
    }


@pytest.fixture(scope="module")
def server() -> Iterator[ListServer]:
    box, loop = ListServer(), asyncio.new_event_loop()
    listening = loop.run_until_complete(
        asyncio.start_server(box.answer, "127.0.0.1", 0)
    )
    box.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    thread = Thread(target=loop.run_forever)
    thread.start()
    yield box
    asyncio.run_coroutine_threadsafe(_end(listening), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


async def _end(listening: asyncio.Server) -> None:
    listening.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def _begin(server: ListServer, path: Path) -> subprocess.Popen[bytes]:
    server.begin()
    command = [sys.executable, "-c", _EXPORT, server.url, str(path), path.stem]
    return subprocess.Popen(command)


def _finish(server: ListServer, path: Path) -> bytes:
    """Export what the file is named after."""
    server.begin()
    with connect(sandbox_url=server.url) as client:
        export(path.stem, path, client=client, progress=False)
    return path.read_bytes()


def _kill_when(
    process: subprocess.Popen[bytes],
    is_time: Callable[[], bool],
    how: signal.Signals = signal.SIGKILL,
) -> None:
    until = monotonic() + 60
    while not is_time() and monotonic() < until:
        assert process.poll() is None
        sleep(0.001)
    process.send_signal(how)
    assert process.wait(20) == -how


def _pieces(folder: Path) -> int:
    """Return how many pieces the spool holds."""
    journals = folder.glob(".*.spool/journal")
    return sum(journal.read_bytes().count(b'"piece"') for journal in journals)


def _kept(path: Path, copy: Path) -> list[Span]:
    """Return what the next run need not read, by a copy of the spool."""
    (spool,) = path.parent.glob(".*.spool")
    shutil.copytree(spool, copy)
    with Spool(copy) as opened:
        return opened.covered


def _outside(spans: list[Span], numbers: Iterable[int]) -> list[int]:
    return [n for n in numbers if not _is_in(spans, _created(n))]


def _is_in(spans: list[Span], at: int) -> bool:
    return any((a is None or a <= at) and (b is None or at < b) for a, b in spans)


@pytest.fixture(scope="module")
def uninterrupted(
    server: ListServer, tmp_path_factory: pytest.TempPathFactory
) -> bytes:
    whole = _finish(server, tmp_path_factory.mktemp("whole") / "customers.jsonl")
    # Several cursors have shared it.
    assert len(server.given) > 2
    assert set(server.order()) == set(range(_ROWS))
    assert len(whole.splitlines()) == _ROWS
    return whole


def test_kills_at_any_moment_lose_no_more_than_was_in_hand(
    server: ListServer, uninterrupted: bytes, tmp_path: Path
) -> None:
    chance = random.Random(4)  # noqa: S311
    path = tmp_path / "customers.jsonl"
    kept: list[Span] = []
    for attempt in range(3):
        requests, pieces = chance.randrange(40, 65), _pieces(tmp_path)
        with _begin(server, path) as process:
            _kill_when(
                process,
                lambda: (
                    server.requests >= requests and _pieces(tmp_path) > pieces  # noqa: B023
                ),
            )
        before = kept
        kept = _kept(path, tmp_path / f"kept{attempt}")
        assert _outside(before, server.order()) == server.order()
        lost = _outside(kept, server.order())
        assert len(lost) <= _PIECE + _PAGES * len(server.given)
        assert not path.exists()
    assert kept
    assert _finish(server, path) == uninterrupted
    left = set(_outside(kept, range(_ROWS)))
    assert set(server.order()) == left
    assert not list(tmp_path.glob(".*"))


def test_a_kill_while_the_file_is_written_costs_no_request(
    server: ListServer, uninterrupted: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "customers.jsonl"
    with _begin(server, path) as process:
        _kill_when(process, lambda: bool(list(tmp_path.glob(".*.part"))))
    assert not path.exists()
    assert _finish(server, path) == uninterrupted
    assert server.requests == 0


def test_ctrl_c_leaves_nothing_half_written_and_is_gone_on_from(
    server: ListServer, uninterrupted: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "customers.jsonl"
    with _begin(server, path) as process:
        _kill_when(process, lambda: _pieces(tmp_path) > 9, signal.SIGINT)
    assert [each.suffix for each in tmp_path.iterdir()] == [".spool"]
    kept = _kept(path, tmp_path / "kept")
    assert _finish(server, path) == uninterrupted
    assert set(server.order()) == set(_outside(kept, range(_ROWS)))


@pytest.fixture(scope="module")
def methods(server: ListServer, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    whole = _finish(server, tmp_path_factory.mktemp("whole") / "payment_methods.jsonl")
    assert server.order() == list(range(_METHODS))
    return whole


@pytest.fixture
def nothing_gone(server: ListServer) -> Iterator[set[int]]:
    yield server.gone
    server.gone.clear()


def _kill_amid(server: ListServer, path: Path, requests: int) -> None:
    """Kill an export of a list without times, once some of it is kept."""
    before = _pieces(path.parent)
    with _begin(server, path) as process:
        _kill_when(
            process,
            lambda: server.requests >= requests and _pieces(path.parent) > before,
        )


def _last_kept(path: Path, copy: Path) -> int:
    (spool,) = path.parent.glob(".*.spool")
    shutil.copytree(spool, copy)
    with Spool(copy) as opened:
        assert opened.after is not None
        return int(opened.after.trail[-1].removeprefix("pm_"))


def test_a_list_without_created_goes_on_where_it_was_killed(
    server: ListServer, methods: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "payment_methods.jsonl"
    kept = -1
    for attempt, requests in enumerate((13, 25, 12)):
        _kill_amid(server, path, requests)
        assert server.order()[0] == kept + 1
        kept = _last_kept(path, tmp_path / f"kept{attempt}")
        assert 0 <= server.order()[-1] - kept <= _PIECE + _PAGES
        assert not path.exists()
    assert _finish(server, path) == methods
    assert server.order() == list(range(kept + 1, _METHODS))
    told = json.loads((tmp_path / f"{path.name}.certificate.json").read_text())
    assert (told["rows"], told["verdict"]) == (_METHODS, "complete")
    assert len(told["attempts"]) == 4
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("deleted", [1, 7])
def test_it_goes_on_although_the_last_rows_were_deleted(
    server: ListServer,
    methods: bytes,
    nothing_gone: set[int],
    tmp_path: Path,
    deleted: int,
) -> None:
    path = tmp_path / "payment_methods.jsonl"
    _kill_amid(server, path, 15)
    kept = _last_kept(path, tmp_path / "kept")
    nothing_gone.update(range(kept - deleted + 1, kept + 1))
    # As if nobody had been there meanwhile: what was read is in, once.
    assert _finish(server, path) == methods
    assert server.order()[0] > kept - 2 * deleted
    told = json.loads((tmp_path / f"{path.name}.certificate.json").read_text())
    assert (told["rows"], told["cursors_recovered"] > 0) == (_METHODS, True)


def test_it_begins_anew_if_nothing_tells_the_place(
    server: ListServer, nothing_gone: set[int], tmp_path: Path
) -> None:
    path = tmp_path / "payment_methods.jsonl"
    _kill_amid(server, path, 15)
    kept = _last_kept(path, tmp_path / "kept")
    nothing_gone.update(range(kept - 150, kept + 1))
    found = [json.loads(line)["id"] for line in _finish(server, path).splitlines()]
    there = [n for n in range(_METHODS) if n not in nothing_gone]
    assert found == [f"pm_{number:08d}" for number in there]
    assert server.order() == there
