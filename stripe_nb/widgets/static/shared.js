// What all widgets share; Python puts it before each widget's own module.
// Whatever the API says goes in as text: nothing here or there parses HTML.

const SVG = "http://www.w3.org/2000/svg";

// h("button", {class: "snb-button", onclick: pay, disabled: true}, "Pay")
function h(tag, props = {}, ...children) {
  return fill(document.createElement(tag), props, children);
}

function svg(tag, props = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), props, children);
}

function fill(element, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

// Makes a widget's root. JupyterLab's shortcuts (d d deletes a cell) stay out.
function mount(el, name, label) {
  el.classList.add("snb", `snb-${name}`);
  el.setAttribute("role", "region");
  el.setAttribute("aria-label", label);
  // Its selector ends in `:focus`, so that the focused element itself must say no.
  el.addEventListener("focusin", (event) => event.target.setAttribute("data-lm-suppress-shortcuts", "true"));
  el.setAttribute("data-jp-suppress-context-menu", "true");
  return el;
}

// Calls into Python: bridge(model).call("refund", {id}) is the method on_refund.
const BRIDGES = new WeakMap();
const PATIENCE_MS = 60000;
// A saved notebook shows its widgets, and has no kernel that would answer a click.
const BUSY_MS = 400;
const SLOW_MS = 3000;
const BUSY = "Working…";
const LOST = "No kernel answers. Run the cell again.";
const SLOW = "The kernel hasn't answered yet. It is busy, or has ended: then run the cell again.";

// What the views of one widget have in common, as a notebook may show it more than
// once: calls under way, and who hears of these. Each view has a model object of its
// own, but they all have the widget's one layout.
const COMMON = new WeakMap();

function commonOf(model) {
  const layout = model.get("layout");
  const key = layout instanceof Object ? layout : model;
  if (!COMMON.has(key)) COMMON.set(key, { waiting: new Map(), hearers: makeHearers(), lost: "" });
  return COMMON.get(key);
}

// Functions that are told of changes, each for as long as its element is there.
function makeHearers() {
  const elements = new Set();
  const functions = new WeakMap();
  const add = (element, told) => {
    functions.set(element, told);
    elements.add(new WeakRef(element));
    told();
  };
  const tell = () => {
    for (const each of elements) {
      const element = each.deref();
      if (element) functions.get(element)();
      else elements.delete(each);
    }
  };
  return { add, tell };
}

function bridge(model) {
  if (!BRIDGES.has(model)) BRIDGES.set(model, makeBridge(model));
  return BRIDGES.get(model);
}

function makeBridge(model) {
  const common = commonOf(model);
  const { waiting, hearers } = common;
  const answered = (number) => {
    const each = waiting.get(number);
    if (!each) return null;
    waiting.delete(number);
    each.timers.forEach(clearTimeout);
    hearers.tell();
    return each;
  };
  // Without a kernel nothing more comes: it has ended, or was started anew.
  const lose = (number) => {
    common.lost = LOST;
    // The line of messages tells it already.
    answered(number)?.reject(Object.assign(new Error(LOST), { isTold: true }));
  };
  const mine = crypto.randomUUID ? crypto.randomUUID() : String(Math.random());
  let count = 0;
  model.on("msg:custom", (content) => {
    const each = answered(content.reply);
    if (!each) return;
    if (content.error) each.reject(new Error(content.error));
    else each.resolve(content.result);
  });
  const call = (name, args = {}) =>
    new Promise((resolve, reject) => {
      const number = `${mine}/${(count += 1)}`;
      const tell = (words) => {
        waiting.get(number).words = words;
        hearers.tell();
      };
      const timers = [setTimeout(tell, BUSY_MS, BUSY), setTimeout(tell, SLOW_MS, SLOW), setTimeout(lose, PATIENCE_MS, number)];
      common.lost = "";
      waiting.set(number, { name, by: mine, resolve, reject, timers });
      hearers.tell();
      try {
        model.send({ call: name, with: args, number });
      } catch {
        lose(number);
      }
    });
  // What Python sends unasked, to each view, may be the answer that a busy kernel owes.
  const settle = (name, result) => {
    for (const [number, each] of [...waiting]) {
      if (each.name === name && each.by === mine) answered(number).resolve(result);
    }
  };
  // What the page itself does for a widget, as if it were a call; returns what ends it.
  const hold = (name) => {
    const number = Symbol(name);
    waiting.set(number, { name, timers: [] });
    hearers.tell();
    return () => answered(number);
  };
  // Tells an element's function what to say while an answer is long in coming, or if
  // none does.
  const whileSlow = (element, told) =>
    hearers.add(element, () => {
      const words = [...waiting.values()].map((each) => each.words);
      told(words.includes(SLOW) ? SLOW : (words.find(Boolean) ?? common.lost));
    });
  // Tells an element's function whether such a call is under way, in any view.
  const whileRunning = (element, names, told) =>
    hearers.add(element, () => told([...waiting.values()].some((each) => names.includes(each.name))));
  return { call, hold, settle, whileRunning, whileSlow };
}

// A line that shows the `message` trait, and that a screen reader speaks.
function messageLine(model) {
  const line = h("p", { class: "snb-message", role: "status", "aria-live": "polite" });
  let slow = "";
  const show = () => {
    line.textContent = slow || model.get("message");
    line.classList.toggle("snb-waiting", Boolean(slow));
    line.classList.toggle("snb-error", model.get("tone") === "error");
    line.hidden = !line.textContent;
  };
  model.on("change:message", show);
  model.on("change:tone", show);
  bridge(model).whileSlow(line, (text) => {
    slow = text;
    show();
  });
  return line;
}

// Within JupyterLab's cells a browser sends no form at a press of Enter, and from a
// shadow root, in which the sandbox's fields are, nowhere.
function sentByEnter(form) {
  form.addEventListener("keydown", (event) => {
    const [field] = event.composedPath();
    if (event.key !== "Enter" || event.isComposing || !(field instanceof HTMLInputElement)) return;
    event.preventDefault();
    form.requestSubmit();
  });
}

// Who clicks twice means the dialog that the first click has closed, not what was
// beneath it: there, the second would take the focus or press something else.
function swallowSecondClick() {
  const kinds = ["mousedown", "mouseup", "click", "dblclick"];
  const swallow = (event) => {
    if (event.detail < 2) return;
    event.preventDefault();
    event.stopPropagation();
  };
  kinds.forEach((kind) => window.addEventListener(kind, swallow, true));
  setTimeout(() => kinds.forEach((kind) => window.removeEventListener(kind, swallow, true)), 500);
}

// Asks before something is done. Resolves to an object with the fields' values,
// or to null. `fields`: [{name, label, value, type, hint}].
function confirmDialog(root, { title, text, yes, no = "Cancel", fields = [], danger = false }) {
  return new Promise((resolve) => {
    const before = document.activeElement;
    const heading = `snb-dialog-${Math.random().toString(36).slice(2)}`;
    const inputs = fields.map((field) => ({
      name: field.name,
      input: h("input", { type: field.type || "text", value: field.value ?? "", class: field.type === "checkbox" ? null : "snb-input" }),
      field,
    }));
    const confirm = h("button", { type: "submit", class: danger ? "snb-button snb-danger" : "snb-button snb-primary" }, yes);
    const form = h(
      "form",
      { method: "dialog" },
      h("h2", { id: heading }, title),
      text ? h("p", {}, text) : null,
      inputs.map(({ input, field }) =>
        field.type === "checkbox"
          ? h("label", { class: "snb-row" }, input, h("span", {}, field.label))
          : h("label", { class: "snb-field" }, h("span", {}, field.label), input, field.hint ? h("small", {}, field.hint) : null),
      ),
      h(
        "div",
        { class: "snb-row snb-end" },
        h("button", { type: "button", class: "snb-button", onclick: () => clicked("") }, no),
        confirm,
      ),
    );
    const dialog = h("dialog", { class: "snb-dialog", "aria-labelledby": heading }, form);
    const clicked = (answer) => {
      swallowSecondClick();
      dialog.close(answer);
    };
    sentByEnter(form);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      clicked("yes");
    });
    dialog.addEventListener("close", () => {
      const values = Object.fromEntries(inputs.map(({ name, input }) => [name, input.type === "checkbox" ? input.checked : input.value]));
      dialog.remove();
      if (before instanceof HTMLElement) before.focus();
      resolve(dialog.returnValue === "yes" ? values : null);
    });
    root.append(dialog);
    dialog.showModal();
    (inputs[0]?.input ?? confirm).focus();
  });
}

// Unix seconds, as UTC for people: "2026-01-15 09:00:01".
function utc(seconds) {
  const at = new Date(seconds * 1000);
  return Number.isNaN(at.getTime()) ? "" : at.toISOString().slice(0, 19).replace("T", " ");
}

// Runs `work` once, `wait` milliseconds after the last call.
function debounced(work, wait = 120) {
  let timer;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...args), wait);
  };
}

// Runs `work` in the page's idle moments, again until it says that nothing is left.
function inIdleMoments(work) {
  const soon = globalThis.requestIdleCallback ?? ((next) => setTimeout(next, 20));
  const next = (moment) => {
    let more = work();
    while (more && moment?.timeRemaining() > 2) more = work();
    if (more) soon(next);
  };
  soon(next);
}
