// The user-level WebSocket: opened at load, one for all chats of the page; a turn subscribes to its topic.

export class Topics {
  #socket = null;
  #opened;
  #lastId = 0;
  #listeners = new Map();

  async open() {
    const response = await fetch("/backend-api/celsius/ws/user");
    const { websocket_url: url } = await response.json();
    this.#socket = new WebSocket(url);
    this.#socket.onmessage = ({ data }) => JSON.parse(data).forEach((message) => this.#take(message));
    this.#opened = new Promise((resolve) => (this.#socket.onopen = resolve));
    await this.#opened;
    this.#command({ type: "connect" });
  }

  /** Get the encoded items of a topic, old ones first. */
  async subscribe(topic, onItem) {
    await this.#opened;
    this.#listeners.set(topic, onItem);
    this.#command({ type: "subscribe", topic_id: topic, offset: "0" });
  }

  leave(topic) {
    this.#listeners.delete(topic);
  }

  #command(command) {
    this.#socket.send(JSON.stringify([{ id: this.#lastId++, command }]));
  }

  #take(message) {
    if (message.type === "reply" && message.reply.type === "subscribe")
      for (const item of message.reply.catchups ?? []) this.#take(item);
    if (message.type !== "message" || message.payload.type !== "conversation-turn-stream") return;
    const item = message.payload.payload;
    if (item.type === "stream-item") this.#listeners.get(message.topic_id)?.(item.encoded_item);
  }
}
