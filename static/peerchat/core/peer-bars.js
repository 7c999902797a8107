import { REST } from "./answers.js";
import { answerWords, barWords } from "./answer-words.js";
import { h } from "./dom.js";
import { number, percent } from "./format.js";
import { rowsOf, votersOf } from "./histogram.js";
import { fill, gettext } from "./texts.js";
import { rich } from "./rich-element.js";
import { isBare, letterOf, wordsOf } from "./wording.js";

const ROUNDS = [gettext("First vote"), gettext("Second vote")];

/**
 * The votes for each answer, a bar for each round.
 *
 * `render({question, histograms, voters, correct, right, own, feedback, mark})`: the result as it is told, without
 * `correct` and `right` as long as nobody may know; `own` the reader's answers of both rounds, if any; `feedback` by
 * letter; `mark(key, isRight)` is called where a row's box is ticked that says whether it is right, if there is one.
 */
export class PeerBars extends HTMLElement {
  #drawn = "";
  #mark = null;

  render({ question, histograms, voters = null, correct = null, right = null, own = [], feedback = null, mark = null }) {
    this.#mark = mark;
    const drawn = JSON.stringify([question, histograms, voters, correct, right, own, feedback, Boolean(mark)]);
    if (drawn === this.#drawn) return;
    const before = this.#drawn;
    this.#drawn = drawn;
    const totals = votersOf({ question, histograms, voters });
    const shown = totals.map((_, index) => index).filter((index) => index === 0 || totals[index] > 0);
    const legend = h(
      "p",
      { class: "bars-legend" },
      shown.map((index) => h("span", { class: "key", data: { round: index + 1 } }, fill(gettext("%(name)s (%(count)s)"), { name: ROUNDS[index], count: number(totals[index]) }))),
    );
    const rows = rowsOf({ question, histograms, correct, right, own }).map((row) =>
      h(
        "li",
        { class: "bars-choice", data: { testid: `bar-${row.key}`, ...(row.isRight && { correct: "" }) } },
        h("div", { class: "bars-label" }, labelOf(question, row), mark && row.key !== REST ? this.#box(question, row) : row.isRight ? h("span", { class: "tag good" }, gettext("Correct")) : null),
        shown.map((index) => bar(row, index, totals[index])),
        feedback?.[row.key] ? h("div", { class: "bars-feedback", data: { testid: `feedback-${row.key}` } }, rich("div", {}, feedback[row.key])) : null,
      ),
    );
    const focused = this.getRootNode().activeElement?.dataset?.marks;
    const list = rows.length
      ? h("ul", { class: isBare(question) ? "bars-list bare" : "bars-list" }, rows)
      : h("p", { class: "muted", data: { testid: "no-bars" } }, gettext("There are no answers yet."));
    this.replaceChildren(legend, list);
    if (focused !== undefined) [...this.querySelectorAll("[data-marks]")].find((one) => one.dataset.marks === focused)?.focus();
    // Only what is new grows in; live figures must not jump at every vote.
    if (!before) this.dataset.fresh = "";
    else delete this.dataset.fresh;
  }

  #box(question, { key, isRight }) {
    const name = fill(gettext("%(answer)s is right"), { answer: answerWords(question, key) });
    const input = h("input", { type: "checkbox", ".checked": isRight, "aria-label": name, data: { marks: key, testid: `mark-${key}` }, on: { change: () => this.#mark(key, input.checked) } });
    return h("label", { class: "bars-mark" }, input, h("span", { "aria-hidden": "true" }, gettext("Right")));
  }
}

function labelOf(question, { key, text, html }) {
  if (text !== null) return [letterOf({ choice: key, text }), wordsOf({ text, html })];
  return h("span", { class: key === REST ? "text muted" : "text", dir: "auto" }, barWords(question, key));
}

function bar({ counts, own }, index, total) {
  const count = counts[index];
  const share = total ? count / total : 0;
  const filled = h("span", { class: "bar-fill" });
  filled.style.setProperty("inline-size", `${share * 100}%`);
  return h(
    "div",
    { class: "bar", data: { round: index + 1, count, ...(own[index] && { own: "" }) } },
    h("span", { class: "hidden-label" }, `${ROUNDS[index]}: `),
    h("span", { class: "bar-track" }, filled),
    h("span", { class: "bar-value" }, `${percent(share)} `, h("small", {}, `(${number(count)})`)),
    own[index] ? h("span", { class: "tag own" }, gettext("You")) : null,
  );
}

customElements.define("peer-bars", PeerBars);
