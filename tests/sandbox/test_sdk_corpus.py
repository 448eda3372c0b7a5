"""The requests of stripe-python's own test suite, as Stripe's codegen wrote them.

Its source distribution is fetched from the package index; only the requests are
read out of it. Their ids name nothing here, so "no such object" is a right
answer; an unknown route or a refused parameter never is.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest
import stripe

from stripe_nb.catalog import load
from stripe_nb.sandbox import Sandbox
from stripe_nb.sandbox.wire import Request

# Refused with reason: the corpus does not record the body of an upload, and its
# examples of shipping leave out what there is to ship.
RIGHTLY_REFUSED = {
    ("/v1/files", "Missing required param: file."),
    ("/v1/checkout/sessions", "Missing required param: line_items."),
}

EXAMPLES = "tests/test_generated_examples.py"


class Example(NamedTuple):
    method: str
    path: str
    query: str
    body: str


def fetched(folder: Path) -> Path:
    """Return the source distribution of the installed SDK, or skip."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
            *("--no-binary", "stripe", "--dest", str(folder)),
            f"stripe=={stripe.VERSION}",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"stripe's sources can't be fetched: {done.stderr[-200:]}")
    return next(folder.glob("stripe-*.tar.gz"))


def examples(source: str) -> Iterator[Example]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and "assert_requested" in ast.dump(node.func):
            words = {
                word.arg: word.value.value
                for word in node.keywords
                if isinstance(word.value, ast.Constant)
            }
            (method,) = (
                arg.value for arg in node.args if isinstance(arg, ast.Constant)
            )
            yield Example(
                str(method),
                str(words["path"]),
                str(words.get("query_string") or ""),
                str(words.get("post_data") or ""),
            )


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> list[Example]:
    archive = fetched(tmp_path_factory.mktemp("sdk"))
    with tarfile.open(archive) as files:
        member = next(name for name in files.getnames() if name.endswith(EXAMPLES))
        content = files.extractfile(member)
        assert content is not None
        return sorted(set(examples(content.read().decode())))


def answer(sandbox: Sandbox, example: Example) -> tuple[int, dict[str, Any]]:
    json = example.path.startswith("/v2/")
    response = sandbox.handle(
        Request(
            example.method.upper(),
            example.path,
            query=example.query,
            headers={
                "authorization": f"Bearer {sandbox.key}",
                "stripe-version": load().api_version,
                "content-type": "application/json"
                if json
                else "application/x-www-form-urlencoded",
            },
            body=example.body.encode(),
        )
    )
    return response.status, orjson.loads(response.body or b"{}")


def test_every_request_finds_its_route_and_its_parameters_are_taken(
    corpus: list[Example],
) -> None:
    sandbox = Sandbox(seed=1)
    refused = []
    for example in corpus:
        status, body = answer(sandbox, example)
        error = body.get("error") or {}
        routed = "Unrecognized request URL" not in str(error.get("message"))
        taken = not str(error.get("code")).startswith("parameter_")
        if (example.path, error.get("message")) in RIGHTLY_REFUSED:
            continue
        if status == 500 or not routed or not taken:
            refused.append((example, status, error.get("message")))
    sandbox.stop()

    assert len(corpus) > 500
    assert refused == []
