/* The part of Stripe.js that takes payments, on a stripe_nb sandbox.
 *
 * A page that loads this script from the sandbox's /v3/ pays there as it would at
 * Stripe: with a publishable key and a client secret, through the API itself.
 * Nothing is sent anywhere else. Errors are answered as {error}, as Stripe.js does;
 * only a call that no page could mean throws.
 */
(function () {
  "use strict";

  // Where the API is: where this script came from.
  const base = new URL(document.currentScript.src).origin;

  const TEST_CARDS = [
    ["4242424242424242", "Succeeds"],
    ["4000000000000002", "Is declined"],
    ["4000000000009995", "Has insufficient funds"],
    ["4000002760003184", "Asks for 3D Secure"],
  ];

  const FIELDS = {
    number: {
      label: "Card number", autocomplete: "cc-number", hint: "4242 4242 4242 4242",
      complete: (text) => /^\d{12,19}$/.test(text.replace(/[ -]/g, "")),
      code: "incomplete_number", message: "Your card number is incomplete.",
    },
    expiry: {
      label: "Expiry (MM / YY)", autocomplete: "cc-exp", hint: "12 / 34",
      complete: (text) => EXPIRY.test(text.trim()),
      code: "incomplete_expiry", message: "Your card's expiration date is incomplete.",
    },
    cvc: {
      label: "Security code", autocomplete: "cc-csc", hint: "123",
      complete: (text) => /^\d{3,4}$/.test(text.trim()),
      code: "incomplete_cvc", message: "Your card's security code is incomplete.",
    },
    postal: {
      label: "Postal code", autocomplete: "postal-code", hint: "94103",
      complete: (text) => text.trim() !== "",
      code: "incomplete_zip", message: "Your postal code is incomplete.",
    },
    email: {
      label: "Email", autocomplete: "email", hint: "jenny@example.com",
      complete: (text) => text.includes("@"),
      code: "email_invalid", message: "Your email address is incomplete.",
    },
  };
  const EXPIRY = /^(\d{1,2})\s*\/?\s*(\d{2}|\d{4})$/;

  // Which fields an element has.
  const ELEMENTS = {
    payment: ["number", "expiry", "cvc"],
    card: ["number", "expiry", "cvc", "postal"],
    cardNumber: ["number"],
    cardExpiry: ["expiry"],
    cardCvc: ["cvc"],
    linkAuthentication: ["email"],
  };

  const INTENTS = {
    pi: { kind: "payment_intents", name: "paymentIntent", failed: "last_payment_error" },
    seti: { kind: "setup_intents", name: "setupIntent", failed: "last_setup_error" },
  };

  // A page's own style policy lets this through where a <style> would not be.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
    :host { display: block; font: inherit; }
    label { display: block; margin: .5rem 0; }
    input, select { display: block; box-sizing: border-box; width: 100%; font: inherit;
      margin-top: .25rem; padding: .5rem; border: 1px solid GrayText; border-radius: .25rem;
      background: Field; color: FieldText; }
    input[aria-invalid=true] { border-color: #c0123c; }
    [role=alert]:empty { display: none; }
    dialog { font-family: system-ui, sans-serif; max-width: 26rem; }
    button { font: inherit; padding: .5rem 1rem; margin-right: .5rem; }
  `);

  function shadowOf(host) {
    const root = host.shadowRoot || host.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet];
    return root;
  }

  function make(tag, properties, ...children) {
    const node = Object.assign(document.createElement(tag), properties);
    node.append(...children);
    return node;
  }

  function encode(value, name, pairs) {
    if (value === undefined || value === null) return pairs;
    if (Array.isArray(value)) {
      value.forEach((each, index) => encode(each, `${name}[${index}]`, pairs));
    } else if (typeof value === "object") {
      for (const key of Object.keys(value)) {
        encode(value[key], name ? `${name}[${key}]` : key, pairs);
      }
    } else {
      pairs.append(name, value);
    }
    return pairs;
  }

  function invalid(message, code) {
    return { error: { type: "invalid_request_error", code, message } };
  }

  class Element {
    constructor(kind, options, group) {
      this.kind = kind;
      this.group = group;
      this.handlers = {};
      this.inputs = {};
      this.names = ELEMENTS[kind].filter(
        (name) => !(name === "postal" && options && options.hidePostalCode)
      );
    }

    mount(place) {
      const host = typeof place === "string" ? document.querySelector(place) : place;
      if (!host) {
        throw new Error(`IntegrationError: no element on the page fits ${place}.`);
      }
      const root = shadowOf(host);
      this.host = host;
      this.alert = make("p", { role: "alert" });
      this.alert.setAttribute("role", "alert");
      root.replaceChildren(...this.names.map((name) => this.field(name)));
      if (this.names.length > 1) root.append(this.shortcuts());
      root.append(this.alert);
      queueMicrotask(() => this.emit("ready", { elementType: this.kind }));
      return this;
    }

    field(name) {
      const known = FIELDS[name];
      const input = make("input", {
        name,
        type: name === "email" ? "email" : "text",
        inputMode: name === "email" || name === "postal" ? "text" : "numeric",
        autocomplete: known.autocomplete,
        placeholder: known.hint,
      });
      input.addEventListener("input", () => this.changed());
      input.addEventListener("focus", () => this.emit("focus", { elementType: this.kind }));
      input.addEventListener("blur", () => this.emit("blur", { elementType: this.kind }));
      this.inputs[name] = input;
      return make("label", {}, known.label, input);
    }

    shortcuts() {
      const select = make("select", { name: "test_card" });
      select.append(new Option("Fill in a test card", ""));
      for (const [number, says] of TEST_CARDS) select.append(new Option(says, number));
      select.addEventListener("change", () => {
        if (!select.value) return;
        const filled = { number: select.value, expiry: "12 / 34", cvc: "123", postal: "94103" };
        for (const name of this.names) this.inputs[name].value = filled[name] || "";
        this.changed();
      });
      return make("label", {}, "Test cards", select);
    }

    changed() {
      this.show(null);
      const empty = this.names.every((name) => !this.inputs[name].value);
      const value = this.kind === "linkAuthentication"
        ? { email: this.inputs.email.value } : { type: "card" };
      this.emit("change", {
        elementType: this.kind, empty, value, complete: !this.problem(), error: undefined,
      });
    }

    problem() {
      const wrong = this.names.find(
        (name) => !this.inputs[name] || !FIELDS[name].complete(this.inputs[name].value)
      );
      if (!wrong) return null;
      const { code, message } = FIELDS[wrong];
      return { type: "validation_error", code, message, field: wrong };
    }

    show(problem) {
      for (const name of this.names) {
        const bad = Boolean(problem && problem.field === name);
        this.inputs[name].setAttribute("aria-invalid", String(bad));
      }
      this.alert.textContent = problem ? problem.message : "";
    }

    on(event, handler) {
      (this.handlers[event] = this.handlers[event] || []).push(handler);
      return this;
    }

    once(event, handler) {
      const single = (told) => { this.off(event, single); handler(told); };
      return this.on(event, single);
    }

    off(event, handler) {
      const kept = (this.handlers[event] || []).filter((each) => each !== handler);
      this.handlers[event] = handler ? kept : [];
      return this;
    }

    emit(event, told) {
      (this.handlers[event] || []).slice().forEach((handler) => handler(told));
    }

    focus() { Object.values(this.inputs)[0].focus(); }
    blur() { Object.values(this.inputs).forEach((input) => input.blur()); }
    update() { return this; }
    collapse() { return this; }
    clear() {
      Object.values(this.inputs).forEach((input) => { input.value = ""; });
      this.changed();
    }
    unmount() {
      if (this.host) shadowOf(this.host).replaceChildren();
      this.host = null;
    }
    destroy() {
      this.unmount();
      this.group.made = this.group.made.filter((each) => each !== this);
    }
  }

  class Elements {
    constructor(options) {
      this.options = options || {};
      this.made = [];
    }

    create(kind, options) {
      if (!ELEMENTS[kind]) {
        throw new Error(`IntegrationError: the sandbox has no ${kind} element.`);
      }
      const element = new Element(kind, options, this);
      this.made.push(element);
      return element;
    }

    getElement(kind) { return this.made.find((each) => each.kind === kind) || null; }
    async update(options) { Object.assign(this.options, options); }
    async fetchUpdates() { return {}; }

    async submit() {
      const problem = this.problem();
      return problem ? { error: problem } : {};
    }

    problem() {
      for (const element of this.made) {
        const problem = element.problem();
        if (problem) {
          if (element.host) element.show(problem);
          const { field, ...told } = problem;
          return told;
        }
      }
      return null;
    }

    text(name) {
      const owner = this.made.find((each) => each.inputs[name]);
      return owner ? owner.inputs[name].value.trim() : "";
    }

    card() {
      const expiry = EXPIRY.exec(this.text("expiry")) || [];
      return {
        number: this.text("number"), exp_month: expiry[1], exp_year: expiry[2],
        cvc: this.text("cvc"),
      };
    }

    methodData(billing) {
      const typed = {};
      if (this.text("email")) typed.email = this.text("email");
      if (this.text("postal")) typed.address = { postal_code: this.text("postal") };
      const told = billing || {};
      const address = { ...typed.address, ...told.address };
      const details = { ...typed, ...told };
      if (Object.keys(address).length) details.address = address;
      return { type: "card", card: this.card(), billing_details: details };
    }
  }

  class Client {
    constructor(key, options) {
      this.key = key;
      this.settings = options || {};
    }

    elements(options) { return new Elements(options); }
    registerAppInfo() {}

    async api(method, path, params) {
      const text = encode(params || {}, "", new URLSearchParams()).toString();
      const headers = { Authorization: `Bearer ${this.key}` };
      if (this.settings.stripeAccount) headers["Stripe-Account"] = this.settings.stripeAccount;
      if (this.settings.apiVersion) headers["Stripe-Version"] = this.settings.apiVersion;
      const request = { method, headers };
      let url = base + path;
      if (method === "POST") {
        headers["Content-Type"] = "application/x-www-form-urlencoded";
        request.body = text;
      } else if (text) {
        url += `?${text}`;
      }
      try {
        return await (await fetch(url, request)).json();
      } catch (problem) {
        return {
          error: { type: "api_connection_error", message: `The sandbox can't be reached: ${problem.message}` },
        };
      }
    }

    async called(name, method, path, params) {
      const answer = await this.api(method, path, params);
      return answer.error ? answer : { [name]: answer };
    }

    intent(secret) {
      const id = String(secret || "").split("_secret_")[0];
      const known = INTENTS[id.split("_")[0]];
      return known && id !== secret ? { ...known, id, path: `/v1/${known.kind}/${id}` } : null;
    }

    async retrieve(secret, prefix) {
      const intent = this.intent(secret);
      if (!intent || !intent.id.startsWith(`${prefix}_`)) {
        return invalid("This is not a client secret of that kind.", "client_secret_invalid");
      }
      return this.called(intent.name, "GET", intent.path, { client_secret: secret });
    }

    retrievePaymentIntent(secret) { return this.retrieve(secret, "pi"); }
    retrieveSetupIntent(secret) { return this.retrieve(secret, "seti"); }

    // Payment methods and tokens ------------------------------------------------

    async createPaymentMethod(first, element, data) {
      if (typeof first === "string") {
        return this.createPaymentMethod({ type: first, card: element, ...data });
      }
      const { elements, params, ...told } = first;
      const group = elements || (told.card instanceof Element && told.card.group);
      if (!group) return this.called("paymentMethod", "POST", "/v1/payment_methods", told);
      const problem = group.problem();
      if (problem) return { error: problem };
      const more = { ...told, ...params };
      const { billing_details: billing, metadata, allow_redisplay } = more;
      const made = { ...group.methodData(billing), metadata, allow_redisplay };
      return this.called("paymentMethod", "POST", "/v1/payment_methods", made);
    }

    async createToken(element, data) {
      if (!(element instanceof Element)) return invalid("createToken needs a card element.");
      const problem = element.group.problem();
      if (problem) return { error: problem };
      const { currency, ...holder } = data || {};
      const zip = element.group.text("postal");
      const card = { ...element.group.card(), ...holder };
      if (zip) card.address_zip = zip;
      if (currency) card.currency = currency;
      return this.called("token", "POST", "/v1/tokens", { card });
    }

    async createConfirmationToken({ elements, params }) {
      const problem = elements.problem();
      if (problem) return { error: problem };
      const { payment_method_data: data, return_url, shipping } = params || {};
      return this.called("confirmationToken", "POST", "/v1/test_helpers/confirmation_tokens", {
        payment_method_data: elements.methodData((data || {}).billing_details),
        return_url, shipping,
      });
    }

    // Confirming ----------------------------------------------------------------

    async confirmCard(secret, data, options, prefix) {
      const intent = this.intent(secret);
      if (!intent || !intent.id.startsWith(`${prefix}_`)) {
        return invalid("This is not a client secret of that kind.", "client_secret_invalid");
      }
      const { payment_method: method, ...params } = data || {};
      if (typeof method === "string") {
        params.payment_method = method;
      } else if (method && method.card instanceof Element) {
        const group = method.card.group;
        const problem = group.problem();
        if (problem) return { error: problem };
        params.payment_method_data = group.methodData(method.billing_details);
      } else if (method) {
        params.payment_method_data = { type: "card", ...method };
      }
      const answer = await this.called(
        intent.name, "POST", `${intent.path}/confirm`, { ...params, client_secret: secret }
      );
      if (answer.error || (options && options.handleActions === false)) return answer;
      return this.afterwards(answer[intent.name], intent, secret);
    }

    confirmCardPayment(secret, data, options) {
      return this.confirmCard(secret, data, options, "pi");
    }

    confirmCardSetup(secret, data, options) {
      return this.confirmCard(secret, data, options, "seti");
    }

    async confirmWithElements(options, prefix) {
      const { elements, confirmParams, redirect } = options;
      const secret = options.clientSecret || (elements && elements.options.clientSecret);
      const intent = this.intent(secret);
      if (!intent || !intent.id.startsWith(`${prefix}_`)) {
        return invalid("This is not a client secret of that kind.", "client_secret_invalid");
      }
      const { return_url: back, payment_method_data: data, ...params } = confirmParams || {};
      const stays = redirect === "if_required";
      if (!stays && !back) return invalid("confirmParams.return_url is missing.");
      if (elements && !params.payment_method && !params.confirmation_token) {
        const problem = elements.problem();
        if (problem) return { error: problem };
        params.payment_method_data = elements.methodData((data || {}).billing_details);
      }
      // Without a return_url the API leaves the question to this script.
      if (!stays) params.return_url = back;
      const answer = await this.called(
        intent.name, "POST", `${intent.path}/confirm`, { ...params, client_secret: secret }
      );
      if (answer.error) return answer;
      const done = await this.afterwards(answer[intent.name], intent, secret);
      if (done.error || stays) return done;
      return this.leave(back, intent, secret);
    }

    confirmPayment(options) { return this.confirmWithElements(options, "pi"); }
    confirmSetup(options) { return this.confirmWithElements(options, "seti"); }

    leave(back, intent, secret) {
      const url = new URL(back, window.location.href);
      const kind = intent.kind.slice(0, -1);
      url.searchParams.set(kind, intent.id);
      url.searchParams.set(`${kind}_client_secret`, secret);
      url.searchParams.set("redirect_status", "succeeded");
      return this.go(url.href);
    }

    // As at Stripe, what follows a redirect never runs.
    go(url) {
      window.location.assign(url);
      return new Promise(() => {});
    }

    redirectToCheckout({ sessionId }) { return this.go(`${base}/c/pay/${sessionId}`); }

    // 3D Secure -----------------------------------------------------------------

    async handleNextAction({ clientSecret }) {
      const intent = this.intent(clientSecret);
      if (!intent) return invalid("This is no client secret.", "client_secret_invalid");
      const now = await this.retrieve(clientSecret, intent.id.split("_")[0]);
      if (now.error) return now;
      return this.afterwards(now[intent.name], intent, clientSecret);
    }

    handleCardAction(secret) { return this.handleNextAction({ clientSecret: secret }); }

    async afterwards(object, intent, secret) {
      const action = object.next_action;
      if (object.status !== "requires_action" || !action) return { [intent.name]: object };
      if (action.type === "redirect_to_url") return this.go(action.redirect_to_url.url);
      if (action.type !== "use_stripe_sdk") return { [intent.name]: object };
      const outcome = await ask();
      await fetch(action.use_stripe_sdk.stripe_js, {
        method: "POST", body: new URLSearchParams({ outcome }),
      });
      const now = await this.retrieve(secret, intent.id.split("_")[0]);
      if (now.error || outcome === "succeeded" && !now[intent.name][intent.failed]) return now;
      const settled = now[intent.name];
      const error = settled[intent.failed];
      return error ? { error: { ...error, [intent.kind.slice(0, -1)]: settled } } : now;
    }
  }

  function ask() {
    return new Promise((resolve) => {
      const host = make("div", {});
      const title = make("h2", { id: "title" }, "3D Secure");
      const dialog = make("dialog", {},
        title,
        make("p", {}, "A bank would now ask the cardholder to confirm this test payment."));
      dialog.setAttribute("aria-labelledby", "title");
      const answer = (outcome) => { host.remove(); resolve(outcome); };
      for (const [outcome, says] of [["succeeded", "Complete authentication"], ["failed", "Fail authentication"]]) {
        const button = make("button", { type: "button" }, says);
        button.addEventListener("click", () => answer(outcome));
        dialog.append(button);
      }
      dialog.addEventListener("cancel", () => answer("failed"));
      shadowOf(host).append(dialog);
      document.body.append(host);
      dialog.showModal();
    });
  }

  window.Stripe = function Stripe(key, options) {
    if (!/^pk_test_/.test(String(key))) {
      throw new Error("IntegrationError: the sandbox takes a publishable test key, pk_test_….");
    }
    return new Client(key, options);
  };
  window.Stripe.version = "stripe_nb";
})();
