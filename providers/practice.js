// The practice page: sends a prompt, shows the answer as it streams, and can stop it.
"use strict";

const at = (id) => document.getElementById(id);
const [composer, send, stop, model, log, scroller] = ["composer", "send", "stop", "model", "log", "scroller"].map(at);

const conversation = crypto.randomUUID();
const BLOCK = 4000; // characters in one block of an answer: the browser lays out only those in view
const SHOWN = 2000; // characters of the person's own message that are shown

let running = null;

const chosen = new URLSearchParams(location.search).get("model");
if ([...model.options].some((option) => option.value === chosen)) model.value = chosen;

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

// --- the conversation ------------------------------------------------------------------------

function addTurn(who, className) {
  const turn = element("article", `turn ${className}`);
  turn.append(element("h2", "", who));
  turn.body = element("div", "body");
  turn.append(turn.body);
  log.append(turn);
  at("welcome").hidden = true;
  return turn;
}

function showPrompt(prompt) {
  const turn = addTurn("You", "user");
  const shown = prompt.length > SHOWN
    ? `${prompt.slice(0, SHOWN)}… (${prompt.length.toLocaleString("en")} characters)` : prompt;
  turn.body.append(element("div", "", shown));
}

// An answer on the page: text nodes grow inside blocks, so that 5 MB cost what 5 MB cost, once.
class Answer {
  constructor() {
    this.turn = addTurn("Practice", "assistant");
    this.turn.setAttribute("aria-busy", "true");
    this.pieces = [];
    this.waiting = "";
    this.timer = 0;
    this.node = null;
  }

  add(text) {
    this.pieces.push(text);
    this.waiting += text;
    this.timer ||= setTimeout(() => this.flush(), 40);
  }

  think(text) {
    if (!this.thinking) {
      this.thinking = element("p", "thinking", "");
      this.turn.insertBefore(this.thinking, this.turn.body);
    }
    this.thinking.append(text);
    follow();
  }

  show({url, description}) {
    const picture = element("img");
    picture.src = url;
    picture.alt = description;
    this.turn.append(picture);
    follow();
  }

  flush() {
    clearTimeout(this.timer);
    this.timer = 0;
    let text = this.waiting;
    this.waiting = "";
    while (text) {
      if (!this.node || this.node.length >= 4 * BLOCK) this.open();
      const room = Math.max(0, BLOCK - this.node.length);
      const line = text.indexOf("\n", room);
      const end = line < 0 || line > room + 3 * BLOCK ? Math.min(text.length, room + 3 * BLOCK) : line;
      this.node.appendData(text.slice(0, end));
      text = text.slice(end);
      if (line === end && this.node.length >= BLOCK) {
        text = text.slice(1); // the block's own end is the line break
        this.node = null;
      }
    }
    follow();
  }

  open() {
    const block = element("div");
    this.node = block.appendChild(document.createTextNode(""));
    this.turn.body.append(block);
  }

  end(problem) {
    this.flush();
    this.turn.removeAttribute("aria-busy");
    const text = this.pieces.join("");
    if (text.length < 100_000 && text.includes("```")) showCode(this.turn.body, text);
    if (problem) this.turn.append(element("p", "failure", problem));
    if (text) {
      const copy = element("button", "copy", "Copy");
      copy.type = "button";
      copy.onclick = async () => {
        await navigator.clipboard.writeText(text);
        copy.textContent = "Copied";
      };
      this.turn.append(copy);
    }
    const words = text ? text.trim().split(/\s+/).length.toLocaleString("en") : "0";
    at("status").textContent = problem || `Answered: ${words} ${words === "1" ? "word" : "words"}`;
    follow();
  }
}

// Shows fenced blocks as code; everything else stays as it was written.
function showCode(body, text) {
  const parts = [];
  let from = 0;
  for (const fence of text.matchAll(/^(`{3,})[^`\n]*\n([\s\S]*?)^\1[ \t]*$\n?/gm)) {
    if (fence.index > from) parts.push(element("div", "", text.slice(from, fence.index).replace(/\n+$/, "")));
    const code = element("pre");
    code.append(element("code", "", fence[2].replace(/\n$/, "")));
    parts.push(code);
    from = fence.index + fence[0].length;
  }
  if (from < text.length) parts.push(element("div", "", text.slice(from).replace(/^\n+/, "")));
  body.replaceChildren(...parts);
}

let atEnd = true;
scroller.addEventListener("scroll", () => {
  atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 80;
}, {passive: true});
function follow() {
  if (atEnd) scroller.scrollTop = scroller.scrollHeight;
}

// --- asking ----------------------------------------------------------------------------------

async function ask(prompt) {
  const message = crypto.randomUUID();
  running = {message, control: new AbortController()};
  atEnd = true;
  showPrompt(prompt);
  const answer = new Answer();
  setBusy(true);
  let problem = "The answer broke off.";
  try {
    const response = await fetch("/answer", {
      method: "POST",
      headers: {"Content-Type": "application/json"},
      body: JSON.stringify({prompt, model: model.value, message_id: message, conversation_id: conversation}),
      signal: running.control.signal,
    });
    if (response.ok) problem = await readAnswer(response.body, answer, problem);
    else problem = (await response.json()).error;
  } catch (error) {
    if (error.name === "AbortError") problem = "Stopped.";
  }
  running = null;
  answer.end(problem);
  setBusy(false);
}

async function readAnswer(stream, answer, problem) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  for (;;) {
    const {done, value} = await reader.read();
    if (done) return problem;
    const events = (held + value).split("\n\n");
    held = events.pop();
    for (const line of events) {
      const event = JSON.parse(line.slice("data: ".length));
      if (event.type === "text") answer.add(event.text);
      else if (event.type === "thinking") answer.think(event.text);
      else if (event.type === "picture") answer.show(event);
      else if (event.type === "error") problem = event.message;
      else if (event.type === "end") problem = event.reason === "stopped" ? "Stopped." : "";
    }
  }
}

async function stopAnswer() {
  if (!running) return;
  const {message, control} = running;
  stop.disabled = true;
  setTimeout(() => control.abort(), 2000);
  await fetch("/stop", {
    method: "POST",
    headers: {"Content-Type": "application/json"},
    body: JSON.stringify({message_id: message}),
  }).catch(() => control.abort());
}

// --- the composer ----------------------------------------------------------------------------

function setBusy(busy) {
  send.hidden = busy;
  stop.hidden = !busy;
  stop.disabled = false;
  if (busy) at("status").textContent = "Answering…";
  refresh();
}

function refresh() {
  send.disabled = running !== null || composer.value.trim() === "";
  composer.style.height = "";
  // Measuring a text of megabytes costs more than it is worth: it fills the field anyway.
  if (composer.value.length < 5000) composer.style.height = `${Math.min(192, composer.scrollHeight)}px`;
  else composer.style.height = "12rem";
}

composer.addEventListener("input", refresh);
composer.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    if (!send.disabled) at("ask").requestSubmit();
  }
});
at("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  if (send.disabled) return;
  const prompt = composer.value;
  composer.value = "";
  ask(prompt);
});
stop.addEventListener("click", stopAnswer);
at("examples").addEventListener("click", (event) => {
  if (event.target.tagName === "BUTTON" && !running) ask(event.target.textContent);
});
model.addEventListener("change", () => {
  history.replaceState(null, "", `/?model=${model.value}`);
  composer.focus();
});
refresh();
