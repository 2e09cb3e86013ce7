// Menus that open from a button and lie at the end of the document, as the sites' libraries put them.

import { element } from "./dom.js";

/**
 * Open and close a menu with a button. build(close) makes the menu's element each time it opens.
 * Escape closes it, and so does a press anywhere else. Gives {open, close}.
 */
export function menuFrom(button, build, { place = () => document.body } = {}) {
  let menu = null;
  const close = () => {
    for (const submenu of document.querySelectorAll("[data-submenu]")) submenu.remove();
    menu?.remove();
    menu = null;
    button.setAttribute("aria-expanded", "false");
    button.dataset.state = "closed";
  };
  const open = () => {
    menu = build(close);
    const box = button.getBoundingClientRect();
    const above = box.top > innerHeight / 2;
    menu.style.position = "fixed";
    menu.style.left = `${Math.min(box.left, innerWidth - 260)}px`;
    if (above) menu.style.bottom = `${innerHeight - box.top + 4}px`;
    else menu.style.top = `${box.bottom + 4}px`;
    place().append(menu);
    button.setAttribute("aria-expanded", "true");
    button.dataset.state = "open";
  };
  button.setAttribute("aria-expanded", "false");
  button.addEventListener("click", () => (menu ? close() : open()));
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && menu) close();
  });
  addEventListener(
    "pointerdown",
    ({ target }) => {
      const inside = menu?.contains(target) || button.contains(target) || target.closest?.("[data-submenu]");
      if (menu && !inside) close();
    },
    true,
  );
  return { open, close };
}

/** Open a menu beside a row of another; it lies at the end of the document, too, and closes with the other. */
export function openSubmenu(row, menu) {
  if (document.querySelector("[data-submenu]")) return;
  const box = row.getBoundingClientRect();
  const left = box.right + 260 < innerWidth ? box.right + 4 : box.left - 260;
  menu.style.position = "fixed";
  menu.style.left = `${left}px`;
  menu.style.bottom = `${Math.max(8, innerHeight - box.bottom)}px`;
  menu.dataset.submenu = "";
  document.body.append(menu);
}

/** One row of a menu: role, label, further attributes; checked rows say so; act is called with a click. */
export function menuRow({ role = "menuitem", checked, act, attributes = {} }, ...label) {
  const state = checked === undefined ? {} : { "aria-checked": `${checked}` };
  const row = { role, tabindex: "-1", class: "menu-row", ...state, ...attributes, click: act };
  return element("div", row, ...label);
}
