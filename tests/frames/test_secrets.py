"""What lets somebody pay in a customer's place is in no frame, and in no export."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from stripe_nb.export import export
from stripe_nb.frames import frame, to_frame
from stripe_nb.session import Client


@pytest.fixture
def secret(client: Client) -> str:
    intent = client.v1.payment_intents.create({"amount": 500, "currency": "usd"})
    assert intent.client_secret
    return intent.client_secret


def test_a_client_secret_is_masked_in_frames(client: Client, secret: str) -> None:
    rows = frame("payment_intents", client=client, progress=False)
    start, _, ending = secret.partition("_secret_")
    assert list(rows["client_secret"]) == [f"{start}_secret_…{ending[-4:]}"]
    events = frame("events", client=client, progress=False)
    # The event's object is JSON in a column.
    told = "".join(events["data"].astype(str))
    assert start in told
    assert secret not in told


def test_a_client_secret_is_masked_where_objects_are_at_hand(
    client: Client, secret: str
) -> None:
    found = client.v1.payment_intents.list().data
    assert secret not in to_frame(found).to_csv()


READ: dict[str, Callable[[Path], str]] = {
    "csv": lambda path: path.read_text("utf-8"),
    "jsonl": lambda path: path.read_text("utf-8"),
    "parquet": lambda path: pd.read_parquet(path).to_csv(),
}


@pytest.mark.parametrize("suffix", READ)
def test_exports_hold_no_client_secret(
    client: Client, secret: str, suffix: str, tmp_path: Path
) -> None:
    for resource in ("payment_intents", "events"):
        path = tmp_path / f"{resource}.{suffix}"
        export(resource, str(path), client=client, progress=False)
        told = READ[suffix](path)
        assert secret.partition("_secret_")[0] in told
        assert secret not in told


def test_other_values_stay_as_they_are() -> None:
    rows = to_frame(
        [
            {
                "id": "cus_1",
                "object": "customer",
                "description": "the secret_garden, card 4242424242424242",
                "preferred_locales": ["a_secret"],
            }
        ]
    )
    assert rows["description"][0] == "the secret_garden, card 4242424242424242"
    assert rows["preferred_locales"][0] == '["a_secret"]'
