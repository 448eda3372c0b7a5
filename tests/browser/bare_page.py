"""A widget on a page of its own, with nothing of Jupyter's about it.

The page has the part of a model that anywidget promises in every front end, and no
more: get, set, save_changes, on, off and send. What it sends, Python answers.
"""

from __future__ import annotations

import base64
from typing import Any

from playwright.sync_api import Locator, Page

from stripe_nb.widgets.base import StripeWidget

__all__ = ["show"]

_HTML = """<!doctype html><html lang="en"><head><title>A widget</title>
<link rel="icon" href="data:,"></head><body><main></main></body></html>"""
_MOUNT = """async ({script, style, state, look}) => {
  const read = (value) =>
    value?.bytes === undefined
      ? value
      : new DataView(Uint8Array.from(atob(value.bytes), (c) => c.charCodeAt(0)).buffer);
  const values = new Map(), listeners = new Map();
  let unsaved = {};
  const heard = (name) => listeners.get(name) ?? [];
  const tell = (name, ...args) => heard(name).forEach((one) => one(...args));
  const take = (state) => {
    for (const [name, value] of Object.entries(state)) values.set(name, read(value));
    for (const name of Object.keys(state)) tell(`change:${name}`);
  };
  take(state);
  const model = {
    get: (name) => values.get(name),
    set: (name, value) => {
      values.set(name, value);
      unsaved[name] = value;
    },
    save_changes: () => {
      window.tellPython(unsaved);
      unsaved = {};
    },
    on: (name, one) => listeners.set(name, [...heard(name), one]),
    off: (name, one) => listeners.set(name, heard(name).filter((each) => each !== one)),
    send: async (content) => {
      const { state, ...answer } = await window.askPython(content);
      take(state);
      tell("msg:custom", { reply: content.number, ...answer });
    },
  };
  document.body.className = look.name;
  for (const [name, value] of Object.entries(look.variables))
    document.documentElement.style.setProperty(name, value);
  const sheet = document.createElement("style");
  sheet.textContent = style;
  document.head.append(sheet);
  const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const { default: widget } = await import(address);
  const el = document.createElement("div");
  document.querySelector("main").append(el);
  await widget.render({ model, el });
}"""


def show(
    page: Page, widget: StripeWidget, name: str, variables: dict[str, str]
) -> Locator:
    """Show a widget; its front end has a class on its body, and CSS variables."""

    def answer(content: dict[str, Any]) -> dict[str, Any]:
        result, words = widget._answer(content["call"], content["with"])
        return {"result": result, "error": words, "state": _state(widget)}

    page.expose_function("askPython", answer)
    page.expose_function("tellPython", widget.set_state)
    page.set_content(_HTML)
    given: dict[str, Any] = {
        "script": widget._esm,
        "style": widget._css,
        "state": _state(widget),
        "look": {"name": name, "variables": variables},
    }
    page.evaluate(_MOUNT, given)
    return page.locator(".snb").first


def _state(widget: StripeWidget) -> dict[str, Any]:
    known = {"layout", "tabbable", "tooltip"}
    return {
        name: {"bytes": base64.b64encode(value).decode()}
        if isinstance(value, bytes | memoryview)
        else value
        for name, value in widget.get_state().items()
        if not name.startswith("_") and name not in known
    }
