/**
 * The preview of a file of questions: its formulas, buttons that tick all questions or none, and links that lead to the
 * line of the text in which a question cannot be read.
 */

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

for (const link of document.querySelectorAll("a[data-line]")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    selectLine(document.querySelector("#id_text"), Number(link.dataset.line));
  });
}

function selectLine(field, number) {
  const lines = field.value.split("\n");
  const start = lines.slice(0, number - 1).join("\n").length + (number > 1 ? 1 : 0);
  // Browsers scroll a field to its caret only where the focus comes to it.
  field.setSelectionRange(start, start);
  field.blur();
  field.focus();
  field.setSelectionRange(start, start + (lines[number - 1] ?? "").length);
  field.scrollIntoView({ block: "center" });
}
