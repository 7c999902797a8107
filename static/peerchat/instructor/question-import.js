/** The preview of a file of questions: its formulas, and buttons that tick all questions or none. */

import { h } from "../core/dom.js";
import "../core/rich.js";

class PeerTickAll extends HTMLElement {
  connectedCallback() {
    const { all, none } = this.dataset;
    this.replaceChildren(this.button("tick-all", all, true), this.button("tick-none", none, false));
  }

  button(testid, text, checked) {
    const tick = () => {
      for (const box of this.closest("form").querySelectorAll("input[type=checkbox]")) box.checked = checked;
    };
    return h("button", { type: "button", class: "button small", "data-testid": testid, on: { click: tick } }, text);
  }
}

customElements.define("peer-tick-all", PeerTickAll);
