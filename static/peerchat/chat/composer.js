import { h, setAttribute, setText, show } from "../core/dom.js";
import { number, shownName } from "../core/format.js";
import { isComposing, isolated, lengthOf, shows, trimmed } from "../core/text.js";
import { fill, gettext, ngettext } from "../core/texts.js";
import { shortened } from "./message-row.js";

const COUNT_FROM = 0.9;

/**
 * The field to write in, with the message that is answered above it and the characters left below.
 *
 * `chat` has `limit()` (characters of a message), `typing()`, `canSend()` and `send(text, replyTo)`. What
 * somebody was writing in a room waits there while another is shown.
 */
export class Composer {
  #chat;
  #drafts = new Map();
  #replyTo = null;
  #field;
  #count;
  #button;
  #label;
  #reply;
  #replyText;

  /** `id`: of the chat; `label`: what the room is called. */
  constructor(id, label, chat) {
    this.#chat = chat;
    this.#field = h("textarea", {
      id: `${id}-text`,
      rows: "1",
      dir: "auto",
      placeholder: gettext("Write a message"),
      enterkeyhint: "send",
      autocomplete: "off",
      data: { testid: "chat-input" },
      on: { input: () => this.#typed(), keydown: (event) => this.#key(event) },
    });
    this.#count = h("p", { class: "chat-count", role: "status" });
    this.#button = h("button", { type: "submit", class: "button primary", data: { testid: "chat-send" } }, gettext("Send"));
    this.#label = h("label", { class: "hidden-label", for: `${id}-text` });
    this.#replyText = h("p", { class: "chat-reply-text" });
    this.#reply = h(
      "div",
      { class: "chat-reply", hidden: true, data: { testid: "chat-reply" } },
      this.#replyText,
      h("button", { type: "button", class: "button quiet small", data: { testid: "chat-reply-cancel" }, on: { click: () => this.#answer(null) } }, gettext("Cancel")),
    );
    this.element = h(
      "form",
      { class: "chat-form", on: { submit: (event) => this.#submit(event) } },
      this.#label,
      this.#reply,
      this.#field,
      this.#button,
      this.#count,
    );
    this.entitle(label);
  }

  entitle(label) {
    setText(this.#label, fill(gettext("%(room)s: write a message"), { room: label }));
  }

  /** Put the draft of a room aside for that of another. */
  change(from, to) {
    this.#drafts.set(from, this.#field.value);
    this.#field.value = this.#drafts.get(to) ?? "";
    this.#grow();
    this.#answer(null);
  }

  /** Answer a message with the next one. */
  answer(message) {
    this.#answer(message);
    this.#field.focus();
  }

  /** `why`: the reason why one cannot write in the room, or null. */
  render(why) {
    setAttribute(this.#field, "disabled", why !== null);
    setAttribute(this.#button, "disabled", why !== null);
    this.#field.placeholder = why ?? gettext("Write a message");
    this.#counted();
  }

  #typed() {
    this.#grow();
    this.#counted();
    if (shows(this.#field.value)) this.#chat.typing();
  }

  #grow() {
    this.#field.style.setProperty("height", "auto");
    this.#field.style.setProperty("height", `${this.#field.scrollHeight + 2}px`);
  }

  #left() {
    return this.#chat.limit() - lengthOf(trimmed(this.#field.value));
  }

  #counted() {
    const left = this.#left();
    const over = left < 0;
    const near = left < this.#chat.limit() * (1 - COUNT_FROM);
    setText(this.#count, over ? tooMany(-left) : near ? remaining(left) : "");
    setAttribute(this.#field, "aria-invalid", over);
  }

  #key(event) {
    if (event.key === "Escape" && this.#replyTo) {
      event.preventDefault();
      this.#answer(null);
    }
    if (event.key !== "Enter" || event.shiftKey || isComposing(event)) return;
    event.preventDefault();
    this.element.requestSubmit();
  }

  #submit(event) {
    event.preventDefault();
    const text = trimmed(this.#field.value);
    if (!shows(text) || this.#left() < 0 || !this.#chat.canSend()) return;
    this.#field.value = "";
    this.#grow();
    this.#chat.send(text, this.#replyTo?.id);
    this.#answer(null);
    // On phones the button would take the focus and with it the keyboard away.
    this.#field.focus({ preventScroll: true });
  }

  #answer(message) {
    this.#replyTo = message;
    show(this.#reply, Boolean(message));
    setText(this.#replyText, message ? replying(message) : "");
  }
}

function tooMany(count) {
  return fill(ngettext("%(count)s character too many", "%(count)s characters too many", count), { count: number(count) });
}

function remaining(count) {
  return fill(ngettext("%(count)s character left", "%(count)s characters left", count), { count: number(count) });
}

function replying({ user, text }) {
  return fill(gettext("Replying to %(name)s: %(text)s"), { name: isolated(shownName(user)), text: isolated(shortened(text)) });
}
