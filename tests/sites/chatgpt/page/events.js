// The page's own reading of the stream: server-sent events, then deltas on a message.

/** Cuts bytes into events; data lines are given as text. */
export class EventReader {
  #decoder = new TextDecoder();
  #rest = "";

  *feed(bytes) {
    this.#rest += typeof bytes === "string" ? bytes : this.#decoder.decode(bytes, { stream: true });
    let from = 0;
    for (let end; (end = this.#rest.indexOf("\n\n", from)) >= 0; from = end + 2) {
      const lines = this.#rest.slice(from, end).split("\n");
      const data = lines.filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trim());
      const name =
        lines
          .find((line) => line.startsWith("event:"))
          ?.slice(6)
          .trim() ?? "message";
      yield { name, data: data.join("\n") };
    }
    this.#rest = this.#rest.slice(from);
  }
}

const isBatch = (value) =>
  Array.isArray(value) && value.length > 0 && value.every((item) => item && typeof item.p === "string");

/** Applies deltas to a tree and says what each did, as {path, op, value}. */
export class DeltaTree {
  root = null;
  #path = "";
  #op = "add";

  apply(delta) {
    this.#path = delta.p ?? this.#path;
    this.#op = delta.o ?? this.#op;
    if (!("v" in delta)) return [];
    const changes = isBatch(delta.v)
      ? delta.v.map(({ p, o, v }) => ({ path: p, op: o, value: v }))
      : [{ path: this.#path, op: this.#op, value: delta.v }];
    for (const change of changes) this.#change(change);
    return changes;
  }

  #change({ path, op, value }) {
    if (path === "") {
      this.root = value;
      return;
    }
    const keys = path.split("/").slice(1);
    const last = keys.pop();
    const holder = keys.reduce((node, key) => node[key], this.root);
    const old = holder[last];
    if (op === "remove") delete holder[last];
    else if (op === "truncate") holder[last] = old.slice(0, value);
    else if (op !== "append") holder[last] = value;
    else if (typeof old === "string") holder[last] = old + value;
    else if (Array.isArray(old)) holder[last] = old.concat(value);
    else holder[last] = { ...old, ...value };
  }
}
