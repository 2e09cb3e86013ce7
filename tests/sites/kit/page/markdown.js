// A little markdown, rendered line by line so that the cost is linear in the answer's length.

import { element } from "./dom.js";
import { katex } from "./maths.js";

const INLINE =
  /(`+)(.+?)\1(?!`)|\*\*(?=\S)(.+?)\*\*|\*(?=[^\s*])([^*]+)\*|~~(.+?)~~|(!?)\[([^\]]*)\]\(([^)\s]+)\)|\\\((.+?)\\\)|(?<![\w$])\$(?=[^\s$])([^$\n]*[^\s$])\$(?![\w$])|\\([\\`*_{}[\]()#+.!|~$>-])/g;
const ITEM = /^(\s*)(?:([-*+])|(\d+)[.)]) (.*)/;

/**
 * How a site dresses what markdown makes:
 * codeBlock(language) gives {root, code}; math(source, display), link(label, url), image(alt, url) and
 * table(table) give a node; prepare(line) changes a line before it is read. All but codeBlock may be left out.
 */
const PLAIN = {
  math: katex,
  link: (label, url) => element("a", { href: url }, ...label),
  image: (alt, url) => element("img", { alt, src: url }),
  table: (table) => table,
  prepare: (line) => line,
};

/** Renders text that grows at its end. */
export class MarkdownView {
  #place;
  #looks;
  #rest = "";
  #open = null;
  #code = null;
  #fence = "";
  #indent = 0;
  #lists = [];
  #table = null;
  #quote = null;
  #formula = null;
  #partial = null;

  constructor(place, looks) {
    this.#place = place;
    this.#looks = { ...PLAIN, ...looks };
  }

  feed(text) {
    this.#partial?.remove();
    this.#partial = null;
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop();
    for (const line of lines) this.#line(line);
    if (!this.#rest) return;
    this.#partial = this.#code
      ? document.createTextNode(this.#rest)
      : element("span", {}, ...this.#inline(this.#rest));
    (this.#code ?? this.#open ?? this.#place).append(this.#partial);
  }

  /** Nothing more comes: the last line is a whole one. */
  end() {
    if (this.#rest) this.feed("\n");
    this.#quote?.end();
  }

  reset() {
    this.#place.replaceChildren();
    this.#rest = "";
    this.#close();
    this.#code = this.#partial = this.#formula = null;
  }

  #line(line) {
    if (this.#code) this.#codeLine(line);
    else if (this.#formula) this.#formulaLine(line);
    else if (line.startsWith(">")) this.#quoteLine(line.replace(/^> ?/, ""));
    else this.#blockLine(line);
  }

  #blockLine(line) {
    if (this.#quote) {
      this.#quote.end();
      this.#close();
    }
    const fence = line.match(/^(\s*)(`{3,}|~{3,})\s*([^`\s]*)/);
    const heading = line.match(/^(#{1,6}) (.*)/);
    const formula = line.match(/^\s*(\$\$|\\\[)(.*)/);
    const item = line.match(ITEM);
    if (!line.trim()) this.#open = this.#table = null;
    else if (fence) this.#startCode(fence);
    else if (formula) this.#startFormula(formula);
    else if (heading) this.#block(element(`h${heading[1].length}`, {}, ...this.#inline(heading[2])));
    else if (/^ {0,3}([-*_])( ?\1){2,}\s*$/.test(line)) this.#block(element("hr"));
    else if (item) this.#item(item);
    else if (line.startsWith("|")) this.#row(line);
    else this.#paragraph(line);
  }

  #close() {
    this.#open = this.#table = this.#quote = null;
    this.#lists = [];
  }

  #block(node) {
    this.#close();
    this.#place.append(node);
  }

  #startCode([, indent, marks, language]) {
    const { root, code } = this.#looks.codeBlock(language);
    const holder = indent && this.#lists.length ? this.#lists.at(-1).item : null;
    if (!holder) this.#close();
    (holder ?? this.#place).append(root);
    this.#code = code;
    this.#fence = marks;
    this.#indent = indent.length;
    this.#open = null;
  }

  #codeLine(line) {
    const text = line.slice(0, this.#indent).trim() ? line : line.slice(this.#indent);
    const marks = text.trim();
    if (marks.startsWith(this.#fence) && !marks.replaceAll(this.#fence[0], "")) this.#code = null;
    else this.#code.append(`${text}\n`);
  }

  #startFormula([, mark, rest]) {
    this.#formula = { closing: mark === "$$" ? "$$" : "\\]", lines: [] };
    this.#formulaLine(rest);
  }

  #formulaLine(line) {
    const { closing, lines } = this.#formula;
    const end = line.indexOf(closing);
    lines.push(end < 0 ? line : line.slice(0, end));
    if (end < 0) return;
    this.#formula = null;
    this.#block(element("p", {}, this.#looks.math(lines.join("\n").trim(), true)));
  }

  #quoteLine(line) {
    if (!this.#quote) {
      const place = element("blockquote");
      this.#block(place);
      this.#quote = new MarkdownView(place, this.#looks);
    }
    this.#quote.feed(`${line}\n`);
  }

  #item([, { length: indent }, bullet, number, text]) {
    while (this.#lists.length && indent < this.#lists.at(-1).indent) this.#lists.pop();
    const kind = bullet ? "ul" : "ol";
    const last = this.#lists.at(-1);
    if (!last || indent > last.indent + 1 || last.list.localName !== kind) {
      const nested = last && indent > last.indent + 1;
      if (!nested) this.#close();
      const list = element(kind, { start: number && number !== "1" ? number : null });
      (nested ? last.item : this.#place).append(list);
      this.#lists.push({ list, indent, item: null });
    }
    const level = this.#lists.at(-1);
    level.item = element("li", {}, ...this.#inline(text));
    level.list.append(level.item);
    this.#open = this.#table = null;
  }

  #row(line) {
    const cells = line.trim().slice(1).replace(/\|$/, "").split(/(?<!\\)\|/);
    if (cells.every((cell) => /^\s*:?-+:?\s*$/.test(cell))) return;
    const first = !this.#table;
    if (first) {
      const head = element("thead");
      const body = element("tbody");
      this.#block(this.#looks.table(element("table", {}, head, body)));
      this.#table = { head, body };
    }
    const name = first ? "th" : "td";
    const row = element("tr", {}, ...cells.map((cell) => element(name, {}, ...this.#inline(cell.trim()))));
    this.#table[first ? "head" : "body"].append(row);
  }

  #paragraph(line) {
    if (this.#open) {
      this.#open.append("\n", ...this.#inline(line));
      return;
    }
    const nested = /^\s{2,}/.test(line) && this.#lists.length;
    this.#open = element("p", {}, ...this.#inline(line.trimStart()));
    if (nested) this.#lists.at(-1).item.append(this.#open);
    else {
      this.#lists = [];
      this.#place.append(this.#open);
    }
  }

  #inline(text) {
    const { math, link, image, prepare } = this.#looks;
    const nodes = [];
    let from = 0;
    text = prepare(text);
    for (const match of text.matchAll(INLINE)) {
      nodes.push(text.slice(from, match.index));
      from = match.index + match[0].length;
      const [, , code, bold, italic, struck, picture, label, url, roundMath, dollarMath, escaped] = match;
      if (code) nodes.push(element("code", {}, code.replace(/^ (.*`.*) $/, "$1")));
      else if (bold) nodes.push(element("strong", {}, ...this.#inline(bold)));
      else if (italic) nodes.push(element("em", {}, ...this.#inline(italic)));
      else if (struck) nodes.push(element("del", {}, ...this.#inline(struck)));
      else if (picture) nodes.push(image(label, url));
      else if (url) nodes.push(link(this.#inline(label), url));
      else if (escaped) nodes.push(escaped);
      else nodes.push(math(roundMath ?? dollarMath, false));
    }
    nodes.push(text.slice(from));
    return nodes;
  }
}
