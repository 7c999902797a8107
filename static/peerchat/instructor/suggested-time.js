import { h, setAttribute, setText, show } from "../core/dom.js";
import { number as numeral } from "../core/format.js";
import { fill, gettext } from "../core/texts.js";

const SOURCES = {
  question: gettext("Nine tenths voted within this time when the question was asked before."),
  kind: gettext("Nine tenths voted within this time on other questions of this kind."),
  default: gettext("Usual for a question of this kind."),
};

/** A field for the time limit of a vote, with a button that fills in what the server suggests. */
export class SuggestedTime {
  #number;
  #times = null;
  #shown = null;
  #input;
  #button;

  /** `id` of the field, which is its test id, too; `number` of the vote, 1 or 2. */
  constructor({ id, number }) {
    this.#number = number;
    this.#input = h("input", { id, type: "number", min: "1", max: "3600", step: "1", inputmode: "numeric", placeholder: gettext("no limit"), data: { testid: id } });
    this.#button = h("button", { type: "button", class: "button small quiet time-suggested", hidden: true, data: { testid: `suggested-${id}` }, on: { click: () => this.#take() } });
    this.element = h("div", { class: "timed-field" }, h("label", { class: "inline-field", for: id }, gettext("Time limit (s)"), this.#input), this.#button);
  }

  /** `times(slug)` asks the server. */
  connect(times) {
    this.#times = times;
  }

  /** The field of a command. */
  get limit() {
    const value = this.#input.valueAsNumber;
    return Number.isFinite(value) && value >= 1 ? { seconds: Math.min(3600, Math.round(value)) } : {};
  }

  /** Suggest a time for a vote on a question; the answer comes later, or never. */
  async suggestFor(slug) {
    if (slug === this.#shown) return;
    this.#shown = slug;
    show(this.#button, false);
    const found = slug ? await this.#times(slug).catch(() => null) : null;
    if (!found || slug !== this.#shown) return;
    const { seconds, source } = this.#number === 1 ? found.first : found.second;
    this.#button.value = String(seconds);
    setText(this.#button, fill(gettext("Suggested: %(seconds)s s"), { seconds: numeral(seconds) }));
    setAttribute(this.#button, "title", SOURCES[source]);
    show(this.#button, true);
  }

  #take() {
    this.#input.value = this.#button.value;
    this.#input.focus();
  }
}
