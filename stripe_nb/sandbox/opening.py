"""How a sandbox begins: anew, with a scenario, or where a file left off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import orjson

from stripe_nb import catalog
from stripe_nb.clock import Clock, TickingClock, WallClock, parse_time
from stripe_nb.errors import SandboxError
from stripe_nb.ids import IdFactory, random_seed
from stripe_nb.sandbox import scenario as scenarios
from stripe_nb.sandbox.engine import Engine
from stripe_nb.sandbox.resources.account import open_account
from stripe_nb.sandbox.store import Store
from stripe_nb.sandbox.wire import Json, Request, encode_form

__all__ = ["KEY", "Opening"]

# Where a seeded sandbox's time begins if nothing else says so.
_START = "2026-01-15T09:00:00Z"
_LATEST = parse_time("2999-12-31")

# Any well-formed test key does; this one is the sandbox's own.
KEY = "sk_test_" + "sandbox0" * 3


@dataclass(slots=True)
class Opening:
    """What a sandbox begins with.

    Attributes
    ----------
    store
        Its state; one that was used before goes on.
    seed, clock
        As `Sandbox` takes them.
    story
        What happens at first.
    """

    store: Store
    seed: int | None = 0
    clock: str | int | datetime | None = None
    story: scenarios.Scenario | None = None

    def engine(self) -> Engine:
        """Return an engine that is ready for requests."""
        known = self.store.setting("seed")
        if known is not None and self.store.setting("begun") is not None:
            return self._resumed(int(known))
        # A beginning that was interrupted left something half done.
        with self.store.transaction():
            self.store.clear()
        seed = random_seed() if self.seed is None else self.seed
        engine = self._engine(seed, self._time())
        self._begin(engine)
        return engine

    def reset(self, engine: Engine) -> None:
        """Begin again: nothing is left but what there was at first."""
        with engine.lock:
            with self.store.transaction():
                self.store.clear()
            engine.ids.counters.clear()
            engine.requests.clear()
            engine.listeners.forget_sent()
            engine.faults.reset()
            if isinstance(engine.clock, TickingClock):
                engine.clock.set(self._start())
            self._begin(engine)

    def reload(self, engine: Engine) -> None:
        """Go on with a state that was put in the place of the former one."""
        engine.ids.counters.clear()
        counters = orjson.loads(self.store.setting("counters") or "{}")
        engine.ids.counters.update(counters)
        engine.listeners.forget_sent()
        engine.faults.reset()
        kept = self.store.setting("clock")
        if kept is not None and isinstance(engine.clock, TickingClock):
            engine.clock.set(int(kept))

    def _resumed(self, seed: int) -> Engine:
        self._refuse_contradiction(seed)
        kept = self.store.setting("clock")
        start = kept if self.clock is None else self.clock
        time: Clock = WallClock() if start is None else TickingClock(_seconds(start))
        engine = self._engine(seed, time)
        counters = orjson.loads(self.store.setting("counters") or "{}")
        engine.ids.counters.update(counters)
        return engine

    def _refuse_contradiction(self, seed: int) -> None:
        """Refuse to go on with a file as if it were another one."""
        if self.seed and self.seed != seed:
            raise SandboxError(
                f"This file was begun with the seed {seed}, not {self.seed}: leave the "
                "seed out to go on with it, or choose a new file."
            )
        told = self.store.setting("scenario") or ""
        if self.story is not None and self.story.name != told:
            raise SandboxError(
                f"This file was begun with {f'the scenario {told}' if told else 'no'}"
                f"{'' if told else ' scenario'}: leave the scenario out to go on with "
                "it, or choose a new file."
            )

    def _engine(self, seed: int, clock: Clock) -> Engine:
        return Engine(catalog.load(), self.store, clock, IdFactory(seed))

    def _time(self) -> Clock:
        if self.seed is None and self.clock is None and self.story is None:
            return WallClock()
        return TickingClock(self._start())

    def _start(self) -> int:
        return parse_time(_START) if self.clock is None else _seconds(self.clock)

    def _begin(self, engine: Engine) -> None:
        with engine.writing():
            self.store.set_setting("seed", str(engine.ids.seed))
            open_account(engine.internal_call())
        if self.story is not None:
            self._play(engine, self.story)
        with self.store.transaction():
            engine.save_state()
            self.store.set_setting("scenario", self.story.name if self.story else "")
            self.store.set_setting("begun", "yes")

    def _play(self, engine: Engine, story: scenarios.Scenario) -> None:
        clock = engine.clock
        # A clock of one's own moves the story with it, so that it still ends now.
        shift = 0
        if self.clock is not None and story.clock is not None:
            shift = self._start() - story.clock

        def send(method: str, path: str, params: Json, at: int | None) -> Json:
            if at is not None and isinstance(clock, TickingClock):
                clock.set(at + shift)
            answer = engine.handle(_request(method, path, params))
            body: Json = orjson.loads(answer.body)
            return body

        scenarios.play(story, send)
        if story.clock is not None and isinstance(clock, TickingClock):
            clock.set(story.clock + shift)
        engine.catch_up()


def _request(method: str, path: str, params: Json) -> Request:
    form = encode_form(params)
    in_body = method.lower() == "post"
    return Request(
        method=method.upper(),
        path=path,
        query="" if in_body else form,
        headers={
            "authorization": f"Bearer {KEY}",
            "content-type": "application/x-www-form-urlencoded",
        },
        body=form.encode() if in_body else b"",
    )


def _seconds(value: str | int | datetime) -> int:
    try:
        seconds = parse_time(value)
    except (ValueError, OverflowError):
        seconds = -1
    if not 0 <= seconds <= _LATEST:
        raise SandboxError(
            f"{value!r} is no time for a clock: give ISO 8601 text such as "
            "'2026-01-15T09:00:00Z', or Unix seconds, from 1970 to 2999."
        )
    return seconds
