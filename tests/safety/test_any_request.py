"""Requests made from the schema of every operation, right and wrong: no failure.

More of them: ``STRIPE_NB_REQUESTS=100000 pytest tests/safety/test_any_request.py``.
"""

from __future__ import annotations

import os
from collections import defaultdict

import pytest

from stripe_nb.sandbox import Sandbox

from .schema_requests import Requests

REQUESTS = int(os.environ.get("STRIPE_NB_REQUESTS", "3000"))


@pytest.fixture(autouse=True)
def shapes_are_stripes() -> None:
    """Leave shapes to the tests of each kind: here only failures count."""


@pytest.mark.parametrize("seed", [1, 2])
def test_no_operation_fails_whatever_it_is_asked(seed: int, sandbox: Sandbox) -> None:
    operations = list(sandbox.engine.catalog.operations.values())
    requests = Requests(seed, sandbox.key)
    statuses: dict[int, int] = defaultdict(int)
    for _ in range(REQUESTS):
        request = requests.make(requests.dice.choice(operations))
        answer = sandbox.handle(request)
        statuses[answer.status] += 1
        requests.learn(answer)
        assert answer.status != 500, (request, answer.body)
    assert statuses[200] > REQUESTS / 50
