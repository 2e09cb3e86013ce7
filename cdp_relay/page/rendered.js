// The answer as the page shows it: which turn it is, whether it is whole, and what it says.

let turnsBefore = new WeakSet();
let lastBefore = "";

// Ranked alternatives, inside shadow roots where the document itself has no match: the first that
// matches counts; of matches inside each other the outermost.
function deepMatches(root, selectors) {
  for (const selector of selectors) {
    let found;
    try {
      found = [...root.querySelectorAll(selector)];
    } catch {
      throw new Error("bad selector: " + selector);
    }
    if (!found.length) {
      for (const element of root.querySelectorAll("*")) {
        if (element.shadowRoot) found.push(...deepMatches(element.shadowRoot, [selector]));
      }
    }
    if (found.length) return found.filter((element, index) => !index || !found[index - 1].contains(element));
  }
  return [];
}

function shownText(element) {
  return element.shadowRoot || !element.textContent
    ? [...childrenOf(element)].map((node) => (node.nodeType === Node.ELEMENT_NODE ? shownText(node) : node.data)).join("")
    : element.textContent;
}

// Remember what is there before a prompt is sent, so that an old answer is never taken for its answer.
function markTurns(rule) {
  const turns = deepMatches(document, rule.turn);
  turnsBefore = new WeakSet(turns);
  lastBefore = turns.length ? shownText(turns[turns.length - 1]) : "";
  return turns.length;
}

// The last turn, unless it was there before: a page that draws its turns anew makes new elements of them.
function newTurn(rule) {
  const turn = deepMatches(document, rule.turn).pop();
  if (!turn || turnsBefore.has(turn)) return null;
  return lastBefore && shownText(turn) === lastBefore ? null : turn;
}

function contentOf(turn, rule) {
  if (!rule.content.length) return [turn];
  return turn.matches(rule.content.join(",")) ? [turn] : deepMatches(turn, rule.content);
}

// The last turn of all, new or old: where the page is, and the beginning and the end of what the turn shows.
function lastTurn(rule, most) {
  const turn = deepMatches(document, rule.turn).pop();
  const text = turn ? contentOf(turn, rule).map(shownText).join("\n") : null;
  const ends = text === null ? null : [text.slice(0, most), text.slice(-most)];
  return { address: decodeURIComponent(location.pathname + location.search), ends };
}

function isMarkedDone(turn, rule) {
  if (!rule.done.length) return true;
  return rule.done.some((selector) =>
    deepMatches(document, [selector]).some(
      (mark) => turn.contains(mark) || turn.compareDocumentPosition(mark) & Node.DOCUMENT_POSITION_FOLLOWING,
    ),
  );
}

function markdownOf(roots, rule, exclude) {
  return new MarkdownReader(exclude, rule.brackets).read(roots);
}

// Null when there is no new turn. The texts are held for reading on in pieces, one after the other.
function renderedAnswer(rule, done) {
  const turn = newTurn(rule);
  if (!turn) return null;
  const markdown = markdownOf(contentOf(turn, rule), rule, rule.exclude.concat(rule.thinking));
  const thinking = rule.thinking.length ? markdownOf(deepMatches(turn, rule.thinking), rule, rule.exclude) : "";
  held = markdown + thinking;
  return { text: piece(0), length: held.length, answer: markdown.length, done };
}

// Until a new turn is whole: nothing says that it is being written, the signs of its end are there, and
// its text has not changed for `quiet` ms (`patient` ms where those signs are missing: sites change
// them). Gives up after `appear` ms in which neither a text nor work on one was to be seen.
function settledAnswer(token, milliseconds, rule, stop, quiet, patient, appear) {
  let before = "";
  let since = performance.now();
  return waitFor(
    token,
    milliseconds,
    (now) => {
      const turn = newTurn(rule);
      const text = turn ? contentOf(turn, rule).map(shownText).join("\n") : "";
      if (text !== before || visibleCount(stop) || visibleCount(rule.working)) {
        before = text;
        since = now;
        return undefined;
      }
      if (!text.trim()) return now - since >= appear ? renderedAnswer(rule, false) : undefined;
      return now - since >= (isMarkedDone(turn, rule) ? quiet : patient) ? renderedAnswer(rule, true) : undefined;
    },
    () => renderedAnswer(rule, false),
  );
}
