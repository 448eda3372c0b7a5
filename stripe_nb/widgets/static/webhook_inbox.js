// Webhooks as they arrive, and one of them in full.

const OUTCOMES = { handled: "snb-good", failed: "snb-bad", refused: "snb-bad", duplicate: "snb-warn" };

function changesTable(changes) {
  if (!changes.length) return h("p", { class: "snb-muted" }, "Nothing that was there before has changed.");
  const head = h("tr", {}, ["Field", "Before", "After"].map((says) => h("th", { scope: "col" }, says)));
  const body = changes.map(({ path, before, after }) =>
    h(
      "tr",
      {},
      h("td", {}, h("code", {}, path)),
      h("td", { class: "snb-before" }, h("del", {}, h("code", {}, before))),
      h("td", { class: "snb-after" }, h("ins", {}, h("code", {}, after))),
    ),
  );
  return scrolling("What has changed", h("table", { class: "snb-table" }, h("thead", {}, head), h("tbody", {}, body)));
}

// What is refused may be no event at all.
const nameOf = (row) => row.type || "no event";

function scrolling(label, ...children) {
  return h("div", { class: "snb-scroll", tabindex: "0", role: "group", "aria-label": label }, children);
}

function render({ model, el }) {
  const root = mount(el, "webhook-inbox", "Webhook inbox");
  const count = h("span", { class: "snb-badge" });
  const filter = h("input", {
    type: "search",
    class: "snb-input snb-grow",
    placeholder: "Type, such as invoice.*",
    "aria-label": "Show only these types",
    oninput: () => show(),
  });
  const body = h("tbody");
  const head = h("tr", {}, ["Event", "Time (UTC)", "Signature", "Outcome", "Tries"].map((says) => h("th", { scope: "col" }, says)));
  const pane = h("section", { class: "snb-panel", hidden: true, "aria-label": "The event" });
  let chosen = null;
  let acting = false;
  const hinder = () => pane.querySelectorAll("button").forEach((each) => (each.disabled = acting));
  bridge(model).whileRunning(pane, ["replay", "resend"], (running) => {
    acting = running;
    hinder();
  });

  root.append(
    h("div", { class: "snb-row" }, h("h2", {}, "Webhooks"), count, filter),
    scrolling("Events", h("table", { class: "snb-table" }, h("thead", {}, head), body)),
    messageLine(model),
    pane,
  );

  function matches(row) {
    const asked = filter.value.trim().toLowerCase();
    if (!asked) return true;
    const parts = asked.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
    const whole = asked.includes("*");
    return new RegExp(whole ? `^${parts.join(".*")}$` : parts.join(".*")).test(row.type.toLowerCase());
  }

  function rowOf(row) {
    const open = h("button", { type: "button", class: "snb-link", "aria-pressed": String(row.key === chosen), onclick: () => choose(row) }, nameOf(row));
    const genuine = row.is_verified
      ? h("span", { class: "snb-badge snb-good" }, "verified")
      : h("span", { class: "snb-badge snb-bad" }, "refused");
    return h(
      "tr",
      { "data-key": row.key, class: row.key === chosen ? "snb-chosen" : null },
      h("td", {}, open),
      h("td", {}, row.created ? utc(row.created) : ""),
      h("td", {}, genuine),
      h("td", {}, h("span", { class: `snb-badge ${OUTCOMES[row.outcome] || ""}` }, row.outcome)),
      h("td", {}, String(row.attempts)),
    );
  }

  function show() {
    const events = model.get("events");
    const found = events.filter(matches);
    const total = model.get("total");
    const focused = body.contains(document.activeElement) ? document.activeElement.closest("tr").dataset.key : null;
    count.textContent = found.length === total ? `${total} events` : `${found.length} of ${total} events`;
    const empty = h("tr", {}, h("td", { colspan: 5, class: "snb-muted" }, total ? "None of these types." : "Nothing has arrived yet."));
    body.replaceChildren(...(found.length ? found.map(rowOf) : [empty]));
    if (focused) body.querySelector(`tr[data-key="${CSS.escape(focused)}"] button`)?.focus();
  }

  async function choose(row) {
    chosen = row.key;
    show();
    try {
      const found = await bridge(model).call("details", { key: row.key });
      if (chosen === row.key) showDetails(row, found);
    } catch {
      pane.hidden = true;
    }
  }

  function showDetails(row, details) {
    const { payload, changes } = details;
    const again = (name, says) =>
      h("button", { type: "button", class: "snb-button", "data-call": name, onclick: () => act(name, row, details) }, says);
    const parts = [
      h("div", { class: "snb-row" }, h("h3", {}, nameOf(row)), h("code", {}, row.id)),
      row.problem ? h("p", { class: "snb-message snb-error" }, row.problem) : h("p", { class: "snb-muted" }, "The signature is genuine."),
      row.id && row.is_verified
        ? h("div", { class: "snb-row" }, again("replay", "Replay to the handlers"), again("resend", "Deliver again"))
        : null,
      h("h3", {}, "What has changed"),
      changesTable(changes),
      h("h3", {}, "Payload"),
      scrolling("Payload", h("pre", {}, payload)),
    ];
    pane.replaceChildren(...parts.filter(Boolean));
    hinder();
    pane.hidden = false;
  }

  async function act(name, row, details) {
    // What went wrong stands in the line of messages.
    await bridge(model).call(name, { event_id: row.id }).catch(() => {});
    // Another may have been chosen meanwhile.
    if (chosen !== row.key) return;
    showDetails(model.get("events").find((each) => each.key === row.key) ?? row, details);
    if (document.activeElement === document.body) pane.querySelector(`[data-call="${name}"]`)?.focus();
  }

  const changed = debounced(show, 0);
  const names = ["events", "total"];
  for (const name of names) model.on(`change:${name}`, changed);
  show();
  return () => {
    for (const name of names) model.off(`change:${name}`, changed);
  };
}

export default { render };
