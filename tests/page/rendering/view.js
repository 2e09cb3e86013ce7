// Renders every text of the page's list with the replicas' own renderer, each into a section.

import { element } from "../../sites/kit/page/dom.js";
import { MarkdownView } from "../../sites/kit/page/markdown.js";

function codeBlock(language) {
  const code = element("code");
  const header = element("div", { class: "header" }, element("span", {}, language), element("button", {}, "Copy"));
  return { root: element("div", { class: "code-block" }, header, element("pre", {}, code)), code };
}

for (const [number, text] of JSON.parse(document.querySelector("#texts").textContent).entries()) {
  const section = element("section", { id: `case${number}` });
  document.body.append(section);
  const view = new MarkdownView(section, { codeBlock });
  view.feed(text);
  view.end();
}
