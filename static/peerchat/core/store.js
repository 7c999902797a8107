/**
 * The state of one course on this page, as pure functions: `reduce(state, event)` returns the next
 * state and changes nothing. Events are the frames of the server (by `action`) and what the client
 * learns from replies (`local.*`).
 */

import { DEFAULT_ASKS, withAsks } from "./asks.js";
import { isMe, known } from "./me.js";
import { companyOf, SELF, selfOf, UNKNOWN_SELF } from "./meeting.js";
import { called, COURSE, isOf, isSame } from "./renames.js";
import { reduceRooms } from "./rooms.js";
import { emptySession, NO_FIGURES, openRound, resultOf, startsAnew } from "./session.js";
import { withConvinced, withDeadline, withDraft, withVote, withWhatCameSince } from "./votes.js";

export { faceToFace } from "./meeting.js";
export { openRound } from "./session.js";

/** Messages of a room kept in memory; older ones are loaded again on demand. */
export const KEEP = 400;
/** Messages kept for a room that has not been loaded yet. */
const KEEP_AHEAD = 600;

const PARTNER_PHASES = new Set(["discuss", "revote", "revote_closed", "revealed"]);

export function initialState({ me, course, lastRead = 0 }) {
  return {
    me,
    course,
    limits: { text: 4000, rationale: 1000 },
    session: emptySession(),
    rooms: course.room ? { [course.room]: { ...emptyRoom(course.room, "course"), lastRead } } : {},
    list: {},
    figures: null,
    mutedUntil: null,
    self: UNKNOWN_SELF,
  };
}

/** A room of which nothing is known yet. */
export function emptyRoom(id, kind = null) {
  return {
    id,
    kind,
    messages: [],
    ahead: {},
    loaded: false,
    more: false,
    lastSeq: 0,
    lastRead: 0,
    online: null,
    present: {},
    typing: {},
    removed: false,
  };
}

export function reduce(state, event) {
  const handler = HANDLERS[event.action];
  const next = handler ? handler(state, event) : state;
  const list = reduceRooms(next.list, event, next);
  return list === next.list ? next : { ...next, list };
}

const HANDLERS = {
  welcome(state, event) {
    const mine = event.courses.find((one) => isSame(state.course, one));
    const me = known({ ...state.me, ...event.user }, mine?.me);
    let next = { ...state, me, limits: { ...state.limits, ...event.limits } };
    if (mine) {
      next.course = { ...called(state.course, mine.course), title: mine.title, role: mine.role, room: mine.room, archived: Boolean(mine.archived) };
      next = withRoom(next, mine.room, (room) => ({ ...room, kind: "course", removed: false }));
    }
    return next;
  },

  new_message(state, { room, message }) {
    return withRoom(state, room, (before) => {
      const after = received(before, [message]);
      const typing = { ...after.typing };
      delete typing[message.user?.username];
      return { ...after, typing };
    });
  },

  message_removed(state, { room, seq }) {
    const emptied = (one) => ({ ...one, text: "", removed: true });
    return withRoom(state, room, (before) => ({
      ...before,
      messages: before.messages.map((one) => (one.seq === seq ? emptied(one) : one)),
      ahead: before.ahead[seq] ? { ...before.ahead, [seq]: emptied(before.ahead[seq]) } : before.ahead,
    }));
  },

  message_restored(state, { room, message }) {
    return withRoom(state, room, (before) => ({
      ...before,
      messages: before.messages.map((one) => (one.seq === message.seq ? message : one)),
      ahead: before.ahead[message.seq] ? { ...before.ahead, [message.seq]: message } : before.ahead,
    }));
  },

  control(state, event) {
    if (!isOf(state.course, event.course) || event.message === "announce") return state;
    const before = state.session;
    // Two sockets tell an instructor the same; a late frame must not turn the class back.
    if (event.epoch <= before.epoch) return state;
    const anew = startsAnew(before, event);
    // Partners do not wait for the messages before them, so they may be newer than the transition.
    const regrouped = anew && !(event.revision < before.partnersRevision);
    const figures = anew && state.figures ? { ...state.figures, ...NO_FIGURES } : state.figures;
    return withSession({ ...state, figures }, {
      known: true,
      // A jump means that a transition was missed, and with it perhaps a vote or a partner.
      // So is a question that changes in the middle: it got another slug, and the votes in it stay.
      stale: before.stale || !before.known || event.epoch > before.epoch + 1 || (anew && event.phase !== "idle" && event.phase !== "vote"),
      message: event.message,
      phase: event.phase,
      epoch: event.epoch,
      revision: Math.max(before.revision, revisionOf(event)),
      question: event.question,
      round: event.round,
      deadline: event.deadline,
      votes: anew ? [null, null] : before.votes,
      draft: anew || event.round !== before.round || openRound(event) === null ? null : before.draft,
      convinced: anew ? null : before.convinced,
      partners: regrouped ? [] : before.partners,
      partnerRoom: regrouped ? null : before.partnerRoom,
      ...(regrouped ? companyOf({}) : null),
      ...resultOf(event),
    });
  },

  partners(state, event) {
    const before = state.session;
    if (!isOf(state.course, event.course) || event.epoch < before.partnersEpoch) return state;
    if (event.revision < before.partnersRevision) return state;
    const next = withSession(state, {
      revision: Math.max(before.revision, revisionOf(event)),
      partners: event.partners,
      partnerRoom: event.room,
      ...companyOf(event),
      partnersEpoch: event.epoch,
      partnersRevision: Math.max(before.partnersRevision, revisionOf(event)),
    });
    return withRoom(next, event.room, (room) => ({ ...room, kind: "partners", removed: false }));
  },

  asks: inSession(withAsks),
  closing: inSession(withDeadline),
  voted: inSession(withVote),
  drafted: inSession(withDraft),
  convinced: inSession(withConvinced),

  pseudonym(state, { course, me }) {
    return isOf(state.course, course) ? { ...state, me: known(state.me, me) } : state;
  },

  "local.owners"(state, { owners }) {
    return { ...state, owners };
  },

  muted(state, { course, until }) {
    return isOf(state.course, course) ? { ...state, mutedUntil: until } : state;
  },

  ...COURSE,
  ...SELF,

  presence(state, event) {
    return withRoom(state, event.room, (room) => {
      const present = { ...room.present };
      for (const name of names(event.joined)) present[name] = true;
      for (const name of names(event.left)) present[name] = false;
      return { ...room, online: event.online, present };
    });
  },

  typing(state, { room, user, at }) {
    const username = user.username ?? user;
    return withRoom(state, room, (before) => ({
      ...before,
      typing: { ...before.typing, [username]: { name: user.display_name || username, at } },
    }));
  },

  room_added(state, event) {
    if (!isOf(state.course, event.course)) return state;
    // What was said while one was not in it is missing.
    return withRoom(state, event.room, (room) => ({
      ...room,
      kind: event.kind,
      loaded: room.loaded && !room.removed,
      removed: false,
    }));
  },

  room_removed(state, event) {
    if (!state.rooms[event.room]) return state;
    return withRoom(state, event.room, (room) => ({ ...room, removed: true }));
  },

  figures(state, event) {
    return { ...state, figures: event };
  },

  "local.snapshot"(state, event) {
    // An event that overtook the snapshot knows more; ask again rather than mix the two.
    const { epoch, revision } = state.session;
    if (event.epoch < epoch || event.revision < revision) return withSession(state, { stale: true });
    const session = {
      ...emptySession(),
      known: true,
      message: event.message,
      phase: event.phase,
      epoch: event.epoch,
      revision: revisionOf(event),
      question: event.question,
      round: event.round,
      deadline: event.deadline,
      votes: [event.votes?.[0] ?? null, event.votes?.[1] ?? null],
      draft: event.draft ?? null,
      convinced: event.convinced ?? null,
      partners: event.partners ?? [],
      partnerRoom: event.room ?? null,
      ...companyOf(event),
      partnersEpoch: event.epoch,
      partnersRevision: revisionOf(event),
      asks: event.asks ?? DEFAULT_ASKS,
      ...resultOf(event),
    };
    // It answers for the course that was asked for, whatever the slug is now.
    const course = { ...called(state.course, event.course ?? state.course.slug), archived: Boolean(event.archived) };
    const me = known(state.me, event.me);
    const next = { ...state, course, me, session: withWhatCameSince(session, state.session), mutedUntil: event.muted_until ?? null, self: selfOf(event) };
    if (!event.room) return next;
    return withRoom(next, event.room, (room) => ({ ...room, kind: "partners", removed: false }));
  },

  "local.selected"(state, { room, room_messages: messages, last_seq: lastSeq }) {
    return withRoom(state, room, (before) =>
      received(
        {
          ...before,
          loaded: true,
          messages,
          more: messages.length > 0 && messages[0].seq > 1,
          lastSeq: messages.at(-1)?.seq ?? lastSeq ?? 0,
          removed: false,
        },
        Object.values(before.ahead),
      ),
    );
  },

  "local.history"(state, { room, room_messages: older, more }) {
    return withRoom(state, room, (before) => {
      const first = before.messages[0]?.seq ?? Infinity;
      return { ...before, messages: [...older.filter((one) => one.seq < first), ...before.messages], more };
    });
  },

  "local.resumed"(state, { rooms }) {
    let next = state;
    for (const [id, answer] of Object.entries(rooms)) {
      if (answer.error_code) next = HANDLERS.room_removed(next, { room: id });
      else if (answer.reset) {
        const { messages, last_seq: lastSeq } = answer;
        next = HANDLERS["local.selected"](next, { room: id, room_messages: messages, last_seq: lastSeq });
      } else next = withRoom(next, id, (room) => received(room, answer.messages));
    }
    return next;
  },

  "local.trimmed"(state, { room }) {
    return withRoom(state, room, (before) =>
      before.messages.length <= KEEP
        ? before
        : { ...before, messages: before.messages.slice(-KEEP), more: true },
    );
  },

  "local.flagged"(state, { room, seq, flagged }) {
    return withRoom(state, room, (before) => ({
      ...before,
      messages: before.messages.map((one) => (one.seq === seq ? { ...one, flagged } : one)),
    }));
  },

  "local.present"(state, { room, users }) {
    return withRoom(state, room, (before) => ({
      ...before,
      online: users.filter((user) => user.online).length,
      present: Object.fromEntries(users.map((user) => [user.username, user.online])),
    }));
  },

  read(state, { room, seq }) {
    const before = state.rooms[room];
    if (!before || before.lastRead >= seq) return state;
    return withRoom(state, room, (one) => ({ ...one, lastRead: seq }));
  },
};

HANDLERS["local.read"] = HANDLERS.read;

/** A handler that changes the session by an event of this course. */
function inSession(change) {
  return (state, event) => (isOf(state.course, event.course) ? { ...state, session: change(state.session, event) } : state);
}

/** The number that orders all that is told of where a class stands; older servers send none. */
function revisionOf(event) {
  return event.revision ?? -1;
}

function names(people) {
  return (people ?? []).map((one) => one.username ?? one);
}

function withSession(state, changes) {
  return { ...state, session: { ...state.session, ...changes } };
}

function withRoom(state, id, change) {
  const before = state.rooms[id] ?? emptyRoom(id);
  const after = change(before);
  return after === state.rooms[id] ? state : { ...state, rooms: { ...state.rooms, [id]: after } };
}

/** Put messages where they belong: each once, in order of seq, those after a gap kept aside. */
function received(room, messages) {
  let lastSeq = room.lastSeq;
  const ahead = { ...room.ahead };
  for (const message of messages) {
    if (!room.loaded || message.seq > lastSeq) ahead[message.seq] = message;
  }
  if (!room.loaded) {
    const seqs = Object.keys(ahead).map(Number);
    for (const seq of seqs.sort((a, b) => a - b).slice(0, -KEEP_AHEAD)) delete ahead[seq];
    return { ...room, ahead };
  }
  for (const seq of Object.keys(ahead)) {
    if (Number(seq) <= lastSeq) delete ahead[seq];
  }
  const next = [];
  while (ahead[lastSeq + 1]) {
    lastSeq += 1;
    next.push(ahead[lastSeq]);
    delete ahead[lastSeq];
  }
  return { ...room, messages: next.length ? [...room.messages, ...next] : room.messages, ahead, lastSeq };
}

/** Whether messages after a gap wait for those in between. */
export function hasGap(room) {
  return room.loaded && Object.keys(room.ahead).length > 0;
}

/** What to resume from: the last gapless seq of each loaded room. */
export function lastSeqs(state) {
  const loaded = Object.values(state.rooms).filter((room) => room.loaded && !room.removed);
  return Object.fromEntries(loaded.map((room) => [room.id, room.lastSeq]));
}

/** Unread messages of others, among those loaded. */
export function unread(room, me) {
  if (!room) return 0;
  let count = 0;
  for (let index = room.messages.length - 1; index >= 0; index -= 1) {
    const message = room.messages[index];
    if (message.seq <= room.lastRead) break;
    if (message.kind !== "control" && !isMe(me, message.user?.username)) count += 1;
  }
  return count;
}

/** The newest announcement of the course room, or null. */
export function announcement(state) {
  const messages = state.rooms[state.course.room]?.messages ?? [];
  return messages.findLast((one) => one.kind === "system" && one.text) ?? null;
}

/** The partner room where partners are to be shown, else null. */
export function partnerRoom(state) {
  const { phase, partnerRoom: id } = state.session;
  return id && PARTNER_PHASES.has(phase) ? (state.rooms[id] ?? emptyRoom(id, "partners")) : null;
}
