// The replica's own channel: a test's commands come in, reports of what the page did go out.
// It is a WebSocket on the site's main host, so that it is not taken for the site's own socket.

export class Control {
  #socket;
  #waiting = [];
  #commands = new Map();

  constructor() {
    this.#socket = new WebSocket(`wss://${location.host}/__replica`);
    this.#socket.onopen = () => {
      for (const text of this.#waiting.splice(0)) this.#socket.send(text);
    };
    this.#socket.onmessage = (event) => {
      const command = JSON.parse(event.data);
      this.#commands.get(command.do)?.(command);
    };
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
}
