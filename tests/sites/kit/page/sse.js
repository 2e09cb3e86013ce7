// The pages' own reading of server-sent events.

/** Cuts bytes or text into events; data lines are given as text. */
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
