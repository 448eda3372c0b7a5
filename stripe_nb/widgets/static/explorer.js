// A table of any length (only the rows in view are in the page), and the object
// that is open beside it.

const ROW_PX = 28;
const BEYOND = 8;
const WIDTH_CH = { time: 20, money: 15, number: 12, yes: 7 };

function render({ model, el }) {
  mount(el, "explorer", `Explorer of ${model.get("resource")}`);
  let running = 0;
  const busy = (by) => {
    running += by;
    if (running) el.setAttribute("aria-busy", "true");
    else el.removeAttribute("aria-busy");
  };
  const call = (name, args) => {
    busy(1);
    return bridge(model)
      .call(name, args)
      .catch((error) => tell(error.isTold ? "" : error.message))
      .finally(() => busy(-1));
  };
  const table = makeTable();
  let found = [];
  let active = 0;
  let gone = false;

  const failure = h("p", { class: "snb-message snb-error", role: "alert", hidden: true });
  const tell = (text) => {
    // What Python refused it says itself, in its own line.
    failure.textContent = text === model.get("message") ? "" : text;
    failure.hidden = !failure.textContent;
  };

  const search = h("input", {
    type: "search",
    class: "snb-input snb-grow",
    "aria-label": "Filter",
    placeholder: "Filter: words, status:succeeded, amount>20",
    title: 'Rows with all the words; "some words" together; a column: type:card, created<=2026-01, amount>=20, amount=12.50',
    value: model.get("query"),
    oninput: debounced(() => {
      model.set("query", search.value);
      model.save_changes();
      refind();
    }, 40),
  });
  const count = h("span", { class: "snb-muted", role: "status" });
  const reload = h("button", { type: "button", class: "snb-button", onclick: () => call("reload") }, "Reload");
  const save = h("button", { type: "button", class: "snb-button", onclick: () => exportRows() }, "Export");

  const head = h("tr");
  const body = h("tbody");
  const widths = h("colgroup");
  const grid = h("table", { class: "snb-table snb-explorer-table", role: "grid", "aria-label": model.get("resource") }, widths, h("thead", {}, head), body);
  const scroller = h("div", { class: "snb-explorer-scroll", onscroll: () => paint() }, grid);

  const refind = () => {
    found = table.find(model.get("query"), model.get("sort"));
    const all = `${model.get("count").toLocaleString("en")} row${model.get("count") === 1 ? "" : "s"}`;
    count.textContent = found.length === model.get("count") ? all : `${found.length.toLocaleString("en")} of ${all}`;
    grid.setAttribute("aria-rowcount", found.length + 1);
    active = 0;
    scroller.scrollTop = 0;
    paint();
  };

  const order = (name) => {
    const [by, descending] = model.get("sort");
    model.set("sort", by !== name ? [name, false] : descending ? [] : [name, true]);
    model.save_changes();
    heads();
    refind();
  };

  let orderShown = "";
  const heads = () => {
    orderShown = String(model.get("sort"));
    const [by, descending] = model.get("sort");
    const focused = head.contains(document.activeElement) ? document.activeElement.dataset.name : null;
    head.replaceChildren(
      ...table.columns.map((column) => {
        const state = column.name !== by ? "none" : descending ? "descending" : "ascending";
        const mark = { none: "", ascending: " ▲", descending: " ▼" }[state];
        return h(
          "th",
          { scope: "col", "aria-sort": state, class: (column.kind === "money" || column.kind === "number") && "snb-figures" },
          h("button", { type: "button", class: "snb-sort", "data-name": column.name, onclick: () => order(column.name) }, column.name, h("span", { "aria-hidden": "true" }, mark)),
        );
      }),
    );
    if (focused) head.querySelector(`[data-name="${CSS.escape(focused)}"]`)?.focus();
  };

  const cell = (column, row) => {
    const text = column.text(row);
    const toRight = column.kind === "money" || column.kind === "number";
    if (!column.moods || !text) return h("td", { title: text, class: toRight && "snb-figures" }, text);
    const kind = column.moods[column.values.indexOf(text)] ?? "info";
    return h("td", {}, h("span", { class: `snb-badge snb-${kind}` }, text));
  };

  const line = (at) => {
    const row = found[at];
    const id = table.id(row);
    return h(
      "tr",
      {
        class: "snb-explorer-row",
        "aria-rowindex": at + 2,
        tabindex: at === active ? "0" : "-1",
        "data-at": at,
        "aria-selected": id !== null && id === model.get("detail").id ? "true" : "false",
        onclick: () => open(at),
        onkeydown: (event) => step(event, at),
      },
      table.columns.map((column) => cell(column, row)),
    );
  };

  const spacer = (height) => {
    const row = h("tr", { "aria-hidden": "true" }, h("td", { colspan: table.columns.length || 1 }));
    row.style.height = `${height}px`;
    return row;
  };

  const paint = () => {
    const height = scroller.clientHeight || 392;
    const first = Math.max(0, Math.floor(scroller.scrollTop / ROW_PX) - BEYOND);
    const last = Math.min(found.length, first + Math.ceil(height / ROW_PX) + 2 * BEYOND);
    const focused = body.contains(document.activeElement);
    const lines = [];
    for (let at = first; at < last; at += 1) lines.push(line(at));
    if (!found.length) {
      const words = model.get("count") ? "No row fits the filter." : "There are none.";
      lines.push(h("tr", {}, h("td", { colspan: table.columns.length || 1, class: "snb-muted" }, words)));
    }
    body.replaceChildren(
      ...(first ? [spacer(first * ROW_PX)] : []),
      ...lines,
      ...(last < found.length ? [spacer((found.length - last) * ROW_PX)] : []),
    );
    if (focused) body.querySelector(`[data-at="${active}"]`)?.focus({ preventScroll: true });
    if (!body.querySelector('[tabindex="0"]')) body.querySelector("[data-at]")?.setAttribute("tabindex", "0");
  };

  const go = (at) => {
    active = Math.min(Math.max(at, 0), found.length - 1);
    const top = active * ROW_PX;
    const view = scroller.clientHeight - 2 * ROW_PX;
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    else if (top > scroller.scrollTop + view) scroller.scrollTop = top - view;
    paint();
    body.querySelector(`[data-at="${active}"]`)?.focus({ preventScroll: true });
  };

  const step = (event, at) => {
    const page = Math.max(1, Math.floor(scroller.clientHeight / ROW_PX) - 2);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: found.length - 1 }[event.key];
    if (to !== undefined) go(to);
    else if (event.key === "Enter" || event.key === " ") open(at);
    else return;
    event.preventDefault();
  };

  const open = (at) => {
    active = at;
    const id = table.id(found[at]);
    if (id) call("open", { resource: model.get("resource"), object_id: id });
  };

  const exportRows = async () => {
    const name = `${model.get("resource").replaceAll(".", "_")}s.csv`;
    const asked = await confirmDialog(el, {
      title: "Export",
      text: `${found.length.toLocaleString("en")} row${found.length === 1 ? "" : "s"}, all columns. The suffix chooses the format: .csv, .parquet, .jsonl …`,
      yes: "Export",
      fields: [
        { name: "path", label: "File", value: name },
        { name: "replace", label: "Replace it if it exists", type: "checkbox" },
      ],
    });
    if (!asked) return;
    const all = found.length === model.get("count") && !model.get("sort").length;
    call("export", { path: asked.path, rows: all ? null : found, replace: asked.replace });
  };

  const load = async () => {
    const columns = await unpack(model.get("data"));
    table.load(columns, model.get("count"));
    Object.entries(model.get("changes")).forEach(([id, values]) => table.change(id, values));
    widths.replaceChildren(
      ...columns.map((column) => {
        const col = h("col");
        const sample = Math.min(model.get("count"), 40);
        let most = column.name.length + 3;
        for (let row = 0; row < sample; row += 1) most = Math.max(most, column.text(row).length);
        col.style.width = `${WIDTH_CH[column.kind] ?? Math.min(most + 1, 32)}ch`;
        return col;
      }),
    );
    heads();
    refind();
    el.dataset.ready = "true";
    inIdleMoments(() => !gone && table.readAhead(500));
  };

  const changed = () => {
    Object.entries(model.get("changes")).forEach(([id, values]) => table.change(id, values));
    paint();
  };

  // By Python, or by another view of the widget; this one has done it by then.
  const filtered = () => {
    if (search.value === model.get("query")) return;
    search.value = model.get("query");
    refind();
  };
  const sorted = () => {
    if (orderShown === String(model.get("sort"))) return;
    heads();
    refind();
  };

  const pane = detailPane({ model, el, call, back: () => body.querySelector('[tabindex="0"]')?.focus() });
  const showDetail = () => {
    failure.hidden = true;
    pane.show();
    paint();
  };

  const listeners = { "change:data": load, "change:changes": changed, "change:detail": showDetail, "change:belonging": pane.belonging, "change:query": filtered, "change:sort": sorted };
  for (const [name, listener] of Object.entries(listeners)) model.on(name, listener);
  reload.hidden = !model.get("can_reload");
  el.append(
    h("div", { class: "snb-row" }, h("h3", {}, model.get("resource")), search, count, reload, save),
    messageLine(model),
    failure,
    h("div", { class: "snb-explorer-panes" }, scroller, pane.element),
  );
  load();
  pane.show();
  return () => {
    gone = true;
    Object.entries(listeners).forEach(([name, listener]) => model.off(name, listener));
  };
}

export default { render };
