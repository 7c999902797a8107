import { matching, mentionParts, reduceRooms, roomsOf, unreadElsewhere, unreadOf } from "/static/peerchat/core/rooms.js";
import { initialState, reduce } from "/static/peerchat/core/store.js";
import { equal } from "./check.js";

const ME = { username: "ann", display_name: "Ann" };
const BO = { username: "bo", display_name: "Bo" };
const AT = { me: ME, course: { slug: "physics" } };

function room(id, changes = {}) {
  return { room: id, kind: "open", title: id, course: "physics", members: 2, joined: true, topic: "", last_seq: 0, last_read_seq: 0, ...changes };
}

function run(rooms, ...events) {
  return events.reduce((list, event) => reduceRooms(list, event, AT), rooms);
}

function all(...rooms) {
  return { action: "local.rooms", rooms };
}

function posted(id, seq, user = BO) {
  return { action: "new_message", room: id, message: { id: `m${seq}`, seq, user, text: "t", kind: "text", timestamp: 0 } };
}

export function onlyOpenRoomsOfTheCourseAndDirectOnesAreListed() {
  const list = run({}, all(room("c", { kind: "course" }), room("p", { kind: "partners" }), room("a"), room("x", { course: "art" }), room("d", { kind: "direct", course: "art" })));
  equal(Object.keys(list), ["a", "d"]);
}

export function messagesOfOthersCountAsUnreadUntilRead() {
  const list = run({}, all(room("a", { last_seq: 2, last_read_seq: 1 })), posted("a", 3), posted("a", 3));
  equal(unreadOf(list.a), 2);
  equal(unreadOf(run(list, { action: "local.read", room: "a", seq: 3 }).a), 0);
}

export function onesOwnMessageIsNotUnreadWhereAllWasRead() {
  const list = run({}, all(room("a"), room("b", { last_seq: 1 })), posted("a", 1, ME), posted("b", 2, ME));
  equal([unreadOf(list.a), unreadOf(list.b)], [0, 2]);
}

export function anAnswerThatIsLateTakesNothingBack() {
  const list = run({}, all(room("a")), posted("a", 1), posted("a", 2), { action: "local.read", room: "a", seq: 1 }, all(room("a")));
  equal([list.a.lastSeq, list.a.lastRead], [2, 1]);
}

export function aRoomAddedIsThereWithoutAnAnswer() {
  const list = run({}, { ...room("d", { kind: "direct", joined: undefined }), action: "room_added" }, posted("d", 1));
  equal([roomsOf(list, "direct").length, unreadElsewhere(list), unreadElsewhere(list, "d")], [1, 1, 0]);
}

export function aRoomThatOneLeftMayBeJoinedAndIsNotUnread() {
  const list = run({}, all(room("a", { last_seq: 3 }), room("b"), room("d", { kind: "direct" })), { action: "room_removed", room: "a" }, { action: "room_removed", room: "d" });
  equal(roomsOf(list, "open").map((one) => [one.room, one.joined]), [["b", true], ["a", false]]);
  equal([roomsOf(list, "direct"), unreadElsewhere(list)], [[], 0]);
}

export function whatWasMissedIsUnread() {
  const list = run({}, all(room("a")), { action: "local.resumed", rooms: { a: { messages: [], last_seq: 4 }, x: { error_code: "invalid_room_id" } } });
  equal(unreadOf(list.a), 4);
}

export function theStoreKeepsTheList() {
  const state = initialState({ me: ME, course: { slug: "physics", title: "Physics", room: "c" } });
  const next = [all(room("a")), posted("a", 1)].reduce(reduce, state);
  equal(unreadOf(next.list.a), 1);
}

export function aRoomJoinedAgainIsLoadedAgain() {
  const state = initialState({ me: ME, course: { slug: "physics", title: "Physics", room: "c" } });
  const left = [
    { action: "local.selected", room: "a", room_messages: [], last_seq: 0 },
    { action: "room_removed", room: "a" },
  ].reduce(reduce, state);
  const next = reduce(left, { ...room("a"), action: "room_added" });
  equal([next.rooms.a.loaded, next.rooms.a.removed], [false, false]);
}

export function aMessageRemovedBeforeItsTurnIsEmpty() {
  const state = initialState({ me: ME, course: { slug: "physics", title: "Physics", room: "c" } });
  const next = [posted("a", 1), { action: "message_removed", room: "a", seq: 1 }].reduce(reduce, state);
  equal([next.rooms.a.ahead[1].text, next.rooms.a.ahead[1].removed], ["", true]);
}

export function mentionsAreThoseTheServerSees() {
  equal(mentionParts("hi @ann, you", "ann"), [["hi ", false], ["@ann", true], [", you", false]]);
  equal(mentionParts("@ann. And @ann", "ann"), [["@ann", true], [". And ", false], ["@ann", true]]);
  for (const text of ["@anna", "mail@ann", "ann", ""]) equal(mentionParts(text, "ann"), [[text, false]]);
  equal(mentionParts("@ANN, you", "ann"), [["@ANN", true], [", you", false]]);
  equal(mentionParts("@Straße.", "STRASSE"), [["@Straße", true], [".", false]]);
  equal(mentionParts("@zoë!", "zoë"), [["@zoë", true], ["!", false]]);
}

export function peopleAreFoundByPartsOfTheirNames() {
  const people = [{ username: "s1", display_name: "Zoë van Dijk" }, { username: "s2", display_name: "Liam O'Connor" }];
  equal(matching(people, "dijk zo").map((one) => one.username), ["s1"]);
  equal(matching(people, "S2").map((one) => one.username), ["s2"]);
  equal(matching(people, " ").length, 2);
}
