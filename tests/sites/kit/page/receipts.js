// What a page has read of an answer, and when; the journal gets it as "received".

export class Receipts {
  #control;
  #key;
  #times = [];
  #size = 0;
  #wanted = Infinity;

  constructor(control, key) {
    this.#control = control;
    this.#key = key;
  }

  /** Some bytes were read just now. */
  add(size) {
    this.#times.push([performance.timeOrigin + performance.now(), size]);
    this.#size += size;
  }

  /** All that was read so far has been worked on; tell when it is as much as a test waits for. */
  check() {
    if (this.#size < this.#wanted) return;
    this.#wanted = Infinity;
    this.#control.report("read", { key: this.#key, size: this.#size });
  }

  /** Tell the journal when each chunk was read, in milliseconds since 1970. */
  report() {
    this.#control.report("received", { turn: this.#key, times: this.#times });
  }

  /** Tell the journal when so many bytes were read. */
  reportRead(size) {
    this.#wanted = size;
    this.check();
  }
}
