// An editor: Quill without a toolbar.

import Quill from "quill";
import { element } from "../dom.js";
import { takesTransfer, watchInsertions } from "./large_text.js";

/**
 * Settings as those of ProseMirrorEditor; placeholder goes to Quill itself. attributes are those of the
 * editable element.
 */
export class QuillEditor {
  #quill;

  constructor(place, settings) {
    const { attributes, placeholder, onEnter, onChange } = settings;
    const holder = element("div", {});
    place.append(holder);
    for (const how of ["paste", "drop"])
      holder.addEventListener(
        how,
        (event) => {
          if (!takesTransfer(event.clipboardData ?? event.dataTransfer, how, settings)) return;
          event.preventDefault();
          event.stopImmediatePropagation();
        },
        true,
      );
    watchInsertions(holder, settings);
    const send = () => {
      onEnter();
      return false;
    };
    const bindings = { send: { key: "Enter", shiftKey: false, handler: send } };
    this.#quill = new Quill(holder, { placeholder, formats: [], modules: { keyboard: { bindings } } });
    for (const [name, value] of Object.entries(attributes)) this.#quill.root.setAttribute(name, value);
    this.#quill.on("text-change", () => onChange());
  }

  set editable(on) {
    this.#quill.enable(on);
  }

  get hasText() {
    return this.#quill.getLength() > 2000 || this.#quill.getText().trim() !== "";
  }

  /** The text without the line's end that Quill always has. */
  get text() {
    return this.#quill.getText().replace(/\n$/, "");
  }

  set text(text) {
    this.#quill.setText(text ? `${text}\n` : "", "user");
  }
}
