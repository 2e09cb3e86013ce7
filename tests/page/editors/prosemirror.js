// A bare ProseMirror, as chat sites use it: paragraphs only, history and the base keymap.
import { baseKeymap } from "prosemirror-commands";
import { history } from "prosemirror-history";
import { keymap } from "prosemirror-keymap";
import { Schema } from "prosemirror-model";
import { EditorState } from "prosemirror-state";
import { EditorView } from "prosemirror-view";
import { makeChips } from "./chips.js";

const schema = new Schema({
  nodes: {
    doc: { content: "paragraph+" },
    paragraph: { content: "text*", group: "block", parseDOM: [{ tag: "p" }], toDOM: () => ["p", 0] },
    text: { group: "inline" },
  },
});

const chips = makeChips();

window.view = new EditorView(document.querySelector("#composer"), {
  state: EditorState.create({ schema, plugins: [history(), keymap(baseKeymap)] }),
  attributes: { role: "textbox", "aria-label": "Message" },
  handlePaste: (view, event) => chips.take(event.clipboardData),
  handleDrop: (view, event) => {
    if (!chips.take(event.dataTransfer)) return false;
    event.preventDefault();
    return true;
  },
});

window.exact = () => window.view.state.doc.textBetween(0, window.view.state.doc.content.size, "\n");

// The editor's own cost of a paste: its parser, transaction and rendering, and the layout after it.
window.ownPaste = (text, html) => {
  const view = window.view;
  view.dispatch(view.state.tr.delete(0, view.state.doc.content.size));
  const began = performance.now();
  if (html) view.pasteHTML(html);
  else view.pasteText(text);
  document.body.getBoundingClientRect();
  const cost = performance.now() - began;
  const whole = window.exact() === text;
  view.dispatch(view.state.tr.delete(0, view.state.doc.content.size));
  return { cost, whole };
};
