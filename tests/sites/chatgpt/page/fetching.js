// Where the answer's stream is fetched: in the page, in a dedicated worker, or in a shared one.

/** Fetch and report: {kind: "head"|"chunk"|"end"|"error"}, used by the page and by the workers. */
export async function fetchInPieces(url, init, emit) {
  try {
    const response = await fetch(url, init);
    const type = response.headers.get("content-type") ?? "";
    emit({ kind: "head", status: response.status, type, conduit: response.headers.get("x-conduit-token") });
    const reader = response.body.getReader();
    for (let step; !(step = await reader.read()).done;) emit({ kind: "chunk", bytes: step.value });
    emit({ kind: "end" });
  } catch (error) {
    emit({ kind: "error", name: error.name, message: String(error.message ?? error) });
  }
}

/** Serve fetches that a page asks for over a port. */
export function servePort(port) {
  const running = new Map();
  port.onmessage = ({ data }) => {
    if (data.kind === "abort") {
      running.get(data.id)?.abort();
      return;
    }
    const controller = new AbortController();
    running.set(data.id, controller);
    const init = { ...data.init, signal: controller.signal };
    fetchInPieces(data.url, init, (piece) => port.postMessage({ id: data.id, ...piece }));
  };
}

let workerPort = null;
let lastId = 0;
const listeners = new Map();

function portTo(kind) {
  if (!workerPort) {
    const worker = kind === "worker" ? new Worker("/assets/stream-worker.js") : null;
    workerPort = worker ?? new SharedWorker("/assets/shared-worker.js").port;
    workerPort.onmessage = ({ data }) => listeners.get(data.id)?.(data);
  }
  return workerPort;
}

/** Start a fetch; gives {pieces, abort}, where pieces is an async iterator. */
export function openStream(kind, url, init) {
  const queue = [];
  let wake = () => {};
  const emit = (piece) => {
    queue.push(piece);
    wake();
  };
  let abort;
  if (kind === "page") {
    const controller = new AbortController();
    abort = () => controller.abort();
    fetchInPieces(url, { ...init, signal: controller.signal }, emit);
  } else {
    const id = `${Date.now()}-${(lastId += 1)}`;
    const port = portTo(kind);
    listeners.set(id, emit);
    port.postMessage({ id, url, init });
    abort = () => port.postMessage({ id, kind: "abort" });
  }
  async function* pieces() {
    for (;;) {
      while (queue.length) {
        const piece = queue.shift();
        yield piece;
        if (piece.kind === "end" || piece.kind === "error") return;
      }
      await new Promise((resolve) => (wake = resolve));
    }
  }
  return { pieces: pieces(), abort };
}
