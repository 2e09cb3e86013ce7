// One turn in the page: the request with all that comes before it, the stream, and what to do when it breaks.

import { pause, post } from "../../kit/page/app.js";
import { element } from "../../kit/page/dom.js";
import { openStream } from "../../kit/page/fetching.js";
import { Receipts } from "../../kit/page/receipts.js";
import { EventReader } from "../../kit/page/sse.js";
import { DeltaTree } from "./events.js";
import { Gallery } from "./gallery.js";

const RESUMES = 12;
const POLLS = 30;
const SOMETHING_WRONG =
  "Something went wrong. If this issue persists please contact us through our help center at help.openai.com.";

class Broken extends Error {}

export class Turn {
  running = true;
  #app;
  #message;
  #view;
  #reader = new EventReader();
  #tree = new DeltaTree();
  #counted = 0;
  #done = false;
  #complete = false;
  #failed = null;
  #handoff = null;
  #token = null;
  #answerId = null;
  #unread = [];
  #stream = null;
  #stopped = false;
  #begun = false;
  #gallery = null;

  constructor(app, message) {
    this.#app = app;
    this.#message = message;
    this.key = crypto.randomUUID();
    this.receipts = new Receipts(app.control, this.key);
    const names = message.attachments.map(({ name }) => name);
    this.#view = app.face.addTurn({ key: this.key, text: message.text, attachments: names });
  }

  async run() {
    try {
      await this.#ask();
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
      if (!this.#stopped) this.#failed = error.message;
    }
    if (this.#failed) this.#view.fail(this.#failed, () => {});
    this.#view.finish(this.#stopped ? "stopped" : this.#failed ? "failed" : "complete");
    this.receipts.report();
    this.#gallery?.await(this.#app);
  }

  /** The page's own stop: tell the site, and drop the stream. */
  stop() {
    this.#stopped = true;
    const body = { conversation_id: this.#app.chat, exclude_async_types: [] };
    post("/backend-api/stop_conversation", body);
    this.#stream?.abort();
    this.#handoff?.end();
  }

  async #ask() {
    const app = this.#app;
    const attachments = this.#message.attachments.map(({ uploaded }) => uploaded);
    await app.prepare();
    await post(`/backend-api/sentinel/chat-requirements/prepare`, {});
    await post(`/backend-api/sentinel/chat-requirements/finalize`, {});
    const body = this.#requestBody(attachments);
    app.control.report("sent", { key: this.key });
    const api = app.signedIn ? "backend-api" : "backend-anon";
    await this.#follow(`/${api}/f/conversation`, body);
    if (this.#handoff) await this.#takeOver();
  }

  /** Read a stream to its end; when it breaks, go on where it broke, as often as allowed. */
  async #follow(url, body, resumed = 0) {
    try {
      await this.#read(url, body);
      if (!this.#done && !this.#failed) throw new Broken("The stream ended without [DONE].");
    } catch (error) {
      const mayResume = this.#token && !this.#app.temporary && resumed < RESUMES;
      if (!(error instanceof Broken) || this.#stopped) throw error;
      if (this.#complete) return;
      if (!mayResume)
        throw new Broken("A network error occurred. Please check your connection and try again.");
      this.#view.recovering(true);
      await pause(this.#app.config.resumeAfter ?? 50);
      await fetch(`/backend-api/conversation/${this.#app.chat}/stream_status`);
      this.#reader = new EventReader();
      this.#unread = []; // what Chromium had for the page and never gave it
      const rest = { conversation_id: this.#app.chat, offset: this.#counted };
      await this.#follow("/backend-api/f/conversation/resume", rest, resumed + 1);
      this.#view.recovering(false);
    }
  }

  async #read(url, body) {
    const headers = { "content-type": "application/json", accept: "text/event-stream" };
    if (this.#token) headers["x-conduit-token"] = this.#token;
    const init = { method: "POST", headers, body: JSON.stringify(body) };
    const { control, config } = this.#app;
    this.#stream = openStream(config.fetchIn ?? "page", url, init, { control, key: this.key });
    let head = null;
    const refused = [];
    for await (const piece of this.#stream.pieces) {
      if (piece.kind === "head") head = piece;
      else if (piece.kind === "error") throw new Broken(piece.message);
      else if (piece.kind === "chunk" && head.status === 200) this.#take(piece.bytes);
      else if (piece.kind === "chunk") refused.push(piece.bytes);
    }
    if (head.status !== 200) await this.#refused(url, head.status, await new Blob(refused).text());
  }

  #take(bytes) {
    this.receipts.add(bytes.length);
    const { losesOnBreak = 0 } = this.#app.config;
    for (const event of this.#reader.feed(bytes)) {
      this.#unread.push(event);
      const keep = event.data === "[DONE]" ? 0 : losesOnBreak;
      while (this.#unread.length > keep) this.#event(this.#unread.shift());
    }
    this.receipts.check();
  }

  #event({ name, data }) {
    if (data === "") return;
    if (data === "[DONE]") {
      this.#done = true;
      return;
    }
    this.#counted += 1;
    const value = JSON.parse(data);
    if (name === "delta") this.#delta(value);
    else if (value?.type) this.#typed(value);
    else if (value?.message) this.#cumulative(value);
    if (value?.error) this.#failed ??= SOMETHING_WRONG;
  }

  #typed(value) {
    const app = this.#app;
    if (value.type === "resume_conversation_token") {
      this.#token = value.token;
      app.nameChat(value.conversation_id);
    } else if (value.type === "message_stream_complete") {
      this.#complete = true;
      this.#handoff?.end();
    } else if (value.type === "title_generation") document.title = value.title;
    else if (value.type === "stream_handoff") this.#prepareHandoff(value.options[0]);
    else if (value.type === "conversation_async_status") this.#gallery ??= new Gallery(this.#view);
    else if (value.type === "moderation" && value.moderation_response.blocked)
      this.#view.fail("This content may violate our usage policies.", () => {});
  }

  #delta(value) {
    for (const change of this.#tree.apply(value)) {
      const message = this.#tree.root?.message;
      if (!message) continue;
      if (change.path === "") this.#begin(message);
      else this.#grown(message, change);
    }
  }

  #begin(message) {
    if (message.author.role === "tool" && message.content.content_type === "multimodal_text") {
      this.#gallery ??= new Gallery(this.#view);
      this.#gallery.show(message.content.parts);
    }
    if (message.content.content_type === "system_error") this.#failed = SOMETHING_WRONG;
    if (!isAnswer(message)) return;
    if (message.id === this.#answerId) this.#view.restart(message.content.parts[0]);
    else this.#view.feed(message.content.parts[0]);
    this.#answerId = message.id;
    this.#app.parent = message.id;
    this.#view.identify(message, this.#app.chat);
  }

  #grown(message, { path, op, value }) {
    const words = typeof value === "string" ? value : "";
    if (message.author.role === "tool" && message.author.name === "a8km123") this.#view.think(words);
    else if (path.startsWith("/message/content/thoughts"))
      this.#view.think(words || (value[0]?.summary ?? ""));
    else if (path === "/message/content/parts/0" && isAnswer(message)) {
      if (op === "append") this.#view.feed(value);
      else this.#view.restart(value);
      if (!this.#begun) this.#firstWords();
    }
  }

  #firstWords() {
    this.#begun = true;
    if (this.#app.config.card === "approval") this.#view.card(approvalCard());
    this.#app.firstWords();
  }

  #cumulative({ message, conversation_id: chat }) {
    this.#app.nameChat(chat);
    if (message.content.content_type === "system_error") this.#failed = SOMETHING_WRONG;
    if (!isAnswer(message)) return;
    this.#answerId = this.#app.parent = message.id;
    this.#view.identify(message, chat);
    this.#view.restart(message.content.parts[0]);
  }

  #prepareHandoff({ type, topic_id: topic }) {
    let end;
    const ended = new Promise((resolve) => (end = resolve));
    this.#handoff = { type, topic, ended, end };
  }

  /** The rest comes elsewhere: over the socket, or from the resume endpoint from its beginning. */
  async #takeOver() {
    const { type, topic, ended } = this.#handoff;
    this.#reader = new EventReader();
    if (type === "subscribe_ws_topic") {
      this.#app.control.report("subscribe", { topic });
      await this.#app.topics.subscribe(topic, (item) => this.#take(new TextEncoder().encode(item)));
      await ended;
      this.#app.topics.leave(topic);
    } else {
      this.#done = false;
      this.#counted = 0;
      await this.#follow("/backend-api/f/conversation/resume", {
        conversation_id: this.#app.chat,
        offset: 0,
      });
    }
  }

  async #refused(url, status, text) {
    this.#done = true;
    if (url.endsWith("/resume")) {
      await this.#poll();
      return;
    }
    let detail;
    try {
      detail = JSON.parse(text).detail;
    } catch {
      detail = null;
    }
    this.#app.face.showRefusal();
    const words = typeof detail === "string" ? detail : detail?.message;
    this.#failed = words ?? `Something went wrong (${status}).`;
  }

  /** The resume endpoint would not: look at the chat until its answer is there. */
  async #poll() {
    for (let attempt = 0; attempt < POLLS && !this.#stopped; attempt += 1) {
      const response = await fetch(`/backend-api/conversations/${this.#app.chat}?num_turns=10`);
      const { messages = [], async_status: streaming } = await response.json();
      const answer = messages.findLast((message) => message.author.role === "assistant");
      if (!streaming && answer) {
        this.#view.restart(answer.content.parts[0]);
        return;
      }
      await pause(this.#app.config.pollEvery ?? 200);
    }
    this.#failed = "Resume stream unavailable";
  }

  #requestBody(attachments) {
    const app = this.#app;
    const metadata = {
      submission_mode: "manual_send",
      selected_github_repos: [],
      serialization_metadata: { custom_symbol_offsets: [] },
    };
    if (attachments.length) metadata.attachments = attachments;
    const message = {
      id: this.key,
      author: { role: "user" },
      create_time: Date.now() / 1000,
      content: { content_type: "text", parts: [this.#message.text] },
      metadata,
    };
    const parent = app.parent ?? "client-created-root";
    app.parent = this.key;
    return {
      action: "next",
      messages: [message],
      ...(app.chat ? { conversation_id: app.chat } : {}),
      parent_message_id: parent,
      ...app.choice.request,
      client_prepare_state: "success",
      timezone_offset_min: new Date().getTimezoneOffset(),
      timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      conversation_mode: { kind: "primary_assistant" },
      ...(app.temporary ? { history_and_training_disabled: true } : {}),
      enable_message_followups: true,
      system_hints: [],
      supports_buffering: true,
      supported_encodings: ["v1"],
      client_contextual_info: {
        is_dark_mode: false,
        time_since_loaded: Math.round(performance.now() / 1000),
        page_height: innerHeight,
        page_width: innerWidth,
        pixel_ratio: devicePixelRatio,
        screen_height: screen.height,
        screen_width: screen.width,
      },
      turn_attribution: { turn_trigger: "composer" },
    };
  }
}

/** A notice that the site wants a person's leave. */
function approvalCard() {
  return element(
    "div",
    { "data-testid": "tool-approval-card", class: "card" },
    "Waiting for your answer",
    element("button", {}, "Allow"),
    element("button", {}, "Deny"),
  );
}

function isAnswer({ author, recipient, channel, content, metadata }) {
  return (
    author.role === "assistant" &&
    (recipient ?? "all") === "all" &&
    (channel ?? "final") === "final" &&
    ["text", "multimodal_text"].includes(content.content_type) &&
    !metadata?.is_visually_hidden_from_conversation
  );
}
