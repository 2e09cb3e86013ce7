// What every chat's page is: a configuration, a way to the test, a face, and a turn that may be running.

import { Control } from "./control.js";
import { showStates } from "./overlays.js";

/**
 * A site's page extends it with start(), prepare(), send(message) and what its face needs. The face has
 * composer, thread (the scrolled element) and, for states, dialogs, bannerPlace and showRefusal().
 */
export class ChatApp {
  control = new Control();
  busy = null;
  signedIn = false;
  face = null;
  last = null;

  constructor(config) {
    this.config = config;
    this.chat = config.chat;
    const { control } = this;
    for (const name of ["error", "unhandledrejection"])
      addEventListener(name, ({ error, reason }) =>
        control.report("mistake", { text: String((error ?? reason)?.stack ?? error ?? reason) }),
      );
    control.on("config", (order) => this.reconfigure(order.config));
    control.on("dialog", ({ name }) => this.face.showDialog(name));
    control.on("alert", ({ text }) => alert(text));
    control.on("navigate", ({ url }) => location.assign(url));
    control.on("close", () => window.close());
    control.on("report", () => this.last?.receipts.report());
    control.on("read", ({ key, size }) => {
      if (this.last?.key === key) this.last.receipts.reportRead(size);
    });
    control.on("loop", () => {
      for (;;); // a hung renderer
    });
  }

  /** What a draft is kept under. */
  get draftKey() {
    return this.chat ?? "new";
  }

  /** After the face is there: bring back a draft, show states, tell the test. */
  hydrated(details = {}) {
    this.face.composer.restore();
    showStates(this);
    if (this.config.alert === "load") setTimeout(() => alert("A message from the page"));
    this.control.report("hydrated", { url: location.href, ...details });
  }

  /** Wait for as long as the state says before the page comes to life. */
  async delayed() {
    if (this.config.hydrateAfter) await pause(this.config.hydrateAfter);
  }

  /** Run a turn: an object with key, running, receipts, run() and stop(). */
  async follow(turn) {
    this.busy = this.last = turn;
    this.face.composer.update();
    await turn.run();
    turn.running = false;
    if (this.busy === turn) this.busy = null;
    this.face.composer.update();
  }

  stop() {
    this.busy?.stop();
  }

  /** What happens on the page with the first words of an answer, in some states. */
  firstWords() {
    if (this.config.alert === "answer") setTimeout(() => alert("A message from the page"));
    this.#flicker();
  }

  scrollDown() {
    const { thread } = this.face;
    thread.scrollTop = thread.scrollHeight;
  }

  reconfigure(config) {
    this.config = { ...config, chat: this.config.chat };
    if (this.face) showStates(this);
  }

  /** For a moment it looks as if the answer were over. */
  #flicker() {
    if (!this.config.stopFlicker) return;
    const { busy } = this;
    this.busy = null;
    this.face.composer.update();
    setTimeout(() => {
      this.busy ??= busy?.running ? busy : null;
      this.face.composer.update();
    }, this.config.stopFlicker);
  }
}

/** The configuration that the document brought. */
export function configuration() {
  return JSON.parse(document.getElementById("bootstrap").textContent);
}

export function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** GET some JSON; an empty object when it is refused. */
export async function getJson(url) {
  const response = await fetch(url);
  return response.ok ? response.json() : {};
}

/** POST some JSON. */
export function post(url, body, headers = {}) {
  return fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
}
