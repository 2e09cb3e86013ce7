// The page: waits for hydration, then is a chat.

import { ChatApp, configuration, getJson } from "../../kit/page/app.js";
import { Face } from "./face.js";
import { Turn } from "./turn.js";

class App extends ChatApp {
  organization = null;
  parent = "00000000-0000-4000-8000-000000000000";
  title = "";
  started = false;

  constructor(config) {
    super(config);
    const address = new URL(location.href);
    const incognito = address.searchParams.get("incognito");
    this.temporary = incognito !== null && incognito !== "false";
    this.prefill = address.searchParams.get("q");
  }

  get chatUrl() {
    return `/api/organizations/${this.organization}/chat_conversations/${this.chat}`;
  }

  async start() {
    const [response] = await Promise.all([fetch("/api/organizations"), this.delayed()]);
    if (!response.ok) {
      this.leave();
      return;
    }
    [{ uuid: this.organization }] = await response.json();
    const chats = await getJson(`/api/organizations/${this.organization}/chat_conversations`);
    this.face = new Face(this);
    this.face.mount(document.getElementById("root"), Array.isArray(chats) ? chats : []);
    if (this.chat) await this.#loadChat();
    this.hydrated();
    if (this.prefill) this.face.composer.editor.text = this.prefill;
  }

  /** Nobody is signed in any more. */
  leave() {
    location.replace(`/login?returnTo=${encodeURIComponent(location.pathname)}`);
  }

  async send(message) {
    const first = !this.started;
    this.started = true;
    this.chat ??= crypto.randomUUID();
    if (!location.pathname.startsWith("/chat/"))
      history.pushState(null, "", `/chat/${this.chat}${this.temporary ? "?incognito=true" : ""}`);
    await this.follow(new Turn(this, message, { first }));
  }

  async retry() {
    if (!this.busy) await this.follow(new Turn(this, null, { first: false }));
  }

  async remove() {
    await fetch(this.chatUrl, { method: "DELETE" });
    location.assign("/new");
  }

  named(title) {
    this.title = title;
    this.face.showTitle(title);
    document.title = `${title} - Claude`;
  }

  async #loadChat() {
    const query = "tree=True&rendering_mode=messages&render_all_tools=true";
    const response = await fetch(`${this.chatUrl}?${query}`);
    if (!response.ok) {
      this.#lost();
      return;
    }
    const chat = await response.json();
    this.started = true;
    if (chat.model) this.face.models.model = chat.model;
    if (chat.name) this.named(chat.name);
    for (const message of chat.chat_messages) {
      const text = message.content.map((block) => block.text ?? "").join("");
      if (message.sender === "human") this.face.addPrompt({ text, files: message.attachments });
      else {
        const answer = this.face.addAnswer(message.uuid);
        answer.show(message);
        answer.finish("complete", message.stop_reason);
      }
      this.parent = message.uuid;
    }
  }

  /** There is no such chat: the page says so and offers a new one. */
  #lost() {
    this.chat = null;
    history.replaceState(null, "", "/new");
    this.face.showToast("Conversation not found");
  }
}

new App(configuration()).start();
