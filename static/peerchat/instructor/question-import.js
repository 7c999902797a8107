/** The preview of a file of questions: buttons that tick all questions or none. */

import { el } from "../core/dom.js";

class PeerTickAll extends HTMLElement {
  connectedCallback() {
    this.append(
      el("button", { type: "button", class: "button small", "data-testid": "tick-all" }, this.dataset.all),
      el("button", { type: "button", class: "button small", "data-testid": "tick-none" }, this.dataset.none),
    );
    const [all, none] = this.children;
    all.addEventListener("click", () => this.tick(true));
    none.addEventListener("click", () => this.tick(false));
  }

  tick(checked) {
    for (const box of this.closest("form").querySelectorAll("input[type=checkbox]")) {
      box.checked = checked;
    }
  }
}

customElements.define("peer-tick-all", PeerTickAll);
