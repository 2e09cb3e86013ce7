// One turn in the page: a request with the whole conversation, and the array that grows while it is answered.

import { element } from "../../kit/page/dom.js";
import { openStream } from "../../kit/page/fetching.js";
import { Receipts } from "../../kit/page/receipts.js";
import { ArrayReader, HEADERS, RPC, parseSparse } from "./rpc.js";

const INTERNAL = "An internal error has occurred.";
const SIGN_IN =
  "https://accounts.google.com/v3/signin/identifier?continue=https%3A%2F%2Faistudio.google.com%2Fprompts%2Fnew_chat";

export class Turn {
  running = true;
  responseId = null;
  #app;
  #view;
  #reader = new ArrayReader();
  #stream = null;
  #stopped = false;
  #begun = false;
  #finish = null;
  #text = "";
  #started = performance.now();

  constructor(app, { text, attachments }) {
    this.#app = app;
    this.key = crypto.randomUUID();
    this.receipts = new Receipts(app.control, this.key);
    const files = attachments.map(({ uploaded }) => [null, null, null, null, null, [uploaded]]);
    app.contents = [...app.contents, [[...files, ...(text ? [[null, text]] : [])], "user"]];
    this.#view = app.face.addTurn({ key: this.key, text, attachments: attachments.map(({ name }) => name) });
  }

  async run() {
    const failed = await this.#ask();
    if (failed && !this.#stopped) this.#view.fail(failed, () => {});
    else this.#view.identify({ seconds: (performance.now() - this.#started) / 1000 });
    if (this.#text) this.#app.contents = [...this.#app.contents, [[[null, this.#text]], "model"]];
    this.#view.finish(this.#stopped ? "stopped" : failed ? "failed" : "complete");
    this.receipts.report();
  }

  /** The page's own stop: it drops the connection. */
  stop() {
    this.#stopped = true;
    this.#stream?.abort();
  }

  /** Ask and read; gives what the page says when it failed. */
  async #ask() {
    const { app } = { app: this.#app };
    app.control.report("sent", { key: this.key });
    const body = JSON.stringify(this.#requestBody());
    const init = { method: "POST", headers: HEADERS, body, credentials: "include" };
    this.#stream = openStream("xhr", `${RPC}GenerateContent`, init, { control: app.control, key: this.key });
    let head = null;
    const refused = [];
    for await (const piece of this.#stream.pieces) {
      if (piece.kind === "head") head = piece;
      else if (piece.kind === "error") return `Failed to generate content: ${piece.message}`;
      // An answer that comes past the wire may be there before the head.
      else if (piece.kind === "chunk" && (head?.status ?? 200) === 200) this.#take(piece.bytes);
      else if (piece.kind === "chunk") refused.push(piece.bytes);
    }
    if (head.status !== 200) return this.#refused(head.status, await new Blob(refused).text());
    const { status } = this.#reader;
    if (status) return this.#said(status[0], status[1]);
    return this.#finish && this.#reader.closed ? null : INTERNAL;
  }

  #take(bytes) {
    this.receipts.add(bytes.length);
    for (const frame of this.#reader.feed(bytes)) this.#frame(frame);
    this.receipts.check();
  }

  #frame([candidates, , usage, step, , , , id]) {
    if (id) this.responseId = id;
    if (usage) this.#app.face.showTokens(usage[2]);
    const [content, finish] = candidates?.[0] ?? [];
    for (const part of content?.[0] ?? []) this.#part(part);
    if (finish) this.#finish = finish;
    if (Array.isArray(step?.[0])) this.#interaction(step[0]);
    if ([3, 7, 8, 19].includes(finish)) this.#view.card(element("div", { class: "blocked" }, "⚠ Content blocked"));
  }

  #part(part) {
    const [, text, inline, , , , , code, result, , call] = part;
    const thought = Boolean(part[12]);
    if (thought && text) this.#view.think(text);
    else if (text) {
      if (!this.#begun) this.#app.firstWords();
      this.#begun = true;
      this.#text += text;
      this.#view.feed(text);
    } else if (inline && !thought) this.#view.card(this.#app.face.image(inline));
    else if (code) this.#view.card(this.#app.face.codeCard("Code execution", code[1]));
    else if (result) this.#view.card(this.#app.face.codeCard("Output", result[1]));
    else if (call) this.#view.card(this.#app.face.codeCard(call[0], JSON.stringify(call[1])));
  }

  /** A private route: its frames have steps with texts in them. */
  #interaction([, texts]) {
    this.#finish = 1;
    for (const [text] of texts) this.#part([null, text]);
  }

  #refused(status, text) {
    let said = null;
    try {
      said = parseSparse(text)[1];
    } catch {
      // Google's page about unusual traffic.
    }
    return this.#said(said?.[0] ?? (status === 429 ? 8 : 13), said?.[1] ?? "");
  }

  #said(code, words) {
    const { face } = this.#app;
    if (code === 8) {
      face.showToast("Failed to generate content: user has exceeded quota. Please try again later.");
      return "You've reached your rate limit. Please try again later.";
    }
    if (code === 7) face.showToast("Failed to generate content: permission denied. Please try again.");
    if (code === 16) setTimeout(() => location.assign(SIGN_IN), 300);
    return words || INTERNAL;
  }

  #requestBody() {
    const app = this.#app;
    const { settings, system } = app.face.settings.requestParts();
    const about = btoa(JSON.stringify({ key: this.key, temporary: app.temporary }));
    const body = [
      `models/${app.face.settings.model}`,
      app.contents,
      [7, 8, 9, 10].map((kind) => [null, null, kind, 4]),
      settings,
      `!${about.padEnd(1500, "~")}`,
      system,
    ];
    body[10] = 1;
    body[11] = app.lastResponse;
    body[13] = [[null, null, "Europe/Zurich"]];
    return [...body].map((one) => one ?? null);
  }
}
