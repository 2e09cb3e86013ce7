// What the page looks like: side bar, thread, composer.

import { fileInput } from "../../kit/page/attachments.js";
import { chatMenu } from "../../kit/page/chat_menu.js";
import { Composer } from "../../kit/page/composer.js";
import { element } from "../../kit/page/dom.js";
import { TipTapEditor } from "../../kit/page/editors/tiptap.js";
import { menuFrom, menuRow } from "../../kit/page/menus.js";
import { duplicate, showDialog, showToast } from "../../kit/page/overlays.js";
import { actionBar, Answer } from "./answer.js";
import { labelsOf } from "./labels.js";
import { ModelMenu } from "./models.js";

const DIALOGS = {
  consent: {
    title: "Updates to Consumer Terms and Policies",
    text: "An update to our Consumer Terms and Privacy Policy takes effect. You can help improve Claude.",
    buttons: ["Accept", "Not now"],
  },
};
const MOUNTED = 10;
const REFUSED_TYPES = /\.(exe|dll|dmg|iso)$/i;

export class Face {
  #app;
  #labels;
  #column = element("div", { "data-testid": "chat-column-body" });
  #banners = element("div", { "data-composer-banner-layer": true });
  #title = element("button", { "data-testid": "chat-title-button", type: "button", class: "plain" });
  #menuPlace = element("div");
  #rows = [];

  constructor(app) {
    this.#app = app;
    this.#labels = labelsOf(app.config.language);
    this.models = new ModelMenu(app);
  }

  mount(root, chats) {
    const { temporary } = this.#app;
    this.thread = element(
      "div",
      { class: "thread overflow-y-auto" },
      this.#column,
      element("div", { "data-testid": "last-message-sentinel" }),
    );
    const dock = element("div", { "data-cds": "ChatComposerDock" }, this.#banners);
    const container = element("div", { "data-chat-input-container": true, class: "dock" }, dock);
    root.replaceChildren(
      element(
        "nav",
        { class: "dframe-sidebar", "aria-label": "Sidebar" },
        element("a", { href: "/new", "aria-label": this.#labels.chat }, this.#labels.chat),
        ...chats.map((chat) => element("a", { href: `/chat/${chat.uuid}` }, chat.name)),
        element("button", { "data-testid": "user-menu-button", type: "button" }, "Replica Person"),
      ),
      element(
        "main",
        { class: "dframe-main" },
        element(
          "header",
          { "data-testid": "page-header", class: "page-header" },
          temporary ? element("span", {}, "Incognito chat") : this.#title,
          this.#menuPlace,
          element("button", { type: "button", class: "plain", "aria-label": "Use incognito" }, "◌"),
        ),
        this.thread,
        element("div", { "data-composer-banners-room": true }),
        container,
      ),
    );
    this.composer = new Composer(this.#app, this.#composerParts(dock));
    if (this.#app.config.duplicateComposer) duplicate(this.composer.root, dock);
  }

  addPrompt({ text, files = [] }) {
    const names = files.map((file) => file.name || file.file_name || "PASTED");
    const tiles = names.map((name) => element("div", { "data-testid": "file-thumbnail", class: "tile" }, name));
    const paragraph = { class: "whitespace-pre-wrap break-words" };
    const lines = text.split("\n").map((line) => element("p", paragraph, line));
    const message = element("div", { "data-testid": "user-message", class: "font-user-message" }, ...lines);
    const copy = element("button", { "data-testid": "action-bar-copy", "aria-label": "Copy" }, "⧉");
    this.#add(
      element(
        "div",
        { "data-test-render-count": "1", class: "row-of-turn" },
        element("div", { class: "tiles" }, ...tiles),
        element("div", { "data-user-message-bubble": true, class: "bubble" }, message),
        actionBar(copy),
      ),
    );
  }

  addAnswer(key) {
    const answer = new Answer(this.#app, key);
    this.#add(answer.root);
    return answer;
  }

  showTitle(title) {
    this.#title.textContent = title;
    if (this.#app.temporary || this.#menuPlace.firstChild) return;
    const remove = {
      label: "Delete",
      attributes: { "data-testid": "delete-chat-trigger" },
      act: () => this.#app.remove(),
      question: { attributes: { role: "alertdialog" }, confirm: { "data-testid": "delete-modal-confirm" }, cancel: {} },
    };
    this.#menuPlace.append(chatMenu({ "data-testid": "chat-menu-trigger" }, "⌄", [remove]));
  }

  showDialog(name) {
    showDialog(DIALOGS[name]);
  }

  showBanner(text) {
    this.#banners.replaceChildren(element("div", { class: "banner" }, text));
  }

  showError(text) {
    showToast(text, { seconds: 600 });
  }

  showToast(text) {
    showToast(text, { seconds: 600 });
  }

  /** Show what comes with a refused prompt. */
  showRefusal(message) {
    const { banner, toastAfterRefusal: toast, alertAfterRefusal: alert } = this.#app.config;
    if (banner) this.showBanner(banner);
    if (toast) this.showToast(toast === true ? message : toast);
    if (!alert) return;
    const start = element("a", { href: "/new" }, "Start a new chat");
    this.#banners.replaceChildren(element("div", { role: "alert", class: "banner" }, alert, start));
  }

  /** Only a window of turns stays in the document; the place of an older one is kept by its height. */
  #add(row) {
    this.#rows.push(row);
    this.#column.append(row);
    const old = this.#rows.length - (this.#app.config.mountedRows ?? MOUNTED);
    for (const one of this.#rows.slice(0, Math.max(0, old))) {
      if (!one.isConnected) continue;
      one.replaceWith(element("div", { style: `height:${one.offsetHeight}px` }));
    }
  }

  #composerParts(dock) {
    const editorPlace = element("div", { class: "editor" });
    const chipPlace = element("div", { class: "tiles" });
    const buttonPlace = element("div", { class: "buttons" });
    const take = (files) => this.composer.files.add(files);
    const names = { "data-testid": "file-upload", "aria-label": "Upload files" };
    const input = fileInput({ ...names, multiple: true }, take);
    const plus = element(
      "button",
      {
        type: "button",
        class: "plain",
        "aria-label": "Add files, connectors, and more",
        "aria-haspopup": "menu",
      },
      "+",
    );
    menuFrom(plus, (close) => {
      const act = () => {
        close();
        input.click();
      };
      return element("div", { role: "menu", class: "menu" }, menuRow({ act }, "Add files or photos"));
    });
    const root = element(
      "fieldset",
      {},
      input,
      element(
        "div",
        { "data-tap-focuses-field": true, class: "card" },
        chipPlace,
        editorPlace,
        element("div", { class: "row" }, plus, this.models.button, buttonPlace),
      ),
    );
    dock.append(root);
    const attributes = {
      "data-testid": "chat-input",
      class: "tiptap ProseMirror",
      role: "textbox",
      "aria-label": this.#labels.placeholder,
      "aria-multiline": "true",
    };
    const emptyAttributes = { class: "is-empty is-editor-empty", "data-placeholder": this.#labels.placeholder };
    const named = { "aria-label": this.#labels.send, "data-testid": "chat-input-send" };
    const send = (more) => element("button", { type: "button", class: "round", ...named, ...more }, "↑");
    return {
      root,
      chipPlace,
      buttonPlace,
      editor: (settings) => new TipTapEditor(editorPlace, { attributes, emptyAttributes, ...settings }),
      drafts: "claude-drafts",
      pasteLimit: 4000,
      pastedFile: (text) => new File([text], "", { type: "text/plain" }),
      canStart: () => this.#app.config.send !== "blocked",
      sendButton: () => send({}),
      idleButton: () => send({ disabled: true }),
      stopButton: () =>
        element("button", { type: "button", "aria-label": this.#labels.stop, class: "round" }, "■"),
      refuses: ({ name }) => (REFUSED_TYPES.test(name) ? `File type not supported: ${name}` : null),
      refused: (reason) => this.showToast(reason),
      chip: (attachment, remove) => this.#tile(attachment, remove),
      upload: (attachment) => this.#upload(attachment),
    };
  }

  #tile({ name, file }, remove) {
    const isPicture = file.type.startsWith("image/");
    const picture = isPicture ? element("img", { src: URL.createObjectURL(file), alt: name }) : null;
    const spinner = element("span", { class: "animate-spin" });
    const busy = element("div", { role: "status", "aria-label": "Loading" }, spinner);
    const tile = element(
      "div",
      { "data-testid": "file-thumbnail", "data-cds-attachment": true, class: "tile" },
      name || "PASTED",
      picture,
      busy,
      element(
        "button",
        {
          type: "button",
          "data-cds-attachment-remove": true,
          "aria-label": `Remove ${name || "pasted text"}`,
          click: remove,
        },
        "×",
      ),
    );
    tile.settle = () => busy.remove();
    return tile;
  }

  /** Words go along with the prompt; everything but pasted text is stored on the site first. */
  async #upload({ file, name }) {
    const about = { file_name: name, file_type: file.type, file_size: file.size };
    if (!name) return { ...about, extracted_content: await file.text() };
    const { organization, chat } = this.#app;
    this.#app.chat = chat ?? crypto.randomUUID();
    const form = new FormData();
    form.append("file", file, name);
    const url = `/api/organizations/${organization}/conversations/${this.#app.chat}/wiggle/upload-file`;
    const response = await fetch(url, { method: "POST", body: form });
    const stored = await response.json();
    if (!response.ok) throw new Error(stored.error.message);
    this.#app.control.report("stored", { name });
    if (!file.type.startsWith("text/")) return stored;
    const more = { origin: "user_upload", kind: "file", path: stored.path };
    return { ...about, extracted_content: await file.text(), ...more };
  }
}
