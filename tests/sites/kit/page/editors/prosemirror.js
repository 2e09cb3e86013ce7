// An editor: ProseMirror over a document of plain paragraphs.

import { baseKeymap, splitBlock } from "prosemirror-commands";
import { history, redo, undo } from "prosemirror-history";
import { keymap } from "prosemirror-keymap";
import { Schema } from "prosemirror-model";
import { nodes } from "prosemirror-schema-basic";
import { EditorState, Plugin } from "prosemirror-state";
import { Decoration, DecorationSet, EditorView } from "prosemirror-view";
import { takesTransfer, watchInsertions } from "./large_text.js";

const schema = new Schema({
  nodes: { doc: { content: "paragraph+" }, paragraph: nodes.paragraph, text: nodes.text },
});

function isEmpty(doc) {
  return doc.childCount === 1 && doc.firstChild.content.size === 0;
}

/** Marks the one paragraph of an empty document. */
function emptyMark(attributes) {
  return new Plugin({
    props: {
      decorations: ({ doc }) =>
        isEmpty(doc)
          ? DecorationSet.create(doc, [Decoration.node(0, doc.firstChild.nodeSize, attributes)])
          : DecorationSet.empty,
    },
  });
}

/**
 * An editor in a place.
 *
 * settings: attributes (of the editable element), emptyAttributes (of an empty paragraph), and from the
 * composer onEnter(), onChange(), onFiles(files), and onLargeText(text, how) which says whether it took a
 * pasted, dropped or inserted text.
 */
export class ProseMirrorEditor {
  constructor(place, settings) {
    const take = (transfer, how) => takesTransfer(transfer, how, settings);
    watchInsertions(place, settings);
    this.view = new EditorView(place, {
      attributes: settings.attributes,
      state: EditorState.create({
        schema,
        plugins: [
          history(),
          keymap({
            Enter: () => {
              settings.onEnter();
              return true;
            },
            "Shift-Enter": splitBlock,
            "Mod-z": undo,
            "Mod-y": redo,
            "Mod-Shift-z": redo,
          }),
          keymap(baseKeymap),
          emptyMark(settings.emptyAttributes),
        ],
      }),
      handlePaste: (_view, event) => take(event.clipboardData, "paste"),
      handleDrop: (_view, event, _slice, moved) => !moved && take(event.dataTransfer, "drop"),
      dispatchTransaction: (transaction) => {
        this.view.updateState(this.view.state.apply(transaction));
        if (transaction.docChanged) settings.onChange();
      },
    });
  }

  set editable(on) {
    this.view.setProps({ editable: () => on });
  }

  /** Whether there is anything but blanks. Cheap for long texts. */
  get hasText() {
    const { doc } = this.view.state;
    return doc.content.size > 2000 || doc.textContent.trim() !== "";
  }

  /** The text, one line a paragraph. */
  get text() {
    const lines = [];
    this.view.state.doc.forEach((paragraph) => lines.push(paragraph.textContent));
    return lines.join("\n");
  }

  set text(text) {
    const paragraphs = text
      .split("\n")
      .map((line) => schema.nodes.paragraph.create(null, line ? schema.text(line) : null));
    const { state } = this.view;
    const change = state.tr.replaceWith(0, state.doc.content.size, paragraphs);
    this.view.dispatch(change.setMeta("addToHistory", false));
  }
}
