import { h, show } from "../core/dom.js";
import { guardEnter, limitLength, shows, trimmed } from "../core/text.js";
import { fill, gettext } from "../core/texts.js";

const LETTERS = [..."ABCDEF"];
const USUAL = 4;
// As on the server.
const CHOICE_LIMIT = 500;

/**
 * A question that nobody prepared: "A to D, now" takes two clicks, words and the right answer are optional.
 * `connect({command})` once, where `command(action, fields)` sends and tells whether it was carried out; then
 * `render({phase, enabled, alone, limits})`; `alone`: whether there are no other questions.
 */
export class PeerQuick extends HTMLElement {
  #command;
  #parts = {};
  #count = USUAL;
  #enabled = false;
  #sending = false;
  #limit = 4000;

  connectedCallback() {
    if (this.#parts.form) return;
    const parts = this.#parts;
    parts.toggle = h(
      "button",
      { type: "button", class: "button", "aria-expanded": "false", "aria-controls": "quick-form", data: { testid: "quick-open" }, on: { click: () => this.#open(parts.form.hidden) } },
      gettext("Quick question"),
    );
    parts.counts = LETTERS.slice(1).map((last, index) => {
      const count = index + 2;
      const input = h("input", { type: "radio", name: "quick-count", value: count, ".checked": count === USUAL, data: { testid: `quick-${count}` }, on: { change: () => this.#setCount(count) } });
      return h("label", { class: "quick-count" }, input, h("span", {}, fill(gettext("A to %(last)s"), { last })));
    });
    parts.prompt = h("textarea", { id: "quick-prompt", rows: "2", dir: "auto", data: { testid: "quick-prompt" } });
    limitLength(parts.prompt, () => this.#limit);
    parts.texts = LETTERS.map((letter) => {
      const input = h("input", { type: "text", dir: "auto", autocomplete: "off", "aria-label": fill(gettext("Choice %(letter)s"), { letter }), data: { testid: `quick-text-${letter}` } });
      limitLength(input, () => CHOICE_LIMIT);
      return { input, row: h("div", { class: "quick-text" }, h("span", { class: "letter", "aria-hidden": "true" }, letter), input) };
    });
    parts.right = h("select", { id: "quick-right", data: { testid: "quick-right" } });
    parts.seconds = h("input", { id: "quick-seconds", type: "number", min: "1", max: "3600", step: "1", inputmode: "numeric", placeholder: gettext("no limit"), data: { testid: "quick-seconds" } });
    parts.start = h("button", { type: "submit", class: "button primary large", data: { testid: "quick-start" } }, gettext("Ask now"));
    parts.form = h(
      "form",
      { id: "quick-form", class: "quick-form", hidden: true, on: { submit: (event) => this.#submit(event) } },
      h("fieldset", { class: "quick-counts" }, h("legend", {}, gettext("Choices")), parts.counts),
      parts.start,
      h(
        "details",
        { class: "quick-more" },
        h("summary", { data: { testid: "quick-more" } }, gettext("Words, right answer, time limit"), " ", h("span", { class: "muted" }, gettext("(optional)"))),
        h("div", { class: "field" }, h("label", { for: "quick-prompt" }, gettext("Question")), parts.prompt),
        h("div", { class: "quick-texts", role: "group", "aria-label": gettext("Choices") }, parts.texts.map(({ row }) => row)),
        h(
          "div",
          { class: "control-fields" },
          h("label", { class: "inline-field wide", for: "quick-right" }, gettext("Right answer"), parts.right),
          h("label", { class: "inline-field", for: "quick-seconds" }, gettext("Time limit (s)"), parts.seconds),
        ),
      ),
    );
    guardEnter(parts.form);
    this.append(parts.toggle, parts.form);
    this.#setCount(USUAL);
  }

  connect({ command }) {
    this.#command = command;
  }

  render({ phase, enabled, alone, limits }) {
    this.#limit = limits.text;
    this.#parts.toggle.className = alone ? "button primary large" : "button";
    this.#enabled = enabled;
    show(this, phase === "idle" || phase === "revealed");
    this.#renderStart();
  }

  /** Open the form, or close it, as its button does; returns whether it can be now. */
  toggle() {
    if (this.hidden) return false;
    this.#open(this.#parts.form.hidden);
    return true;
  }

  #renderStart() {
    this.#parts.start.disabled = !this.#enabled || this.#sending;
  }

  #open(open) {
    show(this.#parts.form, open);
    this.#parts.toggle.setAttribute("aria-expanded", String(open));
  }

  #setCount(count) {
    this.#count = count;
    const { right, texts } = this.#parts;
    texts.forEach(({ row }, index) => show(row, index < count));
    const letters = LETTERS.slice(0, count);
    const kept = letters.includes(right.value) ? right.value : "";
    right.replaceChildren(
      h("option", { value: "" }, gettext("not yet, or none")),
      ...letters.map((letter) => h("option", { value: letter, ".selected": letter === kept }, letter)),
    );
  }

  async #submit(event) {
    event.preventDefault();
    if (this.#sending || !this.#enabled) return;
    const { form, prompt, right, seconds, texts } = this.#parts;
    const words = texts.slice(0, this.#count).map(({ input }) => (shows(input.value) ? trimmed(input.value) : ""));
    const limit = seconds.valueAsNumber;
    this.#sending = true;
    this.#renderStart();
    try {
      const done = await this.#command("quick_question", {
        choices: words.some(Boolean) ? words : this.#count,
        prompt: shows(prompt.value) ? trimmed(prompt.value) : "",
        correct: right.value || null,
        seconds: Number.isFinite(limit) ? limit : null,
      });
      // What was typed stays where it was refused.
      if (!done) return;
      form.reset();
      this.#setCount(USUAL);
      this.#open(false);
      // The form is gone: the keyboard goes on at the next steps.
      this.previousElementSibling?.focus({ preventScroll: true });
    } finally {
      this.#sending = false;
      this.#renderStart();
    }
  }
}

customElements.define("peer-quick", PeerQuick);
