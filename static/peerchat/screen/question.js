import { barWords } from "../core/answer-words.js";
import { hasChoices } from "../core/answers.js";
import { fewest, rowsOf, votersOf } from "../core/histogram.js";
import { h } from "../core/dom.js";
import { number, percent } from "../core/format.js";
import { rich } from "../core/rich-element.js";
import { afterwords, rightSentence } from "../core/result-words.js";
import { resultOf } from "../core/session.js";
import { lengthOf } from "../core/text.js";
import { fill, gettext } from "../core/texts.js";

const ROUNDS = [gettext("First vote"), gettext("Second vote")];
const OPEN = new Set(["vote", "revote"]);
// Pixels, rows and characters.
const WIDE = 900;
const FEW = 6;
const MOST = 12;
const LONG = 300;

/** The layouts that a question may have in a box of this width, the plainest first. */
export function layoutsFor({ question, groups, histograms, argument }, width) {
  if (!question || width < WIDE || groups?.length || argument) return ["one"];
  const length = hasChoices(question) ? question.choices.length : Math.min(MOST, Math.max(0, ...(histograms ?? []).map((one) => Object.keys(one).length)));
  // Bars that stand below each other can be compared.
  if (histograms && length <= FEW) return ["one", "split"];
  return ["one", "two", "split", ...(length > FEW ? ["three", "split-two"] : []), ...(length > 12 ? ["four", "split-three"] : [])];
}

/** A question with its choices and, where the server tells them, the votes and the answer. */
export function drawQuestion(now) {
  const { question, histograms, phase } = now;
  const result = resultOf(now);
  const totals = histograms ? votersOf(now) : [];
  const shown = totals.map((total, index) => ({ index, total })).filter(({ index, total }) => index === 0 || total > 0);
  const { correct, right } = result;
  const rows = rowsOf({ question, histograms: histograms ?? [], correct, right });
  const isKnown = correct !== null || Boolean(right?.length);
  const sentence = isKnown && question.kind !== "single" ? rightSentence(question, result) : null;
  const after = afterwords(result, "screen-afterword");
  return h(
    "div",
    { class: "screen-question", data: { phase } },
    rich(question.prompt_html ? "div" : "h2", { class: "screen-prompt", data: { testid: "screen-prompt", ...(lengthOf(question.prompt) > LONG && { long: "" }) } }, { text: question.prompt, html: question.prompt_html }),
    h(
      "div",
      { class: "screen-answers" },
      shown.length > 1 ? h("p", { class: "screen-legend" }, shown.map(({ index }) => h("span", { class: "screen-key", data: { round: index + 1 } }, ROUNDS[index]))) : null,
      OPEN.has(phase) ? howTo(question) : null,
      sentence ? h("p", { class: "screen-answer-right", data: { testid: "screen-right" } }, sentence) : null,
      h("ul", { class: "screen-choices" }, (hasChoices(question) ? rows : fewest(rows, MOST)).map((row) => choiceOf(question, row, shown, result.feedback?.[row.key]))),
    ),
    after.length ? h("div", { class: "screen-after" }, after) : null,
  );
}

function choiceOf(question, row, shown, feedback) {
  const { key, text, isRight } = row;
  return h(
    "li",
    { class: "screen-choice", data: { testid: `screen-choice-${key}`, ...(isRight && { correct: "" }) } },
    text === null ? null : h("span", { class: "screen-letter" }, key),
    h(
      "div",
      { class: "screen-answer" },
      h(
        "div",
        { class: "screen-words" },
        text === null ? h("span", { class: "screen-text", dir: "auto" }, barWords(question, key)) : rich("span", { class: "screen-text" }, row),
        isRight ? h("span", { class: "screen-right" }, gettext("Correct")) : null,
      ),
      shown.map(({ index, total }) => bar(row.counts[index], index, total)),
      feedback ? h("div", { class: "screen-feedback" }, rich("div", {}, feedback)) : null,
    ),
  );
}

/** What students are to do, where no choices say it. */
function howTo(question) {
  const words = {
    several: gettext("Choose all that are right."),
    number: question.unit ? fill(gettext("Type a number, in %(unit)s."), { unit: question.unit }) : gettext("Type a number."),
    text: gettext("Type a short answer."),
  }[question.kind];
  return words ? h("p", { class: "screen-how", data: { testid: "screen-how" } }, words) : null;
}

function bar(count, index, total) {
  const share = total ? count / total : 0;
  const filled = h("span", { class: "screen-fill" });
  filled.style.setProperty("inline-size", `${share * 100}%`);
  return h(
    "div",
    { class: "screen-bar", data: { round: index + 1, count } },
    h("span", { class: "hidden-label" }, `${ROUNDS[index]}: `),
    h("span", { class: "screen-track" }, filled),
    h("span", { class: "screen-value" }, `${percent(share)} (${number(count)})`),
  );
}
