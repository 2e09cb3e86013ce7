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
  #writing = [];
  #thinking = null;
  #drawing = false;
  #begun = false;
  #final = null;
  #replaced = false;

  constructor(app, parts, key) {
    this.#app = app;
    this.#parts = parts;
    this.#key = key;
    if (parts.place) this.move(parts.place);
  }

  feed(text) {
    this.#last.pending += text;
    this.#schedule();
  }

  restart(text) {
    if (this.#replaced) return;
    this.#last.markdown.reset();
    this.#last.pending = text;
    this.#schedule();
  }

  /** Go on at another place: the answer has another block after something else. */
  move(place) {
    this.#writing.push({ place, markdown: new MarkdownView(place, this.#parts.looks), pending: "" });
  }

  /** Forget what was to be written at this place. */
  drop(place) {
    this.#writing = this.#writing.filter((one) => one.place !== place);
  }

  get #last() {
    return this.#writing.at(-1);
  }

  get #hasPending() {
    return this.#writing.some(({ pending }) => pending);
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
    if (this.#hasPending) {
      this.#begin();
      this.#write();
    }
    if (this.#hasPending) this.#schedule();
    else if (this.#final) {
      for (const { markdown } of this.#writing) markdown.end();
      this.#parts.finish(this.#final);
      this.#final = null;
    }
    this.#app.scrollDown();
  }

  /** All that is there, or only so many characters a frame where the page smooths its answers. */
  #write() {
    const ordered = this.#app.control.rendered(this.#key);
    if (ordered !== undefined) {
      this.#instead(ordered);
      return;
    }
    let left = this.#app.config.smoothChars ?? Infinity;
    for (const one of this.#writing) {
      const text = one.pending.slice(0, left);
      if (text) one.markdown.feed(text);
      one.pending = one.pending.slice(text.length);
      left -= text.length;
    }
  }

  #instead(text) {
    for (const one of this.#writing) one.pending = "";
    if (!this.#replaced) this.#last.markdown.feed(text);
    this.#replaced = true;
  }
}
