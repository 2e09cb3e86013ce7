// What a person sees of an answer while it comes: painted at most once a frame, however fast it comes.

import { element } from "./dom.js";
import { MarkdownView } from "./markdown.js";

/**
 * parts: place (for the markdown), thinkingPlace, codeBlock(language), begin() which makes the answer
 * visible when its first word comes, identify(message, chat), finish(state), fail(text, retry).
 */
export class AnswerView {
  #app;
  #parts;
  #markdown;
  #pending = "";
  #thinking = "";
  #drawing = false;
  #begun = false;
  #final = null;

  constructor(app, parts) {
    this.#app = app;
    this.#parts = parts;
    this.#markdown = new MarkdownView(parts.place, parts.codeBlock);
  }

  feed(text) {
    this.#pending += text;
    this.#schedule();
  }

  restart(text) {
    this.#markdown.reset();
    this.#pending = text;
    this.#schedule();
  }

  think(text) {
    this.#thinking += text;
    this.#schedule();
  }

  identify(message, chatId) {
    this.#parts.identify(message, chatId);
  }

  /** state: complete, stopped or failed. */
  finish(state) {
    this.#final = state;
    this.#schedule();
  }

  fail(text, retry) {
    this.#begin();
    this.#parts.fail(text, retry);
  }

  recovering(on) {
    const old = this.#parts.thinkingPlace.querySelector(".text-chatgpt-recovery");
    if (!on) old?.remove();
    else if (!old) {
      const words = "Connection interrupted. Waiting for the complete answer";
      this.#parts.thinkingPlace.append(
        element("div", { role: "status", class: "text-chatgpt-recovery" }, words),
      );
    }
  }

  card(node) {
    this.#begin();
    this.#parts.place.after(node);
  }

  image() {
    const picture = element("div", { "data-testid": "generated-image-preview" }, "🖼");
    this.card(element("div", { "data-testid": "generated-image-gallery" }, picture));
  }

  #begin() {
    if (this.#begun) return;
    this.#begun = true;
    this.#parts.begin();
  }

  #schedule() {
    if (this.#drawing || this.#app.config.frozen) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      this.#draw();
    });
  }

  #draw() {
    if (this.#thinking) {
      const shimmer =
        this.#parts.thinkingPlace.querySelector(".loading-shimmer") ??
        element("span", { class: "loading-shimmer" });
      shimmer.textContent = this.#thinking.slice(-200);
      this.#parts.thinkingPlace.prepend(shimmer);
    }
    if (this.#pending) {
      this.#begin();
      this.#markdown.feed(this.#pending);
      this.#pending = "";
    }
    if (this.#final) {
      this.#markdown.end();
      this.#parts.thinkingPlace.replaceChildren();
      this.#parts.finish(this.#final);
      this.#final = null;
    }
    this.#app.scrollDown();
  }
}
