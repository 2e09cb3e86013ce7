// What the page looks like: side bar, history, composer, menus, and what the site says in passing.

import { AnswerView } from "../../kit/page/answer_view.js";
import { fileInput } from "../../kit/page/attachments.js";
import { chatMenu } from "../../kit/page/chat_menu.js";
import { Composer } from "../../kit/page/composer.js";
import { element } from "../../kit/page/dom.js";
import { QuillEditor } from "../../kit/page/editors/quill.js";
import { duplicate, showDialog, showToast } from "../../kit/page/overlays.js";
import { modePicker, uploadMenu } from "./menus.js";

const DIALOGS = {
  terms: {
    title: "Before you start",
    text: "Gemini's Terms of Service and Privacy Notice have changed. Please read and accept them to go on.",
    buttons: ["More", "Use Gemini"],
  },
  verify: {
    title: "Verify it's you",
    text: "We noticed unusual sign-in activity. To continue, first verify it's you.",
    buttons: ["Next"],
  },
  region: {
    title: "Gemini",
    text: "Gemini isn't currently supported in your country. Stay tuned!",
    buttons: ["Learn more"],
  },
};
const SIGN_IN = "https://accounts.google.com/ServiceLogin?continue=https://gemini.google.com/app";
const SIGN_OUT = "https://accounts.google.com/SignOutOptions?continue=https://gemini.google.com/app";
const LONGEST = 200;

export class Face {
  composer;
  thread;
  #app;
  #labels;
  #list;
  #noticePlace;

  constructor(app, labels) {
    this.#app = app;
    this.#labels = labels;
  }

  mount(root, chats) {
    this.thread = element("div", { id: "chat-history", class: "chat-history-scroll-container" });
    this.#noticePlace = element("div", { class: "notices" });
    const inputs = element("input-container", {}, this.#noticePlace);
    root.replaceChildren(
      this.#topBar(),
      this.#sideBar(chats),
      element(
        "main",
        { class: "chat-app" },
        element("chat-window", {}, element("infinite-scroller", {}, this.thread), inputs),
      ),
    );
    this.composer = new Composer(this.#app, this.#composerParts(inputs));
    if (this.#app.config.duplicateComposer) duplicate(this.composer.root, root);
    this.showMode();
  }

  // --- turns

  addTurn({ key, text, attachments = [] }) {
    const labels = this.#labels;
    const lines = text.split("\n").map((line) => element("p", { class: "query-text-line" }, line));
    const files = attachments.map(({ name }) => element("user-query-file-preview", {}, name));
    const query = element(
      "user-query",
      {},
      element(
        "user-query-content",
        {},
        element("div", { class: "file-preview-container" }, ...files),
        element(
          "span",
          { class: "user-query-bubble-with-background" },
          element("div", { class: "query-text" }, ...lines),
        ),
      ),
    );
    const place = element("div", {
      class: "markdown markdown-main-panel stronger",
      "aria-live": "polite",
      "aria-busy": "true",
      dir: "ltr",
    });
    const content = element("message-content", {}, place);
    const thoughts = element("div", { class: "thoughts-container" });
    const footer = element("div", { class: "response-footer gap" });
    const body = element("div", { class: "response-content" }, thoughts);
    const response = element(
      "model-response",
      {},
      element(
        "response-container",
        {},
        element("div", { class: "cdk-visually-hidden" }, labels.said),
        body,
        footer,
      ),
    );
    const turn = element("div", { class: "conversation-container", id: key }, query, response);
    this.thread.append(turn);
    return new AnswerView(
      this.#app,
      {
        place,
        looks,
        begin: () =>
          body.append(element("structured-content-container", { class: "model-response-text" }, content)),
        think: (words) => this.#think(thoughts, words),
        identify: (id) => {
          turn.id = id.replace(/^r_/, "");
          content.id = `message-content-id-${id}`;
        },
        finish: (state) => {
          place.setAttribute("aria-busy", "false");
          place.setAttribute("aria-live", "off");
          if (state === "stopped") body.append(element("div", { class: "stopped" }, "You stopped this response"));
          if (state === "failed") return;
          footer.classList.add("complete");
          const copy = element("button", { "aria-label": labels.copy }, "⧉");
          footer.append(
            element("message-actions", {}, element("copy-button", { "data-test-id": "copy-button" }, copy)),
          );
        },
        fail: (words, retry) =>
          body.append(
            element("div", { class: "response-error" }, words, element("button", { click: retry }, "Retry")),
          ),
        recovering: (on) => footer.classList.toggle("loading", on),
      },
      key,
    );
  }

  picture([, , alt, url]) {
    return element(
      "generated-image",
      {},
      element("single-image", { class: "generated-image large" }, element("img", { class: "image loaded", alt, src: url })),
    );
  }

  #think(place, words) {
    let content = place.querySelector(".thoughts-content");
    if (!content) {
      content = element("div", { class: "thoughts-content collapsed" });
      const toggle = () => content.classList.toggle("collapsed");
      const attributes = { "data-test-id": "thoughts-header-button", class: "thoughts-header-button", click: toggle };
      const button = element("button", attributes, this.#labels.thoughts);
      place.append(
        element(
          "model-thoughts",
          { "data-test-id": "model-thoughts" },
          element("div", { class: "model-thoughts" }, element("div", { class: "thoughts-header" }, button), content),
        ),
      );
    }
    content.textContent = words;
  }

  // --- what is around

  #topBar() {
    const account = this.#app.signedIn
      ? element("a", { href: SIGN_OUT, "aria-label": "Google Account: Replica Person" }, "RP")
      : element("a", { href: SIGN_IN, class: "sign-in" }, this.#labels.signIn);
    return element(
      "top-bar-actions",
      {},
      element("span", { "data-test-id": "bard-text" }, "Gemini"),
      element("div", { class: "right-section" }, account),
    );
  }

  #sideBar(chats) {
    const labels = this.#labels;
    this.#list = element("conversations-list", { "data-test-id": "all-conversations" });
    const temporary = element(
      "button",
      { "aria-label": labels.temporary, click: () => this.#app.toggleTemporary() },
      "◌",
    );
    const bar = element(
      "bard-sidenav",
      { role: "navigation", class: this.#app.config.folded ? "folded" : "" },
      element(
        "side-nav-menu-button",
        { "data-test-id": "side-nav-menu-button" },
        element("button", { "aria-label": "Main menu", click: () => bar.classList.toggle("folded") }, "≡"),
      ),
      element("a", { "data-test-id": "new-chat-button", href: `${this.#app.home}/app` }, labels.newChat),
      element("temp-chat-button", {}, element("gem-icon-button", { "data-test-id": "temp-chat-button" }, temporary)),
      this.#list,
    );
    for (const [id, title] of chats) this.#list.append(this.#chatLink(id, title));
    return element("side-navigation-v2", {}, element("bard-sidenav-container", {}, bar));
  }

  #chatLink(id, title, current = false) {
    const href = `${this.#app.home}/app/${id.replace(/^c_/, "")}`;
    const words = element("span", { class: "title-text gds-body-s" }, title);
    const link = element("a", { href, "aria-label": title, "aria-current": current ? "page" : null }, words);
    return element("gem-nav-list-item", { "data-test-id": "conversation" }, link);
  }

  /** The chat's menu in the top bar; only a chat that is kept has one. */
  offerMenu() {
    const place = document.querySelector("top-bar-actions .right-section");
    if (place.querySelector("conversation-actions-icon")) return;
    const remove = {
      label: "Delete",
      attributes: { "data-test-id": "delete-button" },
      act: () => this.#app.remove(),
      question: {
        attributes: { role: "dialog", class: "dialog mat-mdc-dialog-container" },
        confirm: { "data-test-id": "confirm-button" },
        cancel: { "data-test-id": "cancel-button" },
      },
    };
    const button = { "data-test-id": "conversation-actions-menu-icon-button", "aria-label": "Open menu" };
    place.prepend(element("conversation-actions-icon", {}, chatMenu(button, "⋮", [remove])));
  }

  listChat(id) {
    if (!this.#list.querySelector("[aria-current=page]")) this.#list.prepend(this.#chatLink(id, "New chat", true));
  }

  entitle(title) {
    const words = this.#list.querySelector("a[aria-current=page] .title-text");
    if (words) words.textContent = title;
  }

  showMode() {
    this.picker.show();
  }

  showTemporary() {
    const { temporary } = this.#app;
    document.querySelector("temp-chat-button button").classList.toggle("temp-chat-on", temporary);
    document.querySelector(".temporary-chat-card")?.remove();
    if (!temporary) return;
    const words = "This chat won't appear in Recent Chats or Gemini Apps Activity.";
    this.thread.prepend(element("div", { class: "temporary-chat-card" }, words));
  }

  // --- what the site says in passing

  showDialog(name) {
    showDialog({ ...DIALOGS[name], attributes: { class: "dialog mat-mdc-dialog-container" } });
  }

  showToast(text) {
    document.querySelector("mat-snack-bar-container")?.remove();
    const bar = element("mat-snack-bar-container", {});
    document.body.append(bar);
    showToast(text, { attributes: { "aria-live": "assertive" }, place: bar });
  }

  showError(text) {
    this.showToast(text);
  }

  showBanner(text) {
    const banner = element("limit-banner", { "data-test-id": "limit-reached-banner" }, text);
    this.#noticePlace.replaceChildren(banner);
  }

  // --- the composer

  #composerParts(parent) {
    const app = this.#app;
    const labels = this.#labels;
    const renamed = app.config.renamedSend;
    const chipPlace = element("div", { class: "file-previews" });
    const editorPlace = element("rich-textarea", { class: "text-input-field_textarea ql-container ql-bubble" });
    const inputPlace = element("images-files-uploader", { class: "hidden" });
    const button = element("button", { type: "button", "aria-label": labels.send, "aria-disabled": "true" }, "➤");
    const icon = element("gem-icon-button", { class: renamed ? "action-button" : "send-button submit" }, button);
    const around = element(
      "div",
      { class: "send-button-container", "data-test-id": renamed ? null : "send-button-container" },
      icon,
    );
    this.picker = modePicker(app, labels);
    const choose = () => {
      // Made only now, and gone with the choice.
      const input = fileInput({ multiple: true, name: "Filedata" }, (files) => {
        this.composer.files.add(files);
        input.remove();
      });
      inputPlace.replaceChildren(input);
      input.click();
    };
    const upload = element(
      "button",
      { type: "button", "aria-label": labels.upload, "aria-haspopup": "menu", class: "upload-card-button" },
      "+",
    );
    uploadMenu(upload, labels, choose);
    const root = element(
      "input-area-v2",
      {},
      element(
        "div",
        { class: "input-area", xapfileselectordropzone: true },
        chipPlace,
        element("div", { class: "text-input-field", "data-test-id": "textarea-inner" }, editorPlace),
        element(
          "div",
          { class: "actions" },
          element(
            "div",
            { class: "leading-actions-wrapper" },
            element("uploader", {}, element("gem-icon-button", { arialabel: labels.upload }, upload), inputPlace),
          ),
          element("div", { class: "trailing-actions-wrapper" }, this.picker.root, around),
        ),
      ),
    );
    parent.append(root);
    const show = (kind, label) => {
      around.classList.toggle("visible", kind !== "idle");
      if (!renamed) icon.className = `send-button ${kind === "stop" ? "stop" : "submit"}`;
      button.setAttribute("aria-label", label);
      button.setAttribute("aria-disabled", `${kind === "idle"}`);
      button.textContent = kind === "stop" ? "■" : "➤";
      return button;
    };
    return {
      root,
      editor: (settings) => new RenewedEditor(app, editorPlace, labels, settings),
      drafts: "gemini-drafts",
      pasteLimit: 0,
      buttonPlace: icon,
      chipPlace,
      sendButton: () => show("send", labels.send),
      stopButton: () => {
        if (renamed) button.setAttribute("data-action", "stop-turn");
        return show("stop", labels.stop);
      },
      idleButton: () => show("idle", labels.send),
      canStart: () => !app.config.tooLong || this.#fits(),
      chip,
      upload: uploadFile,
      refused: (reason) => this.showToast(reason),
    };
  }

  /** Too long a text makes the control dead, and a line says why. */
  #fits() {
    const fits = (this.composer?.editor.text.length ?? 0) <= LONGEST;
    const words = "Your message is too long. Shorten your prompt.";
    this.#noticePlace.replaceChildren(...(fits ? [] : [element("div", { class: "input-error-message" }, words)]));
    return fits;
  }
}

/** Quill, made anew after every prompt, with the hidden clipboard that lies beside it. */
class RenewedEditor {
  #app;
  #place;
  #labels;
  #settings;
  #editor;

  constructor(app, place, labels, settings) {
    this.#app = app;
    this.#place = place;
    this.#labels = labels;
    this.#settings = settings;
    // Angular may hear only of real input events, and not of what Quill does by itself.
    place.addEventListener("input", () => settings.onChange());
    this.recreate();
  }

  recreate() {
    const { onChange } = this.#settings;
    this.#place.replaceChildren();
    this.#editor = new QuillEditor(this.#place, {
      ...this.#settings,
      onChange: () => !this.#app.config.needsNudge && onChange(),
      attributes: {
        class: "ql-editor ql-blank textarea new-input-ui",
        role: "textbox",
        "aria-multiline": "true",
        "aria-label": this.#labels.ask,
      },
      placeholder: this.#labels.placeholder,
    });
    this.#place.append(element("div", { class: "ql-clipboard", contenteditable: "true", tabindex: "-1" }));
  }

  get hasText() {
    return this.#editor.hasText;
  }

  get text() {
    return this.#editor.text;
  }

  set text(text) {
    this.#editor.text = text;
  }
}

/** A file's tile: a picture's preview is there at once, the spinner goes when the upload has ended. */
function chip({ file, name }, remove) {
  const spinner = element("mat-progress-spinner", { role: "progressbar" });
  const preview = file.type.startsWith("image/")
    ? element("img", { class: "gem-attachment-style-img", alt: "", src: URL.createObjectURL(file) })
    : null;
  const close = element("button", { "data-test-id": "cancel-button", "aria-label": `close ${name}`, click: remove }, "×");
  const made = element("uploader-file-preview", { class: "file-preview-chip" }, preview, element("span", {}, name), spinner, close);
  made.settle = () => spinner.remove();
  return made;
}

async function uploadFile({ file }) {
  const url = "https://content-push.googleapis.com/upload/";
  const started = await fetch(url, {
    method: "POST",
    headers: {
      "push-id": "feeds/replica",
      "x-goog-upload-command": "start",
      "x-goog-upload-protocol": "resumable",
      "x-goog-upload-file-name": encodeURIComponent(file.name),
      "x-goog-upload-header-content-length": `${file.size}`,
    },
  });
  if (!started.ok) throw new Error("Can't upload the file. Upload failed.");
  const sent = await fetch(started.headers.get("x-goog-upload-url"), {
    method: "POST",
    headers: {
      "content-type": file.type || "application/octet-stream",
      "push-id": "feeds/replica",
      "x-goog-upload-command": "upload, finalize",
      "x-goog-upload-offset": "0",
    },
    body: file,
  });
  if (!sent.ok) throw new Error("Can't upload the file. Upload failed.");
  return { path: await sent.text(), name: file.name };
}

const looks = {
  codeBlock: (language) => {
    const code = element("code", { role: "text", "data-test-id": "code-content", class: "code-container formatted" });
    const label = language ? language[0].toUpperCase() + language.slice(1) : "";
    const copy = element("button", { "aria-label": "Copy code" }, "⧉");
    const decoration = element(
      "div",
      { class: "code-block-decoration header-formatted gds-title-s" },
      element("span", {}, label),
      element("div", { class: "buttons" }, copy),
    );
    const root = element("code-block", {}, element("div", { class: "code-block" }, decoration, element("pre", {}, code)));
    return { root, code };
  },
  math: (source, display) => {
    const drawn = element("span", { class: "katex" }, element("span", { class: "katex-html", "aria-hidden": "true" }, source));
    return element(display ? "div" : "span", { class: display ? "math-block" : "math-inline", "data-math": source }, drawn);
  },
  table: (table) =>
    element(
      "table-block",
      {},
      element("div", { class: "table-content" }, table),
      element("div", { class: "table-footer" }, element("button", {}, "Export to Sheets")),
    ),
};
