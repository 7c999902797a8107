import {
  announcement,
  faceToFace,
  hasGap,
  initialState,
  lastSeqs,
  openRound,
  partnerRoom,
  reduce,
  unread,
} from "/static/peerchat/core/store.js";
import { equal } from "./check.js";

const ME = { username: "ann", display_name: "Ann" };
const BO = { username: "bo", display_name: "Bo" };
const QUESTION = { question: "lift", prompt: "?", kind: "single", choices: [] };
const OTHER = { ...QUESTION, question: "coin" };

function start() {
  return initialState({ me: ME, course: { slug: "physics", title: "Physics", room: "c" }, lastRead: 0 });
}

function run(state, ...events) {
  return events.reduce(reduce, state);
}

function text(seq, user = BO, kind = "text") {
  return { id: `m${seq}`, seq, room: "c", user, timestamp: seq, text: `t${seq}`, kind };
}

function posted(seq, user, kind) {
  return { action: "new_message", room: "c", message: text(seq, user, kind) };
}

function selected(...numbers) {
  return { action: "local.selected", room: "c", room_messages: numbers.map((seq) => text(seq)), last_seq: numbers.at(-1) ?? 0 };
}

function control(epoch, phase, changes = {}) {
  const round = phase.startsWith("revote") ? 2 : phase === "idle" ? null : 1;
  const question = phase === "idle" ? null : QUESTION;
  return { action: "control", course: "physics", message: "m", phase, epoch, question, round, deadline: null, server_time: 0, ...changes };
}

function snapshot(epoch, phase, changes = {}) {
  return { ...control(epoch, phase), action: "local.snapshot", votes: [null, null], room: null, partners: [], ...changes };
}

function partners(room, epoch, changes = {}) {
  return { action: "partners", course: "physics", room, partners: [{ ...BO, choice: "A" }], epoch, ...changes };
}

const VOTE = { choice: "B", confidence: 3, rationale: "" };

function seqs(state) {
  return state.rooms.c.messages.map((message) => message.seq);
}

export function messagesComeInOrderAndOnce() {
  const state = run(start(), selected(1, 2), posted(3), posted(3), posted(2), posted(4));
  equal(seqs(state), [1, 2, 3, 4]);
}

export function whatFollowsAGapWaitsForIt() {
  const before = run(start(), selected(1), posted(3), posted(4));
  equal(seqs(before), [1]);
  equal(hasGap(before.rooms.c), true);
  equal(lastSeqs(before), { c: 1 });
  const after = run(before, { action: "local.resumed", rooms: { c: { messages: [text(2), text(3)], last_seq: 3 } } });
  equal(seqs(after), [1, 2, 3, 4]);
  equal(hasGap(after.rooms.c), false);
}

export function messagesThatOvertakeTheFirstPageAreKept() {
  const state = run(start(), posted(4), posted(3), selected(1, 2));
  equal(seqs(state), [1, 2, 3, 4]);
}

export function anEmptyRoomFillsFromItsFirstMessage() {
  equal(seqs(run(start(), selected(), posted(1))), [1]);
}

export function aResetReplacesTheRoom() {
  const answer = { messages: [text(900), text(901)], last_seq: 901, reset: true };
  const state = run(start(), selected(1, 2), { action: "local.resumed", rooms: { c: answer } }, posted(902));
  equal(seqs(state), [900, 901, 902]);
  equal(state.rooms.c.more, true);
}

export function aRoomThatIsGoneIsMarked() {
  const state = run(start(), selected(1), { action: "local.resumed", rooms: { c: { error_code: "invalid_room_id" } } });
  equal(state.rooms.c.removed, true);
  equal(lastSeqs(state), {});
}

export function olderMessagesGoInFront() {
  const page = { action: "local.history", room: "c", room_messages: [text(1), text(2), text(3)], more: false };
  const state = run(start(), selected(3, 4), page);
  equal(seqs(state), [1, 2, 3, 4]);
  equal(state.rooms.c.more, false);
}

export function aRemovedMessageKeepsItsPlace() {
  const state = run(start(), selected(1, 2), { action: "message_removed", room: "c", seq: 1 });
  equal(state.rooms.c.messages.map((one) => [one.seq, one.text]), [[1, ""], [2, "t2"]]);
}

export function aRestoredMessageHasItsTextAgain() {
  const gone = run(start(), selected(1, 2), { action: "message_removed", room: "c", seq: 1 });
  const state = run(gone, { action: "message_restored", room: "c", message: text(1) });
  equal(state.rooms.c.messages, [text(1), text(2)]);
  // One that was not loaded comes with its page.
  equal(run(state, { action: "message_restored", room: "c", message: text(9) }).rooms.c.messages.length, 2);
}

export function aFlaggedMessageIsKnownAsSuch() {
  const flagged = run(start(), selected(1, 2), { action: "local.flagged", room: "c", seq: 2, flagged: true });
  equal(flagged.rooms.c.messages.map((one) => Boolean(one.flagged)), [false, true]);
}

export function unreadCountsTheWordsOfOthers() {
  const state = run(start(), selected(1), posted(2, ME), posted(3, BO, "control"), posted(4, BO, "system"), posted(5));
  equal(unread(state.rooms.c, ME), 3);
  equal(unread(run(state, { action: "local.read", room: "c", seq: 4 }).rooms.c, ME), 1);
  equal(unread(run(state, { action: "local.read", room: "c", seq: 5 }).rooms.c, ME), 0);
}

export function theNewestAnnouncementIsFound() {
  const state = run(start(), selected(1), posted(2, BO, "system"), posted(3));
  equal(announcement(state).seq, 2);
  equal(announcement(start()), null);
}

export function controlAloneBringsTheStateForward() {
  const state = run(start(), snapshot(4, "idle"), control(5, "vote", { deadline: 99 }));
  equal([state.session.phase, state.session.deadline, openRound(state.session)], ["vote", 99, 1]);
  equal(state.session.stale, false);
}

export function aLateOrSecondControlChangesNothing() {
  const state = run(start(), snapshot(5, "vote"));
  equal(run(state, control(4, "idle"), control(5, "idle")) === state, true);
}

export function anAnnouncementIsNoTransition() {
  const state = run(start(), snapshot(5, "vote"));
  equal(run(state, control(5, "vote", { message: "announce" })) === state, true);
}

export function controlOfAnotherCourseIsNotOurs() {
  const state = run(start(), snapshot(5, "vote"));
  equal(run(state, control(9, "idle", { course: "chemistry" })) === state, true);
}

export function aMissedTransitionIsNoticed() {
  const state = run(start(), snapshot(5, "vote"), control(7, "discuss"));
  equal([state.session.phase, state.session.stale], ["discuss", true]);
  equal(run(state, snapshot(7, "discuss")).session.stale, false);
}

export function anOvertakenSnapshotIsAskedForAgain() {
  const state = run(start(), snapshot(5, "vote"), control(6, "vote_closed"), snapshot(5, "vote"));
  equal([state.session.phase, state.session.epoch, state.session.stale], ["vote_closed", 6, true]);
}

export function votesStayThroughTheQuestionAndGoWithIt() {
  const voted = { action: "voted", course: "physics", question: "lift", round: 1, vote: VOTE };
  const state = run(start(), snapshot(5, "vote"), voted, control(6, "vote_closed"), control(7, "vote"));
  equal(state.session.votes, [VOTE, null]);
  equal(run(state, control(8, "vote", { question: OTHER })).session.votes, [null, null]);
  equal(run(state, control(8, "idle")).session.votes, [null, null]);
}

export function theSameQuestionAfterItsResultStartsAnew() {
  const state = run(start(), snapshot(5, "revealed", { votes: [VOTE, null] }), control(6, "vote"));
  equal(state.session.votes, [null, null]);
}

export function aVoteForAQuestionThatIsOverIsDropped() {
  const voted = { action: "voted", course: "physics", question: "coin", round: 1, vote: VOTE };
  equal(run(start(), snapshot(5, "vote"), voted).session.votes, [null, null]);
}

export function partnersAreShownFromTheDiscussionOn() {
  const told = partners("p", 7);
  const closed = run(start(), snapshot(6, "vote_closed"));
  for (const order of [[control(7, "discuss"), told], [told, control(7, "discuss")]]) {
    const state = run(closed, ...order);
    equal(state.session.partners, told.partners);
    equal(partnerRoom(state).id, "p");
    equal(partnerRoom(run(state, control(8, "revote"))).id, "p");
    equal(partnerRoom(run(state, control(8, "idle"))), null);
  }
  equal(partnerRoom(run(closed, told)), null);
}

export function olderPartnersDoNotComeBack() {
  const newer = { action: "partners", course: "physics", room: "q", partners: [{ ...BO, choice: "A" }], epoch: 8 };
  const older = { ...newer, room: "p", epoch: 7 };
  equal(run(start(), snapshot(8, "discuss"), newer, older).session.partnerRoom, "q");
}

export function aFaceChatIsKnownFromItsTransition() {
  const state = run(start(), snapshot(6, "vote_closed"), control(7, "discuss", { message: "enableFaceChat" }));
  equal(faceToFace(state.session), true);
  equal(faceToFace(run(state, control(8, "revote", { message: "enableRevote" })).session), false);
}

export function theAnswerIsOnlyThereOnceRevealed() {
  const shown = { correct: "B", histograms: [{ B: 2 }, { B: 3 }] };
  const state = run(start(), snapshot(6, "vote_closed"), control(7, "revealed", shown));
  equal([state.session.correct, state.session.histograms], ["B", shown.histograms]);
  equal(run(state, control(8, "idle")).session.correct, null);
}

export function snapshotPlusEventsIsAFreshSnapshot() {
  for (const number of [() => ({}), (revision) => ({ revision })]) {
    const events = run(
      start(),
      snapshot(5, "vote", { votes: [VOTE, null], ...number(15) }),
      control(6, "vote_closed", number(16)),
      control(7, "discuss", number(18)),
      partners("q", 7, number(18)),
      partners("p", 7, number(20)),
    );
    const shown = { votes: [VOTE, null], room: "p", partners: [{ ...BO, choice: "A" }] };
    const fresh = run(start(), snapshot(7, "discuss", { ...shown, ...number(20) }));
    equal(events.session, fresh.session);
  }
}

export function aSnapshotOlderThanPartnersIsAskedForAgain() {
  const told = run(start(), snapshot(7, "discuss", { revision: 17 }), partners("p", 7, { revision: 19 }));
  const state = run(told, snapshot(7, "discuss", { room: "q", revision: 18 }));
  equal([state.session.partnerRoom, state.session.stale], ["p", true]);
  equal(run(state, snapshot(7, "discuss", { room: "p", revision: 19 })).session.stale, false);
}

export function partnersOlderThanTheSnapshotChangeNothing() {
  const state = run(start(), snapshot(7, "discuss", { room: "p", revision: 19 }));
  equal(run(state, partners("q", 7, { revision: 18 })) === state, true);
  equal(run(state, partners("q", 7, { revision: 20 })).session.partnerRoom, "q");
}

export function partnersOfAStepThatComesLaterStay() {
  // The steps were lost on their way, and come after those who were moved were told so.
  const closed = run(start(), snapshot(5, "revealed", { revision: 15 }), partners("p", 8, { revision: 21 }));
  const steps = [control(6, "vote", { revision: 16 }), control(7, "vote_closed", { revision: 17 }), control(8, "discuss", { revision: 19 })];
  const state = run(closed, ...steps);
  equal([partnerRoom(state)?.id, state.session.revision], ["p", 21]);
  equal(partnerRoom(run(state, control(9, "vote", { question: OTHER, revision: 22 }))), null);
}

export function stepsWithoutANumberAreFollowedAsBefore() {
  const state = run(start(), snapshot(7, "discuss", { room: "p", revision: 19 }), control(8, "idle"));
  equal([state.session.phase, state.session.partnerRoom], ["idle", null]);
}

export function presenceKeepsWhoIsThere() {
  const state = run(
    start(),
    { action: "presence", room: "p", online: 2, joined: ["ann", "bo"] },
    { action: "presence", room: "p", online: 1, left: ["bo"] },
  );
  equal([state.rooms.p.online, state.rooms.p.present], [1, { ann: true, bo: false }]);
}

export function newFiguresBeginWithANewQuestion() {
  const figures = { action: "figures", online: 9, votes: [8, 0], histograms: [{ A: 8 }, {}], groups: 4, silent_groups: 1, messages: 7, transitions: null, gain: null, correct: "A" };
  const state = run(start(), snapshot(6, "revealed"), figures, control(7, "idle"));
  equal([state.figures.online, state.figures.votes, state.figures.groups, state.figures.correct], [9, [0, 0], 0, null]);
}

export function nothingIsChangedInPlace() {
  const freeze = (value) => {
    if (value && typeof value === "object") Object.values(Object.freeze(value)).forEach(freeze);
    return value;
  };
  const events = [
    snapshot(5, "vote"),
    selected(1),
    posted(3),
    posted(2),
    control(6, "vote_closed"),
    { action: "typing", room: "c", user: BO, at: 1 },
    { action: "presence", room: "c", online: 2, joined: ["bo"] },
    { action: "message_removed", room: "c", seq: 1 },
    { action: "local.read", room: "c", seq: 2 },
  ];
  events.reduce((state, event) => freeze(reduce(state, event)), freeze(start()));
}

export function anUnknownEventIsIgnored() {
  const state = start();
  equal(reduce(state, { action: "something_new" }) === state, true);
}

export function aCourseThatGetsAnotherSlugIsKnownByBoth() {
  const voting = run(start(), snapshot(1, "vote"));
  const renamed = reduce(voting, { action: "course_renamed", course: "physics-1", former: "physics" });
  equal([renamed.course.slug, renamed.session.phase, renamed.session.stale], ["physics-1", "vote", true]);
  const again = reduce(renamed, { action: "course_renamed", course: "physics-1", former: "physics" });
  equal(again === renamed, true);
  equal(reduce(renamed, { action: "course_renamed", course: "art-1", former: "art" }) === renamed, true);
  for (const course of ["physics", "physics-1"]) {
    const closed = reduce(renamed, { ...control(2, "vote_closed"), course });
    equal(closed.session.phase, "vote_closed");
  }
  equal(reduce(renamed, { ...control(2, "vote_closed"), course: "art" }) === renamed, true);
}

export function aSlugThatNobodyToldComesWithTheWelcomeOrASnapshot() {
  const mine = { course: "physics-1", title: "Physics", role: "student", room: "c" };
  const other = { course: "physics", title: "Physics for all", role: "student", room: "d" };
  const welcomed = reduce(start(), { action: "welcome", user: ME, courses: [other, mine], limits: {} });
  equal([welcomed.course.slug, welcomed.course.room], ["physics-1", "c"]);
  const asked = reduce(start(), { ...snapshot(1, "vote"), course: "physics-1" });
  equal([asked.course.slug, asked.session.phase], ["physics-1", "vote"]);
}

export function votesStayWhenTheQuestionGetsAnotherSlug() {
  const vote = { choice: "A", confidence: null, rationale: "", cast_at: 1 };
  const voted = run(start(), snapshot(1, "vote", { votes: [vote, null] }));
  const renamed = reduce(voted, { action: "question_renamed", course: "physics", question: "newton", former: "lift" });
  equal([renamed.session.question.question, renamed.session.votes[0].choice], ["newton", "A"]);
  const closed = reduce(renamed, control(2, "vote_closed", { question: { ...QUESTION, question: "newton" } }));
  equal([closed.session.votes[0].choice, closed.session.stale], ["A", false]);
  // Where the event was lost the page asks again.
  const lost = reduce(voted, control(2, "vote_closed", { question: { ...QUESTION, question: "newton" } }));
  equal(lost.session.stale, true);
}

export function aRightAnswerGivenAfterTheRevealChangesTheResultAlone() {
  const histograms = [{ A: 1, B: 2 }, {}];
  const vote = { choice: "B", confidence: null, rationale: "", cast_at: 5 };
  const before = run(start(), { ...snapshot(6, "revealed"), votes: [vote, null], correct: null, histograms });
  equal([before.session.correct, before.session.histograms], [null, histograms]);
  const after = run(before, control(7, "revealed", { message: "reveal", correct: "B", histograms }));
  equal([after.session.correct, after.session.epoch, after.session.stale], ["B", 7, false]);
  equal(after.session.votes, [vote, null]);
  const taken = run(after, control(8, "revealed", { message: "reveal", correct: null, histograms }));
  equal([taken.session.correct, taken.session.histograms], [null, histograms]);
}
