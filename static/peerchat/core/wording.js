import { gettext } from "./texts.js";
import { h } from "./dom.js";
import { rich } from "./rich-element.js";

/** Whether the choices of a question are letters alone. */
export function isBare({ choices }) {
  return choices.length > 0 && choices.every(({ text }) => !text);
}

/** The letter of a choice, which screen readers leave out where `text` says what it is. */
export function letterOf({ choice, text }, { silent = false } = {}) {
  return h("span", { class: "letter", "aria-hidden": silent && text ? "true" : null }, choice);
}

/** The words of a choice. */
export function wordsOf({ text, html }) {
  return rich("span", { class: "text" }, { text, html });
}

/**
 * The heading with the words of a question; one without words has a heading for screen readers. So has one that is
 * more than plain words, as no heading can hold paragraphs.
 */
export function heading({ prompt, prompt_html: html = null }, tag = "h2", testid = "prompt") {
  if (!prompt) return h(tag, { class: "hidden-label" }, gettext("A question without words"));
  if (!html) return rich(tag, { class: "prompt", data: { testid } }, { text: prompt });
  return h("div", { class: "prompt" }, h(tag, { class: "hidden-label" }, gettext("The question")), rich("div", { data: { testid } }, { text: prompt, html }));
}
