import { rightWords } from "./answer-words.js";
import { isPoll } from "./answers.js";
import { h } from "./dom.js";
import { fill, gettext } from "./texts.js";
import { rich } from "./rich-element.js";

/** Which answer is right, in a sentence. Null for a poll, where no answer is. */
export function rightSentence(question, result) {
  if (isPoll(question)) return null;
  const words = rightWords(question, result);
  if (words === null) return gettext("No right answer is marked.");
  return question.kind === "single" ? fill(gettext("The correct answer is %(choice)s."), { choice: words }) : fill(gettext("Right: %(answer)s."), { answer: words });
}

/** The explanation and the follow-up that belong to a result, those that there are, each in a section of a class. */
export function afterwords(result, className) {
  const part = (name, title, text, html) =>
    text ? h("section", { class: className, "aria-label": title, data: { testid: name } }, h("h3", {}, title), rich("div", {}, { text, html })) : null;
  return [
    part("explanation", gettext("Explanation"), result.explanation, result.explanation_html),
    part("follow-up", gettext("To think about"), result.follow_up, result.follow_up_html),
  ].filter(Boolean);
}
