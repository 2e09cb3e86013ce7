// What the page shows: tool bar, turns, prompt box and the panel of run settings.

import { AnswerView } from "../../kit/page/answer_view.js";
import { fileInput } from "../../kit/page/attachments.js";
import { Composer } from "../../kit/page/composer.js";
import { element } from "../../kit/page/dom.js";
import { TextareaEditor } from "../../kit/page/editors/textarea.js";
import { katex } from "../../kit/page/maths.js";
import { duplicate } from "../../kit/page/overlays.js";
import { icon, menuOn, showCookieBar, showDialog, showToast } from "./overlays.js";
import { uploadToDrive } from "./rpc.js";
import { RunSettings } from "./settings.js";

const REFUSED_TYPES = /\.(exe|dll|zip|dmg|iso)$/i;
const LONG = 20_000;

export class Face {
  #app;
  #labels;
  #turns = element("div", { class: "chat-session-content" });
  #indicator = element("span", { class: "indicator-place" });
  #tokens = element("ms-token-status", {}, "0 tokens");
  #acknowledged = false;
  #unmounted = new WeakMap();
  #watcher;

  constructor(app, labels) {
    this.#app = app;
    this.#labels = labels;
    this.thread = element("ms-autoscroll-container", {}, this.#turns);
    this.bannerPlace = element("div", { class: "banner-place" });
    this.settings = new RunSettings(app);
    this.#watcher = new IntersectionObserver((seen) => seen.forEach((one) => this.#mountOrNot(one)), {
      root: this.thread,
      rootMargin: "200px",
    });
  }

  mount(root) {
    const { config } = this.#app;
    const footer = element("footer", {}, this.bannerPlace);
    const editor = element("ms-chunk-editor", {}, this.thread, footer);
    root.replaceChildren(this.#navigation(), element("main", {}, this.#toolbar(root), editor));
    if (!config.panelClosed) root.append(this.settings.element);
    const parts = this.#composerParts(footer);
    this.composer = new Composer(this.#app, parts);
    if (config.duplicateComposer) duplicate(parts.root.parentElement, footer);
    if (config.cookieBar) showCookieBar();
  }

  // --- states

  showDialog(name) {
    showDialog(name);
  }

  showToast(text) {
    showToast(text);
  }

  showBanner(text) {
    this.bannerPlace.replaceChildren(callout(text));
  }

  showError(text) {
    this.showBanner(text);
  }

  showTokens(count) {
    this.#tokens.textContent = `${count} tokens`;
  }

  showTemporary(on) {
    this.#indicator.replaceChildren(
      ...(on ? [element("ms-incognito-mode-indicator", {}, "Temporary chat")] : []),
    );
  }

  // --- turns

  addTurn({ key, text, attachments = [] }) {
    const words =
      text.length > LONG
        ? element("div", { class: "very-large-text-container" }, text)
        : element("ms-cmark-node", { class: "cmark-node" }, element("p", { class: "pre" }, text));
    const files = attachments.map((name) => element("ms-file-chunk", {}, name));
    this.#turn("user", key, ...files, element("ms-text-chunk", {}, words));
    const loading = element("ms-chat-loading-indicator", {}, "…");
    this.#turns.append(loading);
    const place = element("ms-cmark-node", { class: "cmark-node" });
    const chunk = element("ms-text-chunk", {}, place);
    let answer = null;
    let thoughts = null;
    let seconds = 0;
    const begin = () => {
      loading.remove();
      answer ??= this.#turn("model", `${key}-answer`, chunk);
    };
    return new AnswerView(
      this.#app,
      {
        place,
        looks: { codeBlock: (language) => codeBlock(language || "Code"), math },
        begin,
        think: (words) => {
          loading.remove();
          thoughts ??= this.#thoughts(key);
          thoughts.textContent = words;
        },
        identify: (about) => ({ seconds } = about),
        finish: (state) => {
          loading.remove();
          if (state !== "failed") answer?.append(this.#footer(seconds));
        },
        fail: (words, retry) => {
          begin();
          const again = element("button", { "aria-label": this.#labels.rerun, click: retry }, icon("refresh"));
          answer.append(callout(words), again);
        },
        recovering: () => {},
      },
      key,
    );
  }

  image([type, data]) {
    return element("ms-image-chunk", {}, element("img", { src: `data:${type};base64,${data}`, alt: "" }));
  }

  codeCard(title, text) {
    const { root, code } = codeBlock(title);
    code.textContent = text;
    return element("ms-function-call-chunk", {}, root);
  }

  #turn(role, key, ...content) {
    const turn = element(
      "ms-chat-turn",
      { id: `turn-${key}` },
      element(
        "div",
        { class: `chat-turn-container ${role}`, "data-turn-role": role === "user" ? "User" : "Model" },
        element(
          "div",
          { role: "heading", "aria-level": "3" },
          element("span", { class: "author-label" }, this.#labels[role]),
          element("span", { class: "timestamp" }, "1:32 PM"),
        ),
        element("div", { class: "turn-content" }, element("ms-prompt-chunk", {}, ...content)),
        this.#actions(),
      ),
    );
    this.#turns.append(turn);
    this.#watcher.observe(turn);
    return turn.firstElementChild;
  }

  #actions() {
    const edit = element("button", { class: "toggle-edit-button", "aria-label": "Edit" }, icon("edit"));
    const options = element("button", { "aria-label": "Open options" }, icon("more_vert"));
    return element("div", { class: "actions-container" }, edit, element("ms-chat-turn-options", {}, options));
  }

  #footer(seconds) {
    return element(
      "div",
      { class: "turn-footer" },
      element("button", { "aria-label": "Good response" }, icon("thumb_up")),
      element("button", { "aria-label": "Bad response" }, icon("thumb_down")),
      element("span", { class: "model-run-time-pill" }, `${seconds.toFixed(1)}s`),
    );
  }

  #thoughts(key) {
    const body = element("div", { class: "mat-expansion-panel-body" });
    const header = element("mat-expansion-panel-header", {}, this.#labels.thoughts, icon("expand_more"));
    this.#turn(
      "model",
      `${key}-thoughts`,
      element("ms-thought-chunk", {}, element("mat-expansion-panel", {}, header, body)),
    );
    return body;
  }

  /** Turns out of sight lose their content and keep their height. */
  #mountOrNot({ target, isIntersecting }) {
    const content = target.querySelector(".turn-content");
    const kept = this.#unmounted.get(target);
    if (isIntersecting && kept) {
      content.append(...kept);
      content.style.minHeight = "";
      this.#unmounted.delete(target);
    } else if (!isIntersecting && !kept && this.#app.busy) {
      // It is told of once only; ask again when the turn may be over.
      this.#watcher.unobserve(target);
      setTimeout(() => this.#watcher.observe(target), 100);
    } else if (!isIntersecting && !kept) {
      content.style.minHeight = `${content.offsetHeight}px`;
      this.#unmounted.set(target, [...content.childNodes]);
      content.replaceChildren();
    }
  }

  // --- around the turns

  #navigation() {
    const account = element("div", { role: "button", id: "account-switcher-button", tabindex: "0" }, "RP");
    const signIn = element("a", { href: "https://accounts.google.com/ServiceLogin?continue=replica" }, "Sign in");
    return element(
      "ms-navbar",
      {},
      element("a", { href: "/prompts/new_chat" }, "Chat"),
      element("a", { href: "/library" }, "Library"),
      this.#app.signedIn ? element("ms-account-switcher", {}, account) : signIn,
    );
  }

  #toolbar(root) {
    const panel = this.settings.element;
    const toggle = () => (panel.isConnected ? panel.remove() : root.append(panel));
    const more = element("button", { "aria-label": "View more actions" }, icon("more_vert"));
    menuOn(more, (close) => [
      element(
        "button",
        {
          role: "menuitem",
          "data-test-incognito-toggle": true,
          "aria-label": "Temporary chat toggle",
          click: () => {
            this.#app.setTemporary(!this.#app.temporary);
            close();
          },
        },
        icon("chat_bubble"),
        "Temporary chat",
      ),
      element("button", { role: "menuitem", "data-test-manual-save": true, click: close }, icon("save"), "Save"),
    ]);
    return element(
      "ms-toolbar",
      {},
      element("h1", {}, "Chat prompt"),
      this.#indicator,
      element("button", { "aria-label": "Run settings", click: toggle }, icon("tune")),
      element("a", { href: "/prompts/new_chat", "data-test-clear": "outside", "aria-label": "New chat" }, icon("add")),
      more,
    );
  }

  // --- the prompt box

  #composerParts(footer) {
    const { config } = this.#app;
    const labels = this.#labels;
    const wrapper = element("div", { class: "text-wrapper" });
    const chipPlace = element("div", { class: "chips" });
    const buttonPlace = element(config.renamedSend ? "ms-go-button" : "ms-run-button");
    const add = element(
      "button",
      { type: "button", "data-test-id": "add-media-button", "aria-label": labels.insert },
      icon("add_circle"),
    );
    menuOn(add, (close) => this.#assets(close));
    const form = element(
      "form",
      { class: "prompt-box-container" },
      chipPlace,
      element("ms-autosize-textarea", {}, wrapper),
      element("div", { class: "row" }, element("ms-add-media-button", {}, add), this.#tokens, buttonPlace),
    );
    footer.append(element("ms-prompt-box", {}, form));
    const run = element("button", {});
    return {
      root: form,
      buttonPlace,
      chipPlace,
      editor: (settings) =>
        new TextareaEditor(wrapper, {
          ...settings,
          attributes: { "aria-label": labels.ask, placeholder: labels.placeholder, class: "textarea" },
          sends: (event) => (config.enterSends ? !event.shiftKey : event.ctrlKey || event.metaKey),
          onChange: () => {
            wrapper.dataset.value = wrapper.firstElementChild.value;
            settings.onChange();
          },
        }),
      sendButton: () => dress(run, labels.run, { disabled: false, hint: config.enterSends ? [] : ["Ctrl"] }),
      idleButton: () => dress(run, labels.run, { disabled: true, hint: config.enterSends ? [] : ["Ctrl"] }),
      stopButton: () => dress(run, labels.stop, { disabled: false, spinner: true }),
      chip: ({ name }, remove) => chip(name, labels.remove, remove),
      refuses: ({ name }) => (REFUSED_TYPES.test(name) ? `Unsupported file type: ${name}` : null),
      refused: (reason) => this.showToast(reason),
      upload: (attachment) => this.#upload(attachment),
    };
  }

  #assets(close) {
    const input = fileInput({ multiple: true, "data-test-upload-file-input": true }, (files) => {
      close();
      this.composer.files.add(files);
    });
    input.addEventListener("cancel", close);
    const choose = ({ target }) => {
      if (target !== input) input.click();
    };
    const upload = element("button", { role: "menuitem", click: choose }, icon("upload"), this.#labels.upload, input);
    return [
      element("button", { role: "menuitem", click: close }, icon("drive_export"), "Drive"),
      upload,
      element("button", { role: "menuitem", click: close }, icon("mic"), "Record audio"),
    ];
  }

  async #upload({ file }) {
    if (this.#app.config.asksBeforeUpload && !this.#acknowledged) {
      await new Promise((resolve) => showDialog("copyright", resolve));
      this.#acknowledged = true;
    }
    return uploadToDrive(file);
  }
}

/** One button runs and stops. */
function dress(button, label, { disabled, spinner = false, hint = [] }) {
  button.type = "submit";
  button.className = "ms-button-primary run-button";
  button.setAttribute("aria-label", label);
  button.setAttribute("aria-disabled", `${disabled}`);
  button.removeAttribute("data-action");
  button.disabled = disabled;
  button.replaceChildren(
    ...(spinner ? [element("span", { class: "stoppable-spinner" }, icon("progress_activity"))] : []),
    element("span", { class: "label" }, label),
    ...(spinner ? [] : [...hint.map((key) => element("span", { class: "hint" }, key)), icon("keyboard_return")]),
  );
  return button;
}

function chip(name, label, remove) {
  const spinner = element("mat-progress-spinner", { role: "progressbar" });
  const made = element(
    "ms-prompt-media",
    {},
    element("span", { class: "name" }, name),
    spinner,
    element("button", { type: "button", "aria-label": label, click: remove }, icon("close")),
  );
  made.settle = () => {
    spinner.remove();
  };
  return made;
}

function callout(text) {
  return element("ms-callout", { class: "error-callout" }, element("div", { class: "message" }, text));
}

function math(source, display) {
  const code = element("code", { class: "rendered" }, katex(source, display));
  return element("ms-katex", { class: display ? "display" : "inline" }, element("pre", {}, code));
}

function codeBlock(title) {
  const code = element("code");
  const button = (label, name) => element("button", { "aria-label": label }, icon(name));
  const header = element(
    "mat-expansion-panel-header",
    {},
    element("span", { class: "title" }, title),
    button("Download", "download"),
    button("Copy to clipboard", "content_copy"),
  );
  return {
    root: element("ms-code-block", {}, element("mat-expansion-panel", {}, header, element("pre", {}, code))),
    code,
  };
}
