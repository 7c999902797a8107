import { calledBy, isMe } from "/static/peerchat/core/me.js";
import { mentionParts } from "/static/peerchat/core/rooms.js";
import { initialState, reduce, unread } from "/static/peerchat/core/store.js";
import { equal } from "./check.js";

const ME = { username: "ann", display_name: "Ann" };
const OTTER = { username: "~blue-otter", display_name: "Blue otter", lecturers_know: true, earlier: ["~red-fox"] };
const HARE = { ...OTTER, username: "~calm-hare", display_name: "Calm hare", earlier: ["~blue-otter", "~red-fox"] };

function start() {
  return initialState({ me: ME, course: { slug: "physics", title: "Physics", room: "c" } });
}

function run(...events) {
  return events.reduce(reduce, start());
}

function welcome(me) {
  const course = { course: "physics", title: "Physics", role: "student", room: "c" };
  return { action: "welcome", user: ME, courses: [me ? { ...course, me } : course] };
}

function posted(seq, username) {
  const message = { id: `m${seq}`, seq, room: "c", user: { username, display_name: "?", pseudonym: true }, timestamp: seq, text: "t", kind: "text" };
  return { action: "new_message", room: "c", message };
}

export function withoutAPseudonymOneIsCalledByName() {
  const { me } = run(welcome(null));
  equal(me, ME);
  equal([calledBy(me), isMe(me, "ann"), isMe(me, "~blue-otter"), isMe(me, undefined), isMe(null, undefined)], ["ann", true, false, false, false]);
}

export function oneKnowsOneselfByEveryPseudonym() {
  const told = { action: "pseudonym", course: "physics", me: HARE };
  const { me } = run(welcome(OTTER), told);
  equal(calledBy(me), "~calm-hare");
  equal(["ann", "~calm-hare", "~blue-otter", "~red-fox", "~bold-swan"].map((one) => isMe(me, one)), [true, true, true, true, false]);
  equal(run(welcome(OTTER), { ...told, course: "chemistry" }).me.pseudonym, OTTER);
}

export function theClassAfterHasNone() {
  const { me } = run(welcome(OTTER), { action: "pseudonym", course: "physics", me: null });
  equal([calledBy(me), me.pseudonym, isMe(me, "~blue-otter")], ["ann", null, true]);
}

export function aStateTellsItToo() {
  const state = { action: "local.snapshot", epoch: 1, phase: "idle", question: null, round: null, deadline: null, server_time: 0 };
  equal(run(state).me.pseudonym, undefined);
  equal(run({ ...state, me: OTTER }).me.pseudonym, OTTER);
  equal(run({ ...state, me: OTTER }, { ...state, epoch: 2 }).me.pseudonym, null);
}

export function onesOwnMessagesAreNotUnread() {
  const selected = { action: "local.selected", room: "c", room_messages: [], last_seq: 0 };
  const state = run(welcome(OTTER), selected, posted(1, "~blue-otter"), posted(2, "~bold-swan"));
  equal(unread(state.rooms.c, state.me), 1);
}

export function aPseudonymIsMentionedWithItsTilde() {
  equal(mentionParts("so @~blue-otter.", "~blue-otter"), [["so ", false], ["@~blue-otter", true], [".", false]]);
  equal(mentionParts("so @blue-otter.", "~blue-otter"), [["so @blue-otter.", false]]);
}
