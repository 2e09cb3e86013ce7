// What deltas do to a message.

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
