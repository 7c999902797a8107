import { pageNow } from "./peer-joining.js";

/** The list of people, which is drawn anew when somebody came or went, unless it is in use. */
class PeerPeople extends HTMLElement {
  #draw = () => this.#refresh();

  connectedCallback() {
    document.addEventListener("peer-count", this.#draw);
  }

  disconnectedCallback() {
    document.removeEventListener("peer-count", this.#draw);
  }

  async #refresh() {
    if (this.#isInUse()) return;
    const fresh = (await pageNow())?.querySelector("peer-people [data-part=list]");
    if (fresh && !this.#isInUse()) this.querySelector("[data-part=list]").replaceWith(fresh);
  }

  #isInUse() {
    return this.contains(document.activeElement) || this.querySelector("details[open]") !== null;
  }
}

customElements.define("peer-people", PeerPeople);
