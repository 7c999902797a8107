import { gettext } from "./texts.js";
import { h } from "./dom.js";

/** Whether the choices of a question are letters alone. */
export function isBare({ choices }) {
  return choices.every(({ text }) => !text);
}

/** The letter of a choice, which screen readers leave out where `text` says what it is. */
export function letterOf({ choice, text }, { silent = false } = {}) {
  return h("span", { class: "letter", "aria-hidden": silent && text ? "true" : null }, choice);
}

/** The heading with the words of a question; one without words has a heading for screen readers. */
export function heading({ prompt }, tag = "h2", testid = "prompt") {
  if (!prompt) return h(tag, { class: "hidden-label" }, gettext("A question without words"));
  return h(tag, { class: "prompt", dir: "auto", data: { testid } }, prompt);
}
