"""The websocket on which a Stripe CLI hears of events and requests."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import orjson
from starlette.websockets import WebSocket, WebSocketDisconnect

from stripe_nb.sandbox.delivery.listeners import Session
from stripe_nb.sandbox.delivery.outbox import count_down

if TYPE_CHECKING:
    from stripe_nb.sandbox.engine import Engine

__all__ = ["serve_cli"]

_PROTOCOL = "stripecli-devproxy-v1"
_POLICY_VIOLATION = 1008


async def serve_cli(engine: Engine, socket: WebSocket) -> None:
    """Serve one CLI until it goes away."""
    frames: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def send(frame: str) -> None:
        loop.call_soon_threadsafe(frames.put_nowait, frame)

    session = engine.listeners.connect(socket.headers.get("websocket-id", ""), send)
    if session is None:
        await socket.close(_POLICY_VIOLATION)
        return
    offered = socket.scope.get("subprotocols") or ()
    await socket.accept(subprotocol=_PROTOCOL if _PROTOCOL in offered else None)
    sender = asyncio.create_task(_pass_on(frames, socket))
    try:
        while (message := await socket.receive())["type"] == "websocket.receive":
            _hear(engine, session, message.get("text") or "")
    finally:
        engine.listeners.disconnect(session, send)
        sender.cancel()
        with contextlib.suppress(asyncio.CancelledError, WebSocketDisconnect):
            await sender


async def _pass_on(frames: asyncio.Queue[str], socket: WebSocket) -> None:
    while True:
        await socket.send_text(await frames.get())


def _hear(engine: Engine, session: Session, text: str) -> None:
    """Take a CLI's word that an event has come."""
    try:
        message: Any = orjson.loads(text)
    except orjson.JSONDecodeError:
        return
    if not isinstance(message, dict) or message.get("type") != "event_ack":
        return
    sent = session.sent.pop(str(message.get("webhook_conversation_id")), None)
    if sent:
        with engine.aside():
            count_down(engine.store, *sent)
