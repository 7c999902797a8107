import { answerWords } from "../core/answer-words.js";
import { h, show } from "../core/dom.js";
import { showInline } from "../core/rich.js";
import { fill, gettext } from "../core/texts.js";
import { fit } from "./fit.js";

// Characters of a short text as an answer.
const SHORT = 60;

/** Show the argument of `now` in a section, or none; returns whether the section changed. */
export function drawArgument(section, box, { argument, question }) {
  const drawn = JSON.stringify([argument ?? null, question]);
  if (section.dataset.drawn === drawn) return false;
  section.dataset.drawn = drawn;
  show(section, Boolean(argument && question));
  if (!argument || !question) {
    box.replaceChildren();
    return true;
  }
  const quote = h("blockquote", { class: "screen-quote", dir: "auto", data: { testid: "screen-quote" } });
  showInline(quote, argument.text);
  const { choice } = argument;
  box.replaceChildren(quote, ...(choice === null ? [] : [h("p", { class: "screen-argued", dir: "auto" }, fill(gettext("argued for %(choice)s"), { choice: answerWords(question, choice, { most: SHORT }) }))]));
  return true;
}

/** Make the words of the argument as large as there is room for. */
export function fitArgument(section, box, { least, most }) {
  if (!section.hidden) fit(box.parentElement, box, { least, most });
}
