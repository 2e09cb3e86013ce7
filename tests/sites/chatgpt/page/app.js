// The page: waits for hydration, then is a chat.

import { ChatApp, configuration, getJson, post } from "../../kit/page/app.js";
import { GenerationA } from "./generation_a.js";
import { GenerationB } from "./generation_b.js";
import { labelsOf } from "./labels.js";
import { Choice } from "./models.js";
import { Topics } from "./topics.js";
import { Turn } from "./turn.js";

class App extends ChatApp {
  topics = new Topics();
  parent = null;

  constructor(config) {
    super(config);
    const address = new URL(location.href);
    // A name that the site has retired is passed over without a word.
    const named = config.retired ? null : address.searchParams.get("model");
    this.choice = new Choice(this, named ?? "auto");
    this.temporary = address.searchParams.get("temporary-chat") === "true";
  }

  async start() {
    const opened = this.topics.open();
    const [session, chats] = await Promise.all([
      getJson("/api/auth/session"),
      getJson("/backend-api/conversations?offset=0&limit=28"),
      post("/backend-api/conversation/init", {}),
      fetch("/backend-api/me"),
      this.delayed(),
    ]);
    this.signedIn = Boolean(session.user);
    const Generation = this.config.generation === "B" ? GenerationB : GenerationA;
    this.face = new Generation(this, labelsOf(this.config.language));
    this.face.mount(document.getElementById("root"), this.signedIn ? (chats.items ?? []) : []);
    if (this.chat) await this.#loadChat();
    this.hydrated({ generation: this.config.generation });
    await opened;
  }

  /** What the page asks before it sends; also called while a person types. */
  async prepare() {
    await post("/backend-api/f/conversation/prepare", {
      action: "next",
      model: this.choice.request.model,
      conversation_id: this.chat ?? undefined,
    });
  }

  async send(message) {
    this.face.beginThread();
    if (!this.chat && !this.temporary && location.pathname === "/")
      history.pushState(null, "", `/c/WEB:${crypto.randomUUID()}`);
    await this.follow(new Turn(this, message));
  }

  /** The site gave the chat its id. */
  nameChat(id) {
    if (this.chat === id) return;
    this.chat = id;
    this.face.chatNamed(id);
    if (!this.temporary) history.replaceState(null, "", `/c/${id}`);
  }

  /** Archive or delete the chat, and go to a new one. */
  async putAway(values) {
    await fetch(`/backend-api/conversation/${this.chat}`, {
      method: "PATCH",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(values),
    });
    location.assign("/");
  }

  reconfigure(config) {
    super.reconfigure({ ...config, generation: this.config.generation });
  }

  async #loadChat() {
    const { messages } = await getJson(`/backend-api/conversation/${this.chat}`);
    if (!messages) {
      this.face.showToast(`Unable to load conversation ${this.chat}`);
      history.replaceState(null, "", "/");
      this.chat = null;
      return;
    }
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

new App(configuration()).start();
