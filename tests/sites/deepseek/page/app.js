// The page: a text area, a column of messages, and fragments that grow.

import { AnswerView } from "../../kit/page/answer_view.js";
import { ChatApp, configuration, getJson, post } from "../../kit/page/app.js";
import { Composer } from "../../kit/page/composer.js";
import { element } from "../../kit/page/dom.js";
import { TextareaEditor } from "../../kit/page/editors/textarea.js";
import { openStream } from "../../kit/page/fetching.js";
import { duplicate, showToast } from "../../kit/page/overlays.js";
import { Receipts } from "../../kit/page/receipts.js";
import { EventReader } from "../../kit/page/sse.js";

const ARROW = '<svg width="16" height="16"><path d="M8 2v12M3 7l5-5 5 5"/></svg>';
const SQUARE = '<svg width="16" height="16"><rect x="3" y="3" width="10" height="10"/></svg>';

function iconButton(icon, disabled = false) {
  const made = element("div", { role: "button", tabindex: "0", "aria-disabled": `${disabled}` });
  made.innerHTML = icon;
  Object.defineProperty(made, "disabled", {
    set: (off) => made.setAttribute("aria-disabled", `${off}`),
  });
  return made;
}

class Face {
  constructor(app) {
    this.app = app;
    this.thread = element("div", { class: "ds-virtual-list" });
    this.buttons = element("div", { class: "buttons" });
    const place = element("div", { style: "display: contents" });
    this.think = element("div", { role: "button", class: "ds-toggle-button", tabindex: "0" }, "DeepThink");
    this.think.addEventListener("click", () => this.think.classList.toggle("ds-toggle-button--selected"));
    const root = element("div", { class: "ds-chat-input-container" }, place, this.think, this.buttons);
    document.getElementById("root").replaceChildren(this.thread, root);
    const placeholder = app.config.language === "zh" ? "给 DeepSeek 发送消息" : "Message DeepSeek";
    this.composer = new Composer(app, {
      root,
      buttonPlace: this.buttons,
      editor: (settings) => new TextareaEditor(place, { attributes: { placeholder, rows: 2 }, ...settings }),
      drafts: "deepseek-drafts",
      chipPlace: element("div"),
      chip: ({ name }) => element("div", {}, name),
      upload: async ({ name }) => name,
      refused: (reason) => this.showToast(reason),
      sendButton: () => iconButton(ARROW),
      stopButton: () => iconButton(SQUARE),
      idleButton: () => iconButton(ARROW, true),
    });
    if (app.config.duplicateComposer) duplicate(root, document.getElementById("root"));
  }

  showDialog() {}

  showBanner() {}

  showError(text) {
    this.showToast(text);
  }

  showToast(text) {
    showToast(text, { attributes: { class: "ds-toast", role: "alert" } });
  }

  addTurn(text, key) {
    this.thread.append(element("div", { class: "user" }, text));
    const thoughts = element("div", { class: "ds-think-content" });
    const place = element("div", { class: "ds-markdown" });
    const message = element("div", { class: "ds-message" });
    const looks = {
      codeBlock: (language) => {
        const code = element("code", {});
        const banner = element("div", { class: "md-code-block-banner" }, language, element("button", {}, "Copy"));
        return { root: element("div", { class: "md-code-block" }, banner, element("pre", {}, code)), code };
      },
    };
    this.thread.append(message);
    return new AnswerView(
      this.app,
      {
        place,
        looks,
        think: (words) => {
          thoughts.textContent = words;
          message.prepend(thoughts);
        },
        begin: () => message.append(place),
        identify: () => {},
        finish: () => {},
        fail: (words) => this.showToast(words),
        recovering: () => {},
      },
      key,
    );
  }
}

class Turn {
  key = crypto.randomUUID();
  running = true;
  #path = "";
  #kinds = [];
  #status = "";
  #reader = new EventReader();

  constructor(app, { text }) {
    this.app = app;
    this.text = text;
    this.receipts = new Receipts(app.control, this.key);
    this.view = app.face.addTurn(text, this.key);
  }

  async run() {
    const { app } = this;
    if (!app.chat) {
      const created = await (await post("/api/v0/chat_session/create", {})).json();
      app.chat = created.data.biz_data.id;
      history.pushState(null, "", `/a/chat/s/${app.chat}`);
    }
    const body = {
      chat_session_id: app.chat,
      parent_message_id: null,
      prompt: this.text,
      ref_file_ids: [],
      thinking_enabled: app.face.think.classList.contains("ds-toggle-button--selected"),
      search_enabled: false,
      client_stream_id: this.key,
    };
    app.control.report("sent", { key: this.key });
    const init = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    const { control } = app;
    this.stream = openStream("page", "/api/v0/chat/completion", init, { control, key: this.key });
    let status = 0;
    for await (const piece of this.stream.pieces) {
      if (piece.kind === "head") status = piece.status;
      else if (piece.kind === "chunk" && status === 200) this.#take(piece.bytes);
      else if (piece.kind === "error" && this.running) this.view.fail("Network error");
    }
    if (status && status !== 200) this.view.fail(status === 429 ? "You send messages too fast" : "Server busy");
    this.view.finish("complete");
    this.receipts.report();
  }

  stop() {
    this.running = false;
    post("/api/v0/chat/stop_stream", { chat_session_id: this.app.chat });
    this.stream.abort();
  }

  #take(bytes) {
    this.receipts.add(bytes.length);
    for (const { name, data } of this.#reader.feed(bytes)) if (name === "message") this.#change(JSON.parse(data));
    this.receipts.check();
  }

  #change({ p: path = this.#path, v: value }) {
    this.#path = path;
    if (path === "response/fragments") this.#kinds.push(...value.map(({ type }) => type));
    else if (path.endsWith("/content")) {
      if (this.#kinds.at(-1) === "THINK") this.view.think(value);
      else {
        this.view.feed(value);
        if (!this.begun) this.app.firstWords();
        this.begun = true;
      }
    }
  }
}

class App extends ChatApp {
  async start() {
    await Promise.all([getJson("/api/v0/users/current"), this.delayed()]);
    this.face = new Face(this);
    if (this.chat) await this.#load();
    this.hydrated();
  }

  async send(message) {
    await this.follow(new Turn(this, message));
  }

  async #load() {
    const { data } = await getJson(`/api/v0/chat/history_messages?chat_session_id=${this.chat}`);
    let view = null;
    for (const { role, content } of data.biz_data.chat_messages) {
      if (role === "USER") view = this.face.addTurn(content, crypto.randomUUID());
      else {
        view.feed(content);
        view.finish("complete");
      }
    }
  }
}

new App(configuration()).start();
