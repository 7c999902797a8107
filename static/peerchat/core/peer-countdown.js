import { announce, setAttribute, setText, show } from "./dom.js";
import { clock, number } from "./format.js";
import { fill, gettext, ngettext } from "./texts.js";

const SAY_AT = [30, 10, 5];
const URGENT = 10;

/** The seconds left until a deadline of the server. `render(deadline, now)`: seconds since the epoch, and a function. */
export class PeerCountdown extends HTMLElement {
  #deadline = null;
  #now = null;
  #timer = null;
  #said = null;

  connectedCallback() {
    this.setAttribute("role", "timer");
    // Spoken at a few moments instead of every second.
    this.setAttribute("aria-live", "off");
    this.hidden = this.#deadline === null;
  }

  disconnectedCallback() {
    clearInterval(this.#timer);
  }

  render(deadline, now) {
    this.#now = now;
    if (deadline !== this.#deadline) {
      this.#deadline = deadline;
      this.#said = null;
      clearInterval(this.#timer);
      if (deadline !== null) this.#timer = setInterval(() => this.#tick(), 200);
    }
    show(this, deadline !== null);
    if (deadline !== null) this.#tick();
  }

  #tick() {
    const left = this.#deadline - this.#now();
    setText(this, left > 0 ? clock(left) : gettext("Closing…"));
    setAttribute(this, "data-urgent", left <= URGENT);
    const seconds = Math.ceil(left);
    const due = SAY_AT.find((one) => seconds === one);
    if (due && due !== this.#said) {
      this.#said = due;
      announce(fill(ngettext("%(count)s second left", "%(count)s seconds left", due), { count: number(due) }));
    }
  }
}

customElements.define("peer-countdown", PeerCountdown);
