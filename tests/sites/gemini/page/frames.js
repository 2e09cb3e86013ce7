// The page's own reading and writing of Google's frames.

/** Cuts bytes into frames by the length that each says, in UTF-16 units; gives their envelopes. */
export class FrameReader {
  #decoder = new TextDecoder();
  #rest = "";
  #begun = false;

  *feed(bytes) {
    this.#rest += this.#decoder.decode(bytes, { stream: true });
    if (!this.#begun) {
      const start = this.#rest.search(/\d/);
      if (start < 0) return;
      this.#begun = true;
      this.#rest = this.#rest.slice(start);
    }
    for (let line; (line = this.#rest.indexOf("\n")) >= 0; ) {
      const length = Number(this.#rest.slice(0, line));
      // A length that is too long for its frame is one that the site got wrong.
      const wrong = this.#rest.indexOf("\n", line + 1) + 1;
      if (this.#rest.length < line + length) return;
      const end = this.#rest[line + length - 1] === "\n" ? line + length : wrong;
      const text = this.#rest.slice(line, end);
      this.#rest = this.#rest.slice(end);
      yield* JSON.parse(text);
    }
  }
}

/** Call one of the site's procedures; gives its result, or null when it is refused. */
export async function call(app, rpc, args) {
  const body = form(app, [[[rpc, JSON.stringify(args), null, "generic"]]]);
  const url = `${app.home}/_/BardChatUi/data/batchexecute?rpcids=${rpc}&bl=${BUILD}&rt=c`;
  const headers = { "content-type": "application/x-www-form-urlencoded;charset=utf-8" };
  const response = await fetch(url, { method: "POST", headers, body });
  if (!response.ok) return null;
  for (const [kind, name, text] of new FrameReader().feed(new Uint8Array(await response.arrayBuffer())))
    if (kind === "wrb.fr" && name === rpc) return JSON.parse(text);
  return null;
}

/** A request's body. */
export function form(app, request) {
  const fields = { "f.req": JSON.stringify(request), at: app.config.token };
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join("&");
}

/** A list with values at their places. */
export function places(values) {
  const list = Array(Math.max(...Object.keys(values).map(Number)) + 1).fill(null);
  for (const [place, value] of Object.entries(values)) list[place] = value;
  return list;
}

export const BUILD = "boq_assistant-bard-web-server_20261101.00_p0";
