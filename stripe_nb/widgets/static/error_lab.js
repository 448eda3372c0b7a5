// Choose a failure, cause it, and read what it means.

function render({ model, el }) {
  const root = mount(el, "error-lab", "Error lab");
  const select = h("select", { class: "snb-input snb-grow", "aria-label": "Failure" }, options());
  const run = h("button", { type: "button", class: "snb-button snb-primary", onclick: cause }, "Cause it");
  const shown = h("div", { "aria-live": "polite" });
  root.append(h("h2", {}, "Error lab"), h("div", { class: "snb-row" }, select, run), messageLine(model), shown);

  function options() {
    const groups = new Map();
    for (const { name, title, group } of model.get("choices")) {
      if (!groups.has(group)) groups.set(group, h("optgroup", { label: group }));
      groups.get(group).append(h("option", { value: name }, title));
    }
    return [...groups.values()];
  }

  bridge(model).whileRunning(root, ["run"], (running) => {
    run.disabled = running;
    if (running) root.setAttribute("aria-busy", "true");
    else root.removeAttribute("aria-busy");
  });

  async function cause() {
    // What went wrong stands in the line of messages.
    await bridge(model).call("run", { choice: select.value }).catch(() => {});
    // A disabled button has lost the focus; whoever has moved on stays there.
    if (document.activeElement === document.body) run.focus();
  }

  function copyButton(code) {
    const button = h("button", { type: "button", class: "snb-button" }, "Copy");
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "Copied";
      } catch {
        // Some front ends keep pages from the clipboard.
        getSelection().selectAllChildren(code);
        button.textContent = "Selected: copy it with the keyboard";
      }
    });
    return button;
  }

  function part(title, ...children) {
    return h("section", {}, h("h3", {}, title), children);
  }

  function show() {
    const told = model.get("shown");
    if (model.get("chosen")) select.value = model.get("chosen");
    if (!told.title) {
      shown.replaceChildren();
      return;
    }
    const rows = told.rows.map(([says, text]) => h("tr", {}, h("th", { scope: "row" }, says), h("td", {}, text)));
    const link = /^https:\/\//.test(told.doc_url || "")
      ? h("a", { href: told.doc_url, target: "_blank", rel: "noreferrer" }, "Stripe's page on it")
      : null;
    const code = h("pre", { tabindex: "0", "aria-label": "Code" }, told.code);
    shown.replaceChildren(
      part("The exception", h("p", {}, h("code", { class: "snb-exception" }, told.exception), h("span", {}, ` ${told.said}`))),
      part("What to show the customer", h("p", { class: "snb-customer" }, told.customer)),
      part(told.title, h("table", { class: "snb-table" }, h("tbody", {}, rows)), link ? h("p", {}, link) : ""),
      part("The code that handles it", code, copyButton(code)),
    );
  }

  const changed = debounced(show, 0);
  for (const name of ["shown", "chosen"]) model.on(`change:${name}`, changed);
  show();
  return () => {
    for (const name of ["shown", "chosen"]) model.off(`change:${name}`, changed);
  };
}

export default { render };
