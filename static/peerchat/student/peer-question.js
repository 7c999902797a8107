import { focusedNear, h, setAttribute, setText, show } from "../core/dom.js";
import { openRound } from "../core/store.js";
import { lengthOf, limitLength } from "../core/text.js";
import { fill, gettext } from "../core/texts.js";
import { heading, isBare, letterOf } from "../core/wording.js";

const CONFIDENCE = [gettext("1 – guessing"), "2", "3", "4", gettext("5 – certain")];

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
      return { choice, input, card: h("label", { class: "choice" }, input, letterOf({ choice, text }, { silent: true }), h("span", { class: "text", dir: "auto" }, text)) };
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
      placeholder: gettext("One sentence is enough"),
      "aria-describedby": "rationale-count",
      data: { testid: "rationale" },
      on: { input: () => edit({ rationale: parts.rationale.value }) },
    });
    limitLength(parts.rationale, () => this.#client.state.limits.rationale);
    parts.count = h("span", { id: "rationale-count", class: "count" });
    parts.first = h("p", { class: "note", data: { testid: "first-vote" } });
    parts.button = h("button", { type: "submit", class: "button primary large", data: { testid: "vote-button" } }, gettext("Vote"));
    parts.status = h("p", { class: "vote-status", role: "status", data: { testid: "vote-status" } });
    const form = h(
      "form",
      { class: "vote", on: { submit: (event) => this.#submit(event) } },
      h(
        "fieldset",
        { class: isBare(question) ? "choices bare" : "choices" },
        question.prompt
          ? h("legend", { class: "prompt" }, h("span", { dir: "auto", data: { testid: "prompt" } }, question.prompt))
          : h("legend", { class: "hidden-label" }, gettext("Choose an answer.")),
        parts.first,
        parts.choices.map(({ card }) => card),
      ),
      h(
        "details",
        { class: "more", ".open": true },
        h("summary", {}, `${gettext("How sure are you, and why?")} `, h("span", { class: "muted" }, gettext("(optional)"))),
        h(
          "fieldset",
          { class: "confidence" },
          h("legend", {}, gettext("Confidence")),
          h("div", { class: "steps" }, parts.confidence.map(({ label }) => label)),
          h("p", { class: "ends", "aria-hidden": "true" }, h("span", {}, gettext("guessing")), h("span", {}, gettext("certain"))),
        ),
        h("div", { class: "field" }, h("label", { for: "rationale" }, gettext("Your reason")), parts.rationale, parts.count),
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
      setAttribute(card, "data-first", round === 2 && session.votes[0]?.choice === choice && gettext("first vote"));
    }
    for (const { value, input } of confidence) input.checked = value === entry.confidence;
    // While someone types the field is the truth; it is only set when it comes from elsewhere.
    if (focusedNear(rationale) !== rationale && rationale.value !== entry.rationale) rationale.value = entry.rationale;
    setText(count, `${lengthOf(rationale.value)} / ${this.#client.state.limits.rationale}`);
    show(count, rationale.value.length > 0);

    const before = session.votes[0]?.choice;
    show(first, round === 2);
    setText(first, before ? fill(gettext("Your first answer was %(choice)s. Keep it or change it."), { choice: before }) : gettext("You did not vote the first time. You can now."));

    const saved = session.votes[round - 1];
    const pending = this.#ballot.pending(session, round);
    const changed = this.#ballot.changed(session);
    button.disabled = !entry.choice || Boolean(pending) || (Boolean(saved) && !changed);
    setText(button, saved ? (changed || pending ? gettext("Change vote") : gettext("Voted")) : gettext("Vote"));
    const [state, text] = this.#words({ session, saved, pending, changed, entry });
    setText(status, text);
    setAttribute(status, "data-state", state);
  }

  #words({ saved, pending, changed, entry }) {
    if (this.#ballot.error) return ["error", this.#ballot.error];
    if (pending) {
      return this.#client.socket.isOpen
        ? ["sending", fill(gettext("Sending your vote for %(choice)s…"), { choice: pending })]
        : ["offline", fill(gettext("No connection. Your vote for %(choice)s will be sent once you are back online."), { choice: pending })];
    }
    const counts = this.#client.socket.isOpen
      ? gettext("Your choice counts when the vote closes.")
      : gettext("Your choice counts if you are back online before the vote closes.");
    if (saved && changed && saved.choice !== entry.choice) {
      const text = gettext("Your vote: %(vote)s. You chose %(choice)s but have not sent it yet.");
      return ["changed", `${fill(text, { vote: saved.choice, choice: entry.choice })} ${counts}`];
    }
    const vote = saved?.choice;
    if (saved && changed) {
      return ["changed", `${fill(gettext("Your vote: %(vote)s. You have not sent the change yet."), { vote })} ${this.#changeCounts()}`];
    }
    if (saved) return ["saved", fill(gettext("Your vote: %(vote)s. You can change it until the vote closes."), { vote })];
    if (entry.choice) {
      return ["changed", `${fill(gettext("You chose %(choice)s but have not sent it yet."), { choice: entry.choice })} ${counts}`];
    }
    return ["empty", gettext("Choose an answer.")];
  }

  /** When a change of reason or confidence counts, in words. */
  #changeCounts() {
    return this.#client.socket.isOpen
      ? gettext("It counts when the vote closes.")
      : gettext("It counts if you are back online before the vote closes.");
  }

  #makeReading(question) {
    const parts = { marks: new Map() };
    const cards = question.choices.map(({ choice, text }) => {
      const marks = h("span", { class: "marks" });
      parts.marks.set(choice, marks);
      return h("li", { class: "choice still", data: { testid: `shown-${choice}` } }, letterOf({ choice, text }), h("span", { class: "text", dir: "auto" }, text), marks);
    });
    parts.note = h("p", { class: "note", data: { testid: "vote-note" } });
    this.#parts = parts;
    this.replaceChildren(
      heading(question),
      h("ul", { class: isBare(question) ? "choices bare" : "choices" }, cards),
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
        if (first?.choice === choice) tags.push(["own", gettext("Your first vote")]);
        if (second?.choice === choice) tags.push(["own strong", gettext("Your second vote")]);
      } else if (first?.choice === choice) tags.push(["own strong", gettext("Your vote")]);
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
      setText(note, gettext("Only students vote. You lead this course, so you cannot choose an answer here."));
      return;
    }
    const lost = this.#ballot.pending(session, round);
    const chosen = this.#ballot.chosen(session, round);
    show(note, !vote && !discussing);
    if (lost) setText(note, fill(gettext("Your vote for %(choice)s did not arrive before the vote closed."), { choice: lost }));
    else if (chosen) setText(note, fill(gettext("Your choice %(choice)s did not arrive before the vote closed."), { choice: chosen }));
    else setText(note, gettext("You did not vote this time."));
  }

  #makeResult(question) {
    const parts = { bars: h("peer-bars"), verdict: h("p", { class: "verdict", role: "status", data: { testid: "verdict" } }) };
    this.#parts = parts;
    this.replaceChildren(heading(question), parts.verdict, parts.bars);
  }

  #renderResult(session) {
    const { bars, verdict } = this.#parts;
    const { correct, question } = session;
    const own = session.votes.map((vote) => vote?.choice ?? null);
    bars.render({ choices: question.choices, histograms: session.histograms ?? [{}, {}], correct, own });
    const last = own[1] ?? own[0];
    const answer = correct ? fill(gettext("The correct answer is %(choice)s."), { choice: correct }) : gettext("No right answer is marked.");
    let personal = "";
    if (correct && last) {
      const turned = own[1] && own[0] && own[0] !== correct;
      if (last !== correct) personal = fill(gettext("You chose %(choice)s."), { choice: last });
      else personal = turned ? gettext("You changed your mind and got it right.") : gettext("You got it right.");
    }
    setText(verdict, personal ? `${answer} ${personal}` : answer);
    setAttribute(verdict, "data-right", correct && last ? String(last === correct) : null);
  }
}

customElements.define("peer-question", PeerQuestion);
