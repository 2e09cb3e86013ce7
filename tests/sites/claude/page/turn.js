// One turn in the page: the packed request, the stream of blocks, and what to do when it breaks.

import { pause, post } from "../../kit/page/app.js";
import { openStream } from "../../kit/page/fetching.js";
import { Receipts } from "../../kit/page/receipts.js";
import { EventReader } from "../../kit/page/sse.js";

const POLLS = 50;

class Broken extends Error {}

export class Turn {
  running = true;
  #app;
  #message;
  #first;
  #view;
  #reader = new EventReader();
  #answerId = crypto.randomUUID();
  #stream = null;
  #stopped = false;
  #over = false;
  #reason = null;
  #failed = null;
  #begun = false;

  /** message: what was written; null to have the last answer written anew. */
  constructor(app, message, { first }) {
    this.#app = app;
    this.#message = message;
    this.#first = first;
    this.key = crypto.randomUUID();
    this.receipts = new Receipts(app.control, this.key);
    if (message) app.face.addPrompt({ text: message.text, files: message.attachments });
    this.#view = app.face.addAnswer(this.key);
  }

  async run() {
    try {
      await this.#ask();
      if (!this.#over && !this.#failed && !this.#stopped) await this.#recover();
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
      if (!this.#stopped) await this.#recover();
    }
    if (this.#failed) this.#view.fail(this.#failed);
    this.#view.finish(this.#failed ? "failed" : this.#stopped ? "stopped" : "complete", this.#reason);
    this.#app.parent = this.#answerId;
    this.receipts.report();
    if (this.#first && !this.#failed && !this.#app.temporary) this.#name();
  }

  /** The page's own stop: drop the stream, and tell the site. */
  stop() {
    this.#stopped = true;
    this.#stream?.abort();
    fetch(`${this.#app.chatUrl}/stop_response`, { method: "POST" });
  }

  async #ask() {
    const app = this.#app;
    const { composer } = app.face;
    composer.editor.editable = false;
    const body = await packed(this.#message ? this.#request() : this.#retryRequest());
    const headers = {
      "content-type": "application/json",
      "content-encoding": "gzip",
      accept: "text/event-stream",
      "anthropic-client-platform": "web_claude_ai",
      "anthropic-device-id": "00000000-0000-4000-8000-00000000d41c",
    };
    const path = this.#message ? "completion" : "retry_completion";
    const init = { method: "POST", headers, body };
    this.#stream = openStream("page", `${app.chatUrl}/${path}`, init, { control: app.control, key: this.key });
    app.control.report("sent", { key: this.key });
    composer.editor.editable = true;
    await this.#read();
  }

  async #read() {
    let head = null;
    const refused = [];
    for await (const piece of this.#stream.pieces) {
      if (piece.kind === "head") head = piece;
      else if (piece.kind === "error") throw new Broken(piece.message);
      else if (piece.kind === "chunk" && (head?.status ?? 200) === 200) this.#take(piece.bytes);
      else if (piece.kind === "chunk") refused.push(piece.bytes);
    }
    if (head.status !== 200) this.#refused(head.status, await new Blob(refused).text());
  }

  #take(bytes) {
    this.receipts.add(bytes.length);
    for (const { data } of this.#reader.feed(bytes)) if (data) this.#event(JSON.parse(data));
    this.receipts.check();
  }

  #event(value) {
    const { type, index } = value;
    if (type === "content_block_start") this.#view.startBlock(index, value.content_block);
    else if (type === "content_block_delta") this.#delta(index, value.delta);
    else if (type === "content_block_stop") this.#view.stopBlock(index);
    else if (type === "content_block_retract") this.#view.retract(value.from_index);
    else if (type === "message_delta") this.#reason = value.delta.stop_reason;
    else if (type === "message_limit") this.#limit(value.message_limit);
    else if (type === "message_stop") this.#over = true;
    else if (type === "completion") this.#completion(value);
    else if (type === "tool_approval") this.#view.askLeave(value.name);
    else if (type === "model_fallback") this.#app.face.models.model = value.model;
    else if (type === "error") this.#wrong(value.error);
  }

  #delta(index, delta) {
    if (delta.type === "text_delta") this.#words(index, delta.text);
    else if (delta.type === "thinking_delta") this.#view.think(index, delta.thinking);
    else if (delta.type === "thinking_summary_delta") this.#view.summarize(index, delta.summary.summary);
    else if (delta.type === "input_json_delta") this.#view.feedTool(index, delta.partial_json);
  }

  #words(index, text) {
    this.#view.feed(index, text);
    if (this.#begun) return;
    this.#begun = true;
    this.#app.firstWords();
  }

  #completion({ completion, stop_reason: reason }) {
    if (!this.#begun) this.#view.startBlock(0, { type: "text", text: "" });
    this.#words(0, completion);
    if (!reason) return;
    this.#reason = reason;
    this.#over = true;
  }

  #limit({ type }) {
    if (type === "exceeded_limit") this.#app.face.showRefusal();
  }

  #wrong({ type, message }) {
    this.#failed = message;
    if (type === "overloaded_error") this.#app.face.showRefusal();
  }

  #refused(status, text) {
    this.#over = true;
    if (status === 401) this.#app.leave();
    let message;
    try {
      ({ message } = JSON.parse(text).error);
    } catch {
      message = `Something went wrong (${status}).`;
    }
    this.#app.face.showRefusal(message);
    this.#failed = message.startsWith("{") ? "You have reached your limit." : message;
  }

  /** The stream ended too early: ask until the site is done, and read the chat anew. */
  async #recover() {
    this.#view.recovering(true);
    for (let attempt = 0; attempt < POLLS && !this.#stopped; attempt += 1) {
      const response = await fetch(`${this.#app.chatUrl}/completion_status?poll=false`);
      if (!response.ok) break;
      const { is_pending: pending } = await response.json();
      if (!pending) break;
      await pause(this.#app.config.pollEvery ?? 200);
    }
    const query = "tree=True&rendering_mode=messages&render_all_tools=true&consistency=strong";
    const response = await fetch(`${this.#app.chatUrl}?${query}`);
    this.#view.recovering(false);
    const { chat_messages: messages = [] } = response.ok ? await response.json() : {};
    const answer = messages.findLast(({ uuid }) => uuid === this.#answerId);
    if (answer) this.#view.show(answer);
    this.#reason = answer?.stop_reason ?? null;
    if (!this.#reason) this.#failed = "A network error occurred. Failed to fetch.";
  }

  async #name() {
    const response = await post(`${this.#app.chatUrl}/title`, { message_content: "", recent_titles: [] });
    const { title } = response.ok ? await response.json() : {};
    if (title) this.#app.named(title);
  }

  #request() {
    const app = this.#app;
    const { wishes } = app.face.models;
    const { text, attachments } = this.#message;
    const uploaded = attachments.map((one) => one.uploaded).filter(Boolean);
    const request = {
      prompt: text,
      parent_message_uuid: app.parent,
      attachments: uploaded.filter((one) => "extracted_content" in one),
      files: uploaded.filter((one) => "file_uuid" in one).map((one) => one.file_uuid),
      ...this.#common(wishes),
    };
    if (this.#first)
      request.create_conversation_params = {
        name: "",
        model: wishes.model,
        include_conversation_preferences: true,
        paprika_mode: wishes.thinking_mode === "extended" ? "extended" : null,
        compass_mode: null,
        is_temporary: app.temporary,
        enabled_imagine: true,
      };
    return request;
  }

  #retryRequest() {
    const { wishes } = this.#app.face.models;
    return { parent_message_uuid: this.#app.parent, attachments: [], files: [], ...this.#common(wishes) };
  }

  #common(wishes) {
    return {
      timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      locale: "en-US",
      ...wishes,
      personalized_styles: [{ type: "default", key: "Default", name: "Normal", prompt: "Normal\n" }],
      tools: [{ type: "web_search_v0", name: "web_search" }],
      sync_sources: [],
      rendering_mode: "messages",
      turn_message_uuids: { human_message_uuid: this.key, assistant_message_uuid: this.#answerId },
      completion_request_id: crypto.randomUUID(),
    };
  }
}

/** JSON as gzip, which is how the site wants it. */
async function packed(value) {
  const stream = new Blob([JSON.stringify(value)]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
