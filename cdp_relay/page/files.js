// File inputs, and the chips by which a composer shows what is attached.

// Of nested matches the innermost counts: a selector may also name the box that holds all chips.
function chipsOf(selectors) {
  const found = new Set();
  for (const selector of selectors) {
    for (const element of matchesOf(selector)) if (isShown(element)) found.add(element);
  }
  const chips = [...found].filter((chip) => ![...found].some((other) => other !== chip && chip.contains(other)));
  return chips.sort((a, b) => (a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1));
}

function chipCount(selectors) {
  return chipsOf(selectors).length;
}

function chipLabels(selectors) {
  return chipsOf(selectors).map((chip) =>
    [chip, ...chip.querySelectorAll("[aria-label], [title], [alt]")]
      .flatMap((part) => [part.getAttribute("aria-label"), part.getAttribute("title"), part.getAttribute("alt")])
      .concat(chip.textContent)
      .join("\n")
      .slice(0, 2000),
  );
}

// Where to hold the mouse over the last chip: many sites show the control that removes it only then.
function lastChip(selectors) {
  const chip = chipsOf(selectors).pop();
  if (!chip) return null;
  const { x, y } = scrolledReach(chip);
  return { x, y };
}

// The control that removes the last chip: the nearest one, and of several the last.
function removeControl(token, milliseconds, selectors, removes) {
  function look() {
    const chip = chipsOf(selectors).pop();
    if (!chip) return { gone: true };
    const controls = removes.flatMap(matchesOf);
    for (let near = chip; near; near = near.parentElement) {
      const inside = controls.filter((control) => near.contains(control) && !obstacle(control));
      for (const control of inside.reverse()) {
        const { x, y } = scrolledReach(control);
        if (x || y) return { gone: false, x, y };
      }
    }
    return undefined;
  }
  return waitFor(token, milliseconds, look, () => null);
}

function fewerChips(token, milliseconds, selectors, count) {
  return waitFor(token, milliseconds, () => (chipCount(selectors) < count ? true : undefined), () => false);
}

const inputs = []; // every file input that was seen, so that Python can name it by number

function inputFacts(selectors) {
  const facts = [];
  for (const selector of selectors) {
    for (const input of matchesOf(selector)) {
      if (input.localName !== "input" || input.type !== "file" || input.disabled || input.webkitdirectory) continue;
      let key = inputs.indexOf(input);
      if (key < 0) key = inputs.push(input) - 1;
      if (!facts.some((fact) => fact.key === key)) facts.push({ key, accept: input.accept, multiple: input.multiple });
    }
  }
  return facts;
}

function fileInputs(token, milliseconds, selectors) {
  return waitFor(
    token,
    milliseconds,
    () => {
      const facts = inputFacts(selectors);
      return facts.length ? facts : undefined;
    },
    () => [],
  );
}

function fileInput(key) {
  return inputs[key];
}

// What an upload looks like from outside. `watched`: {chips, busy, refused, input}
function uploadNow(watched, rules) {
  const input = watched.input === null ? null : inputs[watched.input];
  return {
    chips: chipCount(watched.chips),
    busy: watched.busy.some((selector) => matchesOf(selector).some(isShown)),
    refused: rules.findIndex(ruleShows),
    emptied: Boolean(input && input.isConnected && !input.files.length),
  };
}

// Until the page did anything about the files that it was given.
function uploadBegins(token, milliseconds, watched, before) {
  const rules = compile(watched.refused);
  const look = () => uploadNow(watched, rules);
  return waitFor(
    token,
    milliseconds,
    () => {
      const seen = look();
      return seen.chips !== before || seen.busy || seen.refused >= 0 || seen.emptied ? seen : undefined;
    },
    look,
  );
}

// Until all chips are there and nothing is busy for `quiet` ms, or the page refuses; or until nothing
// has changed, short of that, for `still` ms.
function uploadEnds(token, milliseconds, watched, wanted, quiet, still) {
  const rules = compile(watched.refused);
  let last = "";
  let since = performance.now();
  return waitFor(
    token,
    milliseconds,
    (now) => {
      const seen = uploadNow(watched, rules);
      const key = JSON.stringify(seen);
      if (key !== last) {
        last = key;
        since = now;
      }
      const whole = seen.chips >= wanted && !seen.busy;
      const over = seen.refused >= 0 || (whole ? now - since >= quiet : !seen.busy && now - since >= still);
      return over ? seen : undefined;
    },
    () => uploadNow(watched, rules),
  );
}

// The address of something that the page shows or offers, by a text that it holds, or has shown
// as a picture. Not what it merely asked its server for: that may be a question about the file.
// `places` are elements or what is around them; nothing else is looked at when there are any.
function shownAddresses(places) {
  const media = "img, source, video, audio, a[href]";
  const elements = places.length
    ? places.flatMap(matchesOf).flatMap((place) => [place, ...place.querySelectorAll(media)])
    : [...document.querySelectorAll(media)];
  const addresses = elements
    // A picture that is still on its way may yet be exchanged for another.
    .filter((element) => element.localName !== "img" || (element.complete && element.naturalWidth))
    .map((element) => element.currentSrc || element.src || element.href || "");
  if (!places.length) {
    const loaded = performance.getEntriesByType("resource").filter(({ initiatorType }) => initiatorType === "img");
    addresses.push(...loaded.map((entry) => entry.name).reverse());
  }
  return addresses.filter((address) => /^(https?|blob|data):/.test(address));
}

function shownAddress(token, milliseconds, sign, places, known) {
  const fits = (address) => address.includes(sign) && !known.includes(address);
  return waitFor(token, milliseconds, () => shownAddresses(places).find(fits), () => null);
}
