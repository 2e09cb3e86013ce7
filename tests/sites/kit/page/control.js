// The replica's own channel: a test's commands come in, reports of what the page did go out.
// It is a WebSocket on the site's main host, so that it is not taken for the site's own socket.

export class Control {
  #socket;
  #waiting = [];
  #commands = new Map();
  #bodies = new Map();
  #rendered = new Map();

  constructor() {
    this.#socket = new WebSocket(`wss://${location.host}/__replica`);
    this.#socket.onopen = () => {
      for (const text of this.#waiting.splice(0)) this.#socket.send(text);
    };
    this.#socket.onmessage = (event) => {
      const command = JSON.parse(event.data);
      this.#commands.get(command.do)?.(command);
    };
    this.on("render", ({ key, text }) => {
      this.#rendered.set(key, text);
      this.report("heard", { order: "render", key });
    });
    this.on("body", ({ key, data, end }) => {
      if (end) this.report("heard", { order: "body", key });
      else this.#bodies.get(key)?.(Uint8Array.from(atob(data), (one) => one.charCodeAt(0)));
    });
  }

  /** Call a function when a test tells the page to do something. */
  on(name, run) {
    this.#commands.set(name, run);
  }

  /** Tell the journal. */
  report(kind, details = {}) {
    const text = JSON.stringify({ kind, ...details });
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(text);
    else this.#waiting.push(text);
  }

  /** Take the bytes of a turn's answer that come past the network domain's sight. */
  carry(key, take) {
    this.#bodies.set(key, take);
  }

  /** What the page is to show for a turn instead of what it received; undefined when nothing was ordered. */
  rendered(key) {
    return this.#rendered.get(key);
  }
}
