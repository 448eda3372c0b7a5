// The state machine: choose a state to see the ways out of it.

function render({ model, el }) {
  mount(el, "states", `States of ${model.get("resource")}`);
  const title = h("h3");
  const picture = svg("svg", { role: "group" });
  const ways = h("ul", { class: "snb-ways" });
  const heading = h("p", { class: "snb-muted" });
  const refresh = h("button", { type: "button", class: "snb-button", onclick: () => reread() }, "Read again");
  let chosen = model.get("state");

  const reread = () => bridge(model).call("refresh").catch(() => {});

  const choose = (state, focus = false) => {
    chosen = state;
    for (const node of picture.querySelectorAll(".snb-state")) {
      const is = node.dataset.state === state;
      node.setAttribute("aria-pressed", String(is));
      node.setAttribute("tabindex", is || (!state && node === picture.querySelector(".snb-state")) ? "0" : "-1");
      if (is && focus) node.focus();
    }
    for (const line of picture.querySelectorAll("[data-source]"))
      line.classList.toggle("on", line.dataset.source === state);
    tell();
  };

  const tell = () => {
    const out = model.get("ways").filter((way) => way.source === chosen);
    const present = chosen === model.get("state");
    heading.textContent = !chosen
      ? "A new object begins as:"
      : out.length
        ? `${present ? "From here" : `From ${chosen}`}:`
        : `${chosen} is final.`;
    ways.replaceChildren(
      ...out.map((way) =>
        h(
          "li",
          {},
          h("strong", {}, way.target),
          way.call ? [" by ", h("code", {}, way.call)] : ` when ${way.by}`,
        ),
      ),
    );
    ways.hidden = !out.length;
  };

  const step = (event) => {
    const states = model.get("states");
    const by = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (!by) {
      if (event.key === "Enter" || event.key === " ") event.preventDefault();
      return;
    }
    event.preventDefault();
    const at = states.indexOf(event.currentTarget.dataset.state) + by;
    choose(states[Math.min(Math.max(at, 0), states.length - 1)], true);
  };

  const node = (shape) => {
    const { x, y, width, height } = shape.attributes;
    const lit = shape.class.split(" ").includes("lit");
    return svg(
      "g",
      {
        class: `snb-state ${shape.class}`,
        role: "button",
        "data-state": shape.state,
        "aria-label": lit ? `${shape.state}, the present state` : shape.state,
        "aria-current": lit ? "step" : undefined,
        onclick: () => choose(shape.state, true),
        onkeydown: step,
      },
      svg("rect", { class: "box", rx: 6, x, y, width, height }),
      svg("text", { x: Number(x) + Number(width) / 2, y: Number(y) + Number(height) / 2 + 4, "text-anchor": "middle" }, shape.text),
    );
  };

  const draw = () => {
    const id = model.get("object_id");
    const [width, height] = model.get("size");
    title.textContent = id ? `${model.get("resource")} ${id}: ${model.get("state")}` : model.get("resource");
    refresh.hidden = !id;
    picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
    picture.setAttribute("width", width);
    picture.setAttribute("height", height);
    picture.setAttribute("aria-label", `Diagram: ${title.textContent}`);
    picture.replaceChildren(
      ...model.get("shapes").map((shape) =>
        shape.tag === "g"
          ? node(shape)
          : svg(shape.tag, { class: shape.class, "aria-hidden": shape.tag === "text" ? undefined : "true", ...shape.attributes }, shape.text),
      ),
    );
    choose(model.get("state"));
  };

  model.on("change:shapes", draw);
  draw();
  el.append(h("div", { class: "snb-row" }, title, refresh), messageLine(model), picture, heading, ways);
  return () => model.off("change:shapes", draw);
}

export default { render };
