// The pictures of one answer. Their addresses are asked for, one by one, and hold a signature.

import { pause } from "../../kit/page/app.js";
import { element } from "../../kit/page/dom.js";

export class Gallery {
  #node = element("div", { "data-testid": "generated-image-gallery" });
  #pictures = new Map();

  constructor(view) {
    this.#node.append(element("div", { "data-testid": "generated-image-preview" }, "🖼"));
    view.card(this.#node);
  }

  /** Show the pictures of a message's parts; a later version of the same picture takes its place. */
  async show(parts) {
    for (const { asset_pointer: pointer, metadata } of parts) {
      const place = this.#pictures.get(metadata.dalle.gen_id) ?? element("div");
      this.#pictures.set(metadata.dalle.gen_id, place);
      const id = pointer.split("://")[1];
      const response = await fetch(`/backend-api/files/download/${id}?post_id=&inline=false`);
      const { download_url: src } = await response.json();
      if (src) place.replaceChildren(element("img", { src, alt: "Generated image", width: 100, height: 100 }));
      this.#node.replaceChildren(...this.#pictures.values());
    }
  }

  /** Look at the chat until the pictures are there that the stream only announced. */
  async await(app) {
    for (let attempt = 0; !this.#pictures.size && attempt < 30; attempt += 1) {
      const response = await fetch(`/backend-api/conversation/${app.chat}`);
      const { messages = [] } = await response.json();
      const made = messages.findLast(({ content }) => content.content_type === "multimodal_text");
      if (made) await this.show(made.content.parts);
      else await pause(200);
    }
  }
}
