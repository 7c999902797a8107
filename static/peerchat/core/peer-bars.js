import { h } from "./dom.js";
import { number, percent } from "./format.js";
import { fill, gettext } from "./texts.js";
import { isBare, letterOf } from "./wording.js";

const ROUNDS = [gettext("First vote"), gettext("Second vote")];

/**
 * The votes for each choice, a bar for each round.
 * `render({choices, histograms, correct, own})`: `correct` a letter or null, `own` the reader's
 * choices of both rounds, if any.
 */
export class PeerBars extends HTMLElement {
  #drawn = "";

  render({ choices, histograms, correct = null, own = [] }) {
    const drawn = JSON.stringify([choices, histograms, correct, own]);
    if (drawn === this.#drawn) return;
    const before = this.#drawn;
    this.#drawn = drawn;
    const rounds = histograms.map((one) => ({ counts: one, total: sum(one) }));
    const shown = rounds.map((_, index) => index).filter((index) => index === 0 || rounds[index].total > 0);
    const legend = h(
      "p",
      { class: "bars-legend" },
      shown.map((index) => h("span", { class: "key", data: { round: index + 1 } }, fill(gettext("%(name)s (%(count)s)"), { name: ROUNDS[index], count: number(rounds[index].total) }))),
    );
    const rows = choices.map(({ choice, text }) =>
      h(
        "li",
        { class: "bars-choice", data: { testid: `bar-${choice}`, ...(choice === correct && { correct: "" }) } },
        h(
          "p",
          { class: "bars-label" },
          letterOf({ choice, text }),
          h("span", { class: "text", dir: "auto" }, text),
          choice === correct ? h("span", { class: "tag good" }, gettext("Correct")) : null,
        ),
        shown.map((index) => bar(rounds[index], index, choice, own[index] === choice)),
      ),
    );
    this.replaceChildren(legend, h("ul", { class: isBare({ choices }) ? "bars-list bare" : "bars-list" }, rows));
    // Only what is new grows in; live figures must not jump at every vote.
    if (!before) this.dataset.fresh = "";
    else delete this.dataset.fresh;
  }
}

function bar({ counts, total }, index, choice, own) {
  const count = counts[choice] ?? 0;
  const share = total ? count / total : 0;
  const filled = h("span", { class: "bar-fill" });
  filled.style.setProperty("inline-size", `${share * 100}%`);
  return h(
    "div",
    { class: "bar", data: { round: index + 1, count, ...(own && { own: "" }) } },
    h("span", { class: "hidden-label" }, `${ROUNDS[index]}: `),
    h("span", { class: "bar-track" }, filled),
    h("span", { class: "bar-value" }, `${percent(share)} `, h("small", {}, `(${number(count)})`)),
    own ? h("span", { class: "tag own" }, gettext("You")) : null,
  );
}

function sum(counts) {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

customElements.define("peer-bars", PeerBars);
