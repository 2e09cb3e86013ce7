// What a person sees of an answer while it comes: painted at most once a frame, however fast it comes.

import { MarkdownView } from "./markdown.js";

/**
 * parts: place (for the markdown) and looks (how the markdown is dressed), begin() which makes the answer
 * visible when its first word comes, think(text) for all the thoughts so far, identify(...), finish(state),
 * fail(text, retry), recovering(on).
 */
export class AnswerView {
  #app;
  #parts;
  #key;
  #markdown;
  #pending = "";
  #thinking = null;
  #drawing = false;
  #begun = false;
  #final = null;
  #replaced = false;

  constructor(app, parts, key) {
    this.#app = app;
    this.#parts = parts;
    this.#key = key;
    this.#markdown = new MarkdownView(parts.place, parts.looks);
  }

  feed(text) {
    this.#pending += text;
    this.#schedule();
  }

  restart(text) {
    if (this.#replaced) return;
    this.#markdown.reset();
    this.#pending = text;
    this.#schedule();
  }

  /** Go on at another place: the answer has another block after something else. */
  move(place) {
    this.#markdown.end();
    this.#markdown = new MarkdownView(place, this.#parts.looks);
  }

  think(text) {
    this.#thinking = (this.#thinking ?? "") + text;
    this.#schedule();
  }

  identify(...about) {
    this.#parts.identify(...about);
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
    this.#parts.recovering(on);
  }

  /** Something that is no text, behind the text so far. */
  card(node) {
    this.#begin();
    this.#parts.place.after(node);
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
    if (this.#thinking !== null) this.#parts.think(this.#thinking);
    if (this.#pending) {
      this.#begin();
      this.#write();
    }
    if (this.#pending) this.#schedule();
    else if (this.#final) {
      this.#markdown.end();
      this.#parts.finish(this.#final);
      this.#final = null;
    }
    this.#app.scrollDown();
  }

  /** All that is there, or only so many characters a frame where the page smooths its answers. */
  #write() {
    const ordered = this.#app.control.rendered(this.#key);
    if (ordered !== undefined) {
      if (!this.#replaced) this.#markdown.feed(ordered);
      this.#replaced = true;
      this.#pending = "";
      return;
    }
    const count = this.#app.config.smoothChars ?? this.#pending.length;
    this.#markdown.feed(this.#pending.slice(0, count));
    this.#pending = this.#pending.slice(count);
  }
}
