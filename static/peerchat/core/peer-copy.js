import { announce, h } from "./dom.js";
import { gettext } from "./texts.js";

/** A button that copies the value of the field whose id is in `data-from`. Without this script there is none. */
class PeerCopy extends HTMLElement {
  connectedCallback() {
    if (!navigator.clipboard) return;
    const button = h("button", { class: "button small", type: "button", data: { testid: "copy" } }, gettext("Copy"));
    button.addEventListener("click", () => this.#copy(button));
    this.replaceChildren(button);
  }

  async #copy(button) {
    const field = document.getElementById(this.dataset.from);
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      // The browser does not allow it: what is selected can be copied by hand.
      field.select();
      return;
    }
    button.textContent = gettext("Copied");
    announce(gettext("Copied"));
  }
}

customElements.define("peer-copy", PeerCopy);
