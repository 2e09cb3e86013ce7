// What both generations' answers and composers have in common.

import { element } from "../../kit/page/dom.js";
import { post } from "../../kit/page/app.js";
import { ProseMirrorEditor } from "../../kit/page/editors/prosemirror.js";

const CITATION = /\uE200[^\uE201]*\uE201/g;

/** How this site's markdown is dressed, but for its code blocks. */
export const looks = {
  prepare: (line) => line.replace(CITATION, "\u2060[source]\u2060"),
  math: (source, display) =>
    element("span", { "data-math-source": source, "data-math-display": `${display}` }, source),
};

/** The view's parts for what comes before and beside an answer's text. */
export function thinkingParts(place) {
  return {
    think: (text) => {
      const shimmer =
        place.querySelector(".loading-shimmer") ?? element("span", { class: "loading-shimmer" });
      shimmer.textContent = text.slice(-200);
      place.prepend(shimmer);
    },
    recovering: (on) => {
      const old = place.querySelector(".text-chatgpt-recovery");
      if (!on) old?.remove();
      else if (!old) {
        const words = "Connection interrupted. Waiting for the complete answer";
        place.append(element("div", { role: "status", class: "text-chatgpt-recovery" }, words));
      }
    },
  };
}

/** The composer's parts that do not depend on the generation. */
export function composerParts(app, editorPlace, editorSettings) {
  return {
    editor: (settings) => new ProseMirrorEditor(editorPlace, { ...editorSettings, ...settings }),
    drafts: "oai/apps/conversationDrafts",
    pasteLimit: 10_000,
    pastedFile: (text) => new File([text], "Pasted text.txt", { type: "text/plain" }),
    upload,
    refused: (reason) => app.face.showToast(reason),
  };
}

/** A chip with a sign of its upload until that is over. */
export function attachmentChip(chip, ...parts) {
  const progress = element("span", { role: "progressbar" }, "…");
  chip.append(...parts, progress);
  chip.settle = () => progress.remove();
  return chip;
}

async function upload({ file }) {
  const about = { file_name: file.name, file_size: file.size, use_case: "my_files", mime_type: file.type };
  const response = await post("/backend-api/files", about);
  const { upload_url: url, file_id: id, detail } = await response.json();
  if (!response.ok) throw new Error(detail ?? "Failed to upload the file");
  await fetch(url, { method: "PUT", headers: { "content-type": file.type }, body: file });
  await post(`/backend-api/files/${id}/uploaded`, {});
  return { id, name: file.name, size: file.size, mime_type: file.type };
}
