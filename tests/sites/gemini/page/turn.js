// One turn in the page: the request, the stream that tells the whole answer again and again, and what the
// page does when the stream ends early.

import { pause } from "../../kit/page/app.js";
import { openStream } from "../../kit/page/fetching.js";
import { Receipts } from "../../kit/page/receipts.js";
import { BUILD, FrameReader, call, form, places } from "./frames.js";

const READS = 40;
const PLACEHOLDER = /\n*http:\/\/googleusercontent\.com\/\w+\/\d+\n*/g;
const USED_UP = 1037;

export class Turn {
  running = true;
  key = crypto.randomUUID().toUpperCase();
  #app;
  #message;
  #view;
  #stream = null;
  #stopped = false;
  #toldStop = false;
  #complete = false;
  #failed = null;
  #text = "";
  #thoughts = "";
  #response = "";
  #begun = false;

  constructor(app, message) {
    this.#app = app;
    this.#message = message;
    this.receipts = new Receipts(app.control, this.key);
    this.#view = app.face.addTurn({ key: this.key, text: message.text, attachments: message.attachments });
  }

  async run() {
    const { control } = this.#app;
    control.report("sent", { key: this.key });
    const broke = await this.#read();
    if (!this.#complete && !this.#failed && !this.#stopped) await this.#readAgain(broke);
    if (this.#failed) this.#view.fail(this.#failed, () => {});
    this.#view.finish(this.#stopped ? "stopped" : this.#failed ? "failed" : "complete");
    this.receipts.report();
  }

  /** The page's own stop is a call of its own; the stream then ends by itself. */
  stop() {
    this.#stopped = true;
    this.#tellStop();
  }

  /** Once the chat has a name, the site can be told to stop. */
  #tellStop() {
    if (!this.#stopped || this.#toldStop || !this.#app.chat) return;
    this.#toldStop = true;
    call(this.#app, "NkpXw", [this.#app.chat]);
  }

  /** Read the stream; says whether the connection broke. */
  async #read() {
    const app = this.#app;
    const url = `${app.home}/_/BardChatUi/data/assistant.lamda.BardFrontendService/StreamGenerate`;
    const query = new URLSearchParams({ bl: BUILD, "f.sid": "-123", hl: "en", _reqid: "1", rt: "c" });
    const headers = {
      "content-type": "application/x-www-form-urlencoded;charset=utf-8",
      "x-same-domain": "1",
      "x-goog-ext-525001261-jspb": JSON.stringify(app.modeHeader()),
      "x-goog-ext-525005358-jspb": JSON.stringify([this.key, 1]),
    };
    const init = { method: "POST", headers, body: form(app, [null, JSON.stringify(this.#request())]) };
    this.#stream = openStream("xhr", `${url}?${query}`, init, { control: app.control, key: this.key });
    const reader = new FrameReader();
    let head = null;
    for await (const piece of this.#stream.pieces) {
      if (piece.kind === "head") head = piece;
      else if (piece.kind === "error") return true;
      else if (piece.kind === "chunk" && (head?.status ?? 200) === 200) {
        this.receipts.add(piece.bytes.length);
        for (const envelope of reader.feed(piece.bytes)) this.#envelope(envelope);
        this.receipts.check();
      }
    }
    if (head.status !== 200) this.#refused(`Something went wrong (${head.status})`);
    return false;
  }

  #envelope([kind, name, text, , , error]) {
    if (kind !== "wrb.fr" || name) return;
    const code = error?.[2]?.[0]?.[1]?.[0];
    if (code && !this.#complete) this.#refused(`Something went wrong (${code})`, code);
    if (text) this.#payload(JSON.parse(text));
  }

  #payload(payload) {
    const [conversation, response] = payload[1] ?? [];
    if (response) this.#response = response;
    if (conversation) this.#app.nameChat(conversation);
    this.#tellStop();
    const title = payload[2]?.["11"]?.[0];
    if (title) this.#app.face.entitle(title);
    if (payload[4]) this.#candidate(payload[4][0]);
  }

  #candidate(candidate) {
    this.#view.identify(this.#response);
    const thoughts = candidate[37]?.[0]?.[0] || candidate[37]?.[1]?.[0] || "";
    if (thoughts.startsWith(this.#thoughts)) {
      if (thoughts !== this.#thoughts) this.#view.think(thoughts.slice(this.#thoughts.length));
      this.#thoughts = thoughts;
    }
    const card = candidate[1]?.[0]?.startsWith("http://googleusercontent.com/card_content/");
    const text = ((card ? candidate[22]?.[0] : candidate[1]?.[0]) ?? "").replace(PLACEHOLDER, "");
    this.#tell(text);
    this.#complete ||= candidate[8]?.[0] === 2;
    if (!this.#complete) return;
    for (const image of candidate[12]?.[7]?.[0] ?? []) this.#view.card(this.#app.face.picture(image[0][3]));
  }

  #tell(text) {
    if (!text || text === this.#text) return;
    if (!this.#begun) this.#app.firstWords();
    this.#begun = true;
    if (text.startsWith(this.#text)) this.#view.feed(text.slice(this.#text.length));
    else this.#view.restart(text);
    this.#text = text;
  }

  /** The stream ended early: read the chat until the answer is whole. */
  async #readAgain(broke) {
    if (!this.#app.chat) {
      this.#failed = "Couldn't connect. Try again.";
      return;
    }
    this.#view.recovering(true);
    for (let count = 0; count < READS && !this.#stopped; count += 1) {
      const [turns] = (await call(this.#app, "hNvQHb", [this.#app.chat, 10, null, 1, [1], [4], null, 1])) ?? [];
      const turn = turns?.find(([ids]) => ids[1] === this.#response || !this.#response);
      if (turn) this.#candidate(turn[3][0][0]);
      if (this.#complete) break;
      await pause(100);
    }
    this.#view.recovering(false);
    if (!this.#complete && !this.#stopped && broke) this.#failed = "Something went wrong. Try again.";
  }

  #refused(text, code) {
    this.#failed = text;
    const { face, config } = this.#app;
    if (code === USED_UP) face.showBanner(config.banner ?? "You've reached your limit.");
    else face.showToast(text);
  }

  #request() {
    const { chat, temporary } = this.#app;
    const files = this.#message.attachments.map(({ uploaded }) => [[uploaded.path], uploaded.name]);
    return places({
      0: [this.#message.text, 0, null, files.length ? files : null, null, null, 0],
      1: ["en"],
      2: [chat ?? "", this.#app.parent ?? "", "", null, null, null, null, null, null, ""],
      6: [0],
      7: 1,
      10: 1,
      11: 0,
      45: temporary ? 1 : null,
      59: this.key,
      79: null,
    });
  }
}
