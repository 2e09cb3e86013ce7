// Rendered text turned back into the Markdown that it was rendered from. Only reads the document.
// What the rendering has lost (the width of a table's dashes, whether a list said "-" or "*") is
// written in the plainest way; what Markdown would read as markup, but is shown as text, is escaped.

const BLOCK_NAMES =
  "address article aside blockquote center dd details dl dt figure figcaption footer form h1 h2 h3 h4 h5 h6 " +
  "header hr li main nav ol p pre section table ul";
const BLOCKS_INSIDE = BLOCK_NAMES.split(" ").join(",") + ",.katex-display";
const BLOCK_SET = new Set(BLOCK_NAMES.split(" "));
const HEADINGS = ["h1", "h2", "h3", "h4", "h5", "h6"];
const MARKS = { strong: "**", b: "**", em: "*", i: "*", del: "~~", s: "~~", strike: "~~" };
const HTML_MARKS = new Set(["sub", "sup", "kbd", "u", "ins", "mark"]);

// Never words of an answer: controls, icons (whose names are text in icon fonts), words for screen readers.
const NEVER =
  "script,style,template,noscript,svg,canvas,video,audio,iframe,object,button,select,textarea,input,dialog," +
  '[role="button"],[role="tooltip"],[role="toolbar"],[popover],[hidden],[aria-hidden="true"],.sr-only,' +
  '.visually-hidden,.cdk-visually-hidden,mat-icon,.material-icons,[class*="material-symbols"],.google-symbols';
const MATH = '[data-math-source],[data-math],.katex-display,.katex,ms-katex,mjx-container,math';
const TEX = 'annotation[encoding="application/x-tex"]';
const CODE_WRAPPERS = '.code-block,code-block,ms-code-block,[data-markdown-copy="code-block"]';
const LINE_NUMBERS = ".line-number,.line-numbers,.linenumber,.lineno,.hljs-ln-numbers,.cm-gutters";
// The site shows what it was given, letter by letter.
const VERBATIM = ".very-large-text-container";

const LANGUAGES = {
  "c++": "cpp",
  "c#": "csharp",
  "f#": "fsharp",
  "objective-c": "objectivec",
  "plain text": "",
  plaintext: "",
  code: "",
};
const LABEL = /^[A-Za-z][\w+#.-]*( [\w+#.-]+)?$/;
const LABEL_CHARS = 24;

function childrenOf(node) {
  if (node.shadowRoot) return node.shadowRoot.childNodes;
  if (node.localName === "slot") {
    const assigned = node.assignedNodes({ flatten: true });
    if (assigned.length) return assigned;
  }
  return node.childNodes;
}

function longestRun(text, mark) {
  let longest = 0;
  for (const run of text.match(mark) || []) longest = Math.max(longest, run.length);
  return longest;
}

function holdsBlocks(element) {
  const root = element.shadowRoot || element;
  return root.firstElementChild !== null && root.querySelector(BLOCKS_INSIDE) !== null;
}

// --- text ---------------------------------------------------------------------------------------

// Only what would be read as markup: a lone star or an underscore inside a word is left alone.
function escaped(text) {
  let out = text.replace(/\\(?=[!-/:-@[-`{-~])/g, "\\\\");
  if ((out.match(/\*(?=\S)|(?<=\S)\*/g) || []).length > 1) out = out.replace(/\*(?=\S)|(?<=\S)\*/g, "\\*");
  if ((out.match(/(?<![\p{L}\p{N}])_(?=\S)|(?<=\S)_(?![\p{L}\p{N}])/gu) || []).length > 1)
    out = out.replace(/(?<![\p{L}\p{N}])_(?=\S)|(?<=\S)_(?![\p{L}\p{N}])/gu, "\\_");
  if (/`[^`]+`/.test(out)) out = out.replace(/`/g, "\\`");
  if (/~~[^~]+~~/.test(out)) out = out.replace(/~~/g, "\\~~");
  return out.replace(/\[(?=[^[\]]*\]\()/g, "\\[");
}

// A line of text that would begin a block is kept from it.
function escapedLine(line) {
  return line
    .replace(/^(#{1,6})(?=\s|$)/, "\\$1")
    .replace(/^([-+*])(?=\s|$)/, "\\$1")
    .replace(/^(\d{1,9})([.)])(?=\s|$)/, "$1\\$2")
    .replace(/^(>)/, "\\$1")
    .replace(/^(-{2,}|={2,}|\*{3,}|_{3,})(?=\s*$)/, "\\$1")
    .replace(/^(~{3,})/, "\\$1")
    .replace(/^(`{3,})(?=[^`]*$)/, "\\$1");
}

function codeSpan(text) {
  const fence = "`".repeat(longestRun(text, /`+/g) + 1);
  const flat = text.replace(/\s*\n\s*/g, " ");
  const pad = /^`|`$|^ .* $/.test(flat) ? " " : "";
  return flat ? fence + pad + flat + pad + fence : "";
}

function wrapped(inner, before, after) {
  const [, lead, words, tail] = inner.match(/^(\s*)([\s\S]*?)(\s*)$/);
  return words ? lead + before + words + after + tail : inner;
}

// Where a link leads, without the detour by which the site counts the click.
function destination(link) {
  const written = link.getAttribute("href");
  if (!written || written.startsWith("#") || /^(javascript|blob):/i.test(written)) return "";
  let url;
  try {
    url = new URL(written, document.baseURI);
  } catch {
    return written; // sandbox:/… and what else a browser cannot read
  }
  if (/(^|\.)google\.[a-z.]+$/.test(url.hostname) && ["/url", "/search"].includes(url.pathname)) {
    const inner = url.searchParams.get("q") || url.searchParams.get("url");
    if (inner && /^https?:\/\//.test(inner)) return inner;
  }
  if (url.searchParams.get("utm_source") === "chatgpt.com") {
    const plain = url.href.replace(/([?&])utm_source=chatgpt\.com(&|(?=#|$))/, (_, first, next) => (next ? first : ""));
    return written.endsWith("/") || url.pathname !== "/" || url.search.length > 23 ? plain : plain.replace(/\/$/, "");
  }
  return /^[a-z][a-z\d+.-]*:/i.test(written) ? written : url.href;
}

// --- one answer -----------------------------------------------------------------------------------

class MarkdownReader {
  // `brackets`: mathematics as \( \) and \[ \] rather than with dollar signs.
  constructor(exclude, brackets) {
    this.exclude = [NEVER, ...exclude].join(",");
    this.never = exclude.join(",");
    this.brackets = brackets;
    this.flat = false; // inside a table's cell, where no line begins a block
  }

  read(roots) {
    return this.joined(roots.flatMap((root) => this.blocks(root)));
  }

  joined(blocks) {
    return blocks.map((block) => block.text).join("\n\n");
  }

  isOut(element) {
    if (this.never && element.matches(this.never)) return true;
    if (element.matches(MATH)) return false;
    return element.matches(this.exclude);
  }

  // --- blocks: [{text, list}] where list is "ul", "ol" or undefined

  blocks(container) {
    const blocks = [];
    let run = "";
    const flush = () => {
      const text = this.paragraph(run);
      if (text) blocks.push({ text });
      run = "";
    };
    const push = (...more) => {
      flush();
      blocks.push(...more);
    };
    for (const node of this.parts(container)) {
      if (typeof node === "string") {
        run = this.append(run, this.text(node, container));
        continue;
      }
      const math = this.mathOf(node);
      if (math && math.display) push({ text: this.displayed(math.tex) });
      else if (math) run = this.append(run, this.inMath(math.tex));
      else if (this.isBlock(node)) {
        flush();
        push(...this.block(node, blocks[blocks.length - 1]));
      } else run = this.append(run, this.inline(node));
    }
    flush();
    return blocks;
  }

  // Named so, or drawn so where the name says nothing, or with such inside.
  isBlock(element) {
    const name = element.localName;
    if (BLOCK_SET.has(name)) return true;
    if (name === "div" || name.includes("-")) {
      const { display } = getComputedStyle(element);
      if (!display.startsWith("inline") && display !== "contents") return true;
    }
    return holdsBlocks(element);
  }

  block(element, before) {
    const name = element.localName;
    if (element.matches(VERBATIM)) return [{ text: element.textContent.replace(/\s+$/, "") }];
    const code = this.codeOf(element);
    if (code) return [{ text: code }];
    if (HEADINGS.includes(name)) {
      const words = this.oneLine(this.words(element));
      return words ? [{ text: "#".repeat(HEADINGS.indexOf(name) + 1) + " " + words }] : [];
    }
    if (name === "ul" || name === "ol") return this.list(element, name, before);
    if (name === "table") return this.table(element);
    if (name === "hr") return [{ text: "---" }];
    if (name === "blockquote") {
      const inner = this.joined(this.blocks(element));
      return inner ? [{ text: inner.replace(/^(?=.)/gm, "> ").replace(/^$/gm, ">") }] : [];
    }
    if (name === "details") return this.details(element);
    if (getComputedStyle(element).display === "none") return [];
    return this.blocks(element);
  }

  details(element) {
    const summary = element.querySelector(":scope > summary");
    const inner = this.joined(this.blocks(element).slice(summary ? 1 : 0));
    const head = summary ? `\n<summary>${this.oneLine(this.words(summary))}</summary>` : "";
    return [{ text: `<details>${head}\n\n${inner}\n\n</details>` }];
  }

  // A list beside another of its kind gets another mark: they would become one otherwise.
  list(element, kind, before) {
    const other = Boolean(before && before.list === kind && !before.other);
    let number = kind === "ol" ? element.start : 0;
    const items = [];
    for (const child of childrenOf(element)) {
      if (child.nodeType !== Node.ELEMENT_NODE || this.isOut(child)) continue;
      const nested = child.localName === "ul" || child.localName === "ol";
      if (nested && items.length) {
        // Not valid HTML, and found all the same.
        const [inner] = this.list(child, child.localName);
        if (inner) items[items.length - 1] += "\n" + inner.text.replace(/^(?=.)/gm, "  ");
        continue;
      }
      if (kind === "ol" && child.hasAttribute("value")) number = child.value;
      const mark = kind === "ol" ? `${number}${other ? ")" : "."} ` : other ? "* " : "- ";
      number += 1;
      items.push(this.item(child, mark));
    }
    return items.length ? [{ text: items.join("\n"), list: kind, other }] : [];
  }

  item(element, mark) {
    let text = "";
    for (const block of this.blocks(element)) text += (text ? (block.list ? "\n" : "\n\n") : "") + block.text;
    const box = element.querySelector('input[type="checkbox"]');
    if (box && box.closest("li") === element) text = (box.checked ? "[x] " : "[ ] ") + text;
    return (mark + text.replace(/\n(?=.)/g, "\n" + " ".repeat(mark.length))).trimEnd();
  }

  table(element) {
    const rows = [...element.rows].map((row) => [...row.cells].flatMap((cell) => this.cell(cell)));
    if (!rows.length) return [];
    const width = Math.max(...rows.map((row) => row.length));
    const headed = element.tHead !== null || element.rows[0].querySelector("th") !== null;
    const head = headed ? rows.shift() : [];
    const first = headed ? [...element.rows[0].cells] : [];
    const dashes = Array.from({ length: width }, (_, column) => alignment(first[column]));
    const line = (row) => `| ${Array.from({ length: width }, (_, column) => row[column] ?? "").join(" | ")} |`;
    return [{ text: [line(head), `| ${dashes.join(" | ")} |`, ...rows.map(line)].join("\n") }];
  }

  cell(cell) {
    this.flat = true;
    const text = this.blocks(cell)
      .map((block) => block.text)
      .join("<br>")
      .replace(/ {2}\n/g, "<br>")
      .replace(/\n/g, " ")
      .replace(/\|/g, "\\|");
    this.flat = false;
    return [text, ...Array(Math.max(0, cell.colSpan - 1)).fill("")];
  }

  // --- code

  // A block of code, with or without the frame and the header that the site puts around it.
  codeOf(element) {
    const pre = element.localName === "pre" ? element : this.onlyPre(element);
    if (!pre) return "";
    const inner = pre.querySelector(".cm-content code, .cm-content, code") || pre;
    const text = this.codeText(inner).replace(/\n$/, "");
    const fence = "`".repeat(Math.max(3, longestRun(text, /`+/g) + 1));
    return `${fence}${this.language(element, pre, inner)}\n${text}${text ? "\n" : ""}${fence}`;
  }

  // The one <pre> of a frame that holds nothing else but a label.
  onlyPre(element) {
    if (!/^(div|figure)$|-/.test(element.localName)) return null;
    const root = element.shadowRoot || element;
    const pre = root.querySelector("pre");
    if (!pre || pre.closest(MATH) || root.querySelector("p,ul,ol,table,blockquote,h1,h2,h3,h4,h5,h6")) return null;
    for (const other of root.querySelectorAll("pre")) if (!pre.contains(other)) return null;
    if (element.matches(CODE_WRAPPERS)) return pre;
    const label = this.label(root, pre);
    return label !== null && LABEL.test(label) && label.length <= LABEL_CHARS ? pre : null;
  }

  // What stands around the code; null when there is nothing.
  label(root, code) {
    if (root === code) return null;
    let words = "";
    const walk = (node) => {
      for (const child of childrenOf(node)) {
        if (child === code) continue;
        if (child.nodeType === Node.TEXT_NODE) words += child.data;
        else if (child.nodeType === Node.ELEMENT_NODE && !child.matches(NEVER)) walk(child);
      }
      words += " ";
    };
    walk(root);
    return words.replace(/\s+/g, " ").trim() || null;
  }

  language(frame, pre, inner) {
    for (const element of [inner, pre, frame]) {
      const named = /(?:^|\s)(?:language|lang|highlight-source)-([^\s]+)/.exec(element.getAttribute("class") || "");
      const said = named ? named[1] : element.getAttribute("data-language") || element.getAttribute("data-lang");
      if (said) return said;
    }
    const label = this.label(frame.shadowRoot || frame, inner);
    if (label === null || !LABEL.test(label) || label.length > LABEL_CHARS) return "";
    const name = label.toLowerCase();
    return LANGUAGES[name] ?? name.replace(/ /g, "-");
  }

  codeText(root) {
    let text = "";
    const walk = (node) => {
      for (const child of childrenOf(node)) {
        if (child.nodeType === Node.TEXT_NODE) text += child.data;
        else if (child.nodeType !== Node.ELEMENT_NODE || child.matches(LINE_NUMBERS) || child.matches("button,svg")) continue;
        else if (child.localName === "br") text += "\n";
        else if (/^(div|p|tr|li)$/.test(child.localName)) {
          // A line of its own, however many line ends the page has put between them.
          if (text && !text.endsWith("\n")) text += "\n";
          const before = text.length;
          walk(child);
          if (text.length === before) text += "\n";
          else if (child.nextSibling && !text.endsWith("\n")) text += "\n";
        } else walk(child);
      }
    };
    walk(root);
    return text;
  }

  // --- mathematics

  mathOf(element) {
    if (!element.matches(MATH)) return null;
    const said = element.getAttribute("data-math-source") || element.getAttribute("data-math");
    const note = element.querySelector(TEX);
    const tex = (said || (note ? note.textContent : "")).trim();
    if (!tex) {
      if (!element.matches(".katex,.katex-display")) return null;
      const drawn = element.querySelector(".katex-html") || element;
      return { tex: drawn.textContent.trim(), display: element.matches(".katex-display") };
    }
    const large = '.katex-display,.math-block,.math-display,[data-math-display="true"],[display="block"],[display="true"]';
    return { tex, display: element.matches(large) || (!said && element.querySelector(large) !== null) };
  }

  inMath(tex) {
    const flat = tex.replace(/\s*\n\s*/g, " ");
    return this.brackets ? `\\(${flat}\\)` : `$${flat}$`;
  }

  displayed(tex) {
    return this.brackets ? `\\[\n${tex}\n\\]` : `$$\n${tex}\n$$`;
  }

  // --- inside a line

  // Elements, and the text between them in one piece however many nodes hold it.
  *parts(container) {
    let text = "";
    for (const node of childrenOf(container)) {
      if (node.nodeType === Node.TEXT_NODE) text += node.data;
      else if (node.nodeType === Node.ELEMENT_NODE && !this.isOut(node)) {
        if (text) yield text;
        text = "";
        yield node;
      }
    }
    if (text) yield text;
  }

  text(data, parent) {
    if (/\n|\s{2}/.test(data) && /^(pre|break)/.test(getComputedStyle(parent).whiteSpace)) return escaped(data);
    // A line end that a renderer kept stands alone; one with blanks behind it is the page's own layout.
    return escaped(data.replace(/[ \t\r\f]*\n(?![ \t\r\f\n])|[ \t\r\n\f]+/g, (run) => (/^\s*\n$/.test(run) ? "\n" : " ")));
  }

  append(run, piece) {
    return /\s$/.test(run) ? run + piece.replace(/^[ \n](?=\S|$)/, "") : run + piece;
  }

  paragraph(run) {
    const lines = run.trim().split("\n");
    const last = lines.length - 1;
    return lines
      .map((line, index) => {
        const hard = index < last && line.endsWith("  ");
        return (this.flat ? line.trim() : escapedLine(line.trim())) + (hard ? "  " : "");
      })
      .join("\n");
  }

  oneLine(run) {
    return run.trim().replace(/\s*\n\s*/g, " ");
  }

  words(element) {
    let run = "";
    for (const node of this.parts(element)) {
      run = this.append(run, typeof node === "string" ? this.text(node, element) : this.inline(node));
    }
    return run;
  }

  inline(element) {
    const name = element.localName;
    const math = this.mathOf(element);
    if (math) return this.inMath(math.tex);
    if (name === "br") return "  \n";
    if (name === "wbr") return "";
    if (name === "img") return this.image(element);
    if (name === "code" || name === "samp" || name === "tt") return codeSpan(this.codeText(element));
    const inner = this.words(element);
    if (name in MARKS) return wrapped(inner, MARKS[name], MARKS[name]);
    if (name === "a") return this.link(element, inner);
    if (HTML_MARKS.has(name)) return wrapped(inner, `<${name}>`, `</${name}>`);
    return inner;
  }

  link(element, inner) {
    const url = destination(element);
    const words = inner.trim();
    if (!url || !words) return inner;
    if (element.textContent.trim() === url || element.textContent.trim() === url.replace(/^mailto:/, "")) return inner;
    const target = /[\s()<>]/.test(url) ? `<${url.replace(/[<>]/g, encodeURIComponent)}>` : url;
    return wrapped(inner, "[", `](${target})`);
  }

  image(element) {
    const alt = (element.getAttribute("alt") || "").trim();
    const src = element.getAttribute("src") || "";
    if (element.getAttribute("alt") === "") return ""; // decoration, by HTML's own rule
    if (alt && !/[\p{L}\p{N}]/u.test(alt) && alt.length < 12) return alt; // an emoji
    const kept = src && !/^(data|blob):/i.test(src) ? new URL(src, document.baseURI).href : "";
    return alt || kept ? `![${alt}](${kept})` : "";
  }
}

function alignment(cell) {
  const said = cell ? cell.getAttribute("align") || cell.style.textAlign : "";
  return { left: ":---", center: ":---:", right: "---:" }[said] || "---";
}
