import { Api } from "../core/api.js";
import { setText } from "../core/dom.js";
import { number } from "../core/format.js";

// Milliseconds.
const EVERY = 3_000;

/**
 * The panel of joining: keeps the numbers up to date, and is drawn anew where joining was opened, closed or renewed
 * elsewhere. Sends `peer-count` when somebody came or went.
 */
export class PeerJoining extends HTMLElement {
  #api;
  #timer = null;
  #counts = null;

  connectedCallback() {
    this.#api ??= new Api({ url: this.dataset.api });
    this.#timer = setInterval(() => this.#look(), EVERY);
  }

  disconnectedCallback() {
    clearInterval(this.#timer);
  }

  async #look() {
    if (document.hidden) return;
    let now;
    try {
      now = await this.#api.get(`courses/${this.dataset.course}/joining/`);
    } catch {
      // The next look tells.
      return;
    }
    if ((now.open ? now.code : "") !== this.dataset.code) await this.#draw();
    this.#tell("joined", now.students);
    this.#tell("online", now.online);
    const counts = `${now.students} ${now.guests} ${now.online}`;
    const changed = this.#counts !== null && this.#counts !== counts;
    this.#counts = counts;
    if (changed) this.dispatchEvent(new Event("peer-count", { bubbles: true }));
  }

  #tell(part, count) {
    const element = this.querySelector(`[data-part=${part}]`);
    if (element) setText(element, number(count));
  }

  async #draw() {
    const fresh = (await pageNow())?.querySelector("peer-joining");
    if (!fresh) return;
    this.className = fresh.className;
    this.dataset.code = fresh.dataset.code;
    this.toggleAttribute("data-empty", "empty" in fresh.dataset);
    this.replaceChildren(...fresh.childNodes);
  }
}

/** This page as the server has it now, or null. */
export async function pageNow() {
  try {
    const answer = await fetch(location.href, { cache: "no-store", redirect: "error" });
    return answer.ok ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
  } catch {
    return null;
  }
}

customElements.define("peer-joining", PeerJoining);
