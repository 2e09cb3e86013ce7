// The document as HTML, as it looks now: what is typed in, what is chosen, and open shadow roots.
// It only reads: no attribute is set, no node cloned, no focus moved.
(most) => {
  const VOID = new Set(
    "area base br col embed hr img input link meta param source track wbr".split(" ").map((name) => name.toUpperCase()),
  );
  const HELD = new Set(["input", "textarea", "option"]);
  const RAW = new Set(["SCRIPT", "STYLE", "XMP", "IFRAME", "NOEMBED", "NOFRAMES", "PLAINTEXT", "NOSCRIPT"]);
  const TYPED = /^(?!password$|hidden$|file$|checkbox$|radio$|submit$|button$|reset$|image$)/;
  const out = [];
  let size = 0;
  const put = (text) => {
    size += text.length;
    if (size > most) throw new RangeError("too large");
    out.push(text);
  };
  const inText = (text) =>
    text.replace(/[&<>\u00a0]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", "\u00a0": "&nbsp;" })[c]);
  const inValue = (text) =>
    text.replace(/[&"<>\u00a0]/g, (c) => ({ "&": "&amp;", '"': "&quot;", "<": "&lt;", ">": "&gt;", "\u00a0": "&nbsp;" })[c]);

  // What a control holds now, in place of what its attributes said at first.
  const now = (element) => {
    const changed = new Map();
    if (element instanceof HTMLInputElement) {
      if (element.type === "checkbox" || element.type === "radio") changed.set("checked", element.checked ? "" : null);
      else if (element.type === "password") changed.set("value", null);
      else if (TYPED.test(element.type) && element.value !== (element.getAttribute("value") ?? ""))
        changed.set("value", element.value);
    } else if (element instanceof HTMLOptionElement) changed.set("selected", element.selected ? "" : null);
    return changed;
  };

  const tag = (element, name) => {
    const changed = now(element);
    put("<" + name);
    for (const { name: key, value } of element.attributes) {
      if (!changed.has(key)) put(` ${key}="${inValue(value)}"`);
      else if (changed.get(key) !== null) put(` ${key}="${inValue(changed.get(key))}"`);
      changed.delete(key);
    }
    for (const [key, value] of changed) if (value !== null) put(` ${key}="${inValue(value)}"`);
    put(">");
  };

  // The browser writes what is plain, many times faster; only what leads to a control or to a shadow
  // root is written here.
  const walked = new Set();
  const scan = (root) => {
    for (const element of root.querySelectorAll("*")) {
      if (!element.shadowRoot && !HELD.has(element.localName)) continue;
      for (let up = element; up && !walked.has(up); up = up.parentNode ?? up.host) walked.add(up);
      if (element.shadowRoot) scan(element.shadowRoot);
    }
  };

  const openRoot = (root) => {
    const flags = (root.delegatesFocus ? " shadowrootdelegatesfocus" : "") + (root.clonable ? " shadowrootclonable" : "");
    put(`<template shadowrootmode="open"${flags}>`);
  };

  // Without recursion: a page's nesting has no limit that a stack could count on.
  const write = (start) => {
    const work = [start];
    while (work.length) {
      const node = work.pop();
      if (typeof node === "string") {
        put(node);
        continue;
      }
      switch (node.nodeType) {
        case Node.TEXT_NODE:
          put(node.parentNode instanceof Element && RAW.has(node.parentNode.nodeName) ? node.data : inText(node.data));
          break;
        case Node.COMMENT_NODE:
          put(`<!--${node.data}-->`);
          break;
        case Node.DOCUMENT_TYPE_NODE:
          put(`<!DOCTYPE ${node.name}>`);
          break;
        case Node.ELEMENT_NODE: {
          if (!walked.has(node)) {
            put(node.outerHTML);
            break;
          }
          const html = node.namespaceURI === "http://www.w3.org/1999/xhtml";
          const name = html ? node.localName : node.nodeName;
          tag(node, name);
          if (html && VOID.has(node.nodeName)) break;
          work.push(`</${name}>`);
          if (node instanceof HTMLTextAreaElement) {
            put((node.value.startsWith("\n") ? "\n" : "") + inText(node.value));
            break;
          }
          const inside = node instanceof HTMLTemplateElement ? node.content : node;
          for (let child = inside.lastChild; child; child = child.previousSibling) work.push(child);
          if (node.shadowRoot) {
            work.push("</template>");
            for (let child = node.shadowRoot.lastChild; child; child = child.previousSibling) work.push(child);
            openRoot(node.shadowRoot);
          }
          break;
        }
        default:
          for (let child = node.lastChild; child; child = child.previousSibling) work.push(child);
      }
    }
  };

  let html = null;
  try {
    scan(document);
    write(document);
    html = out.join("");
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  let storage = {};
  try {
    storage = Object.fromEntries(Object.entries(localStorage));
  } catch {
    // A page without an origin has none.
  }
  return { html, storage, url: location.href, title: document.title };
}
