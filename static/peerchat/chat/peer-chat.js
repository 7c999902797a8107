import { announce, focusedNear, h, setAttribute, setText, show } from "../core/dom.js";
import { dayOf, list, number, shownName, timeOf } from "../core/format.js";
import { isMe } from "../core/me.js";
import { isolated } from "../core/text.js";
import { fill, gettext, ngettext } from "../core/texts.js";
import { Composer } from "./composer.js";
import { continues, messageRow } from "./message-row.js";
import { MessageTools } from "./message-tools.js";
import { Outgoing } from "./outgoing.js";

const NEAR_END = 60;
const NEAR_START = 80;
const TYPING_FOR = 4_500;
// Timers cannot wait for long; a mute may last a month.
const MUTE_CHECKED = 60_000;

/**
 * A room's messages and the field to write in.
 *
 * Attributes: `label` (accessible name), `empty` (what to say in an empty room), `no-typing`, `quiet` (read
 * new messages to screen readers only while the focus is in the chat).
 * `connect(client)` once, then `render(room)` with each state; another room begins anew, and what was being
 * written in the one before waits there. While `active` is true and the reader is at the end, messages count as
 * read.
 */
export class PeerChat extends HTMLElement {
  #client = null;
  #room = null;
  #named = {};
  #marks = {};
  #active = true;
  #shown = new Map();
  #atEnd = true;
  #news = 0;
  #loadingOlder = false;
  #typingTimer = null;
  #sought = null;
  #older;
  #start;
  #empty;
  #list;
  #outgoing;
  #scroller;
  #newest;
  #typing;
  #composer;
  #mute = null;
  #tools;

  connectedCallback() {
    if (this.#list) return;
    const label = this.getAttribute("label") ?? gettext("Chat");
    const id = this.id || label.toLowerCase().replaceAll(/\W+/g, "-");
    this.#older = h(
      "button",
      { type: "button", class: "button quiet small", data: { testid: "chat-older" }, on: { click: () => this.#loadOlder() } },
      gettext("Load earlier messages"),
    );
    this.#start = h("div", { class: "chat-start", hidden: true }, this.#older);
    this.#empty = h("p", { class: "chat-empty" }, this.getAttribute("empty") ?? gettext("No messages yet."));
    this.#list = h("ol", { class: "messages", "aria-label": fill(gettext("%(room)s: messages"), { room: label }), data: { testid: "chat-messages" } });
    this.#tools = new MessageTools(this.#list, {
      client: () => this.#client,
      message: (row) => (this.#room.removed ? null : this.#shown.get(Number(row.dataset.seq))?.message),
      answer: (message) => this.#composer.answer(message),
      loadOlder: () => this.#loadOlder(),
    });
    this.#outgoing = new Outgoing(label);
    this.#scroller = h(
      "div",
      { class: "chat-scroll", tabindex: "0", role: "group", "aria-label": label, on: { scroll: () => this.#scrolled() } },
      this.#start,
      this.#empty,
      this.#list,
      this.#outgoing.element,
    );
    this.#newest = h(
      "button",
      { type: "button", class: "chat-newest", hidden: true, data: { testid: "chat-newest" }, on: { click: () => this.#toEnd(true) } },
    );
    this.#typing = h("p", { class: "chat-typing", data: { testid: "chat-typing" } });
    this.#composer = new Composer(id, label, {
      limit: () => this.#client.state.limits.text,
      typing: () => this.hasAttribute("no-typing") || this.#client.typing(this.#room.id),
      canSend: () => Boolean(this.#room),
      send: (text, replyTo) => this.#send(text, replyTo),
    });
    this.append(h("div", { class: "chat-body" }, this.#scroller, this.#newest), this.#typing, this.#composer.element);
    // What is typed on a phone's keyboard changes the height, as do formulas; the end must stay in sight.
    const stay = () => {
      if (this.#atEnd) this.#toEnd();
    };
    new ResizeObserver(stay).observe(this.#scroller);
    this.#list.addEventListener("drawn", stay);
    document.addEventListener("visibilitychange", () => this.#seen());
  }

  connect(client) {
    this.#client = client;
  }

  /** Say what the room shown is called, and what to say where it is empty. */
  entitle(label, empty) {
    this.setAttribute("label", label);
    setAttribute(this.#list, "aria-label", fill(gettext("%(room)s: messages"), { room: label }));
    this.#outgoing.entitle(label);
    setAttribute(this.#scroller, "aria-label", label);
    this.#composer.entitle(label);
    setText(this.#empty, empty);
  }

  /** Go to a message of a room as soon as both are here; null: nowhere any more. */
  seek(room, seq) {
    this.#sought = room && { room, seq };
    this.#found();
  }

  set active(value) {
    if (this.#active === value) return;
    this.#active = value;
    if (!value) return;
    if (this.#atEnd) this.#toEnd();
    this.#seen();
  }

  /** What stands behind the names of some people, by their usernames, from the next `render` on. */
  set marks(marks) {
    this.#marks = marks;
  }

  render(room) {
    if (!room) return;
    if (room.id !== this.#room?.id) this.#begin(room.id);
    const first = !this.#room?.loaded && room.loaded;
    const stuck = this.#atEnd;
    const { me, owners } = this.#client.state;
    // Whose a message is may become known after it.
    const named = me === this.#named.me && owners === this.#named.owners && this.#marks === this.#named.marks;
    if (room.messages !== this.#room?.messages || !named) this.#messages(room, first);
    this.#named = { me, owners, marks: this.#marks };
    this.#room = room;
    this.#outgoing.render(this.#client.outbox, room.id);
    this.#typists(room);
    show(this.#start, room.more);
    show(this.#empty, room.loaded && !this.#list.childElementCount && this.#outgoing.isEmpty);
    setAttribute(this, "aria-busy", room.loaded ? null : "true");
    this.#renderComposer(room);
    if (stuck) this.#toEnd();
    this.#found();
    this.#seen();
    if (this.#atEnd && !this.#sought && room.messages.length) this.#client.trim(room.id);
  }

  #renderComposer(room) {
    clearTimeout(this.#mute);
    const { mutedUntil, course } = this.#client.state;
    const left = (mutedUntil ?? 0) - this.#client.now();
    if (room.removed) this.#composer.render(gettext("This chat is closed"));
    // Two people may go on in another course.
    else if (course.archived && room.kind !== "direct") this.#composer.render(gettext("This course is archived"));
    else if (left <= 0) this.#composer.render(null);
    else {
      this.#composer.render(fill(gettext("You are muted until %(time)s"), { time: timeOf(mutedUntil) }));
      this.#mute = setTimeout(() => this.#renderComposer(this.#room), Math.min(left * 1000, MUTE_CHECKED));
    }
  }

  #begin(id) {
    if (this.#room) this.#composer.change(this.#room.id, id);
    this.#tools.begin();
    this.#outgoing.begin();
    this.#shown.clear();
    this.#list.replaceChildren();
    this.#room = null;
    this.#atEnd = true;
    this.#news = 0;
  }

  #messages(room, first) {
    const anchor = this.#scroller.scrollHeight - this.#scroller.scrollTop;
    const { me, owners } = this.#client.state;
    const wanted = new Set(room.messages.map((message) => message.seq));
    const byId = new Map(room.messages.map((message) => [message.id, message]));
    for (const [seq, { row, divider }] of this.#shown) {
      if (wanted.has(seq)) continue;
      row.remove();
      divider?.remove();
      this.#shown.delete(seq);
    }
    const oldestShown = Math.min(...this.#shown.keys());
    let previous = null;
    let cursor = this.#list.firstElementChild;
    let prepended = false;
    const fresh = [];
    for (const message of room.messages) {
      const known = this.#shown.get(message.seq);
      const divided = !previous || dayOf(previous.timestamp) !== dayOf(message.timestamp);
      const quoted = message.reply_to ? (byId.get(message.reply_to) ?? null) : null;
      const joined = !divided && !quoted && continues(previous, message);
      const own = isMe(me, message.user?.username);
      const owner = owners?.[message.user?.username] ?? this.#marks[message.user?.username];
      if (known && known.message === message && known.own === own && known.owner === owner && known.divided === divided && known.quoted === quoted) {
        setAttribute(known.row, "data-joined", joined);
        cursor = known.row.nextElementSibling;
      } else {
        const focused = known?.row.contains(focusedNear(this));
        if (known) {
          if (cursor === known.divider) cursor = known.row;
          known.divider?.remove();
          cursor = known.row.nextElementSibling;
          known.row.remove();
        }
        const divider = divided ? h("li", { class: "chat-day" }, h("span", {}, dayOf(message.timestamp))) : null;
        const row = messageRow(message, { me, owner, joined, quoted, course: room.kind === "course" });
        if (divider) this.#list.insertBefore(divider, cursor);
        this.#list.insertBefore(row, cursor);
        this.#shown.set(message.seq, { message, row, divider, divided, quoted, own, owner });
        if (focused) row.focus({ preventScroll: true });
        if (message.seq < oldestShown && oldestShown !== Infinity) prepended = true;
        else if (!known) fresh.push(message);
      }
      previous = message;
    }
    this.#tools.keepCurrent(this.#shown.get(room.messages.at(-1)?.seq)?.row ?? null);
    if (prepended) this.#scroller.scrollTop = this.#scroller.scrollHeight - anchor;
    if (!first) this.#arrived(fresh.filter((one) => !isMe(me, one.user?.username) && one.kind !== "control"));
  }

  #arrived(fresh) {
    if (!fresh.length) return;
    if (!this.#atEnd) this.#news += fresh.length;
    // A course chat must not talk over a lecture, unless one is in it.
    if (!this.#active || (this.hasAttribute("quiet") && !this.contains(focusedNear(this)))) return;
    if (fresh.length > 2) announce(fill(
        ngettext("%(count)s new message in %(room)s", "%(count)s new messages in %(room)s", fresh.length),
        { count: number(fresh.length), room: this.getAttribute("label") },
      ));
    else announce(fresh.map((one) => `${shownName(one.user)}: ${one.text}`).join(". "));
  }

  #typists(room) {
    clearTimeout(this.#typingTimer);
    const now = Date.now();
    const recent = Object.entries(room.typing).filter(
      ([username, { at }]) => at > now - TYPING_FOR && !isMe(this.#client.state.me, username),
    );
    const people = recent.map(([, { name }]) => isolated(name));
    setText(this.#typing, typing(people));
    if (recent.length) this.#typingTimer = setTimeout(() => this.#typists(this.#room), 1_000);
  }

  #send(text, replyTo) {
    this.#atEnd = true;
    this.#client.outbox.add(this.#room.id, text, replyTo);
    this.#toEnd();
  }

  #found() {
    const row = this.#sought?.room === this.#room?.id ? this.#shown.get(this.#sought?.seq)?.row : null;
    if (!row || !this.#scroller.clientHeight) return;
    this.#sought = null;
    this.#atEnd = false;
    row.scrollIntoView({ block: "center" });
    row.focus({ preventScroll: true });
    setAttribute(row, "data-found", true);
    row.addEventListener("blur", () => setAttribute(row, "data-found", null), { once: true });
  }

  async #loadOlder() {
    if (!this.#room?.more || this.#loadingOlder) return;
    this.#loadingOlder = true;
    this.#older.disabled = true;
    setText(this.#older, gettext("Loading…"));
    try {
      await this.#client.loadOlder(this.#room.id);
      setText(this.#older, gettext("Load earlier messages"));
    } catch {
      setText(this.#older, gettext("Could not load messages. Try again"));
    } finally {
      this.#loadingOlder = false;
      this.#older.disabled = false;
    }
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    if (!clientHeight) return;
    this.#atEnd = scrollHeight - scrollTop - clientHeight < NEAR_END;
    if (this.#atEnd) this.#news = 0;
    if (scrollTop < NEAR_START && !this.#atEnd) this.#loadOlder();
    this.#seen();
  }

  #toEnd(smooth = false) {
    this.#news = 0;
    this.#atEnd = true;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.#scroller.scrollTo({ top: this.#scroller.scrollHeight, behavior: smooth && !calm ? "smooth" : "instant" });
    this.#seen();
  }

  #seen() {
    show(this.#newest, !this.#atEnd);
    setText(this.#newest, this.#news ? news(this.#news) : gettext("Jump to newest ↓"));
    if (this.#active && this.#atEnd && !document.hidden && this.#room) this.#client.markRead(this.#room.id);
  }
}

function typing(names) {
  if (!names.length) return "";
  if (names.length > 2) return gettext("Several people are typing…");
  return fill(ngettext("%(names)s is typing…", "%(names)s are typing…", names.length), { names: list(names) });
}

function news(count) {
  return fill(ngettext("%(count)s new message ↓", "%(count)s new messages ↓", count), { count: number(count) });
}

customElements.define("peer-chat", PeerChat);
