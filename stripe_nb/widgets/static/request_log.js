// The calls as a table; each row opens to its body and its ids.

const COLUMNS = ["Method", "Path", "Status", "Time", "Request id"];

function render({ model, el }) {
  mount(el, "log", "API calls");
  const open = new Set();
  // Each view's own: an id stands in a page once.
  const own = `snb-log-${Math.random().toString(36).slice(2)}`;
  const count = h("span", { class: "snb-muted", role: "status" });
  const stop = h("button", { type: "button", class: "snb-button", onclick: () => bridge(model).call("stop").catch(() => {}) }, "Stop");
  const clear = h("button", { type: "button", class: "snb-button", onclick: () => bridge(model).call("clear").catch(() => {}) }, "Clear");
  const body = h("tbody");
  const table = h(
    "table",
    { class: "snb-table" },
    h("caption", { class: "snb-visually-hidden" }, "API calls, oldest first"),
    h("thead", {}, h("tr", {}, COLUMNS.map((name) => h("th", { scope: "col" }, name)))),
    body,
  );

  const fact = (name, value) => (value ? [h("dt", {}, name), h("dd", {}, h("code", {}, value))] : []);

  const details = (call) =>
    h(
      "tr",
      { id: `${own}-${call.number}`, class: "snb-log-more" },
      h(
        "td",
        { colspan: COLUMNS.length },
        h(
          "dl",
          {},
          fact("Error", call.error),
          fact("Idempotency key", call.idempotency_key),
          fact("Retries", call.retries ? String(call.retries) : ""),
        ),
        h("pre", { class: "snb-mono", tabindex: "0", "aria-label": "Parameters" }, call.body ? pretty(call.body) : "No parameters."),
      ),
    );

  const row = (call) => {
    const isOpen = open.has(call.number);
    const toggle = h(
      "button",
      {
        type: "button",
        class: "snb-link",
        "aria-expanded": String(isOpen),
        "aria-controls": isOpen ? `${own}-${call.number}` : undefined,
        onclick: () => {
          if (!open.delete(call.number)) open.add(call.number);
          draw(call.number);
        },
        "data-number": call.number,
      },
      call.path,
    );
    const status = call.status ?? "no answer";
    return [
      h(
        "tr",
        {},
        h("td", {}, call.method),
        h("td", {}, toggle),
        h("td", {}, h("span", { class: `snb-badge ${call.failed ? "snb-bad" : "snb-good"}` }, status)),
        h("td", {}, `${call.milliseconds} ms`),
        h("td", {}, h("code", {}, call.request_id)),
      ),
      isOpen ? details(call) : null,
    ];
  };

  const draw = (focus) => {
    const calls = model.get("calls");
    count.textContent = `${calls.length} call${calls.length === 1 ? "" : "s"}${model.get("live") ? ", following" : ""}`;
    stop.hidden = !model.get("live");
    clear.hidden = !calls.length;
    table.hidden = !calls.length;
    body.replaceChildren(...calls.flatMap(row).filter(Boolean));
    if (focus !== undefined) body.querySelector(`[data-number="${focus}"]`)?.focus();
  };

  const changed = () => draw();
  model.on("change:calls", changed);
  model.on("change:live", changed);
  draw();
  el.append(
    h("div", { class: "snb-row" }, h("h3", {}, "Requests"), count, h("span", { class: "snb-grow" }), stop, clear),
    messageLine(model),
    h("div", { class: "snb-log-scroll", tabindex: "0", role: "group", "aria-label": "Table of calls" }, table),
  );
  return () => {
    model.off("change:calls", changed);
    model.off("change:live", changed);
  };
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

export default { render };
