import { hasChoices, isPoll, isRight, sameAnswer } from "../core/answers.js";
import { answerWords } from "../core/answer-words.js";
import { missing } from "../core/asks.js";
import { h, setAttribute, setText, show } from "../core/dom.js";
import { shownName } from "../core/format.js";
import { afterwords, rightSentence } from "../core/result-words.js";
import { openRound } from "../core/store.js";
import { guardEnter } from "../core/text.js";
import { fill, gettext } from "../core/texts.js";
import { heading, isBare, letterOf, wordsOf } from "../core/wording.js";
import { answerFields } from "./answer-form.js";
import { askedFields, missingSentence } from "./asked-form.js";
import { consentField } from "./consent.js";

const EMPTY = {
  single: gettext("Choose an answer."),
  several: gettext("Choose one answer or more."),
  number: gettext("Type a number."),
  text: gettext("Type an answer."),
};
// Characters of an answer beside the button.
const SHORT = 40;

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
    parts.first = h("p", { class: "note", data: { testid: "first-vote" } });
    parts.answer = answerFields(question, edit, parts.first);
    parts.consent = consentField(this.#client);
    parts.asked = askedFields(edit, () => this.#client.state.limits.rationale, round === 1 ? parts.consent.element : null);
    parts.button = h("button", { type: "submit", class: "button primary large", data: { testid: "vote-button" } }, gettext("Vote"));
    parts.status = h("p", { class: "vote-status", role: "status", data: { testid: "vote-status" } });
    const form = h(
      "form",
      { class: "vote", on: { submit: (event) => this.#submit(event) } },
      parts.answer.elements.filter(Boolean),
      parts.asked.element,
      h("div", { class: "vote-bar" }, parts.status, parts.button),
    );
    this.#parts = parts;
    setAttribute(form, "data-round", round);
    guardEnter(form);
    this.replaceChildren(form);
  }

  #submit(event) {
    event.preventDefault();
    if (!this.#parts.answer.isRefused()) this.#ballot.cast(this.#client.state.session);
  }

  #renderForm(session, round) {
    const { answer, asked, first, button, status } = this.#parts;
    const { question } = session;
    const entry = this.#ballot.entry(session);
    const before = round === 2 ? (session.votes[0]?.choice ?? null) : null;
    answer.render(entry, before);
    asked.render(entry, session.asks);
    this.#parts.consent.render();

    show(first, round === 2);
    setText(first, before ? fill(gettext("Your first answer was %(choice)s. Keep it or change it."), { choice: answerWords(question, before) }) : gettext("You did not vote the first time. You can now."));

    const saved = session.votes[round - 1];
    const pending = this.#ballot.pending(session, round);
    const changed = this.#ballot.changed(session);
    // What is typed and no answer may be sent: the field then says why it is none.
    const lacking = missing(session.asks, entry);
    button.disabled = !(entry.choice || entry.typed?.trim()) || lacking.length > 0 || Boolean(pending) || (Boolean(saved) && !changed);
    setText(button, saved ? (changed || pending ? gettext("Change vote") : gettext("Voted")) : gettext("Vote"));
    const [state, text] = this.#words({ session, saved, pending, changed, entry, lacking });
    setText(status, text);
    setAttribute(status, "data-state", state);
  }

  #words({ session, saved, pending, changed, entry, lacking }) {
    const { question, draft } = session;
    const words = (answer) => answerWords(question, answer, { most: SHORT });
    if (this.#ballot.error) return ["error", this.#ballot.error];
    if (pending) {
      return this.#client.socket.isOpen
        ? ["sending", fill(gettext("Sending your vote for %(choice)s…"), { choice: words(pending) })]
        : ["offline", fill(gettext("No connection. Your vote for %(choice)s will be sent once you are back online."), { choice: words(pending) })];
    }
    const counts = this.#client.socket.isOpen
      ? gettext("Your choice counts when the vote closes.")
      : gettext("Your choice counts if you are back online before the vote closes.");
    if (!entry.choice) {
      // What the server has counts as long as nothing takes its place.
      const kept = draft ?? saved;
      if (kept) return ["changed", fill(gettext("%(choice)s counts unless you give another answer."), { choice: words(kept.choice) })];
      return ["empty", EMPTY[question.kind] ?? EMPTY.single];
    }
    if (lacking.length && (changed || !saved)) return ["changed", `${missingSentence(lacking)} ${counts}`];
    if (saved && changed && !sameAnswer(question, saved.choice, entry.choice)) {
      const text = gettext("Your vote: %(vote)s. You chose %(choice)s but have not sent it yet.");
      return ["changed", `${fill(text, { vote: words(saved.choice), choice: words(entry.choice) })} ${counts}`];
    }
    const vote = saved ? words(saved.choice) : null;
    if (saved && changed) {
      return ["changed", `${fill(gettext("Your vote: %(vote)s. You have not sent the change yet."), { vote })} ${this.#changeCounts()}`];
    }
    if (saved) return ["saved", fill(gettext("Your vote: %(vote)s. You can change it until the vote closes."), { vote })];
    return ["changed", `${fill(gettext("You chose %(choice)s but have not sent it yet."), { choice: words(entry.choice) })} ${counts}`];
  }

  /** When a change of reason or confidence counts, in words. */
  #changeCounts() {
    return this.#client.socket.isOpen
      ? gettext("It counts when the vote closes.")
      : gettext("It counts if you are back online before the vote closes.");
  }

  #makeReading(question) {
    const parts = { marks: new Map() };
    const place = (answer) => {
      const marks = h("span", { class: "marks" });
      parts.marks.set(answer, marks);
      return marks;
    };
    const cards = question.choices.map((one) =>
      h("li", { class: "choice still", data: { testid: `shown-${one.choice}` } }, letterOf(one), wordsOf(one), place(one.choice)),
    );
    parts.given = h("ul", { class: "given", data: { testid: "given" } });
    parts.note = h("p", { class: "note", data: { testid: "vote-note" } });
    this.#parts = parts;
    this.replaceChildren(
      heading(question),
      hasChoices(question) ? h("ul", { class: isBare(question) ? "choices bare" : "choices" }, cards) : parts.given,
      parts.note,
    );
  }

  #renderReading(session) {
    const { marks, given, note } = this.#parts;
    const { question } = session;
    const discussing = session.phase === "discuss";
    const answers = this.#answers(session, discussing);
    for (const [choice, element] of marks) {
      const tags = answers.filter(({ answer }) => answer.includes(choice));
      if (redrawn(element, tags)) element.replaceChildren(...tags.map(({ kind, name }) => h("span", { class: `tag ${kind}`, dir: "auto" }, name)));
    }
    if (!hasChoices(question)) {
      // What the partners wrote stands beside their names.
      const own = answers.filter(({ kind }) => kind !== "partner");
      if (redrawn(given, own)) given.replaceChildren(...own.map((one) => row(question, one)));
      show(given, own.length > 0);
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
    if (lost) setText(note, fill(gettext("Your vote for %(choice)s did not arrive before the vote closed."), { choice: answerWords(question, lost) }));
    else if (chosen) setText(note, fill(gettext("Your choice %(choice)s did not arrive before the vote closed."), { choice: answerWords(question, chosen) }));
    else setText(note, gettext("You did not vote this time."));
  }

  /** The answers that are shown with the question: one's own and, while they talk, those of the partners. */
  #answers(session, discussing) {
    const [first, second] = session.votes.map((vote) => vote?.choice ?? null);
    const found =
      session.round === 2
        ? [
            { kind: "own", name: gettext("Your first vote"), answer: first },
            { kind: "own latest", name: gettext("Your second vote"), answer: second },
          ]
        : [{ kind: "own latest", name: gettext("Your vote"), answer: first }];
    if (discussing) found.push(...session.partners.map((one) => ({ kind: "partner", name: shownName(one), answer: one.choice ?? null })));
    return found.filter(({ answer }) => answer !== null);
  }

  #makeResult(question) {
    const parts = { bars: h("peer-bars"), verdict: h("p", { class: "verdict", role: "status", data: { testid: "verdict" } }), after: h("div", { class: "afterwords" }) };
    this.#parts = parts;
    this.replaceChildren(heading(question), parts.verdict, parts.bars, parts.after);
  }

  #renderResult(session) {
    const { bars, verdict, after } = this.#parts;
    const { correct, right, voters, feedback, question } = session;
    const own = session.votes.map((vote) => vote?.choice ?? null);
    bars.render({ question, histograms: session.histograms ?? [{}, {}], voters, correct, right, own, feedback });
    const last = own[1] ?? own[0];
    const isOwnRight = last === null ? null : isRight(question, last, session);
    const sentences = [rightSentence(question, session)];
    if (isOwnRight !== null) {
      const turned = own[1] !== null && own[0] !== null && !isRight(question, own[0], session);
      if (!isOwnRight) sentences.push(fill(gettext("You chose %(choice)s."), { choice: answerWords(question, last, { most: SHORT }) }));
      else sentences.push(turned ? gettext("You changed your mind and got it right.") : gettext("You got it right."));
    }
    show(verdict, !isPoll(question));
    setText(verdict, sentences.filter(Boolean).join(" "));
    setAttribute(verdict, "data-right", isOwnRight === null ? null : String(isOwnRight));
    const words = [session.explanation, session.explanation_html, session.follow_up, session.follow_up_html];
    if (redrawn(after, words)) after.replaceChildren(...afterwords(session, "afterword"));
  }
}

/** Whether an element shows other things than these; it is then said to show them. */
function redrawn(element, things) {
  const drawn = JSON.stringify(things);
  if (element.dataset.drawn === drawn) return false;
  element.dataset.drawn = drawn;
  return true;
}

/** Whose answer it is, and the answer. */
function row(question, { kind, name, answer }) {
  return h("li", { class: "given-answer" }, h("span", { class: `tag ${kind}`, dir: "auto" }, name), h("span", { class: "text", dir: "auto" }, answerWords(question, answer)));
}

customElements.define("peer-question", PeerQuestion);
