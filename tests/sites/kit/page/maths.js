// Formulas as KaTeX leaves them in a document: MathML with the source, and boxes for the eye.

import { element } from "./dom.js";

const MATHML = "http://www.w3.org/1998/Math/MathML";

function mathml(name, attributes, ...children) {
  const made = document.createElementNS(MATHML, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** A formula of this source. */
export function katex(source, display) {
  const annotation = mathml("annotation", { encoding: "application/x-tex" }, source);
  const semantics = mathml("semantics", {}, mathml("mrow", {}, mathml("mi", {}, source)), annotation);
  const box = element(
    "span",
    { class: "katex" },
    element("span", { class: "katex-mathml" }, mathml("math", display ? { display: "block" } : {}, semantics)),
    element(
      "span",
      { class: "katex-html", "aria-hidden": "true" },
      element("span", { class: "base" }, element("span", { class: "mord mathnormal" }, source)),
    ),
  );
  return display ? element("span", { class: "katex-display" }, box) : box;
}
