// What can lie over the page or beside the composer, by the state that the site is in.

import { element } from "./dom.js";

/** Show a dialog {title, text, buttons}; each of its buttons only closes it. */
export function showDialog({ title, text, buttons, attributes = {} }) {
  document.querySelector("[data-replica-dialog]")?.remove();
  const close = () => backdrop.remove();
  const dialog = element(
    "div",
    { role: "dialog", "aria-modal": "true", "data-state": "open", class: "dialog", ...attributes },
    element("h2", {}, title),
    element("p", {}, text),
    ...buttons.map((label) => element("button", { click: close }, label)),
  );
  const backdrop = element("div", { class: "backdrop", "data-replica-dialog": true }, dialog);
  document.body.append(backdrop);
}

/** A message that goes away by itself or when it is clicked. */
export function showToast(text, { attributes = { role: "alert" }, place = document.body, seconds = 8 } = {}) {
  const toast = element("div", { class: "toast", ...attributes }, text);
  toast.addEventListener("click", () => toast.remove());
  setTimeout(() => toast.remove(), seconds * 1000);
  place.append(toast);
}

/**
 * Show what the page's configuration says should be there from the start: dialog, banner, overlay,
 * challengeFrame, toast, errorBanner. The face says how it looks: showDialog(name), showBanner(text),
 * showError(text) and, where it has toasts, showToast(text).
 */
export function showStates({ config, face }) {
  if (config.dialog) face.showDialog(config.dialog);
  if (config.banner && !config.bannerAfterRefusal) face.showBanner(config.banner);
  if (config.errorBanner) face.showError(config.errorBanner);
  if (config.toast) face.showToast(config.toast);
  if (config.overlay && !document.querySelector("[data-replica-overlay]")) {
    const overlay = element("div", {
      class: "overlay",
      "data-replica-overlay": true,
      click: () => overlay.remove(),
    });
    document.body.append(overlay);
  }
  if (config.challengeFrame && !document.querySelector("iframe[src*='challenges.cloudflare.com']")) {
    const style = config.challengeFrame === "hidden" ? "display:none" : null;
    const src = "https://challenges.cloudflare.com/turnstile/frame";
    document.body.append(element("iframe", { src, style, width: 300, height: 65, class: "challenge" }));
  }
}

/** Put a hidden copy of a composer before the real one. */
export function duplicate(composer, place) {
  const copy = composer.cloneNode(true);
  copy.style.display = "none";
  place.prepend(copy);
}
