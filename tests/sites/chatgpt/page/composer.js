// A composer: an editor, attachments, and a control that is send, stop or nothing.

import { element } from "./dom.js";
import { Editor } from "./editor.js";

const DRAFTS = "oai/apps/conversationDrafts";
const PASTE_LIMIT = 10_000;

/**
 * parts: form, editorPlace, buttonPlace, chipPlace, editorAttributes, emptyAttributes,
 * sendButton(), stopButton(), idleButton(), chip(name, remove); each generation brings its own.
 */
export class Composer {
  #app;
  #parts;
  #shown = null;
  #firstClickSwallowed = false;
  #enabled = true;
  #saveTimer = 0;
  #prepareTimer = 0;

  constructor(app, parts) {
    this.#app = app;
    this.#parts = parts;
    this.form = parts.form;
    this.attachments = [];
    this.editor = new Editor(parts.editorPlace, {
      attributes: parts.editorAttributes,
      emptyAttributes: parts.emptyAttributes,
      onEnter: () => this.#trySend("enter", true),
      onChange: () => this.#changed(),
      onLargeText: (text, how) => this.#takeLargeText(text, how),
    });
    parts.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#trySend("click", event.isTrusted);
    });
    this.update();
  }

  /** Bring back what was not sent: a draft, attachments. */
  restore() {
    const { draft, attachments = [] } = this.#app.config;
    const text = draft ?? readDrafts()[this.#app.draftKey];
    if (text) this.editor.text = text;
    for (const name of attachments) this.#attach(new File(["left over"], name, { type: "text/plain" }));
  }

  /** Show the control that fits: stop while an answer is written, send when there is something to send. */
  update() {
    const wanted = this.#app.busy ? "stop" : this.#hasContent ? "send" : "idle";
    if (wanted !== this.#shown) {
      this.#shown = wanted;
      this.#parts.buttonPlace.replaceChildren(this.#button(wanted));
      if (wanted === "send" && this.#app.config.send === "late-enable") this.#enableLater();
    }
    if (wanted === "send") this.#markEnabled();
  }

  clear() {
    this.editor.text = "";
    this.attachments = [];
    this.#parts.chipPlace.replaceChildren();
    this.#saveDraft();
    this.update();
  }

  get #hasContent() {
    return this.editor.hasText || this.attachments.length > 0;
  }

  #button(kind) {
    const { sendButton, stopButton, idleButton } = this.#parts;
    if (kind === "idle") return idleButton();
    if (kind === "stop") {
      const button = stopButton();
      button.addEventListener("click", (event) => {
        event.preventDefault();
        this.#app.control.report("click", { what: "stop", trusted: event.isTrusted });
        this.#app.stop();
      });
      return button;
    }
    const button = sendButton();
    if (button.type !== "submit")
      button.addEventListener("click", (event) => this.#trySend("click", event.isTrusted));
    return button;
  }

  #enableLater() {
    this.#enabled = false;
    setTimeout(() => {
      this.#enabled = true;
      this.#markEnabled();
    }, this.#app.config.sendEnabledAfter);
  }

  #markEnabled() {
    const button = this.#parts.buttonPlace.firstElementChild;
    if (button) button.disabled = !this.#enabled;
  }

  #trySend(trigger, trusted) {
    const { app, how } = { app: this.#app, how: this.#app.config.send };
    app.control.report("click", { what: "send", trigger, trusted });
    if (app.busy || !this.#hasContent || !this.#enabled || how === "dead") return;
    if (how === "ignores-first-click" && trigger === "click" && !this.#firstClickSwallowed) {
      this.#firstClickSwallowed = true;
      return;
    }
    const message = { text: this.editor.text, attachments: this.attachments };
    clearTimeout(this.#prepareTimer);
    this.clear();
    if (how === "never") {
      this.#enabled = false;
      app.prepare();
      return;
    }
    app.send(message);
    if (how === "twice") app.send(message);
  }

  #changed() {
    this.update();
    clearTimeout(this.#saveTimer);
    this.#saveTimer = setTimeout(() => this.#saveDraft(), 300);
    clearTimeout(this.#prepareTimer);
    if (this.#hasContent) this.#prepareTimer = setTimeout(() => this.#app.prepare(), 500);
  }

  #saveDraft() {
    clearTimeout(this.#saveTimer);
    const drafts = readDrafts();
    drafts[this.#app.draftKey] = this.editor.text || undefined;
    try {
      localStorage.setItem(DRAFTS, JSON.stringify(drafts));
      this.#app.control.report("draft");
    } catch {
      // Longer than the storage takes: such a draft is lost, as on the site.
    }
  }

  #takeLargeText(text, how) {
    const { pasteLimit = PASTE_LIMIT, dropLimit = 0 } = this.#app.config;
    const limit = how === "paste" ? pasteLimit : dropLimit;
    if (!limit || text.length <= limit) return false;
    this.#attach(new File([text], "Pasted text.txt", { type: "text/plain" }));
    return true;
  }

  #attach(file) {
    const chip = this.#parts.chip(file.name, () => {
      this.attachments = this.attachments.filter((other) => other !== file);
      chip.remove();
      this.update();
    });
    this.attachments.push(file);
    this.#parts.chipPlace.append(chip);
    this.#app.control.report("attached", { name: file.name, size: file.size });
    this.update();
  }
}

function readDrafts() {
  try {
    return JSON.parse(localStorage.getItem(DRAFTS) ?? "{}");
  } catch {
    return {};
  }
}

/** A hidden input for files, as both generations have. */
export function fileInput(accept) {
  return element("input", { type: "file", multiple: true, accept, class: "hidden", tabindex: "-1" });
}
