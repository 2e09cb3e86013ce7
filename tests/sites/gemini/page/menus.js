// The composer's two menus: modes with their levels of thinking, and files with tools.

import { element } from "../../kit/page/dom.js";
import { menuFrom } from "../../kit/page/menus.js";

const LEVEL_WORDS = ["Quick and efficient", "Balanced depth", "Extra thorough"];
const TOOLS = ["Deep research", "Create image", "Canvas", "Guided learning"];

/** The picker of modes: {root, show}. Its menu lies beside the button, in an overlay of its own. */
export function modePicker(app, labels) {
  const pill = element("span", { class: "gds-body-m picker-primary-text" });
  const button = element(
    "button",
    { type: "button", "data-test-id": "bard-mode-menu-button", "aria-haspopup": "true" },
    element("div", { class: "logo-pill-label-container input-area-switch-label" }, pill),
  );
  const holder = element("div", { class: "pill-ui-logo-container gem-menu-redesign" }, button);
  menuFrom(button, (close) => overlay(menu(app, labels, close)), { place: () => holder });
  return {
    root: element("bard-mode-switcher", {}, holder),
    show: () => {
      pill.textContent = app.mode.label;
      button.setAttribute("aria-label", `${labels.picker} ${app.mode.label}`);
    },
  };
}

function overlay(content) {
  const inner = element("div", { class: "popover-menu", "data-test-id": "bard-mode-desktop-gem-menu" }, content);
  const pane = element("div", { class: "cdk-overlay-pane" }, inner);
  return element("div", { class: "cdk-overlay-popover cdk-overlay-connected-position-bounding-box" }, pane);
}

function menu(app, labels, close) {
  const modes = app.config.modes.map((mode) => {
    const usedUp = app.config.usedUp === mode.label;
    const attributes = {
      "data-mode-id": mode.id,
      "data-test-id": `bard-mode-option-${mode.id}`,
      "aria-disabled": `${usedUp}`,
    };
    const note = usedUp ? "Limit resets at 5:00 PM" : "All-around help";
    return row(mode.name, note, mode.id === app.mode.id, attributes, () => {
      if (usedUp) return;
      app.choose(mode);
      close();
    });
  });
  const made = element("gem-menu", { role: "menu", "data-test-id": "gem-mode-menu" }, ...modes);
  made.append(element("mat-divider", { role: "separator" }), ...levels(app, labels, close));
  return made;
}

/** Three rows, as since October 2026; or a row that opens a menu of its own, as in the summer before. */
function levels(app, labels, close) {
  const choose = (level) => () => {
    app.think(level);
    close();
  };
  if (app.config.levels !== "submenu")
    return labels.levels.map((label, level) => row(label, LEVEL_WORDS[level], app.level === level, {}, choose(level)));
  const attributes = { value: "thinking_level", "aria-haspopup": "true" };
  const opener = row("Thinking level", "", false, attributes, () => {
    document.querySelector("[data-submenu]")?.remove();
    const items = ["Standard", "Extended"].map((label, index) =>
      row(label, "", app.level === index * 2, {}, choose(index * 2)),
    );
    const pane = element("div", { class: "cdk-overlay-pane" }, element("gem-menu", { role: "menu" }, ...items));
    const box = opener.getBoundingClientRect();
    pane.style = `position: fixed; left: ${box.left - 230}px; bottom: ${innerHeight - box.bottom}px`;
    opener.parentElement.parentElement.append(element("div", { "data-submenu": true }, pane));
  });
  return [opener];
}

function row(label, note, selected, attributes, act) {
  const words = element(
    "div",
    { class: "label-container" },
    element("span", { class: "label" }, ` ${label} `),
    element("div", { class: "sublabel" }, note),
  );
  const check = element("div", { class: "leading-container" }, selected ? element("gem-icon", { "aria-label": "Selected" }) : null);
  const own = { role: "menuitem", tabindex: "-1", "aria-disabled": "false", class: selected ? "selected" : "" };
  const content = element("gem-menu-item-content", {}, check, words);
  return element("gem-menu-item", { ...own, ...attributes, click: act }, content);
}

/** The menu of files and tools; choose() is called for a file from this machine. */
export function uploadMenu(button, labels, choose) {
  menuFrom(button, (close) => {
    const files = element(
      "button",
      {
        role: "menuitem",
        "data-test-id": "local-images-files-uploader-button",
        click: () => {
          close();
          choose();
        },
      },
      labels.files,
    );
    const others = ["Add from Drive", "Photos", "Notebooks"].map((label) => element("button", { role: "menuitem" }, label));
    const tools = TOOLS.map((label) => {
      const tool = element(
        "button",
        {
          role: "menuitemcheckbox",
          "aria-checked": "false",
          click: () => tool.setAttribute("aria-checked", `${tool.getAttribute("aria-checked") !== "true"}`),
        },
        label,
      );
      return tool;
    });
    return element(
      "div",
      { role: "menu", class: "upload-menu" },
      element("images-files-uploader", {}, files),
      ...others,
      element("toolbox-drawer", {}, ...tools),
    );
  });
}
