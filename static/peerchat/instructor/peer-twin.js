import { quoted } from "../core/answer-words.js";
import { h, setText, show } from "../core/dom.js";
import { number, percent } from "../core/format.js";
import { cut, lengthOf } from "../core/text.js";
import { fill, gettext } from "../core/texts.js";

// Characters of a question in a sentence.
const SHORT = 70;
// While a twin is voted on.
const ALONE_IN = new Set(["vote", "vote_closed"]);

/**
 * The offer to ask the twin of the question that was just revealed. `connect({command})` once, where
 * `command(action, fields)` sends; then `render({session, figures, enabled})`.
 */
export class PeerTwin extends HTMLElement {
  #command;
  #words;
  #button;
  #twin = null;

  connectedCallback() {
    if (this.#button) return;
    this.#words = h("p", {});
    this.#button = h("button", { type: "button", class: "button small", data: { testid: "ask-twin" }, on: { click: () => this.#command("start_question", { question: this.#twin.question }) } }, gettext("Ask the twin"));
    this.append(this.#words, this.#button);
  }

  connect({ command }) {
    this.#command = command;
  }

  render({ session, figures, enabled }) {
    this.#twin = session.phase === "revealed" ? (figures?.twin ?? null) : null;
    show(this, this.#twin !== null);
    if (!this.#twin) return;
    setText(this.#words, fill(gettext("Have they understood it? %(twin)s tests the same idea; everyone votes alone."), { twin: quoted(short(this.#twin.prompt)) }));
    this.#button.disabled = !enabled;
  }
}

/**
 * How a twin stands beside its original: `render({session, figures, questions})`, where `questions` have a `slug` and a
 * `name`.
 */
export class PeerTwinResult extends HTMLElement {
  #drawn = "";

  render({ session, figures, questions }) {
    const twin = session.question ? (figures?.twin_of ?? null) : null;
    const isCounted = session.phase === "revealed" && twin?.both_right !== undefined;
    show(this, twin !== null && (isCounted || ALONE_IN.has(session.phase)));
    if (!twin) return;
    const name = questions.find(({ slug }) => slug === twin.question)?.name ?? twin.question;
    const drawn = JSON.stringify([twin, name, isCounted]);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const original = quoted(short(name));
    if (!isCounted) {
      this.replaceChildren(h("p", { class: "muted", data: { testid: "twin-alone" } }, fill(gettext("This question is the twin of %(question)s. Everyone votes on it alone."), { question: original })));
      return;
    }
    const cell = (key, kind) => h("td", { class: kind, data: { testid: `twin-${key.replaceAll("_", "-")}` } }, number(twin[key]));
    this.replaceChildren(
      h("h3", {}, gettext("Compared with the question before")),
      h("p", { class: "muted" }, fill(gettext("This question is the twin of %(question)s."), { question: original })),
      h(
        "table",
        { class: "matrix" },
        h("caption", { class: "hidden-label" }, gettext("Students by their last vote on the question before and their vote on its twin")),
        h("thead", {}, h("tr", {}, h("td", {}), h("th", { scope: "col" }, gettext("twin right")), h("th", { scope: "col" }, gettext("twin wrong")))),
        h(
          "tbody",
          {},
          h("tr", {}, h("th", { scope: "row" }, gettext("before right")), cell("both_right", "still"), cell("right_then_wrong", "worse")),
          h("tr", {}, h("th", { scope: "row" }, gettext("before wrong")), cell("wrong_then_right", "better"), cell("both_wrong", "still")),
        ),
      ),
      h("p", { data: { testid: "twin-copied" } }, copiedWords(twin)),
    );
  }
}

function copiedWords({ copied, right_then_wrong: count }) {
  if (copied === null) return gettext("Nobody was right before, so nobody can have copied the answer.");
  return fill(gettext("Probably copied: %(count)s, or %(share)s of those who were right before. They were right after the discussion, but wrong on the twin."), { count: number(count), share: percent(copied) });
}

function short(name) {
  return lengthOf(name) > SHORT ? `${cut(name, SHORT - 2).trimEnd()}…` : name;
}

customElements.define("peer-twin", PeerTwin);
customElements.define("peer-twin-result", PeerTwinResult);
