// The native composer's page: form[data-chatgpt-composer], one element for each exchange.

import { AnswerView } from "../../kit/page/answer_view.js";
import { fileInput } from "../../kit/page/attachments.js";
import { Composer } from "../../kit/page/composer.js";
import { element } from "../../kit/page/dom.js";
import { duplicate } from "../../kit/page/overlays.js";
import { attachmentChip, composerParts, looks, thinkingParts } from "./answers.js";
import { intelligencePicker } from "./models.js";
import { Face } from "./overlays.js";

export class GenerationB extends Face {
  #labels;
  #home;
  #homePlace;
  thread;
  #threadFooter;
  #threadComposer = null;

  constructor(app, labels) {
    super();
    this.app = app;
    this.#labels = labels;
  }

  get composer() {
    return this.#threadComposer ?? this.#home;
  }

  mount(root, chats) {
    const mode = this.app.config.mode ?? "chat";
    const modes = ["Chat", "Work"].map((name) =>
      element("button", { type: "button", "aria-pressed": `${name.toLowerCase() === mode}` }, name),
    );
    const links = chats.map((chat) =>
      element("a", { class: "__menu-item", href: `/c/${chat.id}` }, chat.title),
    );
    const account = this.app.signedIn
      ? element("button", { "data-testid": "accounts-profile-button", "aria-label": "Replica Person" }, "RP")
      : element("button", { "data-testid": "login-button" }, "Log in");
    this.thread = element("div", { class: "thread" });
    this.bannerPlace = element("div", { class: "banner-place" });
    this.#threadFooter = element("div", { "data-thread-scroll-footer": true, class: "footer hidden" });
    this.#homePlace = element(
      "div",
      { class: "footer" },
      element("div", { role: "group", "aria-label": "Composer mode" }, ...modes),
    );
    root.replaceChildren(
      element("header", { "data-app-shell-titlebar": true }, "ChatGPT", account),
      element(
        "nav",
        { "data-app-navigation-rail": true, class: "rail" },
        element("a", { href: "/" }, "New chat"),
        ...links,
      ),
      element(
        "main",
        { "data-app-shell-main-surface": true },
        this.thread,
        this.#homePlace,
        this.#threadFooter,
      ),
    );
    this.#home = new Composer(this.app, this.#composerParts("home", this.#homePlace));
    this.#homePlace.append(this.bannerPlace);
    if (this.app.config.duplicateComposer) duplicate(this.#home.root, this.thread.parentElement);
    if (this.app.chat) this.beginThread();
  }

  /** The thread gets a composer of its own; the one of the home page stays, hidden. */
  beginThread() {
    if (this.#threadComposer) return;
    this.#homePlace.classList.add("hidden");
    this.#threadFooter.classList.remove("hidden");
    const above = element("div", {
      "data-above-composer-conversation-id": `chatgpt:${this.app.chat ?? "local"}`,
    });
    this.#threadFooter.append(above, this.bannerPlace);
    this.#threadComposer = new Composer(this.app, this.#composerParts("thread", this.#threadFooter));
  }

  chatNamed(id) {
    const above = this.#threadFooter.querySelector("[data-above-composer-conversation-id]");
    if (above) above.dataset.aboveComposerConversationId = `chatgpt:${id}`;
  }

  addTurn({ key, text, attachments = [] }) {
    const labels = this.#labels;
    const user = element(
      "div",
      {
        "data-content-search-unit-key": `${key}:0:user`,
        "data-chatgpt-search-message-ids": key,
        class: "turn",
      },
      ...attachments.map((name) =>
        element("span", { class: "composer-attachment-surface", "aria-label": name }, name),
      ),
      element("div", { "data-user-message-bubble": true, class: "bubble" }, text),
    );
    const exchange = element("div", { "data-turn-key": key, "data-talvt-turn-state": "in_progress" }, user);
    const place = element("div", { "data-markdown-text-style": "assistant-message", class: "markdown" });
    const thinkingPlace = element("div", { class: "thinking" });
    const selection = element("div", {}, place);
    const answer = element(
      "div",
      { "data-content-search-unit-key": `${key}:1:assistant`, class: "turn" },
      element("h4", { class: "sr-only", "data-conversation-role": "assistant" }, labels.said),
      selection,
    );
    exchange.append(thinkingPlace);
    this.thread.append(exchange);
    return new AnswerView(this.app, {
      place,
      looks: { ...looks, codeBlock },
      ...thinkingParts(thinkingPlace),
      begin: () => exchange.append(answer),
      identify: ({ id }, chatId) => {
        answer.dataset.chatgptSearchMessageIds = id;
        selection.dataset.chatgptSelectionMessageId = id;
        selection.dataset.chatgptSelectionConversationId = chatId;
      },
      finish: (state) => {
        thinkingPlace.replaceChildren();
        if (!this.app.config.stuckTurn) exchange.dataset.talvtTurnState = "complete";
        if (state === "failed") return;
        answer.append(
          element(
            "div",
            { class: "turn-action-controls" },
            element("button", { "aria-label": labels.copy }, "Copy"),
          ),
        );
      },
      fail: (words, retry) => {
        const again = element("button", { click: retry }, "Retry");
        exchange.append(element("aside", { role: "alert", class: "error" }, words, again));
      },
    }, key);
  }

  #composerParts(placement, parent) {
    const labels = this.#labels;
    const chipPlace = element("div", { "data-composer-attachments": true, class: "chips" });
    const editorPlace = element("div", { class: "editor" });
    const buttonPlace = element("div", { class: "buttons" });
    const add = element(
      "button",
      {
        type: "button",
        "data-composer-navigation-target": "add-context",
        "aria-label": labels.addFiles,
        class: "round",
      },
      "+",
    );
    const input = (accept) =>
      fileInput({ multiple: true, accept }, (files) => this.composer.files.add(files));
    const form = element(
      "form",
      { "data-chatgpt-composer": true, "data-composer-placement": placement, class: "composer-form" },
      input("image/*,video/*"),
      input("image/*"),
      input(null),
      chipPlace,
      editorPlace,
      element(
        "div",
        { class: "row" },
        add,
        intelligencePicker(this.app),
        element("button", { type: "button", "aria-label": labels.dictate, class: "round" }, "…"),
        buttonPlace,
      ),
    );
    parent.append(form);
    const name = this.app.config.mode === "work" ? labels.work : labels.ask;
    const attributes = {
      "data-composer-markdown": "true",
      role: "textbox",
      "aria-label": name,
      "aria-multiline": "true",
    };
    const emptyAttributes = { "data-empty-paragraph": "true" };
    return {
      ...composerParts(this.app, editorPlace, { attributes, emptyAttributes }),
      root: form,
      buttonPlace,
      chipPlace,
      sendButton: () => element("button", { type: "submit", "aria-label": labels.send, class: "round" }, "↑"),
      stopButton: () => element("button", { type: "button", "aria-label": labels.stop, class: "round" }, "■"),
      idleButton: () =>
        element("button", { type: "button", "aria-label": labels.voice, class: "round" }, "♪"),
      chip: ({ name: file }, remove) =>
        attachmentChip(
          element("span", { class: "chip group/composer-attachment" }),
          element("span", { class: "composer-attachment-surface", "aria-label": file }, file),
          element("button", { type: "button", "aria-label": `Remove ${file}`, click: remove }, "×"),
        ),
    };
  }
}

function codeBlock(language) {
  const code = element("code", { class: language ? `language-${language}` : "" });
  const header = element("div", { class: "code-header", "data-markdown-copy": "exclude" }, language);
  return {
    root: element(
      "div",
      { class: "code-block", "data-markdown-copy": "code-block" },
      header,
      element("pre", {}, code),
    ),
    code,
  };
}
