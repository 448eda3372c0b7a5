"""Secrets stay where they belong, and nothing that is read is run."""

from __future__ import annotations

import ast
import json
import logging
import re
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import stripe

from stripe_nb.errors import explain
from stripe_nb.redaction import redact
from stripe_nb.session import Client, connect
from stripe_nb.settings import load_settings
from stripe_nb.webhooks import listen

PACKAGE = Path(__file__).parents[2] / "stripe_nb"
NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
KEY = "sk_test_51Abcdefghijklmnopqrstuv1a2b"
RUNS_WHAT_IT_READS = {
    "eval",
    "exec",
    "compile",
    "pickle.load",
    "pickle.loads",
    "marshal.loads",
    "shelve.open",
    "yaml.load",
    "yaml.unsafe_load",
    "os.system",
    "os.popen",
}
SECRETS = re.compile(
    r"\b[sr]k_(?:test|live)_[A-Za-z0-9]{10,}|\bwhsec_[A-Za-z0-9]{10,}"
    r"|_secret_[A-Za-z0-9]{10,}|\bek_test_[A-Za-z0-9]{10,}"
)
# What the sandbox takes as a key is no secret: it opens nothing else.
NO_SECRETS = re.compile(r"sk_test_(?:stripenbsandbox0|0123456789\w*)")


def dangers(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name in RUNS_WHAT_IT_READS:
                yield f"line {node.lineno}: {name}"
            if any(
                each.arg == "shell"
                and isinstance(each.value, ast.Constant)
                and each.value.value
                for each in node.keywords
            ):
                yield f"line {node.lineno}: a shell"
        names = (
            [each.name for each in node.names] if isinstance(node, ast.Import) else []
        )
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in {"pickle", "marshal", "shelve", "dill"} & set(names):
            yield f"imports {name}"


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.stem
)
def test_nothing_in_the_package_runs_what_it_reads(path: Path) -> None:
    found = list(dangers(ast.parse(path.read_text("utf-8"))))
    # The error lab shows pieces of code that stand in it as literals, and runs these.
    runs_its_own = path.name == "error_lab_failures.py"
    assert [each for each in found if not (runs_its_own and "exec" in each)] == []


@pytest.mark.parametrize(
    "source",
    [
        "eval('1')",
        "import pickle",
        "from pickle import loads",
        "yaml.load(text)",
        "subprocess.run('ls', shell=True)",
    ],
)
def test_the_search_for_dangers_finds_them(source: str) -> None:
    assert list(dangers(ast.parse(source)))


@pytest.mark.parametrize(
    "path", sorted(NOTEBOOKS.rglob("*.ipynb")), ids=lambda path: path.stem
)
def test_no_committed_notebook_holds_a_secret(path: Path) -> None:
    found = SECRETS.findall(path.read_text("utf-8"))
    assert not [each for each in found if not NO_SECRETS.match(each)]


def test_nothing_that_a_session_shows_or_logs_holds_a_secret(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "stripe_nb"), listen(client=client) as inbox:
        intent = client.v1.payment_intents.create({"amount": 500, "currency": "usd"})
        inbox.wait_for("payment_intent.created")
        with pytest.raises(stripe.StripeError) as caught:
            client.raw_request(
                "post", "/v1/tokens", card={"number": "4242424242424242"}
            )
        shown = [
            repr(client),
            str(client),
            repr(inbox),
            repr(inbox.received),
            json.dumps([each.payload for each in inbox.received]),
            repr(client.calls.all),
            str(explain(caught.value)),
            explain(caught.value)._repr_html_(),
            *(repr(vars(each)) for each in caplog.records if each.name == "stripe_nb"),
        ]
        secrets = [
            client.target.key,
            inbox.signing_secret,
            str(intent.client_secret),
            "4242424242424242",
        ]
        for secret in secrets:
            assert secret not in "".join(shown)


def test_a_traceback_with_its_variables_holds_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(f"STRIPE_SECRET_KEY={KEY}'\n")
    (tmp_path / ".env").chmod(0o600)
    with pytest.raises(Exception, match="quotation marks") as caught:
        connect()
    shown = traceback.TracebackException.from_exception(
        caught.value, capture_locals=True
    )
    assert KEY not in "".join(shown.format())


def test_others_that_can_read_the_key_s_file_are_warned_of(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text(f"STRIPE_SECRET_KEY={KEY}\n")
    for mode in (0o640, 0o604, 0o644):
        path.chmod(mode)
        with pytest.warns(UserWarning, match="chmod 600") as caught:
            load_settings(path)
        assert KEY not in str(caught[0].message)
    path.chmod(0o600)
    assert load_settings(path).secret_key == KEY


def test_masking_reaches_every_secret_that_stripe_s_own_answers_hold(
    client: Client,
) -> None:
    """Look for what the catalog calls a secret in real answers, masked."""
    made: list[Any] = [
        client.v1.payment_intents.create({"amount": 500, "currency": "usd"}),
        client.v1.setup_intents.create({}),
        client.v1.webhook_endpoints.create(
            {"url": "http://127.0.0.1:9/", "enabled_events": ["*"]}
        ),
    ]
    for obj in made:
        before = json.dumps(obj.to_dict(), default=str)
        assert SECRETS.search(before), obj.object
        assert not SECRETS.search(json.dumps(redact(obj.to_dict()), default=str))
