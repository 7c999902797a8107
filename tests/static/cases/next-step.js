import { nextButton, proposed, steps, turnout, whyWords } from "/static/peerchat/instructor/next-step.js";
import { equal } from "./check.js";

const QUESTION = { question: "lift", prompt: "?", kind: "single", choices: [] };

function session(phase, fields = {}) {
  return { known: true, phase, epoch: 3, deadline: null, question: phase === "idle" ? null : QUESTION, ...fields };
}

function why(phase, next, { question = QUESTION, ...more } = {}) {
  return whyWords({ session: session(phase, { question }), next, figures: { groups: 2 }, unknown: false, ready: true, ...more });
}

export function theButtonIsTheOneTheServerProposes() {
  const legal = steps(session("vote_closed"), { grouped: false, more: true });
  equal(nextButton(legal, { step: "reveal" }), "reveal");
  equal(nextButton(legal, null), "make-partners");
  // A newer server may know steps that this page does not.
  equal(nextButton(legal, { step: "something_new" }), "make-partners");
  // Partners that were just dissolved cannot talk.
  equal(nextButton(legal, { step: "enable_chat" }), "make-partners");
  equal(nextButton(["start-question"], { step: "quick_question" }), null);
  equal(nextButton([], null), null);
}

export function aProposalIsForItsEpoch() {
  const figures = { next: { step: "reveal", epoch: 3 } };
  equal(proposed(session("vote_closed"), figures), figures.next);
  equal(proposed(session("vote_closed", { epoch: 4 }), figures), null);
  equal(proposed(session("vote_closed", { known: false }), figures), null);
  equal(proposed(session("vote_closed"), null), null);
}

export function moreTimeIsForARoundWithALimit() {
  equal(steps(session("vote"), {}).includes("extend"), false);
  equal(steps(session("revote", { deadline: 5 }), {}).includes("extend"), true);
}

export function theReasonIsASentence() {
  equal(why("vote_closed", { why: "some_right", percent: 55 }), "55 % are right: let them convince each other.");
  equal(why("revote_closed", { why: "compared", percent: 82, before: 55 }), "55 % were right at first, 82 % are now: reveal and explain.");
  equal(why("vote_closed", { why: "partners_made" }), "2 groups are formed: let the partners talk.");
  equal(why("vote", { why: "voting" }), "Students are voting individually.");
  equal(why("vote", null), "Students are voting individually.");
  equal(why("vote_closed", { why: "something_new" }), "The vote is closed. Pair the students who answered differently.");
}

export function aPollHasNothingToExplain() {
  const question = { ...QUESTION, kind: "poll" };
  equal(why("revealed", { why: "more" }, { question }), "Everyone sees the votes. Continue when you like.");
  equal(why("revealed", { why: "more" }, { unknown: true }), "Everyone sees the votes. No right answer is marked.");
  equal(why("revealed", { why: "more" }), "Explain. Then go on with the next question.");
}

export function withoutQuestionsThereIsTheQuickOne() {
  const question = null;
  equal(why("idle", { why: "nothing_prepared" }, { question, ready: false }), "Ask a quick question: it needs no preparation.");
  equal(why("idle", { why: "nothing_prepared" }, { question }), "All prepared questions were asked. Ask one again, or a quick question.");
  equal(why("idle", { why: "ready" }, { question }), "Choose a question and start the vote.");
}

export function theTurnoutIsThatOfTheOpenVote() {
  const figures = { votes: [7, 3], online: 6 };
  equal(turnout(session("vote"), figures), { voted: 7, of: 7 });
  equal(turnout(session("revote"), figures), { voted: 3, of: 6 });
  equal(turnout(session("discuss"), figures), null);
  equal(turnout(session("vote"), null), null);
}
