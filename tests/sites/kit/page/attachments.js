// Files on their way into a message: inputs, choosers, drops, uploads, and the tiles that show them.

import { element } from "./dom.js";

/** A hidden input for files that lies in the document from the start. */
export function fileInput(attributes, onFiles) {
  const input = element("input", { type: "file", class: "hidden", tabindex: "-1", ...attributes });
  input.addEventListener("change", () => {
    onFiles([...input.files]);
    input.value = "";
  });
  return input;
}

/** Open the browser's chooser over an input that lives only for it, as some menus do. */
export function chooseFiles(attributes, onFiles) {
  const input = fileInput(attributes, (files) => {
    onFiles(files);
    input.remove();
  });
  input.addEventListener("cancel", () => input.remove());
  document.body.append(input);
  input.click();
}

/** Take files that are dropped on an element. */
export function takeDrops(place, onFiles) {
  const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  place.addEventListener("dragover", (event) => {
    if (carriesFiles(event)) event.preventDefault();
  });
  place.addEventListener(
    "drop",
    (event) => {
      if (!event.dataTransfer?.files.length) return;
      event.preventDefault();
      event.stopPropagation();
      onFiles([...event.dataTransfer.files]);
    },
    true,
  );
}

/**
 * The files of one composer. parts: chipPlace, chip(attachment, remove) whose element may have a method
 * settle() for the end of the upload (a file that was not taken has no chip any more); refuses(file) gives a
 * reason or null; upload(attachment) gives what the site calls the file; refused(reason) shows why a file was not taken.
 */
export class Attachments {
  #app;
  #parts;
  #onChange;
  #list = [];

  constructor(app, parts, onChange) {
    this.#app = app;
    this.#parts = parts;
    this.#onChange = onChange;
  }

  get list() {
    return [...this.#list];
  }

  get length() {
    return this.#list.length;
  }

  /** Whether an upload is still on its way. */
  get busy() {
    return this.#list.some((one) => one.state === "busy");
  }

  add(files) {
    for (const file of files) this.#attach(file);
  }

  /** Take the files out, for the message that is sent with them. */
  take() {
    const taken = this.#list;
    this.#list = [];
    this.#parts.chipPlace.replaceChildren();
    return taken;
  }

  #attach(file) {
    const { control, config } = this.#app;
    const reason = config.refusesFiles ?? this.#parts.refuses?.(file);
    if (reason) {
      control.report("refused", { name: file.name, reason });
      this.#parts.refused(reason, file);
      return;
    }
    const attachment = { file, name: file.name, state: "busy", uploaded: null };
    attachment.chip = this.#parts.chip(attachment, () => this.#remove(attachment));
    this.#list.push(attachment);
    this.#parts.chipPlace.append(attachment.chip);
    control.report("attached", { name: file.name, size: file.size, type: file.type });
    this.#onChange();
    this.#upload(attachment);
  }

  #remove(attachment) {
    this.#list = this.#list.filter((other) => other !== attachment);
    attachment.chip.remove();
    this.#app.control.report("removed", { name: attachment.name });
    this.#onChange();
  }

  async #upload(attachment) {
    try {
      attachment.uploaded = await this.#parts.upload(attachment);
      attachment.state = "done";
    } catch (error) {
      this.#list = this.#list.filter((other) => other !== attachment);
      attachment.chip.remove();
      this.#app.control.report("refused", { name: attachment.name, reason: error.message });
      this.#parts.refused(error.message, attachment.file);
    }
    attachment.chip.settle?.();
    this.#onChange();
  }
}
