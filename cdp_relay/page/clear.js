// Whether a page is usable again: nothing stands in the way, and what is needed is there.

function untilClear(token, milliseconds, rules, needed, steady) {
  const compiled = compile(rules);
  const isThere = (selectors) => !selectors.length || selectors.some((one) => matchesOf(one).some(isShown));
  let since = null;
  return waitFor(
    token,
    milliseconds,
    (now) => {
      if (!needed.every(isThere) || compiled.some(ruleShows)) {
        since = null;
        return undefined;
      }
      if (since === null) since = now;
      return now - since >= steady ? true : undefined;
    },
    () => false,
  );
}

// What the first element says by which a state is seen.
function stateText(rule) {
  const [compiled] = compile([rule]);
  for (const selector of rule.selector) {
    for (const element of matchesOf(selector)) {
      if (isShown(element) && (!compiled.textPattern || textFits(element, compiled, compiled.textPattern))) {
        return (element.innerText || "").trim().slice(0, rule.text_max);
      }
    }
  }
  return "";
}
