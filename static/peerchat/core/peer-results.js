import "./peer-bars.js";
import "./peer-panel.js";

import { watchClass } from "./clients.js";
import { h, show } from "./dom.js";
import { afterwords, rightSentence } from "./result-words.js";
import { resultOf } from "./session.js";
import { heading } from "./wording.js";

/**
 * The votes of a question and its right answer, once they were revealed. `data-results` has what the server knew;
 * a panel of the same course on the page tells of a reveal, and of a class that is at the question again.
 */
export class PeerResults extends HTMLElement {
  #stop = null;
  #results = null;
  #drawn = null;

  connectedCallback() {
    const { course, question, results } = this.dataset;
    this.#results ??= results ? read(JSON.parse(results)) : null;
    this.#stop ??= watchClass(course, ({ session }) => {
      if (session.known && session.question?.question === question) this.#render(shown(session));
    });
    this.#render(this.#results);
  }

  disconnectedCallback() {
    this.#stop?.();
    this.#stop = null;
  }

  #render(results) {
    this.#results = results;
    // Without results there is nothing to see, and no frame around it.
    show(this.getRootNode().host, Boolean(results));
    const drawn = JSON.stringify(results);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    if (!results) {
      this.replaceChildren();
      return;
    }
    const { question, ...result } = results;
    const sentence = rightSentence(question, result);
    const isKnown = result.correct !== null || Boolean(result.right?.length);
    // The bars of one choice say which is right.
    const said = sentence && !(isKnown && question.kind === "single") ? h("p", { class: isKnown ? "right-answer" : "muted", data: { testid: isKnown ? "right-answer" : "no-answer" } }, sentence) : null;
    const bars = h("peer-bars");
    this.replaceChildren(...[heading(question, "h3", "results-prompt"), said, bars, ...afterwords(result, "afterword")].filter(Boolean));
    bars.render({ question, ...result });
  }
}

/** What the page has: the fields of the question and of its result. */
function read({ kind = "single", prompt, prompt_html, unit, choices, ...result }) {
  return { question: { kind, prompt, prompt_html, unit, choices }, ...resultOf({ ...result, phase: "revealed" }) };
}

function shown(session) {
  if (session.phase !== "revealed" || !session.histograms) return null;
  return read({ ...session.question, ...resultOf(session) });
}

customElements.define("peer-results", PeerResults);
