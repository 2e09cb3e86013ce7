// What lies over the page: menus, selects and panels in the overlay container, dialogs, toasts.

import { element } from "../../kit/page/dom.js";

const container = () => document.querySelector(".cdk-overlay-container");

/**
 * Put something into the overlay container, over a backdrop that swallows clicks; a press on it or Escape
 * closes both. Gives close().
 */
export function openOverlay(content, { anchor = null, onClose = () => {}, dark = false } = {}) {
  const backdrop = element("div", {
    class: `cdk-overlay-backdrop cdk-overlay-backdrop-showing ${dark ? "dark" : "cdk-overlay-transparent-backdrop"}`,
  });
  const pane = element("div", { class: "cdk-overlay-pane" }, content);
  if (anchor) place(pane, anchor);
  const onKey = (event) => {
    if (event.key === "Escape") close();
  };
  const close = () => {
    backdrop.remove();
    pane.remove();
    removeEventListener("keydown", onKey);
    onClose();
  };
  backdrop.addEventListener("click", close);
  addEventListener("keydown", onKey);
  container().append(backdrop, pane);
  return close;
}

function place(pane, anchor) {
  const box = anchor.getBoundingClientRect();
  pane.style.left = `${Math.max(0, Math.min(box.left, innerWidth - 280))}px`;
  if (box.top > innerHeight / 2) pane.style.bottom = `${innerHeight - box.top + 4}px`;
  else pane.style.top = `${box.bottom + 4}px`;
}

/** Let a button open a menu; build(close) makes its items. */
export function menuOn(button, build) {
  button.setAttribute("aria-haspopup", "menu");
  button.setAttribute("aria-expanded", "false");
  button.addEventListener("click", () => {
    const menu = element("div", { role: "menu", class: "mat-mdc-menu-panel" });
    const close = openOverlay(menu, {
      anchor: button,
      onClose: () => button.setAttribute("aria-expanded", "false"),
    });
    menu.append(...build(close));
    button.setAttribute("aria-expanded", "true");
  });
}

/** A drop-down list; options() gives {value, label}; get() and set(value) its value. */
export function matSelect(attributes, { options, get, set }) {
  const shown = element("span", { class: "mat-mdc-select-value-text" });
  const show = () => {
    shown.textContent = options().find(({ value }) => value === get())?.label ?? "";
  };
  const open = () => {
    const items = options().map(({ value, label }) =>
      element(
        "mat-option",
        {
          role: "option",
          "aria-selected": `${value === get()}`,
          click: () => {
            set(value);
            close();
          },
        },
        element("span", { class: "mdc-list-item__primary-text" }, label),
      ),
    );
    const list = element("div", { role: "listbox", class: "mat-mdc-select-panel" }, ...items);
    const close = openOverlay(list, { anchor: select, onClose: show });
  };
  const select = element(
    "mat-select",
    { role: "combobox", "aria-haspopup": "listbox", tabindex: "0", ...attributes, click: open },
    shown,
  );
  select.show = show;
  show();
  return select;
}

/** A sheet on the right side: a title, a control that closes it, its content. */
export function openSheet(title, content, onClose = () => {}) {
  let close;
  const button = element(
    "button",
    { "data-test-close-button": true, "aria-label": "Close panel", click: () => close() },
    icon("close"),
  );
  const sheet = element("ms-sliding-right-panel", {}, element("h2", {}, title), button, content);
  close = openOverlay(sheet, { onClose });
  return close;
}

export function icon(name) {
  return element("span", { class: "material-symbols-outlined", "aria-hidden": "true" }, name);
}

const DIALOGS = {
  terms: {
    title: "It's time to build",
    text: "I consent to the Google APIs Terms of Service and the Gemini API Additional Terms of Service. Read how we use data in our Privacy Policy.",
    buttons: ["I accept"],
  },
  paid: {
    title: "Paid model",
    text: "Link a paid API key to use this model.",
    buttons: ["Link API key"],
  },
  copyright: {
    title: "Copyright acknowledgement",
    text: "I acknowledge that I have the rights to what I upload, as the terms require.",
    buttons: ["Agree"],
  },
};

/** A dialog that only its own buttons close. */
export function showDialog(name, then = () => {}) {
  if (container().querySelector(`[data-dialog="${name}"]`)) return;
  if (name === "welcome") {
    showWelcome();
    return;
  }
  const { title, text, buttons } = DIALOGS[name];
  const close = () => {
    backdrop.remove();
    then();
  };
  const dialog = element(
    "mat-dialog-container",
    { role: "dialog", "aria-modal": "true", "data-dialog": name },
    element("h2", {}, title),
    element("p", {}, text),
    ...buttons.map((label) => element("button", { click: close }, label)),
  );
  const backdrop = element("div", { class: "cdk-overlay-backdrop cdk-overlay-backdrop-showing dark" }, dialog);
  container().append(backdrop);
}

/** News, which may be closed. */
function showWelcome() {
  const close = element("button", { "aria-label": "Close dialog", click: () => backdrop.remove() }, icon("close"));
  const news = element("ms-g1-welcome-dialog", {}, element("h2", {}, "What is new in AI Studio"), close);
  const dialog = element("mat-dialog-container", { role: "dialog", "data-dialog": "welcome" }, news);
  const backdrop = element("div", { class: "cdk-overlay-backdrop cdk-overlay-backdrop-showing dark" }, dialog);
  container().append(backdrop);
}

/** A message that goes away by itself. */
export function showToast(text) {
  const words = element("span", { class: "content-text" }, text);
  const toast = element(
    "mat-snack-bar-container",
    {},
    element("div", { class: "toast error", role: "alert" }, words),
  );
  setTimeout(() => toast.remove(), 8000);
  container().append(toast);
}

/** The bar about cookies. */
export function showCookieBar() {
  const bar = element(
    "div",
    { id: "glue-cookie-notification-bar-1", role: "region" },
    "Google uses cookies.",
    element("button", { class: "glue-cookie-notification-bar__accept", click: () => bar.remove() }, "Agree"),
    element("button", { class: "glue-cookie-notification-bar__reject", click: () => bar.remove() }, "No thanks"),
  );
  document.body.append(bar);
}
