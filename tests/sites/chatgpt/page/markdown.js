// A little markdown, rendered line by line so that the cost is linear in the answer's length.

import { element } from "./dom.js";

const CITATION = /\uE200[^\uE201]*\uE201/g;
const INLINE = /(`[^`]+`)|(\*\*[^*]+\*\*)|(\*[^*\s][^*]*\*)|\[([^\]]+)\]\((https?:[^)\s]+)\)|(\\\(.+?\\\))/g;

function inline(text) {
  const nodes = [];
  let from = 0;
  text = text.replace(CITATION, "\u2060[source]\u2060");
  for (const match of text.matchAll(INLINE)) {
    nodes.push(text.slice(from, match.index));
    from = match.index + match[0].length;
    const [whole, code, bold, italic, label, url] = match;
    if (code) nodes.push(element("code", {}, code.slice(1, -1)));
    else if (bold) nodes.push(element("strong", {}, bold.slice(2, -2)));
    else if (italic) nodes.push(element("em", {}, italic.slice(1, -1)));
    else if (url) nodes.push(element("a", { href: url }, label));
    else
      nodes.push(
        element("span", { "data-math-source": whole.slice(2, -2), "data-math-display": "false" }, whole),
      );
  }
  nodes.push(text.slice(from));
  return nodes;
}

/** Renders text that grows at its end. */
export class MarkdownView {
  #place;
  #codeBlock;
  #rest = "";
  #open = null;
  #code = null;
  #list = null;
  #partial = null;

  /** codeBlock(language) makes {root, code}, which each generation does in its own way. */
  constructor(place, codeBlock) {
    this.#place = place;
    this.#codeBlock = codeBlock;
  }

  feed(text) {
    this.#partial?.remove();
    this.#partial = null;
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop();
    for (const line of lines) this.#line(line);
    if (this.#rest) {
      this.#partial = this.#code
        ? document.createTextNode(this.#rest)
        : element("span", {}, ...inline(this.#rest));
      (this.#code ?? this.#open ?? this.#place).append(this.#partial);
    }
  }

  /** Nothing more comes: the last line is a whole one. */
  end() {
    if (this.#rest) this.feed("\n");
  }

  reset() {
    this.#place.replaceChildren();
    this.#rest = "";
    this.#open = this.#code = this.#list = this.#partial = null;
  }

  #line(line) {
    const fence = line.match(/^\s*```(\S*)/);
    if (this.#code) {
      if (fence) this.#code = null;
      else this.#code.append(`${line}\n`);
      return;
    }
    if (fence) {
      const { root, code } = this.#codeBlock(fence[1]);
      this.#place.append(root);
      this.#code = code;
      this.#open = this.#list = null;
      return;
    }
    const heading = line.match(/^(#{1,6}) (.*)/);
    const item = line.match(/^\s*(?:([-*])|\d+\.) (.*)/);
    if (!line.trim()) this.#open = this.#list = null;
    else if (heading) this.#place.append(element(`h${heading[1].length}`, {}, ...inline(heading[2])));
    else if (item) this.#item(item[1] ? "ul" : "ol", item[2]);
    else this.#paragraph(line);
  }

  #item(kind, text) {
    if (this.#list?.localName !== kind) {
      this.#list = element(kind);
      this.#place.append(this.#list);
    }
    this.#list.append(element("li", {}, ...inline(text)));
    this.#open = null;
  }

  #paragraph(line) {
    if (this.#open) this.#open.append("\n", ...inline(line));
    else {
      this.#open = element("p", {}, ...inline(line));
      this.#place.append(this.#open);
    }
  }
}
