// The menu of the open chat: what can be done with it, and the question before it is done.

import { element } from "./dom.js";
import { menuFrom, menuRow } from "./menus.js";

/**
 * The button of the menu. rows: {label, attributes, act, question?}; a question {attributes, confirm, cancel}
 * is asked before act is called: the attributes of its dialog and of its two buttons.
 */
export function chatMenu(attributes, label, rows) {
  const button = element("button", { type: "button", "aria-haspopup": "menu", ...attributes }, label);
  menuFrom(button, (close) => {
    const shown = rows.map((row) =>
      menuRow(
        {
          attributes: row.attributes,
          act: () => {
            close();
            if (row.question) ask(row);
            else row.act();
          },
        },
        row.label,
      ),
    );
    return element("div", { role: "menu", class: "menu" }, ...shown);
  });
  return button;
}

function ask({ label, act, question }) {
  const close = () => backdrop.remove();
  const cancel = element("button", { type: "button", ...question.cancel, click: close }, "Cancel");
  const confirm = element(
    "button",
    {
      type: "button",
      ...question.confirm,
      click: () => {
        close();
        act();
      },
    },
    label,
  );
  const dialog = element(
    "div",
    { "aria-modal": "true", "data-state": "open", class: "dialog", ...question.attributes },
    element("h2", {}, `${label} chat?`),
    cancel,
    confirm,
  );
  const backdrop = element("div", { class: "backdrop" }, dialog);
  document.body.append(backdrop);
}
