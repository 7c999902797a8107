import { setText } from "../core/dom.js";
import { clock } from "../core/format.js";

const SECOND = 1_000;
// The server removes the try-out at its end, and a moment later it is gone.
const GONE_AFTER = 1.5;

/** The time left of a try-out. At its end the page goes to the address in `data-after`. */
export class TryClock extends HTMLElement {
  #ends;
  #timer = null;

  connectedCallback() {
    this.setAttribute("role", "timer");
    this.#ends ??= performance.now() / SECOND + Number(this.dataset.seconds);
    this.#timer = setInterval(() => this.#tick(), SECOND);
    this.#tick();
  }

  disconnectedCallback() {
    clearInterval(this.#timer);
  }

  #tick() {
    const left = this.#ends - performance.now() / SECOND;
    setText(this, clock(left));
    if (left > -GONE_AFTER) return;
    clearInterval(this.#timer);
    location.assign(this.dataset.after);
  }
}

customElements.define("try-clock", TryClock);
