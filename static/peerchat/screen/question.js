import { h } from "../core/dom.js";
import { number, percent } from "../core/format.js";
import { lengthOf } from "../core/text.js";
import { gettext } from "../core/texts.js";

const ROUNDS = [gettext("First vote"), gettext("Second vote")];
// Pixels, choices and characters.
const WIDE = 900;
const FEW = 6;
const LONG = 300;

/** The layouts that a question may have in a box of this width, the plainest first. */
export function layoutsFor({ question, groups, histograms }, width) {
  if (!question || width < WIDE || groups?.length) return ["one"];
  const { length } = question.choices;
  // Bars that stand below each other can be compared.
  if (histograms && length <= FEW) return ["one", "split"];
  return ["one", "two", "split", ...(length > FEW ? ["three", "split-two"] : []), ...(length > 12 ? ["four", "split-three"] : [])];
}

/** A question with its choices and, where the server tells them, the votes and the answer. */
export function drawQuestion({ question, histograms, correct, phase }) {
  const rounds = (histograms ?? []).map((counts, index) => ({ index, counts, total: sum(counts) }));
  const shown = rounds.filter(({ index, total }) => index === 0 || total > 0);
  const choices = question.choices.map(({ choice, text }) =>
    h(
      "li",
      { class: "screen-choice", data: { testid: `screen-choice-${choice}`, ...(choice === correct && { correct: "" }) } },
      h("span", { class: "screen-letter" }, choice),
      h(
        "div",
        { class: "screen-answer" },
        h(
          "p",
          {},
          h("span", { class: "screen-text", dir: "auto" }, text),
          choice === correct ? h("span", { class: "screen-right" }, gettext("Correct")) : null,
        ),
        shown.map((round) => bar(round, choice)),
      ),
    ),
  );
  return h(
    "div",
    { class: "screen-question", data: { phase } },
    h("h2", { class: "screen-prompt", dir: "auto", data: { testid: "screen-prompt", ...(lengthOf(question.prompt) > LONG && { long: "" }) } }, question.prompt),
    h(
      "div",
      { class: "screen-answers" },
      shown.length > 1 ? h("p", { class: "screen-legend" }, shown.map(({ index }) => h("span", { class: "screen-key", data: { round: index + 1 } }, ROUNDS[index]))) : null,
      h("ul", { class: "screen-choices" }, choices),
    ),
  );
}

function bar({ index, counts, total }, choice) {
  const count = counts[choice] ?? 0;
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

function sum(counts) {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
