// Which model answers, and how hard it thinks: what can be chosen, and what the request says of it.

import { element } from "../../kit/page/dom.js";
import { menuFrom, menuRow } from "../../kit/page/menus.js";

const FAMILIES = [
  { id: "auto", name: "Latest", text: "Our newest model" },
  { id: "gpt-6", name: "GPT-6", text: "For the hardest questions" },
  { id: "gpt-5-6", name: "GPT-5.6 Sol", text: "Great for most questions" },
];
const OLDER = [{ id: "gpt-5-5", name: "GPT-5.5", text: "Leaving soon" }];

const EFFORTS = [
  { id: "instant", name: "Instant", suffix: "", wire: null },
  { id: "medium", name: "Medium", suffix: "-thinking", wire: "standard" },
  { id: "high", name: "High", suffix: "-thinking", wire: "extended" },
  { id: "xhigh", name: "Extra High", suffix: "-thinking", wire: "max" },
  { id: "pro", name: "Pro", suffix: "-pro", wire: "standard" },
];

/** What is chosen; until somebody chooses, what the address says. */
export class Choice {
  #app;
  #slug;
  #touched = false;
  #listeners = [];

  constructor(app, slug) {
    this.#app = app;
    this.#slug = slug;
    const [, family, kind] = slug.match(/^(.*?)(-thinking|-pro)?$/);
    this.family = family;
    this.effort = kind === "-pro" ? "pro" : kind ? "medium" : "instant";
  }

  /** The members of the request that tell of it. */
  get request() {
    if (!this.#touched) return { model: this.#slug };
    const { suffix, wire } = EFFORTS.find(({ id }) => id === this.effort);
    const model = this.family === "auto" ? "auto" : this.family + suffix;
    return { model: this.#app.config.sendsModel ?? model, ...(wire ? { thinking_effort: wire } : {}) };
  }

  set(name, value) {
    this.#touched = true;
    this[name] = value;
    this.#app.control.report("control", { name: name === "family" ? "model" : name, value });
    for (const listener of this.#listeners) listener();
  }

  onChange(listener) {
    this.#listeners.push(listener);
    listener();
  }
}

function modelRow({ id, name, text }, app, close) {
  const { choice } = app;
  const chosen = choice.family === id;
  const why = app.config.disabledModels?.[id];
  const row = menuRow(
    {
      role: "menuitemradio",
      checked: chosen,
      act: () => {
        if (why) return;
        close();
        choice.set("family", id);
      },
      attributes: {
        "data-testid": `model-switcher-${id}`,
        "data-model-selected": `${chosen}`,
        "data-state": chosen ? "checked" : "unchecked",
        ...(why ? { "aria-disabled": "true", "data-disabled": "" } : {}),
      },
    },
    element("div", {}, name),
    element("div", {}, text),
  );
  // The reason stands only in a tooltip, which comes when the mouse is over the row.
  if (why) row.addEventListener("mouseenter", () => setTimeout(() => showTip(row, why), 50));
  return row;
}

function showTip(row, text) {
  if (row.isConnected) row.closest("[role=menu]").append(element("div", { role: "tooltip" }, text));
}

/** Rows of models, with the older ones behind one more row. */
function modelRows(app, close) {
  const older = element("div", { "data-submenu": true });
  const more = menuRow(
    {
      attributes: { "aria-haspopup": "menu", "aria-expanded": "false" },
      act: () => older.replaceChildren(...OLDER.map((model) => modelRow(model, app, close))),
    },
    "Legacy models",
  );
  return [...FAMILIES.map((model) => modelRow(model, app, close)), more, older];
}

function menu(attributes, ...rows) {
  return element("div", { role: "menu", "data-radix-menu-content": true, class: "menu", ...attributes }, ...rows);
}

/** Generation A: the models hang from the header, the efforts from a pill in the composer. */
export function headerPicker(app) {
  const attributes = { "data-testid": "model-switcher-dropdown-button", "aria-haspopup": "menu" };
  const button = element("button", { type: "button", ...attributes }, "ChatGPT");
  menuFrom(button, (close) => menu({}, ...modelRows(app, close)));
  return button;
}

export function effortPill(app) {
  const button = element("button", { type: "button", class: "__composer-pill", "aria-haspopup": "menu" });
  app.choice.onChange(() => (button.textContent = EFFORTS.find(({ id }) => id === app.choice.effort).name));
  menuFrom(button, (close) => {
    const rows = EFFORTS.map(({ id, name }) =>
      menuRow(
        {
          role: "menuitemradio",
          checked: app.choice.effort === id,
          act: () => {
            close();
            app.choice.set("effort", id);
          },
        },
        name,
      ),
    );
    return menu({}, element("div", { "data-testid": "composer-intelligence-picker-content" }, ...rows));
  });
  return button;
}

/** Generation B: one control for both; its menu shows a slider, and the models in a second view. */
export function intelligencePicker(app) {
  const button = element("button", {
    type: "button",
    "aria-label": "Select ChatGPT model",
    "aria-haspopup": "menu",
    "data-codex-intelligence-trigger": "true",
    "data-composer-navigation-target": "reasoning",
  });
  app.choice.onChange(() => {
    const { id, name } = EFFORTS.find((effort) => effort.id === app.choice.effort);
    button.dataset.selectedReasoningEffort = id;
    button.textContent = `5.6 ${name}`;
  });
  menuFrom(button, (close) => {
    const place = element("div", {});
    const showModels = () => place.replaceChildren(...modelRows(app, close));
    const toggle = menuRow({ attributes: { "data-model-picker-view-toggle": true }, act: showModels }, "Model");
    place.append(effortSlider(app), toggle);
    return menu({}, place);
  });
  return button;
}

function effortSlider(app) {
  const thumb = element("span", { role: "slider", tabindex: "0", "aria-valuemin": "0", class: "thumb" });
  thumb.setAttribute("aria-valuemax", `${EFFORTS.length - 1}`);
  const place = () => EFFORTS.findIndex(({ id }) => id === app.choice.effort);
  const paint = () => {
    thumb.setAttribute("aria-valuenow", `${place()}`);
    thumb.setAttribute("aria-valuetext", `${EFFORTS[place()].name}, ${place() + 1} of ${EFFORTS.length}.`);
  };
  thumb.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const next = EFFORTS[place() + (step ?? 0)];
    if (!step || !next || next.id === app.config.highestEffort) return;
    event.preventDefault();
    app.choice.set("effort", next.id);
    paint();
  });
  paint();
  return element("div", { role: "menuitem", "data-reasoning-slider": true }, thumb);
}
