// A composer: an editor, attachments, and a control that is send, stop or nothing.

import { Attachments, takeDrops } from "./attachments.js";

/**
 * parts, which each site brings:
 * root (what a form or card is), editor(settings) makes the editor, drafts (the storage's key, or nothing),
 * pasteLimit, insertLimit (characters from which pasted or inserted text becomes a file; 0 never),
 * pastedFile(text); buttonPlace and sendButton(), stopButton(), idleButton() (they may give one and the same
 * element, changed), canStart() whether the page may send now; and the parts of Attachments.
 */
export class Composer {
  #app;
  #parts;
  #shown = null;
  #button = null;
  #firstClickSwallowed = false;
  #enabled = true;
  #saveTimer = 0;
  #prepareTimer = 0;

  constructor(app, parts) {
    this.#app = app;
    this.#parts = parts;
    this.root = parts.root;
    this.files = new Attachments(app, parts, () => this.update());
    this.editor = parts.editor({
      onEnter: () => this.#trySend("enter", true),
      onChange: () => this.#changed(),
      onFiles: (files) => this.files.add(files),
      onLargeText: (text, how) => this.#takeLargeText(text, how),
    });
    takeDrops(parts.root, (files) => this.files.add(files));
    parts.root.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#trySend("click", event.isTrusted);
    });
    parts.buttonPlace.addEventListener("click", (event) => this.#clicked(event));
    this.update();
  }

  /** Bring back what was not sent: a draft, attachments. */
  restore() {
    const { draft, attachments = [] } = this.#app.config;
    const text = draft ?? this.#readDrafts()[this.#app.draftKey];
    if (text) this.editor.text = text;
    this.files.add(attachments.map((name) => new File(["left over"], name, { type: "text/plain" })));
  }

  /** Show the control that fits: stop while an answer is written, send when there is something to send. */
  update() {
    const wanted = this.#app.busy ? "stop" : this.hasContent ? "send" : "idle";
    if (wanted !== this.#shown) {
      this.#shown = wanted;
      const button = this.#parts[`${wanted}Button`]();
      if (button !== this.#button) this.#parts.buttonPlace.replaceChildren(button);
      this.#button = button;
      if (wanted === "send" && this.#app.config.send === "late-enable") this.#enableLater();
      if (wanted === "send" && this.#app.config.renamedSend) rename(button);
    }
    if (wanted === "send") this.#button.disabled = !this.#mayBePressed;
  }

  clear() {
    this.editor.text = "";
    const taken = this.files.take();
    this.#saveDraft();
    this.update();
    return taken;
  }

  get hasContent() {
    return this.editor.hasText || this.files.length > 0;
  }

  get #mayBePressed() {
    return this.#enabled && !this.files.busy && (this.#parts.canStart?.() ?? true);
  }

  #clicked(event) {
    const button = event.target.closest('button, [role="button"]');
    if (!button || button !== this.#button || this.#shown === "idle") return;
    if (this.#shown === "stop") {
      event.preventDefault();
      this.#app.control.report("click", { what: "stop", trusted: event.isTrusted });
      this.#app.stop();
    } else if (button.type !== "submit") {
      event.preventDefault(); // sending may make a submit button of it
      this.#trySend("click", event.isTrusted);
    }
  }

  #enableLater() {
    this.#enabled = false;
    setTimeout(() => {
      this.#enabled = true;
      this.update();
    }, this.#app.config.sendEnabledAfter);
  }

  #trySend(trigger, trusted) {
    const { app, how } = { app: this.#app, how: this.#app.config.send };
    app.control.report("click", { what: "send", trigger, trusted });
    if (app.busy || !this.hasContent || !this.#mayBePressed || how === "dead") return;
    if (how === "ignores-first-click" && trigger === "click" && !this.#firstClickSwallowed) {
      this.#firstClickSwallowed = true;
      return;
    }
    const text = this.editor.text;
    clearTimeout(this.#prepareTimer);
    const message = { text, attachments: this.clear() };
    if (how === "never") {
      this.#enabled = false;
      app.prepare?.();
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
    if (this.hasContent) this.#prepareTimer = setTimeout(() => this.#app.prepare?.(), 500);
  }

  #saveDraft() {
    clearTimeout(this.#saveTimer);
    if (!this.#parts.drafts) return;
    const drafts = this.#readDrafts();
    drafts[this.#app.draftKey] = this.editor.text || undefined;
    try {
      localStorage.setItem(this.#parts.drafts, JSON.stringify(drafts));
      this.#app.control.report("draft");
    } catch {
      // Longer than the storage takes: such a draft is lost, as on the sites.
    }
  }

  #readDrafts() {
    try {
      return JSON.parse(localStorage.getItem(this.#parts.drafts) ?? "{}");
    } catch {
      return {};
    }
  }

  #takeLargeText(text, how) {
    const { config } = this.#app;
    const limit = config[`${how}Limit`] ?? this.#parts[`${how}Limit`] ?? 0;
    if (!limit || text.length <= limit) return false;
    this.files.add([this.#parts.pastedFile(text)]);
    return true;
  }
}

/** Another release of the site has other names for its send control. */
function rename(button) {
  for (const { name } of [...button.attributes])
    if (!["type", "class", "disabled"].includes(name)) button.removeAttribute(name);
  button.setAttribute("data-action", "submit-turn");
  button.setAttribute("aria-label", "Go");
  button.type = "button";
}
