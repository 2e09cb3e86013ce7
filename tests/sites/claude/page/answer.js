// One answer on the page: blocks of text between thoughts and tools, and the bar below them.

import { AnswerView } from "../../kit/page/answer_view.js";
import { element } from "../../kit/page/dom.js";

const NOTICES = {
  refusal: "Claude's response was limited. Please retry with another model.",
  cyber_refusal: "Claude's response was limited. Please retry with another model.",
  prompt_injection_risk: "Claude stopped: something that it read may want to misuse it.",
};
const GOES_ON = {
  max_tokens: "Claude's response was cut off.",
  tool_use_limit: "Claude reached its tool-use limit for this turn.",
};

function codeBlock(language) {
  const code = element("code", { class: language ? `language-${language}` : null });
  const copy = element("button", { type: "button", "aria-label": "Copy to clipboard" }, "Copy");
  const label = element("div", { class: "text-xs" }, language);
  const header = element("div", { class: "code-header" }, label, copy);
  return { root: element("pre", { class: "code-block__code" }, header, code), code };
}

/** Blocks by their index, as the stream and the chat's history have them. */
export class Answer {
  #app;
  #row;
  #flag;
  #heading;
  #body;
  #view;
  #blocks = new Map();
  #reason = null;

  constructor(app, key) {
    this.#app = app;
    this.#heading = element("h2", { class: "sr-only" }, "Claude responded:");
    this.#body = element("div", { class: "font-claude-response relative" });
    this.#flag = element(
      "div",
      { "data-is-streaming": "true", class: "group relative pb-3" },
      this.#heading,
      this.#body,
    );
    this.#row = element("div", { "data-test-render-count": "1", class: "row-of-turn" }, this.#flag);
    this.root = this.#row;
    const parts = { looks: { codeBlock }, begin: () => {}, finish: (state) => this.#finished(state) };
    this.#view = new AnswerView(app, parts, key);
  }

  startBlock(index, block) {
    const made = this.#make(block);
    this.#blocks.set(index, made);
    this.#body.append(made.root);
    if (block.type === "text") {
      this.#view.move(made.root);
      if (block.text) this.#view.feed(block.text);
    }
  }

  stopBlock(index) {
    this.#blocks.get(index)?.stop?.();
  }

  feed(_index, text) {
    this.#view.feed(text);
  }

  think(index, text) {
    this.#blocks.get(index).think(text);
  }

  summarize(index, words) {
    this.#blocks.get(index).summarize(words);
  }

  feedTool(index, json) {
    this.#blocks.get(index).feed(json);
  }

  retract(from) {
    for (const [index, { root }] of this.#blocks) {
      if (index < from) continue;
      this.#view.drop(root);
      root.remove();
      this.#blocks.delete(index);
    }
  }

  /** What the chat's history has of the answer, instead of what was there. */
  show({ content }) {
    this.retract(0);
    content.forEach((block, index) => {
      this.startBlock(index, block);
      if (block.type === "thinking") this.think(index, block.thinking);
      else if (block.type === "tool_use") this.feedTool(index, JSON.stringify(block.input));
      else if (block.type === "tool_result") this.feedTool(index, JSON.stringify(block.content));
      this.stopBlock(index);
    });
  }

  recovering(on) {
    this.#body.querySelector("[data-replica-recovery]")?.remove();
    if (on)
      this.#body.append(
        element("div", { role: "status", "data-replica-recovery": true, class: "notice" }, "Reconnecting…"),
      );
  }

  askLeave(name) {
    const buttons = ["Allow once", "Always allow", "Deny"].map((label) => element("button", {}, label));
    const words = `Claude would like to use ${name}`;
    this.#body.append(element("div", { "data-testid": "tool-approval", class: "tool" }, words, ...buttons));
  }

  fail(words) {
    const retry = element("button", { type: "button", click: () => this.#app.retry() }, "Retry");
    this.#row.append(element("div", { role: "alert", class: "error" }, words, retry));
  }

  finish(state, reason) {
    this.#reason = reason;
    this.#view.finish(state);
  }

  #finished(state) {
    this.#flag.dataset.isStreaming = "false";
    this.#row.dataset.testRenderCount = "2";
    this.#heading.textContent = `Claude responded: ${this.#body.textContent.slice(0, 100)}`;
    this.#row.querySelector("[role=group]")?.remove();
    if (state === "failed") return;
    const [notice, more] = [NOTICES[this.#reason], GOES_ON[this.#reason]];
    if (notice) this.#row.append(element("div", { role: "status", class: "notice" }, notice));
    if (more) this.#row.append(element("div", { class: "notice" }, more, element("button", {}, "Continue")));
    this.#row.append(
      actionBar(
        element("button", { "data-testid": "action-bar-copy", "aria-label": "Copy" }, "⧉"),
        element(
          "button",
          { "data-testid": "action-bar-retry", "aria-label": "Retry", click: () => this.#app.retry() },
          "↻",
        ),
      ),
    );
  }

  #make(block) {
    const markdown = { class: "standard-markdown grid-cols-1 grid gap-4" };
    if (block.type === "text") return { root: element("div", markdown) };
    if (block.type === "thinking") return thoughts();
    return tool(this.#app, block);
  }
}

/** The bar of a message. */
export function actionBar(...buttons) {
  return element("div", { role: "group", "aria-label": "Message actions" }, ...buttons);
}

/** A disclosure: its line shows the last summary, its inside what was thought. */
function thoughts() {
  let text = "";
  const label = element("span", {}, "Thinking");
  const button = element(
    "button",
    { type: "button", class: "group/status plain", "aria-expanded": "false" },
    label,
  );
  const root = element("div", { class: "thinking-block" }, button);
  const inside = element("div", { class: "standard-markdown thoughts" });
  button.addEventListener("click", () => {
    const open = button.getAttribute("aria-expanded") !== "true";
    button.setAttribute("aria-expanded", `${open}`);
    if (open) root.append(inside);
    else inside.remove();
  });
  return {
    root,
    think: (words) => {
      text += words;
      inside.replaceChildren(...text.split("\n\n").map((one) => element("p", {}, one)));
    },
    summarize: (words) => (label.textContent = words),
    stop: () => {
      if (label.textContent === "Thinking") label.textContent = "Thought for a moment";
    },
  };
}

/** A tool's call or its result; a file that it made is a card. */
function tool(app, { type, name, message }) {
  let json = "";
  const root = element("div", { class: "tool" });
  const line = element("button", { type: "button", class: "group/row plain" }, message ?? name);
  if (type === "tool_use" && name !== "present_files") root.append(line);
  return {
    root,
    feed: (words) => (json += words),
    stop: () => {
      const value = JSON.parse(json || "null");
      if (type === "tool_use" && value?.file_text !== undefined) root.append(card(app, value.path));
      if (type !== "tool_result") return;
      const made = value.filter((one) => one.type === "local_resource");
      root.append(...made.map((one) => card(app, one.file_path, one.mime_type)));
      if (!made.length) root.hidden = true;
    },
  };
}

function card(app, path, type = "text/plain") {
  const chat = `/api/organizations/${app.organization}/conversations/${app.chat}`;
  const url = `${chat}/wiggle/download-file?path=${encodeURIComponent(path)}`;
  const name = path.split("/").at(-1);
  const shown = type.startsWith("image/") ? element("img", { src: url, alt: name }) : name;
  const link = element("a", { href: url, download: name, "aria-label": `Download ${name}` }, "Download");
  return element("div", { class: "artifact-block-cell" }, shown, link);
}
