import { initialState, reduce } from "/static/peerchat/core/store.js";
import { Ballot } from "/static/peerchat/student/ballot.js";
import { equal } from "./check.js";

const QUESTION = { question: "lift", prompt: "?", kind: "single", choices: [] };
const HERE = { question: "lift", round: 1 };

/** A client of a class that votes, with a server that keeps what is sent to it. */
class Class extends EventTarget {
  sent = [];
  answer = async (action) => (action === "vote" ? { round: 1, cast_at: this.now() } : { round: 1, kept: true, sent_at: this.now() });
  refreshed = 0;

  constructor(deadline = null) {
    super();
    this.state = initialState({ me: { username: "ann" }, course: { slug: "physics", title: "", room: "c" } });
    this.socket = {
      isOpen: true,
      request: (action, fields) => {
        const { course, ...given } = JSON.parse(JSON.stringify(fields));
        equal(course, "physics");
        this.sent.push([action, given]);
        return this.answer(action);
      },
    };
    this.hears({ action: "local.snapshot", phase: "vote", epoch: 1, revision: 1, question: QUESTION, round: 1, deadline, votes: [null, null], partners: [] });
    this.ballot = new Ballot(this, { storage: { getItem: () => null, setItem() {}, removeItem() {} } });
  }

  now() {
    return Date.now() / 1000;
  }

  hears(event) {
    this.state = reduce(this.state, { course: "physics", ...HERE, ...event });
    this.dispatchEvent(new Event("change"));
  }

  dispatch(event) {
    this.hears(event);
  }

  async refresh() {
    this.refreshed += 1;
    this.hears({ action: "voted", vote: { choice: "D", confidence: null, rationale: "", cast_at: this.now() + 1 } });
  }

  choose(changes) {
    this.ballot.edit(this.state.session, changes);
  }

  get entry() {
    return this.ballot.entry(this.state.session).choice;
  }
}

const wait = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
const draft = (choice, changes = {}) => ["draft", { choice, rationale: "", ...HERE, ...changes }];

export async function aChoiceIsNotSentLongBeforeTheClose() {
  for (const deadline of [null, Date.now() / 1000 + 60]) {
    const one = new Class(deadline);
    one.choose({ choice: "C" });
    await wait(0.1);
    equal(one.sent, []);
    one.ballot.stop();
  }
}

export async function aChoiceIsSentShortlyBeforeTheClose() {
  const one = new Class(Date.now() / 1000 + 1.5);
  one.choose({ choice: "C", confidence: 4, rationale: "\nso " });
  await wait(1.2);
  equal(one.sent, [draft("C", { confidence: 4, rationale: "so" })]);
}

export async function aClassSendsItsChoicesAtDifferentMoments() {
  const times = new Set();
  for (let number = 0; number < 20; number += 1) {
    const one = new Class(Date.now() / 1000 + 2);
    one.answer = () => {
      times.add(Math.floor(Date.now() / 100));
      return Promise.resolve({ round: 1, kept: true, sent_at: one.now() });
    };
    one.choose({ choice: "C" });
  }
  await wait(1.6);
  equal(times.size > 4, true);
}

export async function aChangeAtTheLastMomentIsSent() {
  const one = new Class(Date.now() / 1000 + 0.5);
  for (const choice of "ABC") one.choose({ choice });
  await wait(0.1);
  equal(one.sent, [draft("A"), draft("C")]);
}

export async function theAnnouncedCloseSendsTheChoice() {
  const one = new Class();
  one.choose({ choice: "C" });
  one.hears({ action: "closing", epoch: 1, deadline: one.now() + 0.5 });
  await wait(0.1);
  equal(one.sent, [draft("C")]);
}

export async function aVoteNeedsNoDraft() {
  const one = new Class(Date.now() / 1000 + 0.5);
  one.choose({ confidence: 3 });
  one.hears({ action: "voted", vote: { choice: "A", confidence: null, rationale: "", cast_at: one.now() + 1 } });
  await wait(0.1);
  equal([one.sent, one.entry], [[], "A"]);
}

export async function aChangedVoteIsSentWithTheVoteThatIsKnown() {
  const one = new Class(Date.now() / 1000 + 0.5);
  const at = one.now() - 1;
  one.hears({ action: "voted", vote: { choice: "A", confidence: null, rationale: "", cast_at: at } });
  one.choose({ choice: "C" });
  await wait(0.1);
  equal(one.sent, [draft("C", { after: at })]);
  one.choose({ choice: "A" });
  await wait(0.1);
  equal(one.sent.at(-1), draft("A", { after: at }));
}

export async function aLaterVoteOrDraftOfAnotherDeviceTakesThePlace() {
  const one = new Class();
  one.choose({ choice: "C" });
  one.hears({ action: "voted", vote: { choice: "A", confidence: null, rationale: "", cast_at: one.now() - 5 } });
  equal(one.entry, "C");
  one.hears({ action: "drafted", draft: { choice: "B", confidence: null, rationale: "", sent_at: one.now() + 1 } });
  equal(one.entry, "B");
}

export async function aLaterVoteOfAnotherDeviceTakesThePlaceEvenIfThisDeviceSentTheSameBefore() {
  const one = new Class();
  const vote = () => one.hears({ action: "voted", vote: { choice: "A", confidence: null, rationale: "", cast_at: one.now() + 1 } });
  one.choose({ choice: "A" });
  one.ballot.cast(one.state.session);
  await wait(0.05);
  one.choose({ choice: "C" });
  equal([one.sent.length, one.entry], [1, "C"]);
  vote();
  equal(one.entry, "A");
}

export async function aVoteThatWaitsForTheConnectionGivesWayToALaterVote() {
  const one = new Class();
  one.answer = () => Promise.reject(Object.assign(new Error("away"), { code: "not_connected" }));
  one.choose({ choice: "C" });
  one.ballot.cast(one.state.session);
  await wait(0);
  const other = (choice, later) => one.hears({ action: "voted", vote: { choice, confidence: null, rationale: "", cast_at: one.now() + later } });
  other("B", -5);
  equal([one.ballot.pending(one.state.session, 1), one.entry], ["C", "C"]);
  other("A", 1);
  equal([one.ballot.pending(one.state.session, 1), one.entry], [null, "A"]);
  one.sent = [];
  await one.ballot.send();
  equal(one.sent, []);
}

export async function aDraftThatIsNotKeptGivesWay() {
  const one = new Class(Date.now() / 1000 + 0.5);
  one.answer = async () => ({ round: 1, kept: false, sent_at: null });
  one.choose({ choice: "C" });
  await wait(0.1);
  equal([one.sent.length, one.refreshed, one.entry], [1, 1, "D"]);
}

export async function aRefusedDraftIsNotSentAgain() {
  const one = new Class(Date.now() / 1000 + 0.5);
  one.answer = () => Promise.reject(Object.assign(new Error("closed"), { code: "round_closed" }));
  one.choose({ choice: "C" });
  await wait(0.1);
  equal(one.sent.length, 1);
}

export async function aChoiceWaitsForTheConnection() {
  const one = new Class(Date.now() / 1000 + 0.5);
  one.socket.isOpen = false;
  one.choose({ choice: "C" });
  equal(one.sent, []);
  one.socket.isOpen = true;
  one.hears({ action: "local.snapshot", ...one.state.session, votes: [null, null] });
  await wait(0.1);
  equal(one.sent, [draft("C")]);
}

export async function anEditAfterTheDraftStays() {
  const one = new Class(Date.now() / 1000 + 5);
  const at = one.now() + 1;
  one.answer = async () => ({ round: 1, kept: true, sent_at: at });
  one.choose({ choice: "C", rationale: "be" });
  Object.defineProperty(document, "hidden", { value: true, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
  delete document.hidden;
  one.choose({ rationale: "because" });
  // The event of the first draft comes after the second edit.
  one.hears({ action: "drafted", draft: { choice: "C", confidence: null, rationale: "be", sent_at: at } });
  await wait(0);
  equal(one.ballot.entry(one.state.session).rationale, "because");
  equal(one.sent, [draft("C", { rationale: "be" })]);
  one.ballot.stop();
}

export async function aChoiceStaysWhenTheQuestionGetsAnotherSlug() {
  const one = new Class();
  one.choose({ choice: "C" });
  one.hears({ action: "question_renamed", question: "newton", former: "lift" });
  equal(one.entry, "C");
  one.ballot.cast(one.state.session);
  await wait(0.05);
  equal(one.sent, [["vote", { choice: "C", rationale: "", question: "newton", round: 1 }]]);
  one.ballot.stop();
}

const NUMBER = { question: "lift", prompt: "?", kind: "number", unit: "m", choices: [] };

function asked(question) {
  const one = new Class();
  one.hears({ action: "local.snapshot", phase: "vote", epoch: 1, revision: 1, question, round: 1, deadline: null, votes: [null, null], partners: [] });
  return one;
}

export async function aNumberThatTheServerWritesInAnotherWayIsTheSame() {
  const one = asked(NUMBER);
  one.answer = async () => ({ round: 1, choice: "0.00001", cast_at: one.now() });
  one.choose({ choice: "1e-5", typed: "1e-5 m" });
  one.ballot.cast(one.state.session);
  await wait(0.05);
  equal([one.state.session.votes[0].choice, one.ballot.changed(one.state.session)], ["0.00001", false]);
  one.choose({ choice: "1e-5", typed: "1e-5" });
  equal(one.ballot.changed(one.state.session), false);
  one.hears({ action: "closing", epoch: 1, deadline: one.now() + 0.5 });
  await wait(0.1);
  equal(one.sent.map(([action]) => action), ["vote"]);
  one.ballot.stop();
}

export async function whatIsTypedAndNoAnswerIsKeptAndNotSent() {
  const one = asked(NUMBER);
  one.choose({ choice: null, typed: "abc" });
  one.ballot.cast(one.state.session);
  one.hears({ action: "closing", epoch: 1, deadline: one.now() + 0.5 });
  await wait(0.1);
  equal([one.sent, one.ballot.entry(one.state.session).typed], [[], "abc"]);
  one.ballot.stop();
}

export async function aRefusedAnswerIsExplainedByTheKindOfQuestion() {
  const one = asked(NUMBER);
  one.answer = () => Promise.reject(Object.assign(new Error("no"), { code: "invalid_choice" }));
  one.choose({ choice: "5", typed: "5" });
  one.ballot.cast(one.state.session);
  await wait(0.05);
  equal(one.ballot.error.includes("number"), true);
  one.ballot.stop();
}
