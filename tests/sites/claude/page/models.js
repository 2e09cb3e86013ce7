// The menu of models, with the switch for extended thinking.

import { element } from "../../kit/page/dom.js";
import { menuFrom, menuRow, openSubmenu } from "../../kit/page/menus.js";

const MODELS = [
  { id: "claude-opus-5-5", name: "Opus 5.5", about: "Most capable for ambitious work" },
  { id: "claude-sonnet-5", name: "Sonnet 5", about: "Most efficient for everyday tasks" },
  { id: "claude-haiku-4-5-20251001", name: "Haiku 4.5", about: "Fastest for quick answers" },
];
const MORE = [
  { id: "claude-opus-4-6", name: "Opus 4.6" },
  { id: "claude-sonnet-4-5-20250929", name: "Sonnet 4.5" },
];

/** What is chosen, and the button that shows it. */
export class ModelMenu {
  #app;
  #label = element("div", { class: "whitespace-nowrap" });
  #model = MODELS[1];
  #extended = false;

  constructor(app) {
    this.#app = app;
    const attributes = { "data-testid": "model-selector-dropdown", "aria-haspopup": "menu" };
    this.button = element("button", { type: "button", class: "plain model", ...attributes }, this.#label);
    menuFrom(this.button, (close) => this.#menu(close));
    this.#show();
  }

  /** The members of a request that say what is chosen. */
  get wishes() {
    const mode = this.#extended ? "extended" : "off";
    return { model: this.#model.id, thinking_mode: mode, effort: this.#extended ? "high" : "medium" };
  }

  /** The chat keeps its model: one that is opened again comes with it. */
  set model(id) {
    this.#model = [...MODELS, ...MORE].find((model) => model.id === id) ?? this.#model;
    this.#show();
  }

  #menu(close) {
    const rows = [...MODELS.map((model) => this.#row(model, close)), this.#switch(), this.#more(close)];
    return element("div", { role: "menu", class: "menu", "aria-label": "Model" }, ...rows);
  }

  #row(model, close) {
    const checked = model === this.#model;
    const act = () => {
      this.#model = model;
      this.#app.control.report("control", { name: "model", value: model.id });
      this.#show();
      close();
    };
    const about = model.about ? element("div", { class: "text-text-500 text-xs" }, model.about) : "";
    const words = element("div", {}, element("div", {}, model.name), about);
    return menuRow({ role: "menuitemradio", checked, act }, words);
  }

  #switch() {
    const knob = element("button", { type: "button", role: "switch", "aria-checked": `${this.#extended}` });
    const act = () => {
      this.#extended = !this.#extended;
      knob.setAttribute("aria-checked", `${this.#extended}`);
      knob.textContent = this.#extended ? "on" : "off";
      this.#app.control.report("control", { name: "thinking", value: this.#extended });
      this.#show();
    };
    knob.textContent = this.#extended ? "on" : "off";
    knob.setAttribute("aria-label", "Extended thinking");
    return menuRow({ act }, "Extended thinking", knob);
  }

  #more(close) {
    const act = ({ currentTarget }) => {
      const rows = MORE.map((model) => this.#row(model, close));
      openSubmenu(currentTarget, element("div", { role: "menu", class: "menu" }, ...rows));
    };
    const attributes = { "aria-haspopup": "menu" };
    return menuRow({ act, attributes }, "More models", element("span", {}, "›"));
  }

  #show() {
    this.#label.textContent = this.#extended ? `${this.#model.name} Extended` : this.#model.name;
  }
}
