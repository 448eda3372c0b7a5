"""Memory and time of an export, whatever the list's length.

Run by hand: ``python tests/benchmarks/bench_exports.py [rows ...]``. A bare server
of customers answers in a process of its own; each export runs in another, of
which the greatest memory is compared with that of its imports alone.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qsl, urlsplit

import orjson

_NEWEST, _STEP, _PAGE = 1_767_225_600, 30, 100


def _customer(number: int) -> dict[str, object]:
    return {
        "id": f"cus_{number:014d}",
        "object": "customer",
        "address": {"city": "Zürich", "country": "CH", "line1": f"Gasse {number}"},
        "balance": 0,
        "created": _NEWEST - number * _STEP,
        "currency": "chf",
        "default_source": None,
        "delinquent": False,
        "description": f"Customer number {number} of a business with many of them",
        "discount": None,
        "email": f"someone.{number}@example.com",
        "invoice_prefix": f"{number:08X}",
        "invoice_settings": {"custom_fields": None, "default_payment_method": None},
        "livemode": False,
        "metadata": {"plan": "pro", "source": f"campaign {number % 50}"},
        "name": f"Some One {number}",
        "phone": "+41441234567",
        "preferred_locales": ["de"],
        "shipping": None,
        "tax_exempt": "none",
    }


def _page(target: str, rows: int) -> bytes:
    query = dict(parse_qsl(urlsplit(target).query))
    first, last = 0, rows
    if "created[lt]" in query:
        first = max(0, (_NEWEST - int(query["created[lt]"])) // _STEP + 1)
    if "created[gte]" in query:
        last = min(rows, (_NEWEST - int(query["created[gte]"])) // _STEP + 1)
    if "starting_after" in query:
        first = int(query["starting_after"].removeprefix("cus_")) + 1
    end = min(last, first + int(query.get("limit", 10)))
    data = [_customer(number) for number in range(first, end)]
    answer = {"object": "list", "data": data, "has_more": end < last}
    return orjson.dumps({**answer, "url": "/v1/customers"})


def _serve(rows: int, ready: Connection) -> None:
    async def answer(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while line := await reader.readline():
            while (await reader.readline()).strip():
                pass
            body = _page(line.split()[1].decode(), rows)
            head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            await writer.drain()

    async def main() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _export(port: int, place: str, told: Connection) -> None:
    import pandas as pd
    import pyarrow.parquet as pq

    from stripe_nb.export import engine, export
    from stripe_nb.session import connect

    del pd, pq, engine
    before, began = _megabytes(), time.perf_counter()
    with connect(sandbox_url=f"http://127.0.0.1:{port}") as client:
        export("customers", place, client=client, progress=False)
    told.send((time.perf_counter() - began, before, _megabytes()))


def measure(rows: int, suffix: str) -> tuple[float, float]:
    """Return the seconds and the megabytes over the interpreter's of an export."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    server = context.Process(target=_serve, args=(rows, there), daemon=True)
    server.start()
    port = here.recv()
    with TemporaryDirectory() as folder:
        place = str(Path(folder) / f"customers{suffix}")
        exporter = context.Process(target=_export, args=(port, place, there))
        exporter.start()
        seconds, before, after = here.recv()
        exporter.join()
    server.terminate()
    server.join()
    return seconds, after - before


if __name__ == "__main__":
    for count in map(int, sys.argv[1:] or ["100000", "1000000"]):
        taken, memory = measure(count, ".parquet")
        rate = count / taken
        print(f"{count:>9,} rows: {taken:6.1f} s, {rate:8,.0f}/s, {memory:5.0f} MB")
