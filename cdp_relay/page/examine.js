// How selectors fare on the page, and what a person who mends them could write instead.

// For each name, every alternative in order: how many elements match, are drawn, can be used.
function examine(groups) {
  const report = {};
  for (const [name, selectors] of Object.entries(groups)) report[name] = selectors.map(fare);
  return report;
}

function fare(selector) {
  let matches;
  try {
    matches = matchesOf(selector);
  } catch {
    return { selector, matches: 0, visible: 0, usable: 0, valid: false };
  }
  return {
    selector,
    matches: matches.length,
    visible: matches.filter(isShown).length,
    usable: matches.filter((element) => !obstacle(element)).length,
    valid: true,
  };
}

// "SELECTOR@ATTRIBUTE" by name -> what the page says there, or null.
function readStamps(stamps) {
  const found = {};
  for (const [name, place] of Object.entries(stamps)) {
    const at = place.lastIndexOf("@");
    const element = document.querySelector(at < 0 ? place : place.slice(0, at));
    const value = element && (at < 0 ? element.textContent : element.getAttribute(place.slice(at + 1)));
    found[name] = value === null || value === undefined ? null : value.trim().slice(0, 200);
  }
  return found;
}

// --- candidates --------------------------------------------------------------------------------

const SAYS_SEND = /\b(send|submit|run|ask|go)\b|senden|enviar|envoyer|invia|отправ|发送|發送|送信|보내/i;
const SAYS_STOP = /\b(stop|cancel|interrupt)\b|anhalten|detener|parar|arrêter|останов|停止|中止|중지/i;
const SAYS_OTHER = /voice|dictat|micro|speech|attach|upload|file|photo|model|menu|tool|setting|share|copy|search/i;
const SEARCHES = /search|filter|find|such|buscar|recherch|поиск|搜索|検索/i;

// The likeliest elements for a purpose, best first, each with a selector that finds it.
function suggest(purpose, composerSelectors) {
  const judge = { composer: judgeComposer, send: judgeButton(SAYS_SEND), stop: judgeButton(SAYS_STOP) }[purpose];
  if (!judge) return [];
  const composer = pick(composerSelectors, false).element || suggestedComposer();
  const pool = purpose === "composer" ? editors() : buttonsNear(composer);
  return pool
    .map((element) => ({ element, ...judge(element, composer) }))
    .filter(({ points }) => points > 0)
    .sort((a, b) => b.points - a.points)
    .slice(0, 3)
    .map(({ element, because }) => {
      const selector = addressOf(element);
      return { selector, matches: usableCount(selector), because, ...describe(element) };
    });
}

function editors() {
  const all = 'textarea, [contenteditable]:not([contenteditable="false"]), [role="textbox"], input[type="text"]';
  return matchesOf(all).filter((element) => !obstacle(element));
}

function suggestedComposer() {
  const ranked = editors().map((element) => ({ element, ...judgeComposer(element) }));
  ranked.sort((a, b) => b.points - a.points);
  return ranked.length && ranked[0].points > 0 ? ranked[0].element : null;
}

function judgeComposer(element) {
  const because = [];
  let points = 0;
  const give = (amount, why) => {
    points += amount;
    if (amount > 0) because.push(why);
  };
  const box = element.getBoundingClientRect();
  if (element.isContentEditable) give(2, "it is an editor");
  else if (element.localName === "textarea") give(2, "it is a text area");
  if (element.getAttribute("role") === "textbox") give(1, "it has the role of a text box");
  if (box.width > window.innerWidth / 4) give(2, "it is wide");
  if (box.bottom > window.innerHeight / 2) give(1, "it stands in the lower half");
  if (element.closest("form, main")) give(1, "it stands in the page's main part");
  if (SEARCHES.test(namesOf(element)) || element.closest('[role="dialog"], nav')) give(-5, "");
  return { points, because };
}

// The controls of the smallest box around the composer that holds any.
function buttonsNear(composer) {
  const all = 'button, [role="button"], input[type="submit"]';
  let box = composer && composer.parentElement;
  for (let height = 0; box && height < 8; height++, box = box.parentElement) {
    const found = Array.prototype.filter.call(box.querySelectorAll(all), (element) => !obstacle(element));
    if (found.length && (box.matches("form") || found.length > 1 || !box.parentElement.closest("form"))) return found;
  }
  return matchesOf(all).filter((element) => !obstacle(element));
}

function judgeButton(says) {
  return (element, composer) => {
    const because = [];
    let points = 0;
    const give = (amount, why) => {
      points += amount;
      if (amount > 0) because.push(why);
    };
    const words = namesOf(element);
    if (says.test(words)) give(4, "its label says so");
    if (element.type === "submit" && element.form && says === SAYS_SEND) give(3, "it submits the form");
    if (SAYS_OTHER.test(words) || element.hasAttribute("aria-haspopup")) give(-6, "");
    if (composer) {
      const mine = element.getBoundingClientRect();
      const its = composer.getBoundingClientRect();
      if (mine.left > its.left + its.width / 2) give(1, "it stands at the composer's right");
    }
    if (element.querySelector("svg") && !element.textContent.trim()) give(1, "it is an icon");
    return { points, because };
  };
}

function namesOf(element) {
  const names = ["aria-label", "data-testid", "data-test-id", "title", "placeholder", "name", "id"];
  return names.map((name) => element.getAttribute(name) || "").join(" ") + " " + element.textContent.slice(0, 80);
}

// --- a selector for an element -----------------------------------------------------------------

const MADE_UP = /\d|^:|radix|headlessui|ember|ng-|css-|__|--/;

// Hidden twins do not count: whoever uses a selector passes them over.
function usableCount(selector) {
  return matchesOf(selector).filter((element) => !obstacle(element)).length;
}

// The shortest chain of lasting marks that finds the element alone; the best there is otherwise.
function addressOf(element) {
  let address = markOf(element);
  for (let node = element.parentElement; node; node = node.parentElement) {
    const bare = address === element.localName;
    if (!bare && usableCount(address) <= 1) break;
    const mark = markOf(node);
    const telling = mark !== node.localName || mark.includes("-") || mark === "form" || mark === "main";
    if (!telling) continue;
    const longer = mark + " " + address;
    if (bare || usableCount(longer) < usableCount(address)) address = longer;
  }
  return address;
}

function markOf(element) {
  const tag = element.localName;
  for (const name of ["data-testid", "data-test-id", "data-qa", "name"]) {
    const value = element.getAttribute(name);
    if (value && !MADE_UP.test(value)) return `${tag}[${name}="${CSS.escape(value)}"]`;
  }
  if (element.id && !MADE_UP.test(element.id)) return `${tag}#${CSS.escape(element.id)}`;
  let mark = tag;
  for (const { name } of element.attributes) {
    if (/^data-[a-z-]+$/.test(name) && !/state|index|id$|focus|hover/.test(name)) {
      mark += `[${name}]`;
      break;
    }
  }
  if (element.isContentEditable && element.hasAttribute("contenteditable")) mark += '[contenteditable="true"]';
  if (element.getAttribute("role") === "textbox") mark += '[role="textbox"]';
  if (element.getAttribute("type") === "submit") mark += '[type="submit"]';
  else if (mark === tag && element.getAttribute("aria-label")) {
    mark += `[aria-label="${CSS.escape(element.getAttribute("aria-label")).replace(/\\ /g, " ")}"]`;
  }
  if (mark === tag) {
    const telling = [...element.classList].find((name) => name.length > 3 && !MADE_UP.test(name));
    if (telling) mark += `.${CSS.escape(telling)}`;
  }
  return mark;
}
