// A rich-text Lexical with its own paste and drop handling.
import { createEmptyHistoryState, registerHistory } from "@lexical/history";
import { registerRichText } from "@lexical/rich-text";
import { $getRoot, createEditor } from "lexical";

const editor = createEditor({ namespace: "test", onError: (error) => { throw error; } });
const root = document.querySelector("#composer");
root.contentEditable = "true";
editor.setRootElement(root);
registerRichText(editor);
registerHistory(editor, createEmptyHistoryState(), 300);
window.exact = () =>
  editor.getEditorState().read(() => $getRoot().getChildren().map((block) => block.getTextContent()).join("\n"));
