"""Faults on request: what goes wrong between a client and Stripe, at will.

Each fault is drawn from the seed and from how many requests it has looked at,
so that the same requests meet the same faults in every run. Knows nothing of
HTTP: `server` and the webhooks' courier ask it what strikes.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import orjson

from stripe_nb.errors import SandboxError

__all__ = ["Fault", "Faults", "read_faults"]

# kind: what happens. The first group strikes requests, the second webhooks.
KINDS = {
    "latency": "the request takes `seconds` longer",
    "rate_limit": "refused with 429",
    "error": "refused with 500, nothing done",
    "drop": "the connection is cut before anything is done",
    "drop_after": "the connection is cut after all is done, instead of the answer",
    "timeout": "no answer for `seconds`, nothing done; then the connection is cut",
    "truncate": "all is done, and the answer's body is cut short",
    "duplicate": "a webhook is sent twice",
    "reorder": "a webhook is sent after the next one",
}
_DEFAULT_SECONDS = {"latency": 1.0, "timeout": 30.0}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    Attributes
    ----------
    kind
        ``latency``, ``rate_limit``, ``error``, ``drop``, ``drop_after``,
        ``timeout``, ``truncate``; for webhooks ``duplicate``, ``reorder``.
    rate
        How often, from 0 to 1.
    on
        Which requests, as method and path with wildcards
        (``"POST /v1/payment_intents*"``); for webhooks, which endpoint ids.
    after
        So many matching requests pass first.
    times
        It strikes so many times at the most; ``None``: without end.
    seconds
        For ``latency`` and ``timeout``.

    Raises
    ------
    SandboxError
        If there is no such fault.

    Examples
    --------
    >>> Fault("drop_after", on="POST /v1/charges", times=1).rate
    1.0
    """

    kind: str
    rate: float = 1.0
    on: str = "*"
    after: int = 0
    times: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        if str(self.kind) not in KINDS:
            raise SandboxError(
                f"There is no fault {self.kind!r}: choose from {', '.join(KINDS)}."
            )
        if not _is_number(self.rate) or self.rate > 1:
            raise self._wrong("rate", "a number from 0 (never) to 1 (always)")
        if not isinstance(self.on, str):
            raise self._wrong("on", "text such as 'POST /v1/customers'")
        if not _is_count(self.after):
            raise self._wrong("after", "a whole number, 0 or more")
        if self.times is not None and not _is_count(self.times):
            raise self._wrong("times", "a whole number, 0 or more")
        if self.seconds is not None and not _is_number(self.seconds):
            raise self._wrong("seconds", "a finite number, 0 or more")

    def _wrong(self, name: str, wanted: str) -> SandboxError:
        return SandboxError(
            f"The {name} of the fault {self.kind} is {getattr(self, name)!r}: give "
            f"{wanted}."
        )

    @property
    def length(self) -> float:
        """How long it takes, in seconds."""
        if self.seconds is not None:
            return self.seconds
        return _DEFAULT_SECONDS.get(self.kind, 0.0)


def _is_number(value: Any) -> bool:
    right = isinstance(value, (int, float)) and not isinstance(value, bool)
    return right and 0 <= value < math.inf


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


@dataclass(slots=True)
class Faults:
    """The faults of a sandbox, and how often each has looked and struck.

    Parameters
    ----------
    rules
        Looked through in their order.
    seed
        Equal seeds draw alike.
    """

    rules: Sequence[Fault] = ()
    seed: int = 0
    _seen: dict[int, int] = field(default_factory=dict)
    _struck: dict[int, int] = field(default_factory=dict)

    def reset(self) -> None:
        """Begin to count again, so that the same requests meet the same faults."""
        self._seen.clear()
        self._struck.clear()

    def strikes(self, kind: str, target: str) -> Fault | None:
        """Return the fault of a kind that strikes a target now, if one does.

        Parameters
        ----------
        kind
            See `Fault`.
        target
            Method and path of a request, or the id of a webhook's endpoint.
        """
        for number, rule in enumerate(self.rules):
            if (
                rule.kind == kind
                and fnmatchcase(target, rule.on)
                and self._draw(number, rule)
            ):
                return rule
        return None

    def _draw(self, number: int, rule: Fault) -> bool:
        seen = self._seen.get(number, 0)
        self._seen[number] = seen + 1
        struck = self._struck.get(number, 0)
        if seen < rule.after or (rule.times is not None and struck >= rule.times):
            return False
        if self._chance(number, seen) >= rule.rate:
            return False
        self._struck[number] = struck + 1
        return True

    def _chance(self, number: int, seen: int) -> float:
        """Return a number from 0 to 1 that only the seed and the count decide."""
        text = f"{self.seed}/fault{number}/{seen}".encode()
        digest = hashlib.blake2b(text, digest_size=8).digest()
        return int.from_bytes(digest) / 2**64


def read_faults(
    given: str | Path | Sequence[Fault | Mapping[str, Any]] | None,
) -> tuple[Fault, ...]:
    """Read faults as `Sandbox` and the command line take them.

    Parameters
    ----------
    given
        Faults, or dictionaries of their fields; or a text with kinds and rates
        (``"drop=0.1, rate_limit=0.2"``; for latency ``"latency=0.3s"``); or a
        JSON file with a list of such dictionaries.

    Raises
    ------
    SandboxError
        If it can't be read so.

    Examples
    --------
    >>> [fault.rate for fault in read_faults("drop=0.1, error")]
    [0.1, 1.0]
    """
    if given is None:
        return ()
    if isinstance(given, Path) or (isinstance(given, str) and given.endswith(".json")):
        given = _from_file(Path(given))
    if isinstance(given, str):
        return tuple(_from_text(part) for part in given.split(",") if part.strip())
    return tuple(
        each if isinstance(each, Fault) else _from_fields(each) for each in given
    )


def _from_file(path: Path) -> list[Mapping[str, Any]]:
    try:
        content = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise SandboxError(
            f"The faults in {path} can't be read: {error}. It must hold a JSON list."
        ) from error
    if not isinstance(content, list):
        raise SandboxError(f"The faults in {path} must be a JSON list of objects.")
    return content


def _from_text(part: str) -> Fault:
    kind, _, value = part.strip().partition("=")
    try:
        if value.endswith("s"):
            return Fault(kind, seconds=float(value[:-1]))
        return Fault(kind, rate=float(value) if value else 1.0)
    except ValueError:
        raise SandboxError(
            f"{part.strip()!r} is no fault: write a kind and its rate (drop=0.1), or "
            "its seconds (latency=0.3s)."
        ) from None


def _from_fields(values: Mapping[str, Any]) -> Fault:
    if not isinstance(values, Mapping):
        raise SandboxError(
            f"{values!r} is no fault: give an object such as "
            '{"kind": "drop", "rate": 0.1}.'
        )
    known = [each.name for each in fields(Fault)]
    unknown = [name for name in values if name not in known]
    if unknown or "kind" not in values:
        raise SandboxError(
            f"A fault has a kind and may have {', '.join(known[1:])}"
            + (f", but no {unknown[0]}." if unknown else ".")
        )
    return Fault(**values)
