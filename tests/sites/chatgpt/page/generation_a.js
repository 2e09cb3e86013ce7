// The classic page: #prompt-textarea, data-testids, one <section> for each message.

import { AnswerView } from "../../kit/page/answer_view.js";
import { fileInput } from "../../kit/page/attachments.js";
import { chatMenu } from "../../kit/page/chat_menu.js";
import { Composer } from "../../kit/page/composer.js";
import { element } from "../../kit/page/dom.js";
import { duplicate } from "../../kit/page/overlays.js";
import { attachmentChip, composerParts, looks, thinkingParts } from "./answers.js";
import { effortPill, headerPicker } from "./models.js";
import { Face } from "./overlays.js";

export class GenerationA extends Face {
  #labels;
  thread;
  #count = 0;
  #menuPlace = element("div");

  constructor(app, labels) {
    super();
    this.app = app;
    this.#labels = labels;
  }

  mount(root, chats) {
    const labels = this.#labels;
    this.thread = element("div", { id: "thread", class: "thread" });
    const history = chats.map((chat, index) =>
      element("a", { "data-testid": `history-item-${index}`, href: `/c/${chat.id}` }, chat.title),
    );
    const profile =
      this.app.signedIn && element("button", { "data-testid": "accounts-profile-button" }, "Replica Person");
    const login = !this.app.signedIn && element("button", { "data-testid": "login-button" }, "Log in");
    const modes = ["Chat", "Work"].map((name) => {
      const on = name.toLowerCase() === (this.app.config.mode ?? "chat");
      return element(
        "button",
        { type: "button", role: "radio", "aria-checked": `${on}`, "data-state": on ? "on" : "off" },
        name,
      );
    });
    this.bannerPlace = element("div", { class: "banner-place" });
    const footer = element("div", { id: "thread-bottom", class: "footer" }, this.bannerPlace);
    root.replaceChildren(
      element(
        "nav",
        { class: "rail", "aria-label": "Chat history" },
        element("a", { "data-testid": "create-new-chat-button", href: "/" }, "New chat"),
        ...history,
        profile || null,
      ),
      element(
        "main",
        { id: "main", tabindex: "-1" },
        element(
          "header",
          { id: "page-header" },
          headerPicker(this.app),
          element("div", { role: "radiogroup" }, ...modes),
          this.#menuPlace,
          login || null,
        ),
        this.thread,
        footer,
      ),
    );
    this.composer = new Composer(this.app, this.#composerParts(footer, labels));
    if (this.app.config.duplicateComposer) duplicate(this.composer.root, footer);
    if (this.app.chat) this.chatNamed();
  }

  beginThread() {}

  /** Only a chat that the site keeps has a menu. */
  chatNamed() {
    if (this.app.temporary || this.#menuPlace.firstChild) return;
    const row = (label, name, values) => ({
      label,
      attributes: { "data-testid": `${name}-chat-menu-item` },
      act: () => this.app.putAway(values),
    });
    const remove = {
      ...row("Delete", "delete", { is_visible: false }),
      question: {
        attributes: { role: "dialog", "data-testid": "modal-delete-conversation-confirmation" },
        confirm: { "data-testid": "delete-conversation-confirm-button", class: "btn-danger" },
        cancel: {},
      },
    };
    const rows = [row("Archive", "archive", { is_archived: true }), remove];
    const button = { "data-testid": "conversation-options-button", "aria-label": "Open conversation options" };
    this.#menuPlace.append(chatMenu(button, "…", rows));
  }

  addTurn({ key, text, attachments = [] }) {
    const user = element(
      "div",
      { "data-message-author-role": "user", "data-message-id": key, class: "message" },
      ...attachments.map((name) => element("div", { class: "file" }, name)),
      element("div", { class: "bubble whitespace-pre-wrap" }, text),
    );
    this.thread.append(this.#section("user", this.#labels.you, user));
    const place = element("div", { class: "markdown prose" });
    const message = element("div", { "data-message-author-role": "assistant", class: "message" }, place);
    const thinkingPlace = element("div", { class: "thinking" });
    const empty = element("div", {
      "data-message-author-role": "assistant",
      "data-message-id": `placeholder-${key}`,
      class: "message",
    });
    const section = this.#section("assistant", this.#labels.said, thinkingPlace, empty);
    this.thread.append(section);
    return new AnswerView(this.app, {
      place,
      looks: { ...looks, codeBlock },
      ...thinkingParts(thinkingPlace),
      begin: () => section.append(message),
      identify: ({ id, metadata }) => {
        message.dataset.messageId = id;
        message.dataset.messageModelSlug = metadata.model_slug;
      },
      finish: (state) => {
        empty.remove();
        thinkingPlace.replaceChildren();
        if (state !== "failed") section.append(this.#actions());
      },
      fail: (words, retry) => {
        const again = element(
          "button",
          { "data-testid": "regenerate-thread-error-button", click: retry },
          "Retry",
        );
        section.append(element("div", { class: "error text-token-text-error" }, words, again));
      },
    }, key);
  }

  #section(role, title, ...children) {
    this.#count += 1;
    return element(
      "section",
      { "data-testid": `conversation-turn-${this.#count}`, "data-turn": role, dir: "auto", class: "turn" },
      element("h4", { class: "sr-only" }, title),
      ...children,
    );
  }

  #actions() {
    return element(
      "div",
      { class: "actions" },
      element(
        "button",
        { "data-testid": "copy-turn-action-button", "aria-label": this.#labels.copy },
        "Copy",
      ),
    );
  }

  #composerParts(footer, labels) {
    const chipPlace = element("div", { class: "chips" });
    const editorPlace = element(
      "div",
      { class: "editor" },
      element("textarea", { name: "prompt-textarea", class: "hidden", tabindex: "-1" }),
    );
    const buttonPlace = element("div", { class: "buttons" });
    const plus = element(
      "button",
      { type: "button", "data-testid": "composer-plus-btn", "aria-label": labels.addFiles, class: "round" },
      "+",
    );
    const form = element(
      "form",
      { class: "composer-form group/composer", "data-type": "unified-composer" },
      fileInput({ multiple: true }, (files) => this.composer.files.add(files)),
      chipPlace,
      editorPlace,
      element(
        "div",
        { class: "row" },
        plus,
        effortPill(this.app),
        buttonPlace,
      ),
    );
    footer.append(form);
    const mode = this.app.config.mode === "work" ? labels.work : labels.ask;
    const attributes = {
      id: "prompt-textarea",
      role: "textbox",
      "aria-label": mode,
      "aria-multiline": "true",
    };
    const emptyAttributes = { class: "placeholder", "data-placeholder": labels.placeholder };
    return {
      ...composerParts(this.app, editorPlace, { attributes, emptyAttributes }),
      root: form,
      buttonPlace,
      chipPlace,
      sendButton: () =>
        element(
          "button",
          {
            type: "button",
            id: "composer-submit-button",
            "data-testid": "send-button",
            "aria-label": labels.sendPrompt,
            class: "round",
          },
          "↑",
        ),
      stopButton: () =>
        element(
          "button",
          {
            type: "button",
            id: "composer-submit-button",
            "data-testid": "stop-button",
            "aria-label": labels.stopStreaming,
            class: "round",
          },
          "■",
        ),
      idleButton: () =>
        element(
          "button",
          {
            type: "button",
            "data-testid": "composer-speech-button",
            "aria-label": labels.voice,
            class: "round",
          },
          "♪",
        ),
      chip: ({ name }, remove) =>
        attachmentChip(
          element("div", { "data-testid": "composer-attachment-chip", class: "chip" }, name),
          element("button", { type: "button", "aria-label": `Remove file 1: ${name}`, click: remove }, "×"),
        ),
    };
  }
}

function codeBlock(language) {
  const code = element("code", { class: language ? `language-${language}` : "" });
  const header = element(
    "div",
    { class: "code-header" },
    language,
    element("button", { "aria-label": "Copy" }, "Copy"),
  );
  return { root: element("pre", {}, header, code), code };
}
