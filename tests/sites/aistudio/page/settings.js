// The panel of run settings: model, system instructions, temperature, thinking, and what is under "Advanced".

import { element } from "../../kit/page/dom.js";
import { icon, matSelect, openSheet } from "./overlays.js";

const PREFERENCE = "aiStudioUserPreference";
const LEVELS = { minimal: 4, low: 1, medium: 2, high: 3 };
const NO_SYSTEM = "Optional tone and style instructions for the model";
const MOST_TOKENS = 65536;

export class RunSettings {
  #app;
  #values;
  #name = element("span", { "data-test-id": "model-name", class: "subtitle" });
  #title = element("span", { class: "title" });
  #systemText = element("span", { class: "subtitle" });
  #thinking;

  constructor(app) {
    this.#app = app;
    const wanted = new URL(location.href).searchParams.get("model") ?? readPreference();
    const known = app.models.some(({ id }) => id === wanted);
    this.#values = {
      model: known ? wanted : app.models[0].id,
      system: app.config.keptSystem ?? "",
      temperature: 1,
      topP: 0.95,
      max_output_tokens: MOST_TOKENS,
      stop: [],
      effort: "high",
    };
    this.element = element("ms-run-settings", {}, ...this.#content());
    this.#show();
  }

  get model() {
    return this.#values.model;
  }

  /** The places of a request that the panel fills: settings and system instructions. */
  requestParts() {
    const { temperature, topP, max_output_tokens: most, stop, effort, system } = this.#values;
    const settings = [null, stop.length ? stop : null, null, most, temperature, topP, 64];
    settings[16] = [1, null, null, LEVELS[effort]];
    return { settings: [...settings].map((one) => one ?? null), system: system ? [[[null, system]], "user"] : null };
  }

  #set(name, value) {
    this.#values[name] = value;
    this.#app.control.report("control", { name, value });
    if (name === "model") localStorage.setItem(PREFERENCE, JSON.stringify({ promptModel: `models/${value}` }));
    this.#show();
  }

  #show() {
    const { model, system } = this.#values;
    this.#title.textContent = this.#app.models.find(({ id }) => id === model).name;
    this.#name.textContent = model;
    this.#systemText.textContent = system || NO_SYSTEM;
    const levels = this.#levels();
    if (!levels.some(({ value }) => value === this.#values.effort)) this.#values.effort = "high";
    this.#thinking.show();
  }

  #levels() {
    const names = this.#values.model.includes("-pro") ? ["low", "high"] : Object.keys(LEVELS);
    return names.map((value) => ({ value, label: value[0].toUpperCase() + value.slice(1) }));
  }

  #content() {
    this.#thinking = matSelect(
      { "aria-label": "Thinking Level" },
      {
        options: () => this.#levels(),
        get: () => this.#values.effort,
        set: (value) => this.#set("effort", value),
      },
    );
    return [
      element("h2", {}, "Run settings"),
      element(
        "ms-model-selector",
        {},
        element("button", { class: "model-selector-card", click: () => this.#openModels() }, this.#title, this.#name),
      ),
      element(
        "button",
        { "data-test-system-instructions-card": true, class: "card", click: () => this.#openSystem() },
        element("span", { class: "title" }, "System instructions"),
        this.#systemText,
      ),
      group("Temperature", this.#slider("temperature", 2)),
      group("Thinking level", this.#thinking),
      group("Grounding with Google Search", toggle("Grounding with Google Search")),
      ...this.#advanced(),
    ];
  }

  #slider(name, most) {
    const settings = { min: 0, max: most, step: 0.05, value: this.#values[name] };
    const track = element("input", { type: "range", ...settings });
    const field = element("input", { type: "number", class: "slider-number-input", ...settings });
    const take = ({ target }) => {
      const value = Math.min(most, Math.max(0, Number(target.value)));
      track.value = field.value = value;
      this.#set(name, value);
    };
    track.addEventListener("input", take);
    field.addEventListener("change", take);
    return element("ms-slider", {}, track, field);
  }

  #advanced() {
    const most = element("input", {
      type: "number",
      "aria-label": "Maximum output tokens",
      min: 1,
      max: MOST_TOKENS,
      value: this.#values.max_output_tokens,
    });
    most.addEventListener("change", () => {
      most.value = Math.min(MOST_TOKENS, Math.max(1, Math.round(Number(most.value) || 1)));
      this.#set("max_output_tokens", Number(most.value));
    });
    const body = element(
      "div",
      { class: "advanced hidden" },
      group("Add stop sequence", this.#stopInput()),
      group("Output length", most),
      group("Top P", this.#slider("topP", 1)),
    );
    const head = element("button", {
      "aria-label": "Expand or collapse advanced settings",
      "aria-expanded": "false",
      class: "settings-group-header",
    });
    head.append("Advanced settings", icon("expand_more"));
    head.addEventListener("click", () => {
      const hidden = body.classList.toggle("hidden");
      head.setAttribute("aria-expanded", `${!hidden}`);
    });
    return [head, body];
  }

  #stopInput() {
    const input = element("input", { "aria-label": "Add stop token", placeholder: "Add stop..." });
    const grid = element("mat-chip-grid", {}, input);
    input.addEventListener("keydown", (event) => {
      const text = input.value;
      if (event.key !== "Enter" || !text || this.#values.stop.includes(text)) return;
      event.preventDefault();
      input.value = "";
      const remove = () => {
        chip.remove();
        this.#set("stop", this.#values.stop.filter((one) => one !== text));
      };
      const chip = element(
        "mat-chip-row",
        { role: "row" },
        element("span", { class: "mdc-evolution-chip__text-label" }, text),
        element("button", { "aria-label": `Remove ${text}`, click: remove }, icon("cancel")),
      );
      input.before(chip);
      this.#set("stop", [...this.#values.stop, text]);
    });
    return element("ms-stop-sequence-input", {}, grid);
  }

  #openModels() {
    const search = element("input", { "aria-label": "Search", placeholder: "Search for a model" });
    const rows = this.#app.models.map(({ id, name, paid }) =>
      element(
        "button",
        {
          id: `model-carousel-row-models/${id}`,
          class: "content-button",
          disabled: paid,
          title: paid ? "A paid API key is needed for this model" : null,
          click: () => {
            this.#set("model", id);
            close();
          },
        },
        element("span", { class: "title" }, name),
        element("span", { class: "subtitle" }, id),
        paid ? element("span", { class: "badge" }, "Paid") : null,
      ),
    );
    search.addEventListener("input", () => {
      for (const row of rows) row.classList.toggle("hidden", !row.textContent.includes(search.value));
    });
    const close = openSheet("Model selection", element("ms-model-carousel", {}, search, ...rows));
  }

  #openSystem() {
    const field = element("textarea", { "aria-label": "System instructions", placeholder: NO_SYSTEM, rows: 8 });
    field.value = this.#values.system;
    field.addEventListener("change", () => this.#set("system", field.value));
    const close = () => {
      if (field.value !== this.#values.system) this.#set("system", field.value);
    };
    openSheet("System instructions", element("ms-system-instructions", {}, field), close);
  }
}

function group(label, ...content) {
  return element("div", { class: "settings-item" }, element("span", { class: "label" }, label), ...content);
}

function toggle(label) {
  const button = element("button", { role: "switch", "aria-checked": "false", "aria-label": label });
  button.addEventListener("click", () =>
    button.setAttribute("aria-checked", `${button.getAttribute("aria-checked") !== "true"}`),
  );
  return button;
}

function readPreference() {
  try {
    return JSON.parse(localStorage.getItem(PREFERENCE)).promptModel.replace("models/", "");
  } catch {
    return null;
  }
}
