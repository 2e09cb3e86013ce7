// The page: waits for hydration, then is a chat.

import { Control } from "./control.js";
import { GenerationA } from "./generation_a.js";
import { GenerationB } from "./generation_b.js";
import { labelsOf } from "./labels.js";
import { showDialog, showRefusal, showStates } from "./overlays.js";
import { Topics } from "./topics.js";
import { post, Turn } from "./turn.js";

class App {
  topics = new Topics();
  control = new Control();
  chat = null;
  parent = null;
  busy = null;
  signedIn = false;
  #last = null;

  constructor(config) {
    const address = new URL(location.href);
    this.config = config;
    this.model = address.searchParams.get("model") ?? "auto";
    this.temporary = address.searchParams.get("temporary-chat") === "true";
    this.chat = config.chat;
    for (const name of ["error", "unhandledrejection"])
      addEventListener(name, ({ error, reason }) =>
        this.control.report("mistake", { text: String((error ?? reason)?.stack) }),
      );
    this.control.on("config", ({ config: changed }) => this.#reconfigure(changed));
    this.control.on("dialog", ({ name }) => showDialog(name));
    this.control.on("alert", ({ text }) => alert(text));
    this.control.on("navigate", ({ url }) => location.assign(url));
    this.control.on("close", () => window.close());
    this.control.on("report", () => this.#last?.report());
    this.control.on("read", ({ key, size }) => {
      if (this.#last?.key === key) this.#last.reportRead(size);
    });
    this.control.on("loop", () => {
      for (;;); // a hung renderer
    });
  }

  get draftKey() {
    return this.chat ?? "new";
  }

  async start() {
    const opened = this.topics.open();
    const [session, chats] = await Promise.all([
      getJson("/api/auth/session"),
      getJson("/backend-api/conversations?offset=0&limit=28"),
      post("/backend-api/conversation/init", {}),
      fetch("/backend-api/me"),
      this.config.hydrateAfter ? new Promise((done) => setTimeout(done, this.config.hydrateAfter)) : null,
    ]);
    this.signedIn = Boolean(session.user);
    const Generation = this.config.generation === "B" ? GenerationB : GenerationA;
    this.face = new Generation(this, labelsOf(this.config.language));
    this.face.mount(document.getElementById("root"), this.signedIn ? (chats.items ?? []) : []);
    this.face.composer.restore();
    showStates(this);
    if (this.chat) await this.#loadChat();
    if (this.config.alert === "load") setTimeout(() => alert("A message from the page"));
    this.control.report("hydrated", { url: location.href, generation: this.config.generation });
    await opened;
  }

  /** What the page asks before it sends; also called while a person types. */
  async prepare() {
    await post("/backend-api/f/conversation/prepare", {
      action: "next",
      model: this.model,
      conversation_id: this.chat ?? undefined,
    });
  }

  async send(message) {
    this.face.beginThread();
    if (!this.chat && !this.temporary && location.pathname === "/")
      history.pushState(null, "", `/c/WEB:${crypto.randomUUID()}`);
    const turn = new Turn(this, message);
    this.busy = this.#last = turn;
    this.face.composer.update();
    await turn.run();
    turn.running = false;
    if (this.busy === turn) this.busy = null;
    this.face.composer.update();
  }

  /** For a moment it looks as if the answer were over. */
  flicker() {
    if (!this.config.stopFlicker) return;
    const { busy } = this;
    this.busy = null;
    this.face.composer.update();
    setTimeout(() => {
      this.busy ??= busy?.running ? busy : null;
      this.face.composer.update();
    }, this.config.stopFlicker);
  }

  stop() {
    this.busy?.stop();
  }

  /** The site gave the chat its id. */
  nameChat(id) {
    if (this.chat === id) return;
    this.chat = id;
    this.face.chatNamed(id);
    if (!this.temporary) history.replaceState(null, "", `/c/${id}`);
  }

  showRefusal() {
    showRefusal(this);
  }

  scrollDown() {
    const thread = document.querySelector(".thread");
    thread.scrollTop = thread.scrollHeight;
  }

  #reconfigure(config) {
    this.config = { ...config, generation: this.config.generation, chat: this.config.chat };
    if (this.face) showStates(this);
  }

  async #loadChat() {
    const { messages = [] } = await getJson(`/backend-api/conversation/${this.chat}`);
    let view = null;
    for (const message of messages) {
      const text = message.content.parts[0];
      if (message.author.role === "user") view = this.face.addTurn({ key: message.id, text });
      else {
        view.identify(message, this.chat);
        view.feed(text);
        view.finish("complete");
      }
      this.parent = message.id;
    }
    if (this.config.wipeAfter !== undefined) setTimeout(() => this.#wipe(), this.config.wipeAfter);
  }

  #wipe() {
    this.control.report("wiped", { text: this.face.composer.editor.text });
    this.face.composer.clear();
  }
}

async function getJson(url) {
  const response = await fetch(url);
  return response.ok ? response.json() : {};
}

new App(JSON.parse(document.getElementById("bootstrap").textContent)).start();
