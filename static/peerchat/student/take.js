import "../core/rich-element.js";
import { Api } from "../core/api.js";
import { readAs } from "../core/answer-words.js";
import { announce, h, setText, show } from "../core/dom.js";
import { tabStorage } from "../core/storage.js";
import { gettext } from "../core/texts.js";

const EVERY = 3000;
// While nobody can see the page, one still waits and is there for the partner, but the server is asked less often.
const HIDDEN_EVERY = 10_000;
const LOADED_AGAIN = "peerchat-take-fields";

/**
 * The partner outside class: while one waits or talks, the page says every few seconds that one is here, and shows what
 * the partner writes. Without this script, the forms do the same.
 */
class PeerNight extends HTMLElement {
  #api;
  #path;
  #timer = null;
  #shown = "";
  #room = null;

  connectedCallback() {
    const { api, csrf, course, release, state } = this.dataset;
    this.#api = new Api({ url: api, csrf });
    this.#path = `courses/${encodeURIComponent(course)}/outside/${release}/partner/`;
    keepFields();
    if (state !== "waiting" && state !== "talking") return;
    this.#part("say")?.addEventListener("submit", (event) => this.#say(event));
    this.#scroll();
    this.#later(0);
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
  }

  #part(name) {
    return this.querySelector(`[data-part="${name}"]`);
  }

  #later(after = document.hidden ? HIDDEN_EVERY : EVERY) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), after);
  }

  async #look() {
    try {
      const { talk } = await this.#api.post(this.#path);
      const state = talk ? (talk.ended ? "ended" : "talking") : "waiting";
      if (state !== this.dataset.state) return loadAgain();
      if (talk) this.#render(talk);
    } catch (error) {
      // The step is over, or pairing is: the page says so. Whatever else it is passes.
      if (error.code === "round_closed" || error.code === "no_partner") return loadAgain();
    }
    this.#later();
  }

  #render({ room, partner, here, answered, messages }) {
    this.#room = room;
    const status = answered ? gettext("Your partner has answered again.") : here ? "" : gettext("Your partner seems to be away.");
    setText(this.#part("status"), status);
    const drawn = JSON.stringify(messages);
    if (drawn === this.#shown) return;
    const isFirst = this.#shown === "";
    this.#shown = drawn;
    this.#part("talk").replaceChildren(
      ...messages.map(({ mine, text, removed }) =>
        h("li", { "data-mine": mine }, removed ? h("em", { class: "muted" }, gettext("removed")) : h("span", { dir: "auto" }, text)),
      ),
    );
    this.#scroll();
    const last = messages.at(-1);
    if (!isFirst && last && !last.mine) announce(`${partner}: ${last.text}`);
  }

  #scroll() {
    const talk = this.#part("talk");
    if (talk) talk.scrollTop = talk.scrollHeight;
  }

  async #say(event) {
    event.preventDefault();
    const form = this.#part("say");
    const input = form.querySelector("input[name=text]");
    const text = input.value.trim();
    if (!text || !this.#room) return;
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      await this.#api.post(`rooms/${this.#room}/messages/`, { uuid: crypto.randomUUID(), text });
      input.value = "";
      await this.#look();
    } catch {
      setText(this.#part("status"), gettext("This was not sent. Try again."));
    } finally {
      button.disabled = false;
      input.focus();
    }
  }
}

/** Load the page again, and keep what stands in the form of the answer. */
function loadAgain() {
  const form = document.querySelector(".take-form");
  if (form) tabStorage.setItem(LOADED_AGAIN, JSON.stringify([...new FormData(form)].filter(([name]) => name !== "csrfmiddlewaretoken")));
  location.reload();
}

function keepFields() {
  const kept = tabStorage.getItem(LOADED_AGAIN);
  tabStorage.removeItem(LOADED_AGAIN);
  const form = document.querySelector(".take-form");
  if (!kept || !form) return;
  for (const [name, value] of JSON.parse(kept)) {
    for (const field of form.elements) {
      if (field.name !== name) continue;
      if (field.type === "radio" || field.type === "checkbox") field.checked ||= field.value === value;
      else field.value = value;
    }
  }
}

/** Say below the number that is typed how it will be read, where that may not be what is meant. */
function sayHowRead() {
  const hint = document.querySelector(".answer-read");
  if (!hint) return;
  const input = document.querySelector(".take-written input");
  const say = () => {
    setText(hint, readAs(input.value, hint.dataset.unit));
    show(hint, hint.textContent !== "");
  };
  input.addEventListener("input", say);
  say();
}

customElements.define("peer-night", PeerNight);
sayHowRead();
