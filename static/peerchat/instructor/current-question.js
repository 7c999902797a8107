import { hasChoices } from "../core/answers.js";
import { rowsOf } from "../core/histogram.js";
import { h, setAttribute } from "../core/dom.js";
import { afterwords, rightSentence } from "../core/result-words.js";
import { resultOf } from "../core/session.js";
import { rich } from "../core/rich-element.js";
import { gettext } from "../core/texts.js";
import { heading, isBare, letterOf, wordsOf } from "../core/wording.js";

/** What is known of the right answer: what everybody knows after the reveal, before it what the figures tell. */
export function resultFor(session, figures) {
  if (session.phase === "revealed") return resultOf(session);
  const { correct = null, right = null, tolerance = null } = figures ?? {};
  return { ...resultOf(session), correct, right, tolerance };
}

/** Show the question of the class in a card, with its answer and all that belongs to it where `shown` allows it. */
export function drawCurrent(box, { session, result, shown }) {
  const { question } = session;
  const seen = shown ? result : resultOf({});
  const drawn = JSON.stringify([question, { ...seen, histograms: null, voters: null }]);
  if (!question || box.dataset.drawn === drawn) return;
  box.dataset.drawn = drawn;
  const isKnown = seen.correct !== null || Boolean(seen.right?.length);
  const sentence = isKnown && question.kind !== "single" ? rightSentence(question, seen) : null;
  box.replaceChildren(
    heading(question),
    ...(hasChoices(question) ? [choices(question, seen)] : []),
    ...(sentence ? [h("p", { class: "right-answer", data: { testid: "right-answer" } }, sentence)] : []),
    ...afterwords(seen, "afterword"),
  );
  setAttribute(box, "data-kind", question.kind);
}

function choices(question, seen) {
  const { correct, right } = seen;
  const rows = rowsOf({ question, histograms: [], correct, right });
  return h(
    "ul",
    { class: isBare(question) ? "choices bare" : "choices" },
    rows.map(({ key, text, html, isRight }) =>
      h(
        "li",
        { class: "choice still", data: isRight ? { correct: "" } : {} },
        letterOf({ choice: key, text }),
        h("div", { class: "choice-words" }, wordsOf({ text, html }), seen.feedback?.[key] ? h("div", { class: "bars-feedback" }, rich("div", {}, seen.feedback[key])) : null),
        isRight ? h("span", { class: "tag good" }, gettext("Correct")) : null,
      ),
    ),
  );
}
