"""Files and folders on S3, over HTTP, by way of a server that speaks it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
import s3fs
from moto.server import ThreadedMotoServer

from stripe_nb.errors import ExportError
from stripe_nb.export import export, remote_target
from stripe_nb.frames import frame, to_frame
from stripe_nb.session import Client

SECRET = "not-a-secret-of-anybodys"
KEYS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "AWS_DEFAULT_REGION": "us-east-1",
    # Nobody asks a cloud who this machine is.
    "AWS_EC2_METADATA_DISABLED": "true",
}
ROWS = to_frame(
    [
        {"object": "coupon", "id": "a", "created": 1_767_225_600},
        {"object": "coupon", "id": "b", "created": 1_769_904_000},
    ]
)

_KILLED = """
import os, signal, sys
import pandas as pd, s3fs
from stripe_nb.export import export
at, before = int(sys.argv[1]), sys.argv[2] == "before"
call, writes = s3fs.S3FileSystem._call_s3, 0
async def counted(store, method, *arguments, **options):
    global writes
    if not method.startswith(("put", "upload", "complete", "copy", "delete")):
        return await call(store, method, *arguments, **options)
    writes += 1
    if writes == at and before:
        os.kill(os.getpid(), signal.SIGKILL)
    answer = await call(store, method, *arguments, **options)
    if writes == at:
        os.kill(os.getpid(), signal.SIGKILL)
    return answer
s3fs.S3FileSystem._call_s3 = counted
export(pd.DataFrame({"a": ["new"]}), "s3://shop/a.csv")
"""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture
def store(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[s3fs.S3FileSystem]:
    for name, value in {**KEYS, "AWS_ENDPOINT_URL": server}.items():
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()
    there = s3fs.S3FileSystem()
    there.mkdir("shop")
    yield there
    there.rm("shop", recursive=True)
    s3fs.S3FileSystem.clear_instance_cache()


def _names(store: s3fs.S3FileSystem) -> list[str]:
    store.invalidate_cache()
    return sorted(store.find("shop"))


def test_a_file_arrives_with_its_certificate(
    client: Client, store: s3fs.S3FileSystem
) -> None:
    client.v1.customers.create({"name": "Ada"})
    done = export("customers", "s3://shop/c.parquet", client=client)
    assert done == "s3://shop/c.parquet"
    assert _names(store) == [
        "shop/c.parquet",
        "shop/c.parquet.certificate.json",
    ]
    found = pd.read_parquet("s3://shop/c.parquet")
    pd.testing.assert_frame_equal(found, frame("customers", client=client))
    assert json.loads(store.cat("shop/c.parquet.certificate.json"))["rows"] == 1
    with pytest.raises(ExportError, match=r"'s3://shop/c\.parquet' exists already"):
        export(ROWS, "s3://shop/c.parquet", overwrite=False)
    export(ROWS, "s3://shop/c.parquet")
    assert _names(store) == ["shop/c.parquet"]


def test_a_folder_of_parquet_is_one_table(store: s3fs.S3FileSystem) -> None:
    for rows in (ROWS, ROWS.iloc[:1], ROWS):
        export(rows, "s3://shop/lake/coupons/")
        table = pq.read_table("shop/lake/coupons", filesystem=store)
        assert table["id"].to_pylist() == rows["id"].tolist()
    months = [name.split("/")[3] for name in _names(store)]
    assert months == ["created_month=2026-01", "created_month=2026-02"]


def _big() -> pd.DataFrame:
    return pd.DataFrame({"a": [os.urandom(50_000).hex() for _ in range(120)]})


def test_a_large_file_goes_in_a_few_parts_at_once(
    store: s3fs.S3FileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = {"chunksize": 5 * 2**20, "max_concurrency": 2}
    monkeypatch.setattr(remote_target, "_S3_PARTS", parts)
    call, under_way, most, sizes = s3fs.S3FileSystem._call_s3, 0, 0, []

    async def watched(store: Any, method: str, *given: Any, **options: Any) -> Any:
        nonlocal under_way, most
        if method != "upload_part":
            return await call(store, method, *given, **options)
        under_way += 1
        most = max(most, under_way)
        sizes.append(len(options["Body"]))
        answer = await call(store, method, *given, **options)
        under_way -= 1
        return answer

    monkeypatch.setattr(s3fs.S3FileSystem, "_call_s3", watched)
    rows = _big()
    export(rows, "s3://shop/big.csv")
    assert most <= 2
    assert len(sizes) == 3
    assert max(sizes) <= parts["chunksize"]
    pd.testing.assert_frame_equal(pd.read_csv("s3://shop/big.csv"), rows)


def test_an_upload_that_breaks_leaves_the_older_object(
    store: s3fs.S3FileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(remote_target._S3_PARTS, "chunksize", 5 * 2**20)
    store.pipe("shop/big.csv", b"old")
    call, parts = s3fs.S3FileSystem._call_s3, 0

    async def broken(store: Any, method: str, *given: Any, **options: Any) -> Any:
        nonlocal parts
        parts += method == "upload_part"
        if parts == 2:
            parts += 1
            raise OSError("the line is dead")
        return await call(store, method, *given, **options)

    with monkeypatch.context() as breaking:
        breaking.setattr(s3fs.S3FileSystem, "_call_s3", broken)
        cause = r"^can't write to s3://shop/big\.csv: the line is dead\.$"
        with pytest.raises(ExportError, match=cause):
            export(_big(), "s3://shop/big.csv")
    assert store.cat("shop/big.csv") == b"old"
    assert _names(store) == ["shop/big.csv"]
    # What was uploaded isn't kept, and paid for, out of sight.
    left = store.call_s3("list_multipart_uploads", Bucket="shop")
    assert not left.get("Uploads")


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no such kill")
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("older", [None, b"old"])
def test_a_kill_leaves_the_older_object_or_the_new_one(
    store: s3fs.S3FileSystem, when: str, older: bytes | None
) -> None:
    if older is not None:
        store.pipe("shop/a.csv", older)
    command = [sys.executable, "-c", _KILLED, "1", when]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    found = {name: store.cat(name) for name in _names(store)}
    old = {} if older is None else {"shop/a.csv": older}
    assert found == (old if when == "before" else {"shop/a.csv": b'"a"\n"new"\n'})


def test_a_part_that_gets_lost_is_told(
    store: s3fs.S3FileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = s3fs.S3FileSystem._call_s3

    async def losing(store: Any, method: str, *given: Any, **options: Any) -> Any:
        if method == "put_object":
            options["Body"] = options["Body"][:-3]
        return await call(store, method, *given, **options)

    monkeypatch.setattr(s3fs.S3FileSystem, "_call_s3", losing)
    with pytest.raises(ExportError, match=r"^only 7 of 10 bytes of 'a\.csv' arrived"):
        export(pd.DataFrame({"a": ["new"]}), "s3://shop/a.csv")
    assert _names(store) == []


def test_a_bucket_that_is_not_there_is_one_sentence(store: s3fs.S3FileSystem) -> None:
    with pytest.raises(ExportError, match=r"^can't write to s3://nowhere") as told:
        export(ROWS, "s3://nowhere/a.csv")
    assert "\n" not in str(told.value)
    assert SECRET not in str(told.value)
