// The page's calls: all of them to another origin, so that the browser asks that one first.

export const RPC =
  "https://alkalimakersuite-pa.clients6.google.com/$rpc/google.internal.alkali.applications.makersuite.v1.MakerSuiteService/";

const VISIT = `v1_${crypto.randomUUID()}`;

export const HEADERS = {
  authorization: "SAPISIDHASH replica",
  "content-type": "application/json+protobuf",
  "x-aistudio-visit-id": VISIT,
  "x-goog-authuser": "0",
  "x-user-agent": "grpc-web-javascript/0.1",
};

/** Call a procedure; arrays go there and come back. */
export async function rpc(name, body) {
  const init = { method: "POST", credentials: "include", headers: HEADERS, body: JSON.stringify(body) };
  const response = await fetch(RPC + name, init);
  if (!response.ok) throw new Error(`${name}: ${response.status}`);
  return parseSparse(await response.text());
}

/** Put a file into the person's Drive; gives its id there. */
export async function uploadToDrive(file) {
  const [token] = await rpc("GenerateAccessToken", []);
  const url = `https://content.googleapis.com/upload/drive/v3/files?uploadType=media&name=${encodeURIComponent(file.name)}`;
  const headers = { authorization: `Bearer ${token}`, "content-type": file.type || "application/octet-stream" };
  const response = await fetch(url, { method: "POST", headers, body: file });
  const answer = await response.json();
  if (!response.ok) throw new Error(`Failed to upload ${file.name}: ${answer.error.message}`);
  return answer.id;
}

/** JSON in which places of arrays may be left out. */
export function parseSparse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return JSON.parse(text.replace(/("(?:[^"\\]|\\.)*")|([[,])(?=,)/g, (_, string, before) => string ?? `${before}null`));
  }
}

/** Cuts a body that is one growing array into its frames; afterwards says what stands behind them. */
export class ArrayReader {
  #decoder = new TextDecoder();
  #text = "";
  #at = 0;
  #from = 0;
  #depth = 0;
  #inString = false;
  #inFrames = true;
  #behind = "";
  closed = false;

  *feed(bytes) {
    this.#text += this.#decoder.decode(bytes, { stream: true });
    for (; this.#at < this.#text.length && !this.closed; this.#at += 1) {
      const mark = this.#text[this.#at];
      if (this.#inString) {
        if (mark === "\\") this.#at += 1;
        else if (mark === '"') this.#inString = false;
      } else if (mark === '"') this.#inString = true;
      else if (mark === "[") {
        this.#depth += 1;
        if (this.#inFrames && this.#depth === 3) this.#from = this.#at;
      } else if (mark === "]") {
        this.#depth -= 1;
        if (this.#inFrames && this.#depth === 2) yield parseSparse(this.#text.slice(this.#from, this.#at + 1));
        if (this.#depth === 1 && this.#inFrames) {
          this.#inFrames = false;
          this.#from = this.#at + 1;
        } else if (this.#depth === 0) {
          this.#behind = this.#text.slice(this.#from, this.#at);
          this.closed = true;
        }
      }
    }
    const done = this.#inFrames && this.#depth < 3 ? this.#at : this.#from;
    this.#text = this.#text.slice(done);
    this.#at -= done;
    this.#from = 0;
  }

  /** The status behind the frames, where there is one: [code, message]. */
  get status() {
    return this.#behind ? parseSparse(`[null${this.#behind}]`)[1] : null;
  }
}
