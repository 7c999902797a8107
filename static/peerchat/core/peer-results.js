import "./peer-bars.js";
import "./peer-panel.js";

import { watchClass } from "./clients.js";
import { h, show } from "./dom.js";
import { gettext } from "./texts.js";
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
    this.#results ??= results ? JSON.parse(results) : null;
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
    const bars = h("peer-bars");
    const unknown = results.correct ? null : h("p", { class: "muted", data: { testid: "no-answer" } }, gettext("No right answer is marked."));
    this.replaceChildren(...[heading(results, "h3", "results-prompt"), unknown, bars].filter(Boolean));
    bars.render(results);
  }
}

function shown({ phase, question, histograms, correct }) {
  if (phase !== "revealed" || !histograms) return null;
  return { prompt: question.prompt, choices: question.choices, histograms, correct };
}

customElements.define("peer-results", PeerResults);
