// A table of any length (only the rows in view are in the page), and the object
// that is open beside it.

const ROW_PX = 28;
const BEYOND = 8;
const WIDTH_CH = { time: 20, money: 15, number: 12, yes: 7 };

async function unpack(view) {
  const bytes = view instanceof DataView ? new Uint8Array(view.buffer, view.byteOffset, view.byteLength) : new Uint8Array(view);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text()).map(readable);
}

// Gives a column `text(row)` to show, `key(row)` to sort by and `at` to change one.
function readable(column) {
  const over = new Map();
  const raw = (row) => (column.codes ? column.values[column.codes[row]] : column.data[row]) ?? null;
  const own = {
    text: raw,
    time: (row) => (raw(row) === null ? "" : utc(raw(row))),
    yes: (row) => (raw(row) === null ? "" : raw(row) ? "yes" : "no"),
    money: (row) => money(column, row),
  };
  const plain = own[column.kind] ?? raw;
  return {
    name: column.name,
    kind: column.kind,
    moods: column.moods,
    values: column.values,
    text: (row) => (over.has(row) ? over.get(row) : String(plain(row) ?? "")),
    key: (row) => (over.has(row) && column.kind !== "money" ? over.get(row) : raw(row)),
    amount: column.kind === "money" ? (row) => Number(raw(row)) / 10 ** decimals(column, row) : undefined,
    change: (row, value) => over.set(row, column.kind === "time" && value !== null ? utc(value) : shownValue(value)),
  };
}

function shownValue(value) {
  return value === true ? "yes" : value === false ? "no" : String(value ?? "");
}

function decimals(column, row) {
  return column.decimals[column.by.codes[row]] ?? 0;
}

function money(column, row) {
  const amount = column.data[row];
  if (amount === null) return "";
  const places = decimals(column, row);
  const digits = String(Math.abs(amount)).padStart(places + 1, "0");
  const whole = digits.slice(0, digits.length - places);
  const part = places ? `.${digits.slice(-places)}` : "";
  const code = (column.by.values[column.by.codes[row]] ?? "").toUpperCase();
  return `${amount < 0 ? "-" : ""}${whole}${part} ${code}`.trim();
}

// "ada status:succeeded amount>20": every word must fit; words with a column's
// name before : > or < look at that column alone.
function conditions(query, columns) {
  return (query.match(/(?:[^\s"]|"[^"]*")+/g) ?? []).map((word) => {
    const found = /^([\w.]+)([:<>])(.+)$/.exec(word);
    const column = found && columns.find((each) => each.name === found[1]);
    const wanted = (column ? found[3] : word).replaceAll('"', "").toLowerCase();
    if (!column) return { wanted };
    if (found[2] === ":") return { test: (row) => column.text(row).toLowerCase().includes(wanted) };
    const sign = found[2] === ">" ? 1 : -1;
    return { test: (row) => sign * compare(comparable(column, row), typed(column, wanted)) > 0 };
  });
}

function comparable(column, row) {
  if (column.amount) return column.amount(row);
  return column.kind === "time" ? column.text(row) : column.key(row);
}

function typed(column, text) {
  const number = Number(text);
  return column.kind === "time" || Number.isNaN(number) ? text : number;
}

function compare(one, other) {
  if (one === null || other === null) return one === other ? 0 : one === null ? -1 : 1;
  return one < other ? -1 : one > other ? 1 : 0;
}

function makeTable() {
  let columns = [];
  let haystack = null;
  let rows = 0;
  const ids = new Map();
  return {
    get columns() {
      return columns;
    },
    load(read, count) {
      columns = read;
      rows = count;
      haystack = null;
      ids.clear();
      const id = columns.find((column) => column.name === "id");
      if (id) for (let row = 0; row < rows; row += 1) ids.set(id.key(row), row);
    },
    id: (row) => columns.find((column) => column.name === "id")?.key(row) ?? null,
    row: (id) => ids.get(id),
    change(id, values) {
      const row = ids.get(id);
      if (row === undefined) return;
      columns.forEach((column, at) => column.name !== "id" && column.change(row, values[at]));
      if (haystack) haystack[row] = columns.map((column) => column.text(row)).join("\n").toLowerCase();
    },
    find(query, sort) {
      const asked = conditions(query, columns);
      const words = asked.filter((each) => each.wanted).map((each) => each.wanted);
      const tests = asked.filter((each) => each.test).map((each) => each.test);
      if (words.length && !haystack) {
        haystack = Array.from({ length: rows }, (_, row) => columns.map((column) => column.text(row)).join("\n").toLowerCase());
      }
      const found = [];
      for (let row = 0; row < rows; row += 1) {
        if (words.every((word) => haystack[row].includes(word)) && tests.every((test) => test(row))) found.push(row);
      }
      const by = columns.find((column) => column.name === sort[0]);
      if (!by) return found;
      const keys = new Map(found.map((row) => [row, by.amount ? by.amount(row) : by.key(row)]));
      const sign = sort[1] ? -1 : 1;
      return found.sort((a, b) => sign * compare(keys.get(a), keys.get(b)) || a - b);
    },
  };
}

function render({ model, el }) {
  mount(el, "explorer", `Explorer of ${model.get("resource")}`);
  const call = (name, args) => bridge(model).call(name, args).catch((error) => tell(error.message));
  const table = makeTable();
  let found = [];
  let active = 0;

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
    value: model.get("query"),
    oninput: debounced(() => {
      model.set("query", search.value);
      model.save_changes();
      refind();
    }, 80),
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
    const before = performance.now();
    found = table.find(model.get("query"), model.get("sort"));
    el.dataset.findMs = (performance.now() - before).toFixed(1);
    const all = model.get("count").toLocaleString("en");
    count.textContent = found.length === model.get("count") ? `${all} rows` : `${found.length.toLocaleString("en")} of ${all} rows`;
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

  const heads = () => {
    const [by, descending] = model.get("sort");
    const focused = head.contains(document.activeElement) ? document.activeElement.dataset.name : null;
    head.replaceChildren(
      ...table.columns.map((column) => {
        const state = column.name !== by ? "none" : descending ? "descending" : "ascending";
        const mark = { none: "", ascending: " ▲", descending: " ▼" }[state];
        return h(
          "th",
          { scope: "col", "aria-sort": state },
          h("button", { type: "button", class: "snb-sort", "data-name": column.name, onclick: () => order(column.name) }, column.name, h("span", { "aria-hidden": "true" }, mark)),
        );
      }),
    );
    if (focused) head.querySelector(`[data-name="${CSS.escape(focused)}"]`)?.focus();
  };

  const cell = (column, row) => {
    const text = column.text(row);
    if (!column.moods || !text) return h("td", { title: text }, text);
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
      text: `${found.length.toLocaleString("en")} rows, all columns. The suffix chooses the format: .csv, .parquet, .jsonl …`,
      yes: "Export",
      fields: [{ name: "path", label: "File", value: name }],
    });
    if (!asked) return;
    const all = found.length === model.get("count");
    call("export", { path: asked.path, rows: all ? null : found });
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
  };

  const changed = () => {
    Object.entries(model.get("changes")).forEach(([id, values]) => table.change(id, values));
    paint();
  };

  const pane = detailPane({ model, el, call, back: () => body.querySelector('[tabindex="0"]')?.focus() });
  const showDetail = () => {
    failure.hidden = true;
    pane.show();
    paint();
  };

  const listeners = { "change:data": load, "change:changes": changed, "change:detail": showDetail, "change:belonging": pane.belonging };
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
  return () => Object.entries(listeners).forEach(([name, listener]) => model.off(name, listener));
}

function detailPane({ model, el, call, back }) {
  const element = h("section", { class: "snb-panel snb-explorer-detail", "aria-label": "Open object", tabindex: "-1", hidden: true });
  const related = h("div");

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
    if (values) call("act", { label: action.label, values });
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
    element.hidden = !detail.id;
    element.dataset.id = detail.id ?? "";
    if (!detail.id) {
      element.replaceChildren();
      if (was) back();
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
    belonging();
    if (was !== detail.id) element.focus({ preventScroll: true });
  };

  return { element, show, belonging };
}

export default { render };
