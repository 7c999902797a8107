/**
 * The rooms that one may choose from, by id, as pure functions: the course's open rooms, joined or not, and
 * direct ones. The course's own room is always there, and partners have theirs in the class.
 */

import { isMe } from "./me.js";
import { isOf } from "./renames.js";
import { nameKey } from "./text.js";

/** The next list after an event of the server, or `local.rooms` (all of them) or `local.room` (one). */
export function reduceRooms(rooms, event, { me, course }) {
  switch (event.action) {
    case "local.rooms":
      return Object.fromEntries(
        event.rooms
          .filter((one) => isListed(one, course))
          .map((one) => [one.room, entry(rooms[one.room], one)]),
      );
    case "local.room":
      return isListed(event.room, course) ? { ...rooms, [event.room.room]: entry(rooms[event.room.room], event.room) } : rooms;
    case "room_added":
      return isListed(event, course) ? { ...rooms, [event.room]: entry(rooms[event.room], { ...event, joined: true }) } : rooms;
    case "room_removed":
      return changed(rooms, event.room, { joined: false });
    case "new_message":
      return arrived(rooms, event.room, event.message, me);
    case "local.selected":
      return reached(rooms, event.room, event.last_seq);
    case "local.resumed":
      return Object.entries(event.rooms).reduce(
        (next, [id, answer]) => (answer.error_code ? changed(next, id, { joined: false }) : reached(next, id, answer.last_seq)),
        rooms,
      );
    case "read":
    case "local.read": {
      const before = rooms[event.room];
      return before && event.seq > before.lastRead ? changed(rooms, event.room, { lastRead: event.seq }) : rooms;
    }
    default:
      return rooms;
  }
}

function isListed({ kind, course: slug }, course) {
  return kind === "direct" || (kind === "open" && isOf(course, slug));
}

/** What was told later by events stays: the answer may have been on its way meanwhile. */
function entry(before, { room, kind, title, members, joined, topic, last_seq: lastSeq, last_read_seq: lastRead }) {
  return {
    room,
    kind,
    title,
    members,
    joined,
    topic: topic ?? before?.topic ?? "",
    lastSeq: Math.max(lastSeq, before?.lastSeq ?? 0),
    lastRead: Math.max(lastRead, before?.lastRead ?? 0),
  };
}

function changed(rooms, id, changes) {
  return rooms[id] ? { ...rooms, [id]: { ...rooms[id], ...changes } } : rooms;
}

function reached(rooms, id, seq) {
  return rooms[id] && seq > rooms[id].lastSeq ? changed(rooms, id, { lastSeq: seq }) : rooms;
}

function arrived(rooms, id, message, me) {
  const before = rooms[id];
  if (!before || message.seq <= before.lastSeq) return rooms;
  // As on the server: who had read all before has no unread message of their own.
  const own = isMe(me, message.user?.username) && before.lastRead === message.seq - 1;
  return changed(rooms, id, { lastSeq: message.seq, ...(own && { lastRead: message.seq }) });
}

export function unreadOf({ joined, lastSeq, lastRead }) {
  return joined ? Math.max(lastSeq - lastRead, 0) : 0;
}

/** Unread messages in all listed rooms, or in all but one. */
export function unreadElsewhere(list, shown = null) {
  return Object.values(list).reduce((sum, one) => sum + (one.room === shown ? 0 : unreadOf(one)), 0);
}

/** The rooms of a kind in the order of their titles, those one is in first. */
export function roomsOf(list, kind) {
  return Object.values(list)
    .filter((one) => one.kind === kind && (one.joined || kind === "open"))
    .sort((a, b) => Number(b.joined) - Number(a.joined) || a.title.localeCompare(b.title));
}

// The same rule as on the server.
const MENTION = /(?<![\p{L}\p{N}_.@+~-])@(~?[\p{L}\p{N}_.@+-]{1,254})/gu;

/** A text in parts, `[text, whether it mentions the user]`; one part where it does not. */
export function mentionParts(text, username) {
  const parts = [];
  let from = 0;
  for (const { 1: name, index } of username ? text.matchAll(MENTION) : []) {
    const mine = [name, name.replace(/[.@+-]+$/, "")].find((one) => nameKey(one) === nameKey(username));
    if (mine === undefined) continue;
    const end = index + 1 + mine.length;
    if (index > from) parts.push([text.slice(from, index), false]);
    parts.push([text.slice(index, end), true]);
    from = end;
  }
  if (from < text.length || !parts.length) parts.push([text.slice(from), false]);
  return parts;
}

/** The people whose name or username has all words of a query, in the order given. */
export function matching(people, query) {
  const words = query.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return people.filter((one) => {
    const name = `${one.display_name} ${one.username}`.toLocaleLowerCase();
    return words.every((word) => name.includes(word));
  });
}
