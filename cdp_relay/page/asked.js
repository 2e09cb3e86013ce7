// The message that the newest answer answers: whether it is one that we know.

function letters(text) {
  return text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "");
}

// What the page has between the newest answer and the one before it, with whatever stands beside it.
function askedText(rule) {
  const turns = deepMatches(document, rule.turn);
  const last = turns.pop();
  if (!last) return null;
  const range = document.createRange();
  try {
    const before = turns.pop();
    if (before) range.setStartAfter(before);
    else range.setStart(document.body, 0);
    range.setEndBefore(last);
  } catch {
    return "";
  }
  return range.toString();
}

// Null while there is no answer. `lines` are letters and digits alone, and have to come in this order.
function askedLines(rule, lines) {
  const text = askedText(rule);
  if (text === null) return null;
  const shown = letters(text);
  let from = 0;
  for (const line of lines) {
    const at = shown.indexOf(line, from);
    if (at < 0) return { shown: false, turns: deepMatches(document, rule.turn).length };
    from = at + line.length;
  }
  return { shown: true, turns: deepMatches(document, rule.turn).length };
}
