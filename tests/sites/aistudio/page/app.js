// The page: loads the list of models, shows a chat, and keeps it in the person's Drive after each turn.

import { ChatApp, configuration } from "../../kit/page/app.js";
import { Face } from "./face.js";
import { labelsOf } from "./labels.js";
import { rpc } from "./rpc.js";
import { Turn } from "./turn.js";

class App extends ChatApp {
  models = [];
  temporary = false;
  contents = [];
  lastResponse = null;

  async start() {
    const [[rows]] = await Promise.all([rpc("ListModels", []), this.delayed()]);
    this.models = rows.map((row) => ({ id: row[0].replace("models/", ""), name: row[3], paid: row[8] === 2 }));
    this.signedIn = !this.config.guest;
    this.face = new Face(this, labelsOf(this.config.language));
    this.face.mount(document.getElementById("root"));
    if (this.chat) await this.#load();
    this.hydrated({ model: this.face.settings.model });
  }

  /** While a person types, the page counts. */
  async prepare() {
    const [count] = await rpc("CountTokens", [this.contents, this.face.composer.editor.text]);
    this.face.showTokens(count);
  }

  async send(message) {
    const turn = new Turn(this, message);
    await this.follow(turn);
    if (turn.responseId) await this.#save(turn);
  }

  setTemporary(on) {
    this.temporary = on;
    this.control.report("control", { name: "temporary", value: on });
    this.face.showTemporary(on);
  }

  async #save({ responseId }) {
    this.lastResponse = responseId;
    if (this.temporary) return;
    const [name] = await rpc(this.chat ? "UpdatePrompt" : "CreatePrompt", [
      "A replica's title",
      this.contents,
      responseId,
    ]);
    this.chat = name.replace("prompts/", "");
    history.replaceState(null, "", `/prompts/${this.chat}`);
  }

  async #load() {
    const saved = await rpc("ResolveDriveResource", [this.chat]).catch(() => null);
    if (!saved) {
      this.face.showToast("Failed to load the prompt: Requested entity was not found.");
      return;
    }
    [this.contents, this.lastResponse] = saved;
    let view = null;
    for (const [[[, text]], role] of this.contents) {
      if (role === "user") view = this.face.addTurn({ key: crypto.randomUUID(), text });
      else {
        view.feed(text);
        view.finish("complete");
      }
    }
  }
}

new App(configuration()).start();
