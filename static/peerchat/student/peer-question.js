import { focusedNear, h, setAttribute, setText, show } from "../core/dom.js";
import { openRound } from "../core/store.js";
import { lengthOf, limitLength } from "../core/text.js";

const CONFIDENCE = ["1 – guessing", "2", "3", "4", "5 – certain"];

/**
 * The question as the phase asks for it: a form while a vote is open, else for reading, and at the end
 * with the votes of all. `connect({client, ballot})` once, then `render(session)`.
 */
export class PeerQuestion extends HTMLElement {
  #client;
  #ballot;
  #made = "";
  #parts = {};

  connect({ client, ballot }) {
    this.#client = client;
    this.#ballot = ballot;
  }

  render(session) {
    const question = session.question;
    show(this, Boolean(question));
    if (!question) {
      this.#made = "";
      this.replaceChildren();
      return;
    }
    const round = this.#mayVote ? openRound(session) : null;
    const made = JSON.stringify([question, round, session.phase === "revealed"]);
    if (made !== this.#made) {
      this.#made = made;
      if (round) this.#makeForm(question, round);
      else if (session.phase === "revealed") this.#makeResult(question);
      else this.#makeReading(question);
    }
    if (round) this.#renderForm(session, round);
    else if (session.phase === "revealed") this.#renderResult(session);
    else this.#renderReading(session);
  }

  /** Whether one's vote counts: only students vote. */
  get #mayVote() {
    const { role } = this.#client.state.course;
    return !role || role === "student";
  }

  #makeForm(question, round) {
    const parts = {};
    const edit = (changes) => this.#ballot.edit(this.#client.state.session, changes);
    parts.choices = question.choices.map(({ choice, text }) => {
      const input = h("input", {
        type: "radio",
        name: "choice",
        value: choice,
        data: { testid: `choice-${choice}` },
        on: { change: () => edit({ choice }) },
      });
      return { choice, input, card: h("label", { class: "choice" }, input, h("span", { class: "letter", "aria-hidden": "true" }, choice), h("span", { class: "text", dir: "auto" }, text)) };
    });
    parts.confidence = CONFIDENCE.map((label, index) => {
      const input = h("input", {
        type: "radio",
        name: "confidence",
        value: index + 1,
        "aria-label": label,
        data: { testid: `confidence-${index + 1}` },
        on: { change: () => edit({ confidence: index + 1 }) },
      });
      return { value: index + 1, input, label: h("label", { class: "step" }, input, h("span", { "aria-hidden": "true" }, String(index + 1))) };
    });
    parts.rationale = h("textarea", {
      id: "rationale",
      rows: "2",
      dir: "auto",
      placeholder: "One sentence is enough",
      "aria-describedby": "rationale-count",
      data: { testid: "rationale" },
      on: { input: () => edit({ rationale: parts.rationale.value }) },
    });
    limitLength(parts.rationale, () => this.#client.state.limits.rationale);
    parts.count = h("span", { id: "rationale-count", class: "count" });
    parts.first = h("p", { class: "note", data: { testid: "first-vote" } });
    parts.button = h("button", { type: "submit", class: "button primary large", data: { testid: "vote-button" } }, "Vote");
    parts.status = h("p", { class: "vote-status", role: "status", data: { testid: "vote-status" } });
    const form = h(
      "form",
      { class: "vote", on: { submit: (event) => this.#submit(event) } },
      h(
        "fieldset",
        { class: "choices" },
        h("legend", { class: "prompt" }, h("span", { dir: "auto", data: { testid: "prompt" } }, question.prompt)),
        parts.first,
        parts.choices.map(({ card }) => card),
      ),
      h(
        "details",
        { class: "more", ".open": true },
        h("summary", {}, "How sure are you, and why? ", h("span", { class: "muted" }, "(optional)")),
        h(
          "fieldset",
          { class: "confidence" },
          h("legend", {}, "Confidence"),
          h("div", { class: "steps" }, parts.confidence.map(({ label }) => label)),
          h("p", { class: "ends", "aria-hidden": "true" }, h("span", {}, "guessing"), h("span", {}, "certain")),
        ),
        h("div", { class: "field" }, h("label", { for: "rationale" }, "Your reason"), parts.rationale, parts.count),
      ),
      h("div", { class: "vote-bar" }, parts.status, parts.button),
    );
    this.#parts = parts;
    setAttribute(form, "data-round", round);
    this.replaceChildren(form);
  }

  #submit(event) {
    event.preventDefault();
    this.#ballot.cast(this.#client.state.session);
  }

  #renderForm(session, round) {
    const { choices, confidence, rationale, count, first, button, status } = this.#parts;
    const entry = this.#ballot.entry(session);
    for (const { choice, input, card } of choices) {
      if (input.checked !== (choice === entry.choice)) input.checked = choice === entry.choice;
      setAttribute(card, "data-first", round === 2 && session.votes[0]?.choice === choice);
    }
    for (const { value, input } of confidence) input.checked = value === entry.confidence;
    // While someone types the field is the truth; it is only set when it comes from elsewhere.
    if (focusedNear(rationale) !== rationale && rationale.value !== entry.rationale) rationale.value = entry.rationale;
    setText(count, `${lengthOf(rationale.value)} / ${this.#client.state.limits.rationale}`);
    show(count, rationale.value.length > 0);

    const before = session.votes[0]?.choice;
    show(first, round === 2);
    setText(first, before ? `Your first answer was ${before}. Keep it or change it.` : "You did not vote the first time. You can now.");

    const saved = session.votes[round - 1];
    const pending = this.#ballot.pending(session, round);
    const changed = this.#ballot.changed(session);
    button.disabled = !entry.choice || Boolean(pending) || (Boolean(saved) && !changed);
    setText(button, saved ? (changed || pending ? "Change vote" : "Voted") : "Vote");
    const [state, text] = this.#words({ session, saved, pending, changed, entry });
    setText(status, text);
    setAttribute(status, "data-state", state);
  }

  #words({ saved, pending, changed, entry }) {
    if (this.#ballot.error) return ["error", this.#ballot.error];
    if (pending) {
      return this.#client.socket.isOpen
        ? ["sending", `Sending your vote for ${pending}…`]
        : ["offline", `No connection. Your vote for ${pending} will be sent once you are back online.`];
    }
    if (saved && changed && saved.choice !== entry.choice) {
      return ["changed", `Your vote: ${saved.choice}. You chose ${entry.choice} but have not sent it yet. ${this.#counts("Your choice")}`];
    }
    if (saved && changed) return ["changed", `Your vote: ${saved.choice}. You have not sent the change yet. ${this.#counts("It")}`];
    if (saved) return ["saved", `Your vote: ${saved.choice}. You can change it until the vote closes.`];
    if (entry.choice) return ["changed", `You chose ${entry.choice} but have not sent it yet. ${this.#counts("Your choice")}`];
    return ["empty", "Choose an answer."];
  }

  /** When something that was not sent counts, in words. */
  #counts(what) {
    if (this.#client.socket.isOpen) return `${what} counts when the vote closes.`;
    return `${what} counts if you are back online before the vote closes.`;
  }

  #makeReading(question) {
    const parts = { marks: new Map() };
    const cards = question.choices.map(({ choice, text }) => {
      const marks = h("span", { class: "marks" });
      parts.marks.set(choice, marks);
      return h("li", { class: "choice still", data: { testid: `shown-${choice}` } }, h("span", { class: "letter" }, choice), h("span", { class: "text", dir: "auto" }, text), marks);
    });
    parts.note = h("p", { class: "note", data: { testid: "vote-note" } });
    this.#parts = parts;
    this.replaceChildren(
      h("h2", { class: "prompt", dir: "auto", data: { testid: "prompt" } }, question.prompt),
      h("ul", { class: "choices" }, cards),
      parts.note,
    );
  }

  #renderReading(session) {
    const { marks, note } = this.#parts;
    const [first, second] = session.votes;
    const discussing = session.phase === "discuss";
    for (const [choice, element] of marks) {
      const tags = [];
      if (session.round === 2) {
        if (first?.choice === choice) tags.push(["own", "Your first vote"]);
        if (second?.choice === choice) tags.push(["own strong", "Your second vote"]);
      } else if (first?.choice === choice) tags.push(["own strong", "Your vote"]);
      if (discussing) {
        for (const partner of session.partners) {
          if (partner.choice === choice) tags.push(["partner", partner.display_name || partner.username]);
        }
      }
      const drawn = JSON.stringify(tags);
      if (element.dataset.drawn === drawn) continue;
      element.dataset.drawn = drawn;
      element.replaceChildren(...tags.map(([kind, text]) => h("span", { class: `tag ${kind}`, dir: "auto" }, text)));
    }
    const round = session.round ?? 1;
    const vote = session.votes[round - 1];
    if (!this.#mayVote) {
      show(note, openRound(session) !== null);
      setText(note, "Only students vote. You lead this course, so you cannot choose an answer here.");
      return;
    }
    const lost = this.#ballot.pending(session, round);
    const chosen = this.#ballot.chosen(session, round);
    show(note, !vote && !discussing);
    if (lost) setText(note, `Your vote for ${lost} did not arrive before the vote closed.`);
    else if (chosen) setText(note, `Your choice ${chosen} did not arrive before the vote closed.`);
    else setText(note, "You did not vote this time.");
  }

  #makeResult(question) {
    const parts = { bars: h("peer-bars"), verdict: h("p", { class: "verdict", data: { testid: "verdict" } }) };
    this.#parts = parts;
    this.replaceChildren(h("h2", { class: "prompt", dir: "auto", data: { testid: "prompt" } }, question.prompt), parts.verdict, parts.bars);
  }

  #renderResult(session) {
    const { bars, verdict } = this.#parts;
    const { correct, question } = session;
    const own = session.votes.map((vote) => vote?.choice ?? null);
    bars.render({ choices: question.choices, histograms: session.histograms ?? [{}, {}], correct, own });
    const last = own[1] ?? own[0];
    const answer = correct ? `The correct answer is ${correct}.` : "There is no single correct answer.";
    let personal = "";
    if (correct && last) {
      if (last === correct) personal = own[1] && own[0] && own[0] !== correct ? " You changed your mind and got it right." : " You got it right.";
      else personal = ` You chose ${last}.`;
    }
    setText(verdict, answer + personal);
    setAttribute(verdict, "data-right", correct && last ? String(last === correct) : null);
  }
}

customElements.define("peer-question", PeerQuestion);
