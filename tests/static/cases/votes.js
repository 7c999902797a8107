import { initialState, reduce } from "/static/peerchat/core/store.js";
import { equal } from "./check.js";

const QUESTION = { question: "lift", prompt: "?", kind: "single", choices: [] };
const COURSE = { slug: "physics", title: "Physics", room: "c" };

function control(epoch, phase, changes = {}) {
  const round = phase.startsWith("revote") ? 2 : 1;
  const told = { course: "physics", message: "m", phase, epoch, question: QUESTION, round, deadline: null };
  return { action: "control", ...told, revision: epoch, ...changes };
}

function snapshot(epoch, phase, changes = {}) {
  const own = { votes: [null, null], draft: null, muted_until: null, room: null, partners: [] };
  return { ...control(epoch, phase), action: "local.snapshot", ...own, ...changes };
}

function vote(choice, at) {
  return { choice, confidence: null, rationale: "", cast_at: at };
}

function draft(choice, at) {
  return { choice, confidence: null, rationale: "", sent_at: at };
}

function voted(choice, at, changes = {}) {
  return { action: "voted", course: "physics", question: "lift", round: 1, vote: vote(choice, at), ...changes };
}

function drafted(choice, at, changes = {}) {
  return { action: "drafted", course: "physics", question: "lift", round: 1, draft: draft(choice, at), ...changes };
}

function session(...events) {
  const start = initialState({ me: { username: "ann" }, course: COURSE });
  return events.reduce(reduce, start).session;
}

const OPEN = snapshot(1, "vote");

export function theLaterVoteCountsWhicheverComesFirst() {
  equal(session(OPEN, voted("A", 1), voted("C", 2)).votes, [vote("C", 2), null]);
  equal(session(OPEN, voted("C", 2), voted("A", 1)).votes, [vote("C", 2), null]);
}

export function aVoteTakesTheDraftBeforeItAway() {
  equal(session(OPEN, drafted("C", 1), voted("A", 2)).draft, null);
  equal(session(OPEN, voted("A", 2), drafted("C", 1)).draft, null);
  equal(session(OPEN, voted("A", 2), drafted("C", 3)).draft, draft("C", 3));
  equal(session(OPEN, drafted("C", 3), voted("A", 2)).draft, draft("C", 3));
  // At the close a draft becomes a vote of the same time.
  equal(session(OPEN, voted("C", 3), drafted("C", 3)).draft, null);
}

export function theLaterDraftStandsUntilTheRoundCloses() {
  const both = [drafted("C", 2), drafted("A", 1)];
  equal(session(OPEN, ...both).draft, draft("C", 2));
  equal(session(OPEN, ...both, control(2, "vote", { deadline: 9 })).draft, draft("C", 2));
  const closed = session(OPEN, ...both, voted("C", 2), control(2, "vote_closed"));
  equal([closed.draft, closed.votes], [null, [vote("C", 2), null]]);
  equal(session(OPEN, drafted("C", 2), control(2, "vote_closed")).draft, null);
  equal(session(OPEN, drafted("C", 2), control(2, "revote")).draft, null);
}

export function votesAndDraftsOfAnotherRoundOrCourseAreNotOurs() {
  equal(session(OPEN, drafted("C", 2, { round: 2 })).draft, null);
  equal(session(OPEN, drafted("C", 2, { question: "coin" })).draft, null);
  equal(session(OPEN, drafted("C", 2, { course: "art" })).draft, null);
  equal(session(OPEN, voted("C", 2, { course: "art" })).votes, [null, null]);
  equal(session(OPEN, voted("C", 2, { round: 2 }), voted("A", 3)).votes, [vote("A", 3), vote("C", 2)]);
}

function convinced(by, at, changes = {}) {
  return { action: "convinced", course: "physics", question: "lift", convinced: { by, said_at: at }, ...changes };
}

export function whatConvincedLastStandsWhicheverComesFirst() {
  const again = snapshot(3, "revote");
  equal(session(again, convinced("thought", 1), convinced("nothing", 2)).convinced.by, "nothing");
  equal(session(again, convinced("nothing", 2), convinced("thought", 1)).convinced.by, "nothing");
  equal(session(again, convinced("nothing", 2), snapshot(3, "revote", { convinced: { by: "thought", said_at: 1 } })).convinced.by, "nothing");
  equal(session(again, convinced("nothing", 2), control(4, "revote_closed")).convinced.by, "nothing");
  equal(session(again, convinced("nothing", 2), control(4, "vote", { question: { ...QUESTION, question: "coin" } })).convinced, null);
  equal(session(again, convinced("nothing", 2, { course: "art" }), convinced("nothing", 2, { question: "coin" })).convinced, null);
}

export function aSnapshotTakesNothingBackThatCameSince() {
  const since = [voted("A", 2), drafted("C", 3)];
  const known = session(OPEN, ...since, snapshot(1, "vote", { votes: [vote("B", 1), null] }));
  equal([known.votes, known.draft], [[vote("A", 2), null], draft("C", 3)]);
  const later = session(OPEN, ...since, snapshot(1, "vote", { votes: [vote("D", 4), null] }));
  equal([later.votes, later.draft], [[vote("D", 4), null], null]);
}

export function aSnapshotOfALaterStepIsTheTruth() {
  const closed = session(OPEN, voted("A", 2), drafted("C", 3), snapshot(2, "vote_closed"));
  equal([closed.votes, closed.draft], [[null, null], null]);
}

export function theCloseComesSoonerAndNotLater() {
  const closing = (deadline, epoch = 1) => ({ action: "closing", course: "physics", epoch, question: "lift", round: 1, deadline });
  equal(session(OPEN, closing(9)).deadline, 9);
  equal(session(snapshot(1, "vote", { deadline: 5 }), closing(9)).deadline, 5);
  equal(session(OPEN, closing(9), snapshot(1, "vote")).deadline, 9);
  equal(session(OPEN, closing(9, 7)).deadline, null);
  equal(session(OPEN, closing(9), control(2, "vote_closed")).deadline, null);
}

export function snapshotPlusEventsIsAFreshSnapshot() {
  const told = session(OPEN, drafted("B", 1), voted("A", 2), drafted("C", 3));
  equal(told, session(snapshot(1, "vote", { votes: [vote("A", 2), null], draft: draft("C", 3) })));
}

export function aMuteIsKnownFromTheSnapshotAndTheEvent() {
  const start = initialState({ me: { username: "ann" }, course: COURSE });
  const muted = (until, course = "physics") => ({ action: "muted", course, until });
  const until = (...events) => events.reduce(reduce, start).mutedUntil;
  equal(until(snapshot(1, "vote", { muted_until: 5 })), 5);
  equal(until(OPEN, muted(7)), 7);
  equal(until(OPEN, muted(7), muted(null)), null);
  equal(until(OPEN, muted(7, "art")), null);
}

export function readMarksOfOtherDevicesGoForward() {
  const start = initialState({ me: { username: "ann" }, course: COURSE, lastRead: 3 });
  const read = (seq) => ({ action: "read", room: "c", seq });
  const last = (...events) => events.reduce(reduce, start).rooms.c.lastRead;
  equal([last(read(5)), last(read(5), read(4)), last(read(2))], [5, 5, 3]);
}
