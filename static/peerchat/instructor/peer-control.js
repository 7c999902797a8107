import "./peer-turnout.js";
import { focusedNear, h, setAttribute, setText, show } from "../core/dom.js";
import { number, phaseName } from "../core/format.js";
import { cut, lengthOf } from "../core/text.js";
import { fill, gettext } from "../core/texts.js";
import { nextButton, proposed, steps, whyWords } from "./next-step.js";
import { SuggestedTime } from "./suggested-time.js";

// In milliseconds: the second click of a double click must not press what came in the button's place.
const SETTLE = 500;
// What was just put there has to be seen before it can be pressed.
const SEEN = 250;

// The buttons beside the clock.
const CLOCK = new Set(["count-down", "count-down-10", "count-down-30", "extend"]);

/**
 * The instructor's buttons: a large one for the next step, with the reason for it, and all others. `connect({command,
 * times})` once, where `command(action, fields)` sends and `times(slug)` returns what the server suggests; then
 * `render({session, figures, questions, asked, unknown, enabled})`, again after each `change`. `unknown`: whether the
 * question has no right answer.
 */
export class PeerControl extends HTMLElement {
  #command;
  #buttons = new Map();
  #phase = null;
  #primary = null;
  #bars = false;
  #settling = null;
  #settled = 0;
  #refocus = false;
  #parts = {};
  #first;
  #second;

  connectedCallback() {
    if (this.#parts.primary) return;
    const parts = this.#parts;
    parts.question = h("select", { id: "question", data: { testid: "question-select" } });
    this.#first = new SuggestedTime({ id: "seconds", number: 1 });
    this.#second = new SuggestedTime({ id: "revote-seconds", number: 2 });
    parts.question.addEventListener("change", () => this.#first.suggestFor(parts.question.value));
    parts.start = h(
      "div",
      { class: "control-fields" },
      h("label", { class: "inline-field wide", for: "question" }, gettext("Question"), parts.question),
      this.#first.element,
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
    parts.revote = h("div", { class: "control-fields" }, this.#second.element);
    parts.turnout = h("peer-turnout", { data: { testid: "turnout" }, hidden: true });
    parts.hint = h("p", { class: "control-hint", data: { testid: "why" } });
    parts.primary = h("div", { class: "control-primary" });
    parts.clock = h("div", { class: "control-clock" });
    parts.others = h("div", { class: "control-others" });
    parts.ways = h("p", { class: "control-hint control-ways", data: { testid: "ways-to-talk" } }, gettext("Start the discussion: groups who are all in the hall meet, and the others chat. Let partners chat: everybody chats. Talk face to face: everybody meets, except for groups with somebody elsewhere."));
    this.append(parts.turnout, h("div", { class: "control-next" }, parts.primary, parts.hint, parts.ways), parts.clock, parts.start, parts.pairing, parts.revote, parts.others);

    this.#button("start-question", gettext("Start the vote"), () => ["start_question", { question: parts.question.value, ...this.#first.limit }]);
    this.#button("count-down", gettext("Close in 5 s"), () => ["count_down_and_stop", { seconds: 5 }]);
    this.#button("count-down-10", gettext("in 10 s"), () => ["count_down_and_stop", { seconds: 10 }]);
    this.#button("count-down-30", gettext("in 30 s"), () => ["count_down_and_stop", { seconds: 30 }]);
    this.#button("extend", gettext("+30 s"), () => ["extend", { seconds: 30 }]);
    this.#button("stop-vote", gettext("Stop now"), () => ["stop_vote", {}]);
    this.#button("make-partners", gettext("Form partners"), () => ["make_partners", { group_size: Number(parts.size.value), method: parts.method.value }]);
    this.#button("enable-discussion", gettext("Start the discussion"), () => ["enable_discussion", {}]);
    this.#button("enable-chat", gettext("Let partners chat"), () => ["enable_chat", {}]);
    this.#button("enable-face-chat", gettext("Talk face to face"), () => ["enable_face_chat", {}]);
    this.#button("start-revote", gettext("Vote again"), () => ["start_revote", this.#phase === "discuss" ? this.#second.limit : {}]);
    this.#button("reveal", gettext("Reveal the answer"), () => ["reveal", {}]);
    this.#button("reopen", gettext("Reopen the vote"), () => ["reopen", {}]);
    this.#button("show-bars", gettext("Show the bars on the screen"), () => ["show_bars", { shown: !this.#bars }]);
    this.#button("next-question", gettext("Finish this question"), () => ["next_question", {}]);
    setAttribute(this.#buttons.get("extend"), "aria-label", gettext("30 seconds more"));
  }

  connect({ command, times }) {
    this.#command = command;
    for (const field of [this.#first, this.#second]) field.connect(times);
  }

  render({ session, figures, questions, asked, unknown, enabled }) {
    const parts = this.#parts;
    const grouped = Boolean(figures?.groups);
    this.#bars = Boolean(figures?.bars);
    const phase = session.known ? session.phase : null;
    const next = proposed(session, figures);
    this.#options(questions, asked, session, next);
    const ready = questions.filter(({ isDraft }) => !isDraft);
    const more = ready.some(({ slug }) => !asked.has(slug));
    const legal = phase ? steps(session, { grouped, more }).filter((name) => name !== "start-question" || ready.length) : [];
    const primary = nextButton(legal, next);
    if (phase !== this.#phase || primary !== this.#primary) this.#settle();
    setText(parts.hint, phase ? whyWords({ session, next, figures, unknown, ready: ready.length > 0 }) : gettext("Loading the current step…"));
    parts.turnout.render(session, figures);
    setText(this.#buttons.get("reveal"), unknown ? gettext("Show the votes") : gettext("Reveal the answer"));
    for (const [name, button] of this.#buttons) {
      const visible = legal.includes(name);
      show(button, visible);
      button.disabled = !enabled || this.#settling !== null;
      button.className = name === primary ? "button primary large" : "button";
    }
    for (const place of [parts.primary, parts.clock, parts.others]) {
      const here = [...this.#buttons].filter(([name]) => place === this.#place(name, primary)).map(([, button]) => button);
      // Their order is the same in every phase.
      if (here.some((button, index) => button !== place.children[index])) place.append(...here);
    }
    setText(this.#buttons.get("make-partners"), grouped ? gettext("Form new partners") : gettext("Form partners"));
    setText(this.#buttons.get("start-revote"), phase === "vote_closed" ? gettext("Vote again without talking") : gettext("Vote again"));
    const isTwin = next?.why === "twin" && parts.question.value === next.question;
    setText(this.#buttons.get("start-question"), isTwin ? gettext("Ask the twin") : phase === "revealed" ? gettext("Start the next question") : gettext("Start the vote"));
    setText(this.#buttons.get("show-bars"), this.#bars ? gettext("Hide the bars on the screen") : gettext("Show the bars on the screen"));
    show(parts.start, legal.includes("start-question"));
    show(parts.pairing, legal.includes("make-partners"));
    show(parts.revote, phase === "discuss");
    show(parts.ways, legal.includes("enable-chat"));
    if (phase === "idle" || phase === "revealed") this.#first.suggestFor(parts.question.value);
    if (phase === "discuss") this.#second.suggestFor(session.question?.question);
    if (phase !== this.#phase) {
      this.#phase = phase;
      setAttribute(this, "aria-label", phase ? fill(gettext("Steps: %(phase)s"), { phase: phaseName(phase) }) : gettext("Steps"));
    }
    this.#primary = primary;
  }

  /** Press the button of a step, and return whether it can be pressed now. Without a name, that of the next step. */
  press(name = this.#primary) {
    const button = this.#buttons.get(name);
    if (!button || button.hidden || button.disabled) return false;
    button.click();
    return true;
  }

  /** Whether the screen of the hall shows the bars. */
  get showsBars() {
    return this.#bars;
  }

  #place(name, primary) {
    if (name === primary) return this.#parts.primary;
    return CLOCK.has(name) ? this.#parts.clock : this.#parts.others;
  }

  #settle() {
    const now = Date.now();
    this.#settled = this.#settling === null ? now + SETTLE : Math.max(this.#settled, now + SEEN);
    clearTimeout(this.#settling);
    this.dataset.settling = "";
    this.#settling = setTimeout(() => {
      this.#settling = null;
      delete this.dataset.settling;
      this.dispatchEvent(new Event("change", { bubbles: true }));
      requestAnimationFrame(() => this.#focusAgain());
    }, this.#settled - now);
  }

  /** Who pressed the last step by the keyboard finds the next one under it. */
  #focusAgain() {
    if (!this.#refocus) return;
    this.#refocus = false;
    const at = focusedNear(this);
    if (at === null || at === document.body || this.contains(at)) this.#buttons.get(this.#primary)?.focus({ preventScroll: true });
  }

  /** The question to start next: the one chosen, else a twin, else the first that was not asked yet. */
  #options(questions, asked, session, proposal) {
    const twin = proposal?.why === "twin" ? proposal.question : null;
    const step = JSON.stringify([[...asked], session.question?.question, twin]);
    const drawn = JSON.stringify([questions.map((one) => [one.slug, one.name, one.isDraft]), step]);
    const { question: select } = this.#parts;
    if (select.dataset.drawn === drawn) return;
    const ready = questions.filter(({ isDraft }) => !isDraft);
    // A question that is added meanwhile does not take the place of the one that was chosen.
    const kept = select.dataset.step === step ? ready.find((one) => one.slug === select.value) : null;
    Object.assign(select.dataset, { drawn, step });
    const next = kept ?? ready.find((one) => one.slug === twin) ?? ready.find((one) => !asked.has(one.slug)) ?? ready[0];
    select.replaceChildren(
      ...questions.map((one, index) =>
        h("option", { value: one.slug, dir: "auto", ".selected": one === next, disabled: one.isDraft }, named(index, one, asked.has(one.slug))),
      ),
    );
  }

  choose(slug) {
    this.#parts.question.value = slug;
    this.#first.suggestFor(slug);
  }

  #button(name, text, make) {
    const button = h("button", { type: "button", class: "button", data: { testid: name }, hidden: true }, text);
    button.addEventListener("click", async () => {
      const [action, fields] = make();
      this.#refocus = name === this.#primary && focusedNear(this) === button;
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

function named(index, { name, isDraft }, isAsked) {
  const text = isDraft ? gettext("%(number)s. %(prompt)s (draft)") : isAsked ? gettext("%(number)s. %(prompt)s (asked)") : gettext("%(number)s. %(prompt)s");
  return fill(text, { number: number(index + 1), prompt: short(name) });
}

function short(name) {
  return lengthOf(name) > 70 ? `${cut(name, 68).trimEnd()}…` : name;
}

customElements.define("peer-control", PeerControl);
