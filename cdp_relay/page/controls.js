// Controls that hold a value: what they show, and what a menu offers. Only looking is done here;
// whoever sets a control does it with mouse and keys.

const NAME_LIMIT = 200;
const NO_PART_OF_A_NAME = '[aria-hidden="true"], script, style, svg, [role="tooltip"]';
const CONTROL_INSIDE = 'button, [role="button"], input, select, textarea';

function squeezed(text) {
  return text.replace(/\s+/g, " ").trim().slice(0, NAME_LIMIT);
}

// The lines that a person reads in an element, but for icons and for the controls inside it.
function linesOf(element, passedOver) {
  const lines = [""];
  function walk(node) {
    for (let child = node.firstChild; child; child = child.nextSibling) {
      if (child.nodeType === Node.TEXT_NODE) lines[lines.length - 1] += child.data;
      if (child.nodeType !== Node.ELEMENT_NODE || child.matches(passedOver)) continue;
      const { display } = getComputedStyle(child);
      if (display === "none") continue;
      const apart = !display.startsWith("inline") && display !== "contents";
      if (apart) lines.push("");
      walk(child);
      if (apart) lines.push("");
    }
  }
  walk(element);
  return lines.map(squeezed).filter(Boolean);
}

function wordsOf(element) {
  for (const passedOver of [`${NO_PART_OF_A_NAME}, ${CONTROL_INSIDE}`, NO_PART_OF_A_NAME]) {
    const lines = linesOf(element, passedOver);
    if (lines.length) return lines;
  }
  return [squeezed(element.getAttribute("aria-label") || element.getAttribute("title") || "")];
}

// An attribute of the element, or of the first one inside it that has it.
function attributeOf(element, attribute) {
  const bearer = element.hasAttribute(attribute) ? element : element.querySelector(`[${attribute}]`);
  return bearer ? squeezed(bearer.getAttribute(attribute)) : "";
}

function nameOf(element, attribute) {
  return attribute === null ? wordsOf(element)[0] : attributeOf(element, attribute);
}

const SWITCHES = 'input[type="checkbox"], input[type="radio"], [role="switch"], [aria-checked], [aria-pressed]';

// Whether a switch is on: true, false, or null for what is no switch.
function switchedOn(element) {
  const own = element.matches(SWITCHES) ? element : element.querySelector(SWITCHES) || element;
  if (own.matches('input[type="checkbox"], input[type="radio"]')) return own.checked;
  for (const name of ["aria-checked", "aria-pressed", "aria-selected"]) {
    if (own.hasAttribute(name)) return own.getAttribute(name) === "true";
  }
  const state = own.getAttribute("data-state");
  if (state === "checked" || state === "on") return true;
  return state === "unchecked" || state === "off" ? false : null;
}

function sliderOf(element) {
  const own = element.matches('[role="slider"], input[type="range"]')
    ? element
    : element.querySelector('[role="slider"], input[type="range"]');
  if (!own) return null;
  const isRange = own.localName === "input";
  const number = (text, otherwise) => (text === null || text === "" || isNaN(text) ? otherwise : Number(text));
  return {
    element: own,
    now: number(isRange ? own.value : own.getAttribute("aria-valuenow"), 0),
    least: number(own.getAttribute(isRange ? "min" : "aria-valuemin"), 0),
    most: number(own.getAttribute(isRange ? "max" : "aria-valuemax"), 100),
    text: squeezed(own.getAttribute("aria-valuetext") || ""),
  };
}

function valueOf(element) {
  if (element.localName === "select") return squeezed(element.selectedOptions[0]?.textContent ?? "");
  if (element.matches("input, textarea")) return element.value;
  const slider = sliderOf(element);
  if (slider) return slider.text || String(slider.now);
  return element.isContentEditable ? readEditor(element) : wordsOf(element).join(" ");
}

// A control as it is shown. What lies behind an open menu counts, and so does the field of a slider,
// which many pages draw themselves over the real one that they make see-through.
function heldBy(selectors) {
  const all = selectors.flatMap((selector) => matchesOf(selector));
  return (
    all.find(isShown) ||
    all.find((element) => sliderOf(element) && element.checkVisibility({ visibilityProperty: true })) ||
    null
  );
}

function controlState(selectors, attribute) {
  const element = heldBy(selectors);
  if (!element) return null;
  const slider = sliderOf(element);
  return {
    name: nameOf(element, attribute),
    text: wordsOf(element).join(" "),
    value: valueOf(element),
    on: switchedOn(element),
    disabled: isDisabled(element),
    most: element.matches('input[type="number"]') && element.max !== "" ? Number(element.max) : slider && slider.most,
    slider: slider && { now: slider.now, least: slider.least, most: slider.most },
  };
}

// Until the control shows something else than `before`, the JSON of a state.
function changedControl(token, milliseconds, selectors, attribute, before) {
  const look = () => controlState(selectors, attribute);
  return waitFor(
    token,
    milliseconds,
    () => {
      const state = look();
      return JSON.stringify(state) === JSON.stringify(before) ? undefined : { state };
    },
    () => ({ state: look() }),
  );
}

function reasonOf(element) {
  const ids = (element.getAttribute("aria-describedby") || "").split(/\s+/).filter(Boolean);
  const described = ids.map((id) => document.getElementById(id)?.textContent ?? "").join(" ");
  return squeezed(described || element.getAttribute("aria-description") || element.getAttribute("title") || "");
}

function isMarked(element) {
  if (switchedOn(element)) return true;
  // Angular's own menus say it to the eye alone.
  if (element.matches(".selected, .is-selected")) return true;
  return !["false", null].includes(element.getAttribute("aria-current"));
}

function itemsNow(selectors, attribute) {
  const seen = new Set();
  const items = [];
  for (const element of selectors.flatMap((selector) => matchesOf(selector))) {
    if (seen.has(element) || !isShown(element)) continue;
    seen.add(element);
    const disabled = isDisabled(element);
    items.push({
      name: nameOf(element, attribute),
      text: squeezed(wordsOf(element).join(" ")),
      disabled,
      why: disabled ? reasonOf(element) : "",
      marked: isMarked(element),
    });
  }
  return items;
}

function isNamed(element, named) {
  return nameOf(element, named.attribute) === named.name;
}

// The items, once one of them fits, or once there are some and nothing has changed for `quiet` ms.
function settledItems(token, milliseconds, selectors, attribute, wanted, quiet) {
  const fits = wanted === null ? null : pattern(`^(?:${wanted})$`, "i");
  let before = "";
  let since = performance.now();
  return waitFor(
    token,
    milliseconds,
    (now) => {
      const items = itemsNow(selectors, attribute);
      const all = JSON.stringify(items);
      if (all !== before) {
        before = all;
        since = now;
      }
      if (fits && items.some((item) => fits.test(item.name) || fits.test(item.text))) return items;
      return items.length && now - since >= quiet ? items : undefined;
    },
    () => itemsNow(selectors, attribute),
  );
}

function noneShown(token, milliseconds, selectors) {
  return waitFor(token, milliseconds, () => (visibleCount(selectors) ? undefined : true), () => false);
}

function fewerShown(token, milliseconds, selectors, count) {
  return waitFor(token, milliseconds, () => (visibleCount(selectors) < count ? true : undefined), () => false);
}

function focusControl(selectors) {
  const element = heldBy(selectors);
  if (!element) return false;
  const own = sliderOf(element)?.element ?? element;
  own.focus();
  return document.activeElement === own;
}

function tooltipText(token, milliseconds) {
  const look = () => {
    const tip = matchesOf('[role="tooltip"]').find((element) => element.isConnected && element.textContent.trim());
    return tip ? squeezed(tip.textContent) : undefined;
  };
  return waitFor(token, milliseconds, look, () => "");
}

// --- notices that stand before the composer --------------------------------------------------------

const pressedNotices = new WeakSet();
let lastNotice = null;

// A composer that can be used, or first of all a control that closes a notice; each of these once.
function composerOrNotice(token, milliseconds, composer, notices) {
  return waitFor(
    token,
    milliseconds,
    () => {
      for (const element of notices.flatMap((selector) => matchesOf(selector))) {
        if (pressedNotices.has(element) || obstacle(element) || isDisabled(element)) continue;
        const point = scrolledReach(element);
        if (!point.x && !point.y) continue;
        pressedNotices.add(element);
        lastNotice = element;
        return { notice: { x: point.x, y: point.y, label: describe(element).label } };
      }
      return pick(composer, false).element ? { notice: null } : undefined;
    },
    () => ({ notice: null }),
  );
}

function noticeGone(token, milliseconds) {
  return waitFor(token, milliseconds, () => (lastNotice && isShown(lastNotice) ? undefined : true), () => false);
}

// --- an old chat -----------------------------------------------------------------------------------

// Until the chat's messages are there and have not changed for `quiet` ms, or the page leads elsewhere.
function settledThread(token, milliseconds, id, selectors, quiet) {
  let before = "";
  let since = performance.now();
  const look = () => {
    const turns = selectors.flatMap((selector) => matchesOf(selector)).filter(isShown);
    const size = turns.reduce((sum, turn) => sum + turn.textContent.length, 0);
    return { here: decodeURIComponent(location.pathname + location.search).includes(id), turns: turns.length, size };
  };
  return waitFor(
    token,
    milliseconds,
    (now) => {
      const seen = look();
      if (JSON.stringify(seen) !== before) {
        before = JSON.stringify(seen);
        since = now;
      }
      const there = !seen.here || seen.turns > 0 || !selectors.length;
      return there && now - since >= quiet ? seen : undefined;
    },
    look,
  );
}
