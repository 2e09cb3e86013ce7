// Controls by ranked selectors, and states of the page by rules.

// The first selector with a reachable match decides; one that is disabled is waited for,
// rather than passed over for a weaker selector that may mean something else. With `named`, only
// elements of that name count.
function pick(selectors, enabled, named = null) {
  const passed = [];
  for (let rank = 0; rank < selectors.length; rank++) {
    const reachable = [];
    for (const element of matchesOf(selectors[rank])) {
      if (named && !isNamed(element, named)) continue;
      const why = obstacle(element);
      if (!why) reachable.push(element);
      else if (passed.length < 12) passed.push({ rank, why, ...describe(element) });
    }
    if (!reachable.length) continue;
    const usable = enabled ? reachable.filter((element) => !isDisabled(element)) : reachable;
    if (usable.length) return { element: usable[0], rank, matches: reachable.length, passed };
    passed.push({ rank, why: "disabled", ...describe(reachable[0]) });
    return { element: null, rank, matches: reachable.length, passed };
  }
  return { element: null, rank: -1, matches: 0, passed };
}

function report(picked, point) {
  const box = picked.element.getBoundingClientRect();
  return {
    rank: picked.rank,
    matches: picked.matches,
    x: point.x,
    y: point.y,
    width: box.width,
    height: box.height,
    tag: picked.element.localName,
  };
}

// What a person who mends the selectors would like to know.
function candidates() {
  const found = [];
  for (const element of matchesOf('textarea, [contenteditable]:not([contenteditable="false"]), [role="textbox"], input')
    .concat(matchesOf('button, [role="button"], input[type="submit"]'))) {
    if (found.length >= 24) break;
    if (isShown(element)) found.push(describe(element));
  }
  return found;
}

function findControl(token, milliseconds, selectors, enabled, uncovered, named) {
  let last = null;
  let cover = null;
  return waitFor(
    token,
    milliseconds,
    () => {
      last = pick(selectors, enabled, named);
      cover = null;
      if (!last.element) return undefined;
      const point = scrolledReach(last.element);
      if (!point.x && !point.y) cover = point.cover;
      if (uncovered && !point.x && !point.y) return undefined;
      return { control: report(last, point) };
    },
    () => ({
      control: null,
      cover: cover && { ...describe(cover), empty: isEmptyLayer(cover) },
      box: last && last.element && describe(last.element),
      covered: Boolean(last && last.element),
      passed: last ? last.passed : [],
      candidates: candidates(),
      ready: document.readyState,
    }),
  );
}

// The same one frame later: whether a control is at rest shows only over time.
async function findControlAgain(token, milliseconds, selectors, enabled, uncovered, named) {
  await nextFrame();
  return findControl(token, milliseconds, selectors, enabled, uncovered, named);
}

function visibleCount(selectors) {
  const seen = new Set();
  for (const selector of selectors) {
    for (const element of matchesOf(selector)) if (isShown(element)) seen.add(element);
  }
  return seen.size;
}

function pattern(source, flags) {
  try {
    return new RegExp(source, flags);
  } catch {
    throw new Error("bad pattern: " + source);
  }
}

function textFits(element, rule, expression) {
  // textContent first: it costs no layout, and most elements are far too long or too short.
  if (element.textContent.length > rule.text_max * 4) return false;
  const text = (element.innerText || "").trim();
  return text.length <= rule.text_max && expression.test(text);
}

function compile(rules) {
  return rules.map((rule) => ({
    ...rule,
    urlPattern: rule.url === null ? null : pattern(rule.url, ""),
    titlePattern: rule.title === null ? null : pattern(rule.title, ""),
    textPattern: rule.text === null ? null : pattern(rule.text, "i"),
  }));
}

function ruleShows(rule) {
  if (rule.urlPattern && !rule.urlPattern.test(location.href)) return false;
  if (rule.titlePattern && !rule.titlePattern.test(document.title)) return false;
  if (rule.selector.length) {
    const fits = (element) => isShown(element) && (!rule.textPattern || textFits(element, rule, rule.textPattern));
    if (!rule.selector.some((selector) => matchesOf(selector).some(fits))) return false;
  } else if (rule.textPattern) {
    if (!document.body || !textFits(document.body, rule, rule.textPattern)) return false;
  } else if (!rule.urlPattern && !rule.titlePattern) {
    return false;
  }
  return !rule.unless.some((selector) => matchesOf(selector).some(isShown));
}

function stateNow(rules) {
  return compile(rules).findIndex(ruleShows);
}

const firstSeen = new Map(); // rule as JSON -> when it began to show, over all watches of this document

function watchStates(token, milliseconds, rules) {
  const keys = rules.map((rule) => JSON.stringify(rule));
  const compiled = compile(rules);
  return waitFor(
    token,
    milliseconds,
    (now) => {
      for (let index = 0; index < compiled.length; index++) {
        if (!ruleShows(compiled[index])) {
          firstSeen.delete(keys[index]);
          continue;
        }
        if (!firstSeen.has(keys[index])) firstSeen.set(keys[index], now);
        if (now - firstSeen.get(keys[index]) >= compiled[index].after_seconds * 1000) return index;
      }
      return undefined;
    },
    () => -1,
  );
}
