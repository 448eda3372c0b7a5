"""Scenarios: a business's history as a list of requests, played into a sandbox.

A scenario is a fixtures file of the Stripe CLI whose steps may carry a time and
the card error that they end in; plain files of the CLI play too. Knows nothing
of HTTP or the store: whoever plays one gives the function that sends a request.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from stripe_nb.clock import parse_time, wall_time
from stripe_nb.errors import SandboxError, StripeNbError
from stripe_nb.paths import data_path

__all__ = ["Scenario", "Send", "Step", "load", "names", "play"]

_METHODS = frozenset({"get", "post", "delete"})
_SUFFIX = ".json"

# ${name:path.to.field|default}, where the CLI's own ${generate-uuid} has no path
_REFERENCE = re.compile(
    r"\$\{(?P<name>[^{}:|]+)(?::(?P<path>[^{}|]+))?(?:\|(?P<default>[^{}]*))?\}"
)
_ENVIRONMENT = ".env"
_UUID = "generate-uuid"
_NOW = "time-now-RFC3339"
_BUILT_IN = frozenset({_ENVIRONMENT, _UUID, _NOW})

# Each step is sent once, so an idempotency key changes nothing. Headers and
# another host would: a step that has them is refused.
_KEYS = frozenset(
    {
        "at",
        "expected_error",
        "expected_error_type",
        "idempotency_key",
        "method",
        "name",
        "params",
        "path",
    }
)


class Send(Protocol):
    """What sends one request of a scenario."""

    def __call__(
        self, method: str, path: str, params: dict[str, Any], at: int | None
    ) -> dict[str, Any]:
        """Return the answer's body, be it an error.

        Parameters
        ----------
        method, path, params
            The request; references are resolved.
        at
            When it happens in Unix seconds; ``None`` for the sandbox's present.
        """


@dataclass(frozen=True, slots=True)
class Step:
    """One request of a scenario.

    Attributes
    ----------
    name
        What later steps call its answer.
    method, path, params
        The request; strings may hold references.
    at
        When it happens in Unix seconds; ``None`` for the sandbox's present.
    expected_error
        The decline code, code or type of the error that it must end in.
    """

    name: str
    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    at: int | None = None
    expected_error: str | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """A business's history.

    Attributes
    ----------
    name, description
        What it is called, and what it tells.
    clock
        The present once it has been played, in Unix seconds; ``None`` leaves
        the sandbox's clock where the last step left it.
    steps
        Its requests in order of time.
    """

    name: str
    description: str
    clock: int | None
    steps: tuple[Step, ...]


def names() -> list[str]:
    """Return the names of the scenarios that come with the package.

    Examples
    --------
    >>> "demo" in names()
    True
    """
    try:
        folder = data_path("scenarios")
    except StripeNbError:
        return []
    return sorted(path.stem for path in folder.glob(f"*{_SUFFIX}"))


def load(name_or_path: str | Path) -> Scenario:
    """Read a scenario and check that it can be played.

    Parameters
    ----------
    name_or_path
        A name out of `names`, or the path of a file of your own: a scenario, or
        a fixtures file of the Stripe CLI.

    Returns
    -------
    Scenario
        Its steps have unique names, ascending times and refer only backwards.

    Raises
    ------
    SandboxError
        If there is no such scenario, or a step of it can't be played.

    Examples
    --------
    >>> load("demo").steps[0].method
    'post'
    """
    path = _find(name_or_path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SandboxError(f"The scenario {path} can't be read: {error}.") from error
    except ValueError as error:
        raise SandboxError(f"The scenario {path} is not JSON: {error}.") from error
    if not isinstance(content, dict) or not isinstance(content.get("fixtures"), list):
        raise SandboxError(
            f'The scenario {path} has no list "fixtures"; write its steps there.'
        )
    return _scenario(content, default_name=path.stem)


def play(
    scenario: Scenario, send: Send, *, env: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Send a scenario's requests in their order.

    Parameters
    ----------
    scenario
        What to play.
    send
        Sends one request and returns the answer's body, be it an error.
    env
        Values for references like ``${.env:PHONE}``. The process's own
        environment is never read: it may hold keys.

    Returns
    -------
    dict
        The last answer of each step, by the step's name.

    Raises
    ------
    SandboxError
        If a step fails that should not, or the other way round, or with
        another error; the message names the step.
    """
    answers: dict[str, Any] = {}
    for position, step in enumerate(scenario.steps):
        resolve = _Resolver(scenario, position, answers, env or {})
        path = str(resolve(step.path))
        answer = send(step.method, path, resolve(dict(step.params)), step.at)
        _check(scenario, step, answer)
        answers[step.name] = answer
    return answers


def _find(name_or_path: str | Path) -> Path:
    as_path = Path(name_or_path)
    if as_path.suffix == _SUFFIX or len(as_path.parts) > 1:
        return as_path
    if str(name_or_path) in names():
        return data_path("scenarios", f"{name_or_path}{_SUFFIX}")
    known = ", ".join(names()) or "none"
    raise SandboxError(
        f"There is no scenario {str(name_or_path)!r}: name one of those that come "
        f"with the package ({known}) or give the path of a .json file."
    )


def _scenario(content: Mapping[str, Any], *, default_name: str) -> Scenario:
    name = str(content.get("name", default_name))
    steps: list[Step] = []
    known: set[str] = set()
    latest = 0
    for raw in content["fixtures"]:
        step = _step(name, raw)
        if step.name in known:
            raise _bad_step(name, step.name, "an earlier step has the same name")
        _check_references(name, step, known)
        if step.at is not None:
            if step.at < latest:
                raise _bad_step(name, step.name, "it happens before a step above it")
            latest = step.at
        steps.append(step)
        known.add(step.name)
    clock = content.get("clock")
    return Scenario(
        name=name,
        description=str(content.get("description", "")),
        clock=None if clock is None else _time(name, "clock", clock),
        steps=tuple(steps),
    )


def _step(scenario: str, raw: Any) -> Step:
    if not isinstance(raw, dict) or not isinstance(raw.get("name"), str):
        raise SandboxError(f"A step of the scenario {scenario!r} has no name.")
    name = raw["name"]
    if odd := sorted(raw.keys() - _KEYS):
        raise _bad_step(scenario, name, f"steps have no key {', '.join(odd)}")
    method = str(raw.get("method", "")).lower()
    if method not in _METHODS:
        raise _bad_step(scenario, name, "its method is not get, post or delete")
    path = raw.get("path")
    if not (isinstance(path, str) and path.startswith("/")):
        raise _bad_step(scenario, name, "its path does not begin with /")
    params = raw.get("params") or {}
    if not isinstance(params, dict):
        raise _bad_step(scenario, name, "its params are no JSON object")
    at = raw.get("at")
    return Step(
        name=name,
        method=method,
        path=path,
        params=params,
        at=None if at is None else _time(scenario, name, at),
        expected_error=raw.get("expected_error") or raw.get("expected_error_type"),
    )


def _time(scenario: str, where: str, text: Any) -> int:
    try:
        return parse_time(text)
    except (TypeError, ValueError) as error:
        raise _bad_step(scenario, where, f"{text!r} is no time") from error


def _check_references(scenario: str, step: Step, known: set[str]) -> None:
    for match in _references([step.path, step.params]):
        name = match["name"]
        if name not in _BUILT_IN and name not in known:
            raise _bad_step(
                scenario, step.name, f"{match[0]} refers to no step above it"
            )


def _references(value: Any) -> list[re.Match[str]]:
    if isinstance(value, str):
        return list(_REFERENCE.finditer(value))
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        return [match for item in value for match in _references(item)]
    return []


def _check(scenario: Scenario, step: Step, answer: Mapping[str, Any]) -> None:
    error = answer.get("error")
    if not isinstance(error, Mapping):
        if step.expected_error is not None:
            raise _bad_step(
                scenario.name,
                step.name,
                f"it should have ended in {step.expected_error!r} and succeeded",
            )
        return
    met = {error.get("decline_code"), error.get("code"), error.get("type")}
    if step.expected_error is None or step.expected_error not in met:
        expected = step.expected_error or "no error"
        raise _bad_step(
            scenario.name,
            step.name,
            f"it should have ended in {expected!r}, and the answer was: "
            f"{error.get('message')}",
        )


def _bad_step(scenario: str, step: str, why: str) -> SandboxError:
    return SandboxError(f"The scenario {scenario!r} fails at {step!r}: {why}.")


class _Resolver:
    """Puts the answers of earlier steps where a step refers to them."""

    def __init__(
        self,
        scenario: Scenario,
        position: int,
        answers: Mapping[str, Any],
        env: Mapping[str, str],
    ) -> None:
        self._scenario = scenario
        self._position = position
        self._step = scenario.steps[position]
        self._answers = answers
        self._env = env
        self._uuids = 0

    def __call__(self, value: Any) -> Any:
        if isinstance(value, str):
            whole = _REFERENCE.fullmatch(value)
            # A reference alone keeps its type: an amount stays a number.
            if whole is not None:
                return self._look_up(whole)
            return _REFERENCE.sub(lambda match: str(self._look_up(match)), value)
        if isinstance(value, Mapping):
            return {key: self(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self(item) for item in value]
        return value

    def _look_up(self, match: re.Match[str]) -> Any:
        built_in: Mapping[str, Callable[[], Any]] = {
            _UUID: self._uuid,
            _NOW: self._now,
            _ENVIRONMENT: lambda: self._env.get(match["path"] or ""),
        }
        name = match["name"]
        if name in built_in:
            found = built_in[name]()
        else:
            found = _at(self._answers[name], match["path"] or "")
        if found is None:
            found = match["default"]
        if found is None:
            raise _bad_step(
                self._scenario.name, self._step.name, f"{match[0]} has no value"
            )
        return found

    def _uuid(self) -> str:
        # The same at each run, so that what is played is the same as well.
        self._uuids += 1
        seed = f"{self._scenario.name}/{self._position}/{self._uuids}"
        digits = hashlib.blake2b(seed.encode(), digest_size=16).hexdigest()
        return "-".join(
            (
                digits[:8],
                digits[8:12],
                f"4{digits[13:16]}",
                f"8{digits[17:20]}",
                digits[20:],
            )
        )

    def _now(self) -> str:
        at = self._step.at
        moment = datetime.fromtimestamp(wall_time() if at is None else at, UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _at(answer: Any, path: str) -> Any:
    """Follow a dotted path, whose numbers count in lists; None if it ends."""
    found = answer
    for part in path.split("."):
        if isinstance(found, Mapping):
            found = found.get(part)
        elif isinstance(found, list) and part.isdigit() and int(part) < len(found):
            found = found[int(part)]
        else:
            return None
    return found
