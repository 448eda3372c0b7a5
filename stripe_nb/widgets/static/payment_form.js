// A Payment Element: of Stripe.js, or of the sandbox's script, which speaks alike.

// Scripts by address, for all forms of the page. Each leaves its own
// window.Stripe behind, which is taken at once and put back as it was, so that two
// sandboxes and Stripe can be on one page.
const SCRIPTS = (globalThis[Symbol.for("stripe_nb.scripts")] ??= new Map());

const SCRIPT_MS = 20000;

function stripeOf(address) {
  if (!SCRIPTS.has(address)) {
    SCRIPTS.set(address, load(address).catch((problem) => {
      // The next form tries again.
      SCRIPTS.delete(address);
      throw problem;
    }));
  }
  return SCRIPTS.get(address);
}

function load(address) {
  const script = h("script", { src: address });
  const before = window.Stripe;
  delete window.Stripe;
  const failed = (what) => {
    script.remove();
    window.Stripe ??= before;
    return new Error(
      `The payment script at ${address} ${what}. Is the browser offline, or does a rule (a content ` +
        "security policy, an ad blocker) keep it out? Run the cell again then; simulate() needs no script.",
    );
  };
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(failed("doesn't come")), SCRIPT_MS);
    script.addEventListener("load", () => {
      clearTimeout(timer);
      const own = window.Stripe;
      if (!own) return reject(failed("is another than Stripe's"));
      window.Stripe = before ?? own;
      resolve(own);
    });
    script.addEventListener("error", () => {
      clearTimeout(timer);
      reject(failed("can't be loaded"));
    });
    document.head.append(script);
  });
}

// The style sheet knows what makes a theme dark.
const isDark = (element) => getComputedStyle(element).colorScheme === "dark";

const OVER = new Set(["succeeded", "requires_capture", "processing", "canceled"]);
const TONES = { succeeded: "snb-good", requires_capture: "snb-good", canceled: "snb-bad" };

// The sandbox's own element has four shortcuts; more do no harm.
function addShortcuts(place, cards) {
  const select = place.shadowRoot?.querySelector("select[name=test_card]");
  if (!select) return false;
  const known = new Set([...select.options].map((option) => option.value));
  select.append(...cards.filter(([number]) => !known.has(number)).map(([number, says]) => new Option(says, number)));
  return true;
}

// Nothing reaches into Stripe's frame, so there the cards are a list to read.
function cardList(cards) {
  const rows = cards.map(([number, says]) =>
    h("tr", {}, h("td", {}, h("code", {}, number)), h("td", {}, says)),
  );
  const head = h("tr", {}, h("th", { scope: "col" }, "Card number"), h("th", { scope: "col" }, "What it does"));
  return h(
    "details",
    {},
    h("summary", {}, "Test cards"),
    h("table", { class: "snb-table" }, h("thead", {}, head), h("tbody", {}, rows)),
  );
}

function render({ model, el }) {
  const root = mount(el, "payment-form", "Payment form");
  const badge = h("span", { class: "snb-badge" });
  const place = h("div", { class: "snb-element" });
  const after = h("div");
  const alert = h("p", { class: "snb-message snb-error", role: "alert", hidden: true });
  const button = h("button", { type: "submit", class: "snb-button snb-primary", disabled: true });
  const form = h("form", { onsubmit: submit }, place, alert, button);
  sentByEnter(form);
  const title = h("h2");
  root.append(h("div", { class: "snb-row" }, title, badge), form, after, messageLine(model));
  let paying = null;
  let ready = false;
  let gone = false;
  let release = () => {};
  // Also while the other of two views pays.
  bridge(model).whileRunning(form, ["confirm"], (running) => {
    button.disabled = running || !ready;
    if (running) form.setAttribute("aria-busy", "true");
    else form.removeAttribute("aria-busy");
  });

  function show() {
    const status = model.get("status");
    title.textContent = button.textContent = model.get("title");
    badge.textContent = status.replaceAll("_", " ");
    badge.className = `snb-badge ${TONES[status] || ""}`;
    form.hidden = after.hidden = OVER.has(status);
    const error = model.get("error");
    say(error ? error.message : "");
  }

  function say(text) {
    alert.textContent = text || "";
    alert.hidden = !text;
  }

  async function open({ script, key, account, secret, cards }) {
    if (paying || gone) return;
    paying = {};
    try {
      const Stripe = await stripeOf(script);
      if (gone) return;
      const stripe = Stripe(key, account ? { stripeAccount: account } : undefined);
      const appearance = { theme: isDark(root) ? "night" : "stripe" };
      const elements = stripe.elements({ clientSecret: secret, appearance });
      const element = elements.create("payment");
      paying = { stripe, elements, element, isSetup: secret.startsWith("seti_") };
      element.on("ready", () => {
        ready = true;
        button.disabled = form.hasAttribute("aria-busy");
        if (cards.length && !addShortcuts(place, cards)) after.replaceChildren(cardList(cards));
      });
      element.mount(place);
    } catch (problem) {
      paying = null;
      say(problem.message);
    }
  }

  async function submit(event) {
    event.preventDefault();
    if (button.disabled) return;
    say("");
    release = bridge(model).hold("confirm");
    try {
      await confirm();
    } catch (problem) {
      say(problem.message);
    }
    release();
  }

  async function confirm() {
    const { stripe, elements, isSetup } = paying;
    const checked = await elements.submit();
    if (checked.error) return;
    const params = { elements, confirmParams: { return_url: location.href }, redirect: "if_required" };
    const { error } = await (isSetup ? stripe.confirmSetup(params) : stripe.confirmPayment(params));
    if (error) say(error.message);
    await bridge(model).call("report", { error: error ? told(error) : null });
  }

  // The rest of an error repeats the intent, its secret too.
  function told({ type, code, decline_code, param, message }) {
    return { type, code, decline_code, param, message };
  }

  const offered = (content) => {
    if (!content.offer) return;
    bridge(model).settle("open", content.offer);
    open(content.offer);
  };
  model.on("msg:custom", offered);
  for (const name of ["status", "title", "error"]) model.on(`change:${name}`, show);
  show();
  if (!OVER.has(model.get("status"))) {
    bridge(model).call("open").then(open, (problem) => {
      if (!paying && !problem.isTold) say(problem.message);
    });
  }
  return () => {
    gone = true;
    // A question of 3D Secure that is gone with the view is never answered.
    release();
    model.off("msg:custom", offered);
    for (const name of ["status", "title", "error"]) model.off(`change:${name}`, show);
    paying?.element?.destroy();
  };
}

export default { render };
