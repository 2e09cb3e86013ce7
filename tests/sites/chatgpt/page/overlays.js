// What this site shows over the page or beside the composer; common to both generations.

import { element } from "../../kit/page/dom.js";
import { showDialog, showToast } from "../../kit/page/overlays.js";

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
  cap: {
    title: "You've hit your limit",
    text: "You've reached the GPT-5.6 limit. Your limit resets at 5 PM.",
    buttons: ["Got it"],
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

/** What both generations can show; a generation has app and bannerPlace. */
export class Face {
  showDialog(name) {
    showDialog(DIALOGS[name]);
  }

  showToast(text) {
    showToast(text);
  }

  showBanner(text) {
    this.bannerPlace.replaceChildren(element("div", { class: "banner" }, text));
  }

  showError(text) {
    this.bannerPlace.replaceChildren(element("div", { role: "alert", class: "banner" }, text));
  }

  /** Show what comes with a refused prompt. */
  showRefusal() {
    const { config } = this.app;
    if (config.dialogAfterRefusal) this.showDialog(config.dialogAfterRefusal);
    if (config.banner) this.showBanner(config.banner);
    if (config.noticeAfterRefusal) {
      const start = element("a", { href: "/", role: "button" }, "Start new chat");
      const words = NOTICES[config.noticeAfterRefusal];
      this.bannerPlace.replaceChildren(element("div", { role: "alert", class: "banner" }, words, start));
    }
  }
}
