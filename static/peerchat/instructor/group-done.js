import { announce, h, setText, show } from "../core/dom.js";
import { explain } from "../core/refusals.js";
import { fill, gettext } from "../core/texts.js";

// Milliseconds that a bar without a button stays.
const SHOWN_FOR = 6_000;

/**
 * Carries out what a lecturer does with groups and messages, and says what was done, with a button that undoes it.
 *
 * `element` is the bar; `changed()` is called after each change.
 */
export class Done {
  element;
  #text;
  #undo;
  #back = null;
  #timer = null;
  #changed;

  constructor(changed) {
    this.#changed = changed;
    this.#text = h("span", { class: "done-text", dir: "auto" });
    this.#undo = h("button", { type: "button", class: "button small", data: { testid: "undo" }, on: { click: () => this.#takeBack() } }, gettext("Undo"));
    const close = h("button", { type: "button", class: "button small quiet", "aria-label": gettext("Close"), on: { click: () => this.#say(null) } }, "✕");
    this.element = h("div", { class: "groups-done", hidden: true, data: { testid: "done" } }, this.#text, this.#undo, close);
  }

  /**
   * Do something and say so. `does` returns a promise; `undo`, if it can be undone, another one when called with its
   * answer. Returns the answer, or null if it was refused.
   */
  async run(does, said, undo = null) {
    try {
      const answer = (await does()) ?? true;
      this.#say(said ? fill(gettext("Done: %(what)s"), { what: said }) : null, undo && (() => undo(answer)));
      return answer;
    } catch (error) {
      this.refuse(error);
      return null;
    } finally {
      this.#changed();
    }
  }

  /** Say that something did not work. */
  refuse(error) {
    this.#say(explain(error), null, "bad");
  }

  /** Undo as the button does. Return whether there is anything to undo. */
  undo() {
    if (!this.#undo.checkVisibility() || this.#undo.disabled) return false;
    this.#takeBack();
    return true;
  }

  async #takeBack() {
    const back = this.#back;
    this.#undo.disabled = true;
    try {
      await back();
      this.#say(gettext("Undone."));
    } catch (error) {
      this.refuse(error);
    } finally {
      this.#undo.disabled = false;
      this.#changed();
    }
  }

  #say(text, back = null, kind = "good") {
    clearTimeout(this.#timer);
    if (text && !back) this.#timer = setTimeout(() => show(this.element, false), SHOWN_FOR);
    this.#back = back;
    this.element.dataset.kind = kind;
    setText(this.#text, text ?? "");
    show(this.#undo, back !== null);
    show(this.element, Boolean(text));
    if (text) announce(text);
  }
}
