// The object that is open: what can be done with it, its fields, what belongs to it.

function detailPane({ model, el, call, back }) {
  const element = h("section", { class: "snb-panel snb-explorer-detail", "aria-label": "Open object", tabindex: "-1", hidden: true });
  const related = h("div");
  // A second click while the first is on its way would do it twice.
  let acting = false;
  const hinder = () => element.querySelectorAll("[aria-label='Actions'] button").forEach((each) => (each.disabled = acting));
  bridge(model).whileRunning(element, ["act"], (running) => {
    acting = running;
    hinder();
  });

  const follow = (node) =>
    h("button", { type: "button", class: "snb-link", title: `Open ${node.resource}`, onclick: () => call("open", { resource: node.resource, object_id: node.id }) }, node.text);

  const value = (node) => (node.resource ? follow(node) : h("span", { class: node.text === "null" ? "snb-muted" : "" }, node.text));

  const branch = (node) => {
    if (!node.children) return h("div", { class: "snb-leaf" }, h("span", { class: "snb-name" }, node.name), " ", value(node));
    if (!node.children.length) return h("div", { class: "snb-leaf" }, h("span", { class: "snb-name" }, node.name), " ", h("span", { class: "snb-muted" }, "empty"));
    const fold = h("details", {}, h("summary", {}, h("span", { class: "snb-name" }, node.name), " ", h("span", { class: "snb-muted" }, node.text)));
    // Children are built when they are first seen.
    fold.addEventListener("toggle", () => {
      if (fold.childElementCount > 1) return;
      if (node.resource) fold.append(h("div", { class: "snb-leaf" }, follow({ ...node, text: `Open ${node.text}` })));
      fold.append(...node.children.map(branch));
    });
    return fold;
  };

  const act = async (action) => {
    const values = await confirmDialog(el, {
      title: action.label,
      text: `${action.question}${action.final ? " This can't be undone." : ""}`,
      yes: action.label,
      no: "Don't",
      fields: action.fields,
      danger: action.final,
    });
    if (!values) return;
    await call("act", { label: action.label, values });
    // A disabled button has lost the focus; whoever has moved on stays there.
    if (document.activeElement === document.body) element.focus({ preventScroll: true });
  };

  const button = (text, onclick, kind = "") => h("button", { type: "button", class: `snb-button ${kind}`, onclick }, text);

  const belonging = () => {
    const list = model.get("belonging");
    related.replaceChildren();
    if (!list.name) return;
    related.append(
      h("h3", {}, list.title),
      list.rows.length
        ? h("ul", { class: "snb-explorer-related" }, list.rows.map((row) => h("li", {}, row.id ? follow(row) : row.text)))
        : h("p", { class: "snb-muted" }, "None."),
      list.more ? h("p", { class: "snb-muted" }, "and more") : "",
    );
  };

  const show = () => {
    const detail = model.get("detail");
    const was = element.dataset.id ?? "";
    // A widget may be shown twice, and a saved one is shown by nobody's doing.
    const isHere = el.contains(document.activeElement);
    const isWithin = element.contains(document.activeElement);
    element.hidden = !detail.id;
    element.dataset.id = detail.id ?? "";
    if (!detail.id) {
      element.replaceChildren();
      if (was && isHere) back();
      return;
    }
    const chosen = h("select", { class: "snb-input", "aria-label": "Related objects", onchange: () => chosen.value && call("related", { name: chosen.value }) },
      h("option", { value: "" }, "Related objects…"),
      detail.related.map((each) => h("option", { value: each.name }, each.title)),
    );
    element.replaceChildren(
      h("div", { class: "snb-row" }, button("Back", () => call("back")), button("Refresh", () => call("refresh")), button("Close", () => call("close"))),
      h("div", { class: "snb-row" }, h("h3", {}, detail.title), detail.status ? h("span", { class: `snb-badge snb-${detail.mood}` }, detail.status) : null),
      detail.url ? h("p", {}, h("a", { href: detail.url, target: "_blank", rel: "noopener" }, "In the Dashboard")) : "",
      detail.actions.length
        ? h("div", { class: "snb-row", role: "group", "aria-label": "Actions" }, detail.actions.map((action) => button(action.label, () => act(action), action.final ? "snb-danger" : "")))
        : "",
      h("div", { class: "snb-explorer-tree", role: "group", "aria-label": "Fields" }, detail.tree.map(branch)),
      detail.related.length ? chosen : "",
      related,
    );
    hinder();
    belonging();
    // What had the focus in the pane is made anew.
    if (isWithin || (isHere && was !== detail.id)) element.focus({ preventScroll: true });
  };

  return { element, show, belonging };
}
