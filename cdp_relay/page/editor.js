// Reading editors back, each in its own terms, so that the text can be compared exactly.

const READ_LIMIT = 1000000; // UTF-16 units in one answer

const ROOTS = '.ProseMirror, [data-lexical-editor="true"], .ql-editor, textarea, input, [contenteditable]:not([contenteditable="false"])';

// A selector may name the editor itself or something around it.
function editorOf(selectors) {
  const picked = pick(selectors, false);
  if (!picked.element) return null;
  if (picked.element.matches(ROOTS)) return picked.element;
  return picked.element.querySelector(ROOTS) || picked.element;
}

function kindOf(root) {
  if (root.matches("textarea, input")) return "textarea";
  if (root.matches(".ProseMirror")) return "prosemirror";
  if (root.matches('[data-lexical-editor="true"]')) return "lexical";
  if (root.matches(".ql-editor")) return "quill";
  return "contenteditable";
}

// Decoration that the editor draws, and that is no part of the document.
function isDecoration(element) {
  return (
    element.getAttribute("contenteditable") === "false" ||
    element.getAttribute("aria-hidden") === "true" ||
    element.matches("img, .ProseMirror-trailingBreak, .ProseMirror-separator, .ProseMirror-widget, [data-lexical-managed-linebreak], .ql-cursor")
  );
}

const BLOCKS = new Set(["address", "article", "blockquote", "dd", "div", "dl", "dt", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "section", "table", "td", "tr", "ul"]);

// Collects lines: every block starts a line, and so does a break, but for the break that only
// keeps an otherwise empty or finished line open.
class Lines {
  constructor() {
    this.lines = [];
    this.open = false;
  }
  text(data) {
    if (!this.open) this.newLine();
    this.lines[this.lines.length - 1] += data;
  }
  newLine() {
    this.lines.push("");
    this.open = true;
  }
  block(element) {
    const only = element.firstChild;
    // Nearly every line of a prompt: a block with one text node.
    if (only && only === element.lastChild && only.nodeType === Node.TEXT_NODE) {
      this.lines.push(only.data);
    } else {
      const before = this.lines.length;
      this.open = false;
      this.inside(element);
      if (this.lines.length === before) this.lines.push("");
    }
    this.open = false;
  }
  inside(element) {
    for (let node = element.firstChild; node; node = node.nextSibling) {
      if (node.nodeType === Node.TEXT_NODE) {
        if (node.data) this.text(node.data);
      } else if (node.nodeType === Node.ELEMENT_NODE && !isDecoration(node)) {
        if (node.localName === "br") this.lineBreak(node, element);
        else if (BLOCKS.has(node.localName)) this.block(node);
        else this.inside(node);
      }
    }
  }
  lineBreak(node, parent) {
    const last = node === parent.lastChild;
    if (!this.open) this.newLine();
    if (!last) this.newLine();
  }
}

function readEditor(root) {
  const kind = kindOf(root);
  if (kind === "textarea") return root.value;
  const lines = new Lines();
  if (kind === "contenteditable") {
    lines.inside(root);
  } else {
    for (const child of root.children) if (!isDecoration(child)) lines.block(child);
  }
  return lines.lines.join("\n");
}

let held = ""; // the text last read, for reading on in pieces

function piece(offset) {
  let end = Math.min(held.length, offset + READ_LIMIT);
  // Never between the halves of a character outside the basic plane.
  if (end < held.length && (held.charCodeAt(end - 1) & 0xfc00) === 0xd800) end -= 1;
  return held.slice(offset, end);
}

// Focused, and the caret in it: after an insertion that ends with a line break, Chrome may leave the
// caret of a bare contenteditable in whatever follows it (seen with a button).
function isFocused(root) {
  const active = document.activeElement;
  if (!active || !document.hasFocus() || !(active === root || root.contains(active))) return false;
  return kindOf(root) === "textarea" || root.contains(getSelection().anchorNode);
}

function editorState(selectors, chips) {
  const root = editorOf(selectors);
  if (!root) return null;
  held = readEditor(root);
  return {
    kind: kindOf(root),
    length: held.length,
    text: piece(0),
    focused: isFocused(root),
    chips: chipCount(chips),
  };
}

function readOn(offset) {
  const text = piece(offset);
  if (offset + text.length >= held.length) held = "";
  return text;
}

function focusEditor(selectors) {
  const root = editorOf(selectors);
  if (!root) return false;
  root.focus();
  if (!isFocused(root)) {
    getSelection().selectAllChildren(root);
    getSelection().collapseToEnd();
  }
  return isFocused(root);
}

// Until the editor holds `length` units, or a chip more is there, or nothing has changed for `quiet` ms.
function settledEditor(token, milliseconds, selectors, chips, length, chipsBefore, quiet) {
  let before = null;
  let since = performance.now();
  return waitFor(
    token,
    milliseconds,
    (now) => {
      const root = editorOf(selectors);
      const text = root ? readEditor(root) : null;
      if (text !== before) {
        before = text;
        since = now;
      }
      if ((text !== null && text.length === length) || chipCount(chips) > chipsBefore || now - since >= quiet) {
        return editorState(selectors, chips) || undefined;
      }
      return undefined;
    },
    () => editorState(selectors, chips),
  );
}
