// The page: waits for the account's state, then is a chat.

import { ChatApp, configuration } from "../../kit/page/app.js";
import { Face } from "./face.js";
import { call } from "./frames.js";
import { labelsOf } from "./labels.js";
import { Turn } from "./turn.js";

const LEVELS = [1, 4, 2]; // what the menu's rows say: Low, Medium, High

class App extends ChatApp {
  home = location.pathname.match(/^\/u\/\d+/)?.[0] ?? "";
  temporary = false;
  parent = null;
  level = 0;

  constructor(config) {
    super({ ...config, chat: config.chat ? `c_${config.chat}` : null });
    this.mode = config.modes.find(({ label }) => label === "Flash");
  }

  async start() {
    this.control.on("stop", () => this.stop());
    const [account, chats] = await Promise.all([
      call(this, "otAQ7b", []),
      call(this, "MaZiqc", [13, null, [0, null, 1]]),
      this.delayed(),
    ]);
    this.signedIn = account?.[0]?.[0] === 1000;
    this.face = new Face(this, labelsOf(this.config.language));
    this.face.mount(document.querySelector("chat-app"), this.signedIn ? (chats?.[2] ?? []) : []);
    if (this.chat) await this.#loadChat();
    this.hydrated();
  }

  /** What the header says of the mode; where it has the level of thinking is a guess. */
  modeHeader() {
    const level = this.level === null ? null : LEVELS[this.level];
    return [1, null, null, null, this.mode.id, null, null, 0, [4, 5, 6, 8], null, null, 4, null, null, level];
  }

  choose(mode) {
    this.mode = mode;
    this.control.report("control", { name: "model", value: mode.label });
    this.face.showMode();
  }

  think(level) {
    this.level = level;
    this.control.report("control", { name: "effort", value: ["low", "medium", "high"][level] });
    this.face.showMode();
  }

  toggleTemporary() {
    this.temporary = !this.temporary;
    this.control.report("control", { name: "temporary", value: this.temporary });
    this.face.showTemporary();
  }

  async send(message) {
    const turn = new Turn(this, message);
    this.face.composer.editor.recreate();
    await this.follow(turn);
  }

  /** The site gave the chat its id. */
  nameChat(id) {
    if (this.chat === id) return;
    this.chat = id;
    if (this.temporary) return;
    history.replaceState(null, "", `${this.home}/app/${id.replace(/^c_/, "")}`);
    this.face.listChat(id);
    this.face.offerMenu();
  }

  async remove() {
    await call(this, "GzXR5e", [this.chat]);
    location.assign(`${this.home}/app`);
  }

  async #loadChat() {
    const [turns] = (await call(this, "hNvQHb", [this.chat, 10, null, 1, [1], [4], null, 1])) ?? [];
    if (!turns?.length || this.config.chatGone) {
      this.chat = null;
      history.replaceState(null, "", `${this.home}/app`);
      this.face.showToast("This chat was deleted or doesn't exist: chat not found.");
      return;
    }
    for (const [[, response], , [[asked]], [[candidate]]] of turns.toReversed()) {
      const view = this.face.addTurn({ key: response, text: asked });
      view.identify(response);
      view.feed(candidate[1][0]);
      view.finish("complete");
      this.parent = response;
    }
    this.face.offerMenu();
  }
}

new App(configuration()).start();
