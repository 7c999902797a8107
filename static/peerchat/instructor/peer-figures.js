import { hasChoices, isPoll } from "../core/answers.js";
import { h, setAttribute, setText, show } from "../core/dom.js";
import { decimal, number, percent } from "../core/format.js";
import { tabStorage } from "../core/storage.js";
import { fill, gettext } from "../core/texts.js";

const BARS_KEY = "peerchat:bars";
// Where right answers would be counted.
const UNKNOWN_IN = new Set(["vote_closed", "revote_closed", "revealed"]);

/**
 * What the instructor sees of the class. `connect({command})` once, where `command(action, fields)` sends; then
 * `render({session, figures, result, answers, enabled})`: `result` has what is right, and `answers` tells whether the
 * screen may show it. Answers in words can then be marked as right at their bars.
 *
 * The bars are out of sight until asked for: a class that sees them on the projector votes along.
 */
export class PeerFigures extends HTMLElement {
  #command;
  #tiles = {};
  #title;
  #toggle;
  #hidden;
  #bars;
  #unknown;
  #after;
  #open = tabStorage.getItem(BARS_KEY) === "open";

  connectedCallback() {
    if (this.#toggle) return;
    const tile = (name, label) => {
      const value = h("dd", { data: { testid: name } }, "–");
      const box = h("div", { class: "tile" }, h("dt", {}, label), value);
      this.#tiles[name] = { box, value };
      return box;
    };
    this.#toggle = h("button", {
      type: "button",
      class: "button small",
      data: { testid: "toggle-bars" },
      on: { click: () => this.#flip() },
    });
    this.#title = h("h3", {}, gettext("Votes per choice"));
    this.#hidden = h("p", { class: "muted", data: { testid: "bars-hidden" } });
    this.#bars = h("peer-bars", { data: { testid: "bars" } });
    this.#unknown = h("p", { class: "muted", data: { testid: "no-answer" }, hidden: true }, gettext("No right answer is marked, so nothing counts as right or wrong."));
    this.#after = h("div", { class: "after", hidden: true });
    this.append(
      h(
        "dl",
        { class: "tiles" },
        tile("online", gettext("Online")),
        tile("places", gettext("Hall / elsewhere")),
        tile("votes-1", gettext("First vote")),
        tile("votes-2", gettext("Second vote")),
        tile("groups", gettext("Groups")),
        tile("silent-groups", gettext("Silent groups")),
        tile("messages", gettext("Messages")),
      ),
      this.#unknown,
      h("div", { class: "bars-head" }, this.#title, this.#toggle),
      this.#hidden,
      this.#bars,
      this.#after,
    );
  }

  connect({ command }) {
    this.#command = command;
  }

  /** Show the bars. */
  open() {
    if (!this.#open) this.#flip();
  }

  render({ session, figures, result, answers, enabled }) {
    const { phase, question } = session;
    const { correct, right } = result;
    const revealed = phase === "revealed";
    const online = figures?.online ?? null;
    this.#set("online", online ?? "–");
    const places = figures?.places;
    this.#set("places", places ? `${number(places.hall)} / ${number(places.elsewhere)}` : "–", Boolean(places));
    for (const round of [1, 2]) {
      const votes = figures?.votes[round - 1] ?? 0;
      this.#set(`votes-${round}`, question && figures ? votesIn(votes, online) : "–", round === 1 || session.round === 2);
    }
    const grouped = Boolean(figures?.groups);
    this.#set("groups", figures?.groups ?? "–", grouped);
    // Nobody may talk before the discussion is open.
    const talking = grouped && phase !== "vote_closed";
    this.#set("silent-groups", figures?.silent_groups ?? "–", talking);
    this.#set("messages", figures?.messages ?? "–", talking);

    const open = this.#open || revealed;
    show(this.#toggle, Boolean(question) && !revealed);
    setText(this.#toggle, this.#open ? gettext("Hide bars") : gettext("Show bars"));
    setAttribute(this.#toggle, "aria-expanded", String(this.#open));
    show(this.#hidden, !open || !question);
    setText(this.#hidden, question ? gettext("Hidden so that a projected screen does not influence the vote.") : gettext("No question yet."));
    show(this.#bars, open && Boolean(question));
    setText(this.#title, !question || hasChoices(question) ? gettext("Votes per choice") : gettext("Answers"));
    const known = answers || revealed;
    if (open && question) {
      const marks = known && enabled && question.kind === "text" && figures?.may_set_correct;
      this.#bars.render({
        question,
        histograms: (revealed && session.histograms) || figures?.histograms || [{}, {}],
        voters: (revealed && session.voters) || figures?.votes,
        correct: known ? correct : null,
        right: known ? right : null,
        mark: marks ? (key, isRight) => this.#mark(question, { key, isRight, right }) : null,
      });
    }
    show(this.#unknown, Boolean(question && figures) && !isPoll(question) && correct === null && !right?.length && UNKNOWN_IN.has(phase));
    this.#renderAfter(phase, figures);
  }

  #set(name, text, visible = true) {
    const { box, value } = this.#tiles[name];
    show(box, visible);
    setText(value, typeof text === "number" ? number(text) : text);
  }

  #renderAfter(phase, figures) {
    const matrix = figures?.transitions;
    const visible = Boolean(matrix) && (phase === "revote_closed" || phase === "revealed");
    show(this.#after, visible);
    if (!visible) return;
    const drawn = JSON.stringify([matrix, figures.gain]);
    if (this.#after.dataset.drawn === drawn) return;
    this.#after.dataset.drawn = drawn;
    const cell = (key, kind) => h("td", { class: kind, data: { testid: key.replace("_", "-") } }, number(matrix[key]));
    const gain = figures.gain;
    this.#after.replaceChildren(
      h("h3", {}, gettext("From the first vote to the second")),
      h(
        "table",
        { class: "matrix", data: { testid: "transitions" } },
        h("caption", { class: "hidden-label" }, gettext("Students by their first and second vote")),
        h("thead", {}, h("tr", {}, h("td", {}), h("th", { scope: "col" }, gettext("then right")), h("th", { scope: "col" }, gettext("then wrong")))),
        h(
          "tbody",
          {},
          h("tr", {}, h("th", { scope: "row" }, gettext("first right")), cell("right_right", "still"), cell("right_wrong", "worse")),
          h("tr", {}, h("th", { scope: "row" }, gettext("first wrong")), cell("wrong_right", "better"), cell("wrong_wrong", "still")),
        ),
      ),
      h(
        "p",
        { class: "gain" },
        `${gettext("Normalised gain:")} `,
        h("strong", { data: { testid: "gain" } }, gain === null ? gettext("not defined") : decimal(gain)),
        gain === null ? null : h("span", { class: "muted" }, ` – ${gainWords(gain)}`),
      ),
    );
  }

  /** Say of an answer in words whether it is right. All that are right are told together. */
  #mark(question, { key, isRight, right }) {
    const choices = (right ?? []).filter((one) => one !== key);
    this.#command("set_correct", { choices: isRight ? [...choices, key] : choices, question: question.question });
  }

  #flip() {
    this.#open = !this.#open;
    tabStorage.setItem(BARS_KEY, this.#open ? "open" : "");
    this.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

function votesIn(votes, online) {
  return online === null ? votes : fill(gettext("%(votes)s of %(online)s"), { votes: number(votes), online: number(Math.max(online, votes)) });
}

function gainWords(gain) {
  if (gain < 0) return gettext("the class got worse");
  return fill(gettext("%(share)s of the possible gain"), { share: percent(gain) });
}

customElements.define("peer-figures", PeerFigures);
