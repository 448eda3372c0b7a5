// A subscription on a time axis. Python decides where everything stands, so that
// the static fall-back is the same picture.

const DAY = 86400;
const TONES = { active: "snb-good", trialing: "", past_due: "snb-warn", unpaid: "snb-bad", canceled: "snb-bad" };

function picture(drawing, title, kind = "") {
  const shapes = drawing.shapes.map(({ tag, is, text, tip }) =>
    svg(tag, is, tip ? svg("title", {}, tip) : null, text || null),
  );
  const size = { viewBox: `0 0 ${drawing.width} ${drawing.height}`, role: "img", class: `snb-picture ${kind}` };
  return svg("svg", size, svg("title", {}, title), shapes);
}

function table(rows) {
  const columns = [["from", "From (UTC)"], ["until", "Until"], ["lane", "Kind"], ["what", "What"], ["id", "Id"]];
  const head = h("tr", {}, columns.map(([, says]) => h("th", { scope: "col" }, says)));
  const body = rows.map((row) =>
    h("tr", {}, columns.map(([name]) => h("td", { class: name === "id" ? "snb-mono" : null }, row[name]))),
  );
  const made = h("table", { class: "snb-table" }, h("thead", {}, head), h("tbody", {}, body));
  return h("div", { class: "snb-scroll", tabindex: "0", role: "group", "aria-label": "The same as a table" }, made);
}

function render({ model, el }) {
  const root = mount(el, "subscription-timeline", "Subscription timeline");
  const heading = h("h2");
  const badge = h("span", { class: "snb-badge" });
  const figure = h("div", { class: "snb-figure" });
  const rows = h("div");
  const controls = h("div", { class: "snb-row", role: "group", "aria-label": "Move the test clock" });
  root.append(
    h("div", { class: "snb-row" }, heading, badge),
    figure,
    controls,
    messageLine(model),
    h("details", {}, h("summary", {}, "As a table"), rows),
  );

  const fields = () => [...controls.querySelectorAll("button, input")];
  let moving = false;

  function hinder() {
    fields().forEach((each) => (each.disabled = moving));
    if (moving) root.setAttribute("aria-busy", "true");
    else root.removeAttribute("aria-busy");
  }

  async function act(name, args = {}) {
    const focused = fields().indexOf(document.activeElement);
    // What went wrong stands in the line of messages.
    await bridge(model).call(name, args).catch((problem) => {
      if (!model.get("message") && !problem.isTold) model.set("message", problem.message);
    });
    // What has changed is shown by now, and the controls are new ones.
    await new Promise((resolve) => setTimeout(resolve));
    const now = fields();
    // Whoever has moved on meanwhile stays there.
    if (focused >= 0 && !controls.contains(document.activeElement)) now[Math.min(focused, now.length - 1)]?.focus();
  }

  function slider() {
    const now = model.get("now");
    const days = Math.max(1, Math.floor((model.get("latest") - now) / DAY));
    const range = h("input", { type: "range", min: 1, max: days, step: 1, value: 1, "aria-label": "Days to move on by" });
    const go = h("button", { type: "button", class: "snb-button snb-primary", onclick: () => act("advance", { to: target() }) });
    const target = () => now + Number(range.value) * DAY;
    const show = () => {
      const words = `Advance to ${utc(target()).slice(0, 10)}`;
      go.textContent = words;
      range.setAttribute("aria-valuetext", `${range.value} days, to ${utc(target()).slice(0, 10)}`);
    };
    range.addEventListener("input", show);
    show();
    return [range, go];
  }

  function showControls() {
    const steps = model.get("steps");
    const refresh = h("button", { type: "button", class: "snb-button", onclick: () => act("refresh") }, "Refresh");
    if (!steps.length) {
      controls.replaceChildren(refresh, h("small", {}, "Without a test clock its time can't be moved."));
      return;
    }
    const buttons = steps.map(([says, to]) =>
      h("button", { type: "button", class: "snb-button", onclick: () => act("advance", { to }) }, says),
    );
    controls.replaceChildren(...buttons, ...slider(), refresh);
  }

  function show() {
    const status = model.get("status");
    const title = `${model.get("subscription")} at ${utc(model.get("now")).slice(0, 16)} UTC`;
    heading.textContent = title;
    badge.textContent = status.replaceAll("_", " ");
    badge.className = `snb-badge ${TONES[status] || ""}`;
    const says = `${title}: ${status}`;
    // The style sheet shows the one that there is room for.
    figure.replaceChildren(picture(model.get("drawing"), says), picture(model.get("narrow"), says, "snb-narrow"));
    rows.replaceChildren(table(model.get("rows")));
    showControls();
    hinder();
  }

  bridge(model).whileRunning(root, ["advance", "refresh"], (running) => {
    moving = running;
    // What has changed is shown first, with controls that are new ones.
    if (moving) hinder();
    else setTimeout(hinder);
  });
  // They change together, in one message.
  const changed = debounced(show, 0);
  const names = ["drawing", "narrow", "rows", "status", "now", "steps", "latest"];
  for (const name of names) model.on(`change:${name}`, changed);
  show();
  return () => {
    for (const name of names) model.off(`change:${name}`, changed);
  };
}

export default { render };
