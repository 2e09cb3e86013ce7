// An editor: a textarea.

import { element } from "../dom.js";
import { takesTransfer, watchInsertions } from "./large_text.js";

/**
 * Settings as those of ProseMirrorEditor, and sends(event): whether a pressed Enter sends (Enter without
 * Shift when left out). The element grows with its text.
 */
export class TextareaEditor {
  constructor(place, settings) {
    const { attributes, onEnter, onChange, sends = (event) => !event.shiftKey } = settings;
    this.element = element("textarea", attributes);
    place.append(this.element);
    watchInsertions(place, settings);
    for (const how of ["paste", "drop"])
      this.element.addEventListener(how, (event) => {
        if (takesTransfer(event.clipboardData ?? event.dataTransfer, how, settings)) event.preventDefault();
      });
    this.element.addEventListener("input", () => onChange());
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing || !sends(event)) return;
      event.preventDefault();
      onEnter();
    });
  }

  set editable(on) {
    this.element.readOnly = !on;
  }

  get hasText() {
    return this.element.value.trim() !== "";
  }

  get text() {
    return this.element.value;
  }

  set text(text) {
    this.element.value = text;
    this.element.dispatchEvent(new Event("input", { bubbles: true }));
  }
}
