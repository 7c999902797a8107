import { h, setAttribute, setText, show } from "./dom.js";
import { number } from "./format.js";
import { fill, gettext } from "./texts.js";

const SOON = 1_500;

/** The quiet sign of the connection. `watch(sockets)`: the worst of them is shown. */
export class PeerConnection extends HTMLElement {
  #sockets = [];
  #timer = null;
  #text;
  #retry;

  connectedCallback() {
    if (this.#text) return;
    this.#text = h("span", { class: "connection-text", role: "status" }, gettext("Connecting…"));
    this.#retry = h(
      "button",
      { type: "button", class: "button quiet small", hidden: true, on: { click: () => this.#sockets.forEach((one) => one.retryNow()) } },
      gettext("Try now"),
    );
    this.replaceChildren(h("span", { class: "connection-dot", "aria-hidden": "true" }), this.#text, this.#retry);
  }

  watch(sockets) {
    this.#sockets = sockets;
    for (const socket of sockets) socket.addEventListener("status", () => this.#render());
    this.#render();
  }

  #render() {
    clearTimeout(this.#timer);
    const statuses = this.#sockets.map((one) => one.status);
    const worst = { ...worstOf(statuses), slow: statuses.some((one) => one.slow) };
    setAttribute(this, "data-state", worst.state === "open" ? "connected" : worst.state);
    setAttribute(this, "data-slow", worst.slow);
    const left = worst.retryAt === null ? 0 : worst.retryAt - Date.now();
    // Short waits are not worth a number that jumps, nor a button that goes away.
    show(this.#retry, worst.state === "waiting" && left > SOON);
    setText(this.#text, words(worst, left));
    if (worst.state === "waiting") this.#timer = setTimeout(() => this.#render(), 500);
  }
}

function words({ state, reason, slow }, left) {
  if (state === "open") return slow ? gettext("Connected over HTTP") : gettext("Connected");
  if (state === "ended") return reason === "forbidden" ? gettext("No access") : gettext("Logged out");
  if (state === "waiting" && left > SOON) return fill(gettext("Reconnecting in %(seconds)s s"), { seconds: number(Math.ceil(left / 1000)) });
  return gettext("Reconnecting…");
}

function worstOf(statuses) {
  const order = ["ended", "waiting", "connecting", "open"];
  return [...statuses].sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state))[0];
}

customElements.define("peer-connection", PeerConnection);
