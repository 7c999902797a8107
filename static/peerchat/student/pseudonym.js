import { h, show } from "../core/dom.js";
import { isolated } from "../core/text.js";
import { fill, gettext } from "../core/texts.js";

/** A line that tells students under what pseudonym the others see them, and who knows whose it is. */
export class PeerPseudonym extends HTMLElement {
  #told = "";

  /** `pseudonym`: that of `state.me`, or null. */
  render(pseudonym) {
    show(this, Boolean(pseudonym));
    const told = pseudonym ? words(pseudonym) : "";
    if (told === this.#told) return;
    this.#told = told;
    this.replaceChildren(h("p", { class: "pseudonym-line", data: { testid: "pseudonym" } }, told));
  }
}

function words({ display_name: name, lecturers_know: known }) {
  const text = known
    ? gettext("Your pseudonym in this class is %(name)s. Your lecturers can look up whose it is.")
    : gettext("Your pseudonym in this class is %(name)s. Not even your lecturers are told whose it is.");
  return fill(text, { name: isolated(name) });
}

customElements.define("peer-pseudonym", PeerPseudonym);
