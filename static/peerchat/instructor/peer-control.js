import { isPoll } from "../core/answers.js";
import { h, setAttribute, setText, show } from "../core/dom.js";
import { number, phaseName } from "../core/format.js";
import { cut, lengthOf } from "../core/text.js";
import { fill, gettext } from "../core/texts.js";

const HINTS = {
  idle: gettext("Choose a question and start the vote."),
  vote: gettext("Students are voting individually."),
  vote_closed: gettext("The vote is closed. Pair the students who answered differently."),
  discuss: gettext("Partners are discussing. Start the second vote when the discussion dies down."),
  revote: gettext("Students are voting for the second time."),
  revote_closed: gettext("Both votes are in. Reveal the answer and explain it."),
  revealed: gettext("Everyone sees the answer and the votes. Explain, then continue."),
};
// For a question without a right answer.
const HINTS_UNKNOWN = {
  ...HINTS,
  revote_closed: gettext("Both votes are in. Show them, and mark the right answer when you like."),
  revealed: gettext("Everyone sees the votes. No right answer is marked."),
};

const HINTS_POLL = {
  ...HINTS,
  revote_closed: gettext("Both votes are in. Show them to everyone."),
  revealed: gettext("Everyone sees the votes. Continue when you like."),
};

// In milliseconds: the second click of a double click must not press what came in the button's place.
const SETTLE = 500;

/** What may be done in each phase; the first is the obvious next step. */
function steps(phase, grouped, more) {
  switch (phase) {
    case "idle":
      return ["start-question"];
    case "vote":
    case "revote":
      return ["count-down", "count-down-10", "count-down-30", "stop-vote", "show-bars"];
    case "vote_closed":
      return grouped
        ? ["enable-discussion", "enable-chat", "enable-face-chat", "make-partners", "start-revote", "reveal", "reopen", "next-question", "show-bars"]
        : ["make-partners", "start-revote", "reveal", "reopen", "next-question", "show-bars"];
    case "discuss":
      return ["start-revote", "show-bars"];
    case "revote_closed":
      return ["reveal", "reopen", "next-question", "show-bars"];
    case "revealed":
      return more ? ["start-question", "next-question"] : ["next-question", "start-question"];
    default:
      return [];
  }
}

/**
 * The instructor's buttons. `connect({command})` once, where `command(action, fields)` sends; then
 * `render({session, questions, asked, grouped, bars, unknown, enabled})`, again after each `change`. `unknown`: whether
 * the question has no right answer.
 */
export class PeerControl extends HTMLElement {
  #command;
  #buttons = new Map();
  #phase = null;
  #bars = false;
  #settling = null;
  #parts = {};

  connectedCallback() {
    if (this.#parts.primary) return;
    const parts = this.#parts;
    const seconds = (id, testid, label) =>
      h("label", { class: "inline-field", for: id }, label, h("input", { id, type: "number", min: "1", max: "3600", step: "1", inputmode: "numeric", placeholder: gettext("no limit"), data: { testid } }));
    parts.question = h("select", { id: "question", data: { testid: "question-select" } });
    parts.start = h(
      "div",
      { class: "control-fields" },
      h("label", { class: "inline-field wide", for: "question" }, gettext("Question"), parts.question),
      seconds("seconds", "seconds", gettext("Time limit (s)")),
    );
    parts.size = h("select", { id: "group-size", data: { testid: "group-size" } }, [2, 3, 4, 5].map((size) => h("option", { value: size }, number(size))));
    parts.method = h(
      "select",
      { id: "method", data: { testid: "method" } },
      h("option", { value: "different_answers" }, gettext("with different answers")),
      h("option", { value: "random" }, gettext("at random")),
      h("option", { value: "same_answer" }, gettext("with the same answer")),
      h("option", { value: "keep" }, gettext("as last time")),
    );
    parts.pairing = h(
      "div",
      { class: "control-fields" },
      h("label", { class: "inline-field", for: "group-size" }, gettext("Students per group"), parts.size),
      h("label", { class: "inline-field wide", for: "method" }, gettext("Paired"), parts.method),
    );
    parts.revote = seconds("revote-seconds", "revote-seconds", gettext("Time limit (s)"));
    parts.hint = h("p", { class: "control-hint" });
    parts.primary = h("div", { class: "control-primary" });
    parts.others = h("div", { class: "control-others" });
    parts.primary.append(parts.revote);
    this.append(parts.hint, parts.start, parts.pairing, parts.primary, parts.others);

    this.#button("start-question", gettext("Start the vote"), () => ["start_question", { question: parts.question.value, ...limit(this, "seconds") }]);
    this.#button("count-down", gettext("Close in 5 s"), () => ["count_down_and_stop", { seconds: 5 }]);
    this.#button("count-down-10", gettext("in 10 s"), () => ["count_down_and_stop", { seconds: 10 }]);
    this.#button("count-down-30", gettext("in 30 s"), () => ["count_down_and_stop", { seconds: 30 }]);
    this.#button("stop-vote", gettext("Stop now"), () => ["stop_vote", {}]);
    this.#button("make-partners", gettext("Form partners"), () => ["make_partners", { group_size: Number(parts.size.value), method: parts.method.value }]);
    this.#button("enable-discussion", gettext("Start the discussion"), () => ["enable_discussion", {}]);
    this.#button("enable-chat", gettext("Let partners chat"), () => ["enable_chat", {}]);
    this.#button("enable-face-chat", gettext("Talk face to face"), () => ["enable_face_chat", {}]);
    this.#button("start-revote", gettext("Vote again"), () => ["start_revote", this.#phase === "discuss" ? limit(this, "revote-seconds") : {}]);
    this.#button("reveal", gettext("Reveal the answer"), () => ["reveal", {}]);
    this.#button("reopen", gettext("Reopen the vote"), () => ["reopen", {}]);
    this.#button("show-bars", gettext("Show the bars on the screen"), () => ["show_bars", { shown: !this.#bars }]);
    this.#button("next-question", gettext("Finish this question"), () => ["next_question", {}]);
  }

  connect({ command }) {
    this.#command = command;
  }

  render({ session, questions, asked, grouped, bars, unknown, enabled }) {
    this.#bars = bars;
    const phase = session.known ? session.phase : null;
    if (phase !== this.#phase) this.#settle();
    this.#options(questions, asked, session);
    const ready = questions.filter(({ isDraft }) => !isDraft);
    const more = ready.some(({ slug }) => !asked.has(slug));
    const legal = phase ? steps(phase, grouped, more).filter((name) => name !== "start-question" || ready.length) : [];
    const [primary] = legal;
    const poll = session.question !== null && isPoll(session.question);
    const hints = poll ? HINTS_POLL : unknown ? HINTS_UNKNOWN : HINTS;
    const hint = phase === "idle" && !ready.length ? gettext("Ask a quick question: it needs no preparation.") : hints[phase];
    setText(this.#parts.hint, phase ? hint : gettext("Loading the current step…"));
    setText(this.#buttons.get("reveal"), unknown ? gettext("Show the votes") : gettext("Reveal the answer"));
    for (const [name, button] of this.#buttons) {
      const visible = legal.includes(name);
      show(button, visible);
      button.disabled = !enabled || this.#settling !== null;
      const place = name === primary ? this.#parts.primary : this.#parts.others;
      if (visible && button.parentElement !== place) place.append(button);
      button.className = name === primary ? "button primary large" : "button";
    }
    // The countdowns belong together, in one row.
    if (primary === "count-down") {
      for (const name of ["count-down-10", "count-down-30"]) this.#parts.primary.append(this.#buttons.get(name));
    }
    setText(this.#buttons.get("make-partners"), grouped ? gettext("Form new partners") : gettext("Form partners"));
    setText(this.#buttons.get("start-revote"), phase === "vote_closed" ? gettext("Vote again without talking") : gettext("Vote again"));
    setText(this.#buttons.get("start-question"), phase === "revealed" ? gettext("Start the next question") : gettext("Start the vote"));
    setText(this.#buttons.get("show-bars"), bars ? gettext("Hide the bars on the screen") : gettext("Show the bars on the screen"));
    show(this.#parts.start, legal.includes("start-question"));
    show(this.#parts.pairing, legal.includes("make-partners"));
    show(this.#parts.revote, phase === "discuss");
    if (phase !== this.#phase) {
      this.#phase = phase;
      setAttribute(this, "aria-label", phase ? fill(gettext("Steps: %(phase)s"), { phase: phaseName(phase) }) : gettext("Steps"));
    }
  }

  #settle() {
    clearTimeout(this.#settling);
    this.dataset.settling = "";
    this.#settling = setTimeout(() => {
      this.#settling = null;
      delete this.dataset.settling;
      this.dispatchEvent(new Event("change", { bubbles: true }));
    }, SETTLE);
  }

  /** The question to start next: the one chosen, else the first that was not asked yet. */
  #options(questions, asked, session) {
    const step = JSON.stringify([[...asked], session.question?.question]);
    const drawn = JSON.stringify([questions.map((one) => [one.slug, one.name, one.isDraft]), step]);
    const { question: select } = this.#parts;
    if (select.dataset.drawn === drawn) return;
    const ready = questions.filter(({ isDraft }) => !isDraft);
    // A question that is added meanwhile does not take the place of the one that was chosen.
    const kept = select.dataset.step === step ? ready.find((one) => one.slug === select.value) : null;
    Object.assign(select.dataset, { drawn, step });
    const next = kept ?? ready.find((one) => !asked.has(one.slug)) ?? ready[0];
    select.replaceChildren(
      ...questions.map((one, index) =>
        h("option", { value: one.slug, dir: "auto", ".selected": one === next, disabled: one.isDraft }, named(index, one, asked.has(one.slug))),
      ),
    );
  }

  choose(slug) {
    this.#parts.question.value = slug;
  }

  #button(name, text, make) {
    const button = h("button", { type: "button", class: "button", data: { testid: name }, hidden: true }, text);
    button.addEventListener("click", async () => {
      const [action, fields] = make();
      this.setAttribute("aria-busy", "true");
      try {
        await this.#command(action, fields);
      } finally {
        this.removeAttribute("aria-busy");
      }
    });
    this.#buttons.set(name, button);
    this.#parts.others.append(button);
  }
}

function limit(root, id) {
  const value = root.querySelector(`#${id}`).valueAsNumber;
  return Number.isFinite(value) && value >= 1 ? { seconds: Math.min(3600, Math.round(value)) } : {};
}

function named(index, { name, isDraft }, isAsked) {
  const text = isDraft ? gettext("%(number)s. %(prompt)s (draft)") : isAsked ? gettext("%(number)s. %(prompt)s (asked)") : gettext("%(number)s. %(prompt)s");
  return fill(text, { number: number(index + 1), prompt: short(name) });
}

function short(name) {
  return lengthOf(name) > 70 ? `${cut(name, 68).trimEnd()}…` : name;
}

customElements.define("peer-control", PeerControl);
