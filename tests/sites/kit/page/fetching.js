// Where and how the answer's stream is asked for: fetch in the page, in a dedicated worker or in a shared
// one, or XMLHttpRequest.

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

/** Ask with XMLHttpRequest and report its growing text as the same pieces. */
function askInPieces(url, init, emit) {
  const request = new XMLHttpRequest();
  const encoder = new TextEncoder();
  let read = 0;
  const take = () => {
    const text = request.responseText;
    if (text.length > read) emit({ kind: "chunk", bytes: encoder.encode(text.slice(read)) });
    read = text.length;
  };
  request.open(init.method, url);
  request.withCredentials = init.credentials === "include";
  for (const [name, value] of Object.entries(init.headers ?? {})) request.setRequestHeader(name, value);
  request.onreadystatechange = () => {
    if (request.readyState !== XMLHttpRequest.HEADERS_RECEIVED) return;
    emit({ kind: "head", status: request.status, type: request.getResponseHeader("content-type") ?? "" });
  };
  request.onprogress = take;
  request.onload = () => {
    take();
    emit({ kind: "end" });
  };
  request.onerror = () => emit({ kind: "error", name: "NetworkError", message: "the connection broke" });
  request.onabort = () => emit({ kind: "error", name: "AbortError", message: "aborted" });
  request.send(init.body);
  return () => request.abort();
}

/**
 * Ask for a stream; gives {pieces, abort}, where pieces is an async iterator.
 *
 * kind: page, xhr, worker or shared-worker. control and key: the turn's body may also come over the test's
 * channel.
 */
export function openStream(kind, url, init, { control, key } = {}) {
  const queue = [];
  let wake = () => {};
  const emit = (piece) => {
    queue.push(piece);
    wake();
  };
  let abort;
  control?.carry(key, (bytes) => emit({ kind: "chunk", bytes }));
  if (kind === "page") {
    const controller = new AbortController();
    abort = () => controller.abort();
    fetchInPieces(url, { ...init, signal: controller.signal }, emit);
  } else if (kind === "xhr") {
    abort = askInPieces(url, init, emit);
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
