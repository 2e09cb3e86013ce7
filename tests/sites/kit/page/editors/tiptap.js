// An editor: TipTap with its starter kit, markdown input rules and all.

import { Editor, Extension } from "@tiptap/core";
import { Plugin } from "@tiptap/pm/state";
import { Decoration, DecorationSet } from "@tiptap/pm/view";
import StarterKit from "@tiptap/starter-kit";
import { takesTransfer, watchInsertions } from "./large_text.js";

/** Marks the one paragraph of an empty document. */
function emptyMark(attributes) {
  const decorations = ({ doc }) =>
    doc.childCount === 1 && doc.firstChild.isTextblock && doc.firstChild.content.size === 0
      ? DecorationSet.create(doc, [Decoration.node(0, doc.firstChild.nodeSize, attributes)])
      : DecorationSet.empty;
  return new Plugin({ props: { decorations } });
}

/** Settings as those of ProseMirrorEditor. */
export class TipTapEditor {
  #editor;

  constructor(place, settings) {
    const { attributes, emptyAttributes, onEnter, onChange } = settings;
    const take = (transfer, how) => takesTransfer(transfer, how, settings);
    const keys = Extension.create({
      name: "composerKeys",
      priority: 1000,
      addKeyboardShortcuts: () => ({
        Enter: () => {
          onEnter();
          return true;
        },
        "Shift-Enter": ({ editor }) => editor.commands.splitBlock(),
      }),
      addProseMirrorPlugins: () => [emptyMark(emptyAttributes)],
    });
    watchInsertions(place, settings);
    this.#editor = new Editor({
      element: place,
      extensions: [StarterKit, keys],
      injectCSS: false,
      editorProps: {
        attributes,
        handlePaste: (_view, event) => take(event.clipboardData, "paste"),
        handleDrop: (_view, event, _slice, moved) => !moved && take(event.dataTransfer, "drop"),
      },
      onUpdate: () => onChange(),
    });
  }

  set editable(on) {
    this.#editor.setEditable(on, false);
  }

  /** Whether there is anything but blanks. Cheap for long texts. */
  get hasText() {
    const { doc } = this.#editor.state;
    return doc.content.size > 2000 || doc.textContent.trim() !== "";
  }

  /** The text as the page sends it: blocks become markdown again. */
  get text() {
    const lines = [];
    this.#editor.state.doc.forEach((block) => lines.push(...linesOf(block)));
    return lines.join("\n");
  }

  set text(text) {
    const content = text
      .split("\n")
      .map((line) => ({ type: "paragraph", content: line ? [{ type: "text", text: line }] : [] }));
    this.#editor.commands.setContent({ type: "doc", content }, { emitUpdate: true });
  }
}

function linesOf(block) {
  const words = block.textBetween(0, block.content.size, "\n", "\n");
  if (block.type.name === "heading") return [`${"#".repeat(block.attrs.level)} ${words}`];
  if (block.type.name === "codeBlock") return [`\`\`\`${block.attrs.language ?? ""}`, words, "```"];
  if (block.type.name === "blockquote") return words.split("\n").map((line) => `> ${line}`);
  if (block.type.name === "horizontalRule") return ["---"];
  if (!["bulletList", "orderedList"].includes(block.type.name)) return words.split("\n");
  const lines = [];
  block.forEach((item, _offset, index) => {
    const mark = block.type.name === "bulletList" ? "-" : `${(block.attrs.start ?? 1) + index}.`;
    lines.push(`${mark} ${item.textBetween(0, item.content.size, "\n", "\n")}`);
  });
  return lines;
}
