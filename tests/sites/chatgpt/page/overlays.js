// What can lie over the page or beside the composer, by the state that the site is in.

import { element } from "./dom.js";

const DIALOGS = {
  "too-many-requests": {
    title: "Too many requests",
    text: "You're making requests too quickly. We've temporarily limited access to your conversations. Please wait a few minutes before trying again.",
    buttons: ["Got it"],
  },
  "session-expired": {
    title: "Your session has expired",
    text: "Please log in again to continue using the app.",
    buttons: ["Log in"],
  },
  "account-chooser": {
    title: "Welcome back",
    text: "Choose an account to continue.",
    buttons: [
      "Replica Person person@example.org",
      "Another Person other@example.org",
      "Log in to another account",
    ],
  },
  "suspicious-activity": {
    title: "Suspicious activity detected",
    text: "We have detected suspicious activity. To secure your account and regain access, please reset your password.",
    buttons: ["Secure my account"],
  },
  consent: {
    title: "Updated terms of use",
    text: "We have updated our terms and privacy policy. Please accept them to continue.",
    buttons: ["Accept all", "Reject non-essential", "Manage"],
  },
  "temporary-chat": {
    title: "Temporary Chat",
    text: "Not in history. No model training. Memory off.",
    buttons: ["Continue"],
  },
};

const NOTICES = {
  "conversation-too-large":
    "You've reached the maximum length for this conversation, but you can keep talking by starting a new chat.",
  "conversation-gone": "This conversation is no longer available. Start a new chat.",
};

/** Show a dialog; each of its buttons only closes it. */
export function showDialog(name) {
  const { title, text, buttons } = DIALOGS[name];
  document.querySelector("[data-replica-dialog]")?.remove();
  const close = () => backdrop.remove();
  const dialog = element(
    "div",
    { role: "dialog", "aria-modal": "true", "data-state": "open", class: "dialog" },
    element("h2", {}, title),
    element("p", {}, text),
    ...buttons.map((label) => element("button", { click: close }, label)),
  );
  const backdrop = element("div", { class: "backdrop", "data-replica-dialog": true }, dialog);
  document.body.append(backdrop);
}

/** Show what the page's configuration says should be there from the start. */
export function showStates(app) {
  const { config, face } = app;
  if (config.dialog) showDialog(config.dialog);
  if (config.banner && !config.bannerAfterRefusal) showBanner(face, config.banner);
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

/** Show what comes with a refused prompt. */
export function showRefusal({ config, face }) {
  if (config.dialogAfterRefusal) showDialog(config.dialogAfterRefusal);
  if (config.banner) showBanner(face, config.banner);
  if (config.noticeAfterRefusal) {
    const start = element("a", { href: "/", role: "button" }, "Start new chat");
    face.bannerPlace.replaceChildren(
      element("div", { role: "alert", class: "banner" }, NOTICES[config.noticeAfterRefusal], start),
    );
  }
}

function showBanner(face, text) {
  face.bannerPlace.replaceChildren(element("div", { class: "banner" }, text));
}
