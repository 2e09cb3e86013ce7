// What a person could see and reach. Runs in an isolated world; the page cannot see or change it.
// The files of this folder are joined into one function body (see _world.py).

const MATCH_LIMIT = 200; // a hostile page may offer millions of matches
const LABEL_LIMIT = 80;

function matchesOf(selector) {
  let list;
  try {
    list = document.querySelectorAll(selector);
  } catch {
    throw new Error("bad selector: " + selector);
  }
  return Array.prototype.slice.call(list, 0, MATCH_LIMIT);
}

// Drawn: it has a box that can be scrolled to, and nothing makes it see-through.
function isShown(element) {
  if (!element.isConnected) return false;
  const box = element.getBoundingClientRect();
  if (box.width < 1 || box.height < 1) return false;
  if (!element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) return false;
  // Parked outside the page, where no scrolling leads: the old way to hide something.
  return box.right + window.scrollX > 0 && box.bottom + window.scrollY > 0;
}

// Why a control cannot be used, or "" when it can. Behind a modal dialog the page is inert or
// aria-hidden; the twin of a control that is kept for another layout is often one of the two as well.
function obstacle(element) {
  if (!isShown(element)) return "not visible";
  if (element.closest("[inert]")) return "inert";
  if (element.closest('[aria-hidden="true"]')) return "aria-hidden";
  return "";
}

function isDisabled(element) {
  if (element.matches(":disabled")) return true;
  return Boolean(element.closest('[aria-disabled="true"], [data-disabled="true"], [data-disabled=""]'));
}

function describe(element) {
  const box = element.getBoundingClientRect();
  const label =
    element.getAttribute("aria-label") ||
    element.getAttribute("data-testid") ||
    element.getAttribute("placeholder") ||
    element.getAttribute("title") ||
    element.id;
  return {
    tag: element.localName.slice(0, LABEL_LIMIT),
    role: (element.getAttribute("role") || element.getAttribute("type") || "").slice(0, LABEL_LIMIT),
    label: String(label || "").slice(0, LABEL_LIMIT),
    x: Math.round(box.x),
    y: Math.round(box.y),
    width: Math.round(box.width),
    height: Math.round(box.height),
  };
}

function owns(element, hit) {
  for (let node = hit; node; node = node.parentNode || node.host) {
    if (node === element) return true;
  }
  return false;
}

const MEANINGFUL =
  "a, button, input, select, textarea, label, iframe, video, canvas, img, " +
  '[role], [tabindex], [onclick], [contenteditable]:not([contenteditable="false"])';

// An empty layer: no words, no controls, nothing that a click on it could decide.
function isEmptyLayer(element) {
  if (element === document.body || element === document.documentElement) return false;
  if (element.textContent.trim()) return false;
  return !element.closest(MEANINGFUL) && !element.querySelector(MEANINGFUL);
}

// A point where a click reaches the element, or what is in the way at its centre.
function reach(element) {
  const boxes = [...element.getClientRects()].slice(0, 8);
  let cover = null;
  for (const box of boxes) {
    const left = Math.max(box.left, 0);
    const top = Math.max(box.top, 0);
    const right = Math.min(box.right, window.innerWidth);
    const bottom = Math.min(box.bottom, window.innerHeight);
    if (right - left < 1 || bottom - top < 1) continue;
    for (const [across, down] of [[0.5, 0.5], [0.25, 0.5], [0.75, 0.5], [0.5, 0.25], [0.5, 0.75]]) {
      const x = left + (right - left) * across;
      const y = top + (bottom - top) * down;
      const hit = document.elementFromPoint(x, y);
      if (hit && owns(element, hit)) return { x, y, cover: null };
      cover = cover || hit;
    }
  }
  return { x: 0, y: 0, cover };
}

function scrolledReach(element) {
  let point = reach(element);
  if (!point.x && !point.y) {
    element.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
    point = reach(element);
  }
  return point;
}
