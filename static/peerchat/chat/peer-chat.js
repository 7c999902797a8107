import { announce, focusedNear, h, setAttribute, setText, show } from "../core/dom.js";
import { controlWords, dayOf, initials, list, plural, shownName, timeOf } from "../core/format.js";
import { mentionParts } from "../core/rooms.js";

const NEAR_END = 60;
const NEAR_START = 80;
const SAME_BREATH = 180;
const TYPING_FOR = 4_500;
const COUNT_FROM = 0.9;
const QUOTED = 200;
const LEADING = new Set(["instructor", "assistant"]);

/**
 * A room's messages and the field to write in.
 *
 * Attributes: `label` (accessible name), `empty` (what to say in an empty room), `no-typing`, `quiet` (read
 * new messages to screen readers only while the focus is in the chat).
 * `connect(client)` once, then `render(room)` with each state; another room begins anew, and what was being
 * written in the one before waits there. While `active` is true and the reader is at the end, messages count as
 * read. One message at a time, under the pointer or in focus, has its tools; the arrow keys move the focus.
 */
export class PeerChat extends HTMLElement {
  #client = null;
  #room = null;
  #active = true;
  #shown = new Map();
  #waiting = new Map();
  #atEnd = true;
  #news = 0;
  #lastSpoken = null;
  #loadingOlder = false;
  #typingTimer = null;
  #drafts = new Map();
  #replyTo = null;
  #sought = null;
  #current = null;
  #offered = null;
  #tools = null;
  #older;
  #start;
  #empty;
  #list;
  #queue;
  #scroller;
  #newest;
  #typing;
  #field;
  #count;
  #button;
  #form;
  #label;
  #reply;
  #replyText;

  connectedCallback() {
    if (this.#list) return;
    const label = this.getAttribute("label") ?? "Chat";
    const id = this.id || label.toLowerCase().replaceAll(/\W+/g, "-");
    this.#older = h(
      "button",
      { type: "button", class: "button quiet small", data: { testid: "chat-older" }, on: { click: () => this.#loadOlder() } },
      "Load earlier messages",
    );
    this.#start = h("div", { class: "chat-start", hidden: true }, this.#older);
    this.#empty = h("p", { class: "chat-empty" }, this.getAttribute("empty") ?? "No messages yet.");
    this.#list = h("ol", {
      class: "messages",
      "aria-label": `${label}: messages`,
      data: { testid: "chat-messages" },
      on: {
        focusin: ({ target }) => this.#focused(target),
        focusout: ({ relatedTarget }) => this.#left(relatedTarget),
        pointerover: ({ target, pointerType }) => pointerType === "mouse" && this.#pointed(target),
        pointerleave: () => this.#pointed(null),
        keydown: (event) => this.#moved(event),
      },
    });
    this.#queue = h("ol", { class: "messages", "aria-label": `${label}: on their way`, data: { testid: "chat-outbox" } });
    this.#scroller = h(
      "div",
      { class: "chat-scroll", tabindex: "0", role: "group", "aria-label": label, on: { scroll: () => this.#scrolled() } },
      this.#start,
      this.#empty,
      this.#list,
      this.#queue,
    );
    this.#newest = h(
      "button",
      { type: "button", class: "chat-newest", hidden: true, data: { testid: "chat-newest" }, on: { click: () => this.#toEnd(true) } },
    );
    this.#typing = h("p", { class: "chat-typing", data: { testid: "chat-typing" } });
    this.#field = h("textarea", {
      id: `${id}-text`,
      rows: "1",
      placeholder: "Write a message",
      enterkeyhint: "send",
      autocomplete: "off",
      data: { testid: "chat-input" },
      on: { input: () => this.#typed(), keydown: (event) => this.#key(event) },
    });
    this.#count = h("p", { class: "chat-count", role: "status" });
    this.#button = h("button", { type: "submit", class: "button primary", data: { testid: "chat-send" } }, "Send");
    this.#label = h("label", { class: "hidden-label", for: `${id}-text` }, `${label}: write a message`);
    this.#replyText = h("p", { class: "chat-reply-text" });
    this.#reply = h(
      "div",
      { class: "chat-reply", hidden: true, data: { testid: "chat-reply" } },
      this.#replyText,
      h("button", { type: "button", class: "button quiet small", data: { testid: "chat-reply-cancel" }, on: { click: () => this.#answer(null) } }, "Cancel"),
    );
    this.#form = h(
      "form",
      { class: "chat-form", on: { submit: (event) => this.#submit(event) } },
      this.#label,
      this.#reply,
      this.#field,
      this.#button,
      this.#count,
    );
    this.append(h("div", { class: "chat-body" }, this.#scroller, this.#newest), this.#typing, this.#form);
    // What is typed on a phone's keyboard changes the height; the end must stay in sight.
    new ResizeObserver(() => {
      if (this.#atEnd) this.#toEnd();
    }).observe(this.#scroller);
    document.addEventListener("visibilitychange", () => this.#seen());
  }

  connect(client) {
    this.#client = client;
  }

  /** Say what the room shown is called, and what to say where it is empty. */
  entitle(label, empty) {
    this.setAttribute("label", label);
    setAttribute(this.#list, "aria-label", `${label}: messages`);
    setAttribute(this.#queue, "aria-label", `${label}: on their way`);
    setAttribute(this.#scroller, "aria-label", label);
    setText(this.#label, `${label}: write a message`);
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

  render(room) {
    if (!room) return;
    if (room.id !== this.#room?.id) this.#begin(room.id);
    const first = !this.#room?.loaded && room.loaded;
    const stuck = this.#atEnd;
    if (room.messages !== this.#room?.messages) this.#messages(room, first);
    this.#room = room;
    this.#outgoing();
    this.#typists(room);
    show(this.#start, room.more);
    show(this.#empty, room.loaded && !this.#list.childElementCount && !this.#queue.childElementCount);
    setAttribute(this, "aria-busy", room.loaded ? null : "true");
    setAttribute(this.#field, "disabled", room.removed);
    setAttribute(this.#button, "disabled", room.removed);
    this.#field.placeholder = room.removed ? "This chat is closed" : "Write a message";
    if (stuck) this.#toEnd();
    this.#found();
    this.#counted();
    this.#seen();
    if (this.#atEnd && !this.#sought && room.messages.length) this.#client.trim(room.id);
  }

  #begin(id) {
    if (this.#room) {
      this.#drafts.set(this.#room.id, this.#field.value);
      this.#field.value = this.#drafts.get(id) ?? "";
      this.#grow();
      this.#answer(null);
    }
    this.#withdraw();
    this.#current = null;
    this.#shown.clear();
    this.#waiting.clear();
    this.#list.replaceChildren();
    this.#queue.replaceChildren();
    this.#room = null;
    this.#atEnd = true;
    this.#news = 0;
    this.#lastSpoken = null;
  }

  #messages(room, first) {
    const anchor = this.#scroller.scrollHeight - this.#scroller.scrollTop;
    const me = this.#client.state.me?.username;
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
      if (known && known.message === message && known.divided === divided && known.quoted === quoted) {
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
        const row = messageRow(message, { me, joined, quoted, course: room.kind === "course" });
        if (divider) this.#list.insertBefore(divider, cursor);
        this.#list.insertBefore(row, cursor);
        this.#shown.set(message.seq, { message, row, divider, divided, quoted });
        if (focused) row.focus({ preventScroll: true });
        if (message.seq < oldestShown && oldestShown !== Infinity) prepended = true;
        else if (!known) fresh.push(message);
      }
      previous = message;
    }
    if (!this.#current?.isConnected) this.#makeCurrent(this.#shown.get(room.messages.at(-1)?.seq)?.row ?? null);
    if (prepended) this.#scroller.scrollTop = this.#scroller.scrollHeight - anchor;
    if (!first) this.#arrived(fresh.filter((one) => one.user?.username !== me && one.kind !== "control"));
  }

  #arrived(fresh) {
    if (!fresh.length) return;
    if (!this.#atEnd) this.#news += fresh.length;
    // A course chat must not talk over a lecture, unless one is in it.
    if (!this.#active || (this.hasAttribute("quiet") && !this.contains(focusedNear(this)))) return;
    if (fresh.length > 2) announce(`${plural(fresh.length, "new message")} in ${this.getAttribute("label")}`);
    else announce(fresh.map((one) => `${shownName(one.user)}: ${one.text}`).join(". "));
  }

  #outgoing() {
    const items = this.#client.outbox.items.filter((item) => item.room === this.#room.id);
    const wanted = new Set(items.map((item) => item.uuid));
    for (const [uuid, { row }] of this.#waiting) {
      if (wanted.has(uuid)) continue;
      row.remove();
      this.#waiting.delete(uuid);
    }
    for (const item of items) {
      const known = this.#waiting.get(item.uuid);
      if (known?.item === item) continue;
      const row = this.#outgoingRow(item);
      if (known) known.row.replaceWith(row);
      else this.#queue.append(row);
      this.#waiting.set(item.uuid, { item, row });
    }
  }

  #outgoingRow(item) {
    const failed = item.state === "failed";
    const outbox = this.#client.outbox;
    return h(
      "li",
      { class: "message own", data: { testid: "message", state: item.state, own: "true" } },
      h("div", { class: "bubble" }, h("p", { class: "text" }, item.text)),
      failed
        ? h(
            "div",
            { class: "message-failed" },
            h("p", { role: "alert" }, `Not sent. ${item.error ?? ""}`),
            h("button", { type: "button", class: "button small", data: { testid: "chat-retry" }, on: { click: () => outbox.retry(item.uuid) } }, "Send again"),
            h("button", { type: "button", class: "button quiet small", data: { testid: "chat-discard" }, on: { click: () => outbox.discard(item.uuid) } }, "Discard"),
          )
        : h("p", { class: "message-state" }, "Sending…"),
    );
  }

  #typists(room) {
    clearTimeout(this.#typingTimer);
    const now = Date.now();
    const recent = Object.entries(room.typing).filter(
      ([username, { at }]) => at > now - TYPING_FOR && username !== this.#client.state.me?.username,
    );
    const people = recent.map(([, { name }]) => name);
    const several = people.length > 2 ? "Several people are" : `${list(people)} ${people.length > 1 ? "are" : "is"}`;
    setText(this.#typing, people.length ? `${several} typing…` : "");
    if (recent.length) this.#typingTimer = setTimeout(() => this.#typists(this.#room), 1_000);
  }

  #typed() {
    this.#grow();
    this.#counted();
    if (this.#field.value.trim() && !this.hasAttribute("no-typing")) this.#client.typing(this.#room.id);
  }

  #grow() {
    this.#field.style.setProperty("height", "auto");
    this.#field.style.setProperty("height", `${this.#field.scrollHeight + 2}px`);
  }

  #counted() {
    const limit = this.#client.state.limits.text;
    const left = limit - Array.from(this.#field.value.trim()).length;
    const over = left < 0;
    const near = left < limit * (1 - COUNT_FROM);
    setText(this.#count, over ? `${plural(-left, "character")} too many` : near ? `${plural(left, "character")} left` : "");
    setAttribute(this.#field, "aria-invalid", over);
  }

  #key(event) {
    if (event.key === "Escape" && this.#replyTo) {
      event.preventDefault();
      this.#answer(null);
    }
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.#form.requestSubmit();
  }

  #submit(event) {
    event.preventDefault();
    const text = this.#field.value.trim();
    if (!text || !this.#room || Array.from(text).length > this.#client.state.limits.text) return;
    this.#field.value = "";
    this.#grow();
    this.#atEnd = true;
    this.#client.outbox.add(this.#room.id, text, this.#replyTo?.id);
    this.#answer(null);
    this.#toEnd();
    // On phones the button would take the focus and with it the keyboard away.
    this.#field.focus({ preventScroll: true });
  }

  /** Answer a message with the next one; null: none. */
  #answer(message) {
    this.#replyTo = message;
    show(this.#reply, Boolean(message));
    setText(this.#replyText, message ? `Replying to ${shownName(message.user)}: ${shortened(message.text)}` : "");
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

  #makeCurrent(row) {
    this.#current?.setAttribute("tabindex", "-1");
    this.#current = row;
    row?.setAttribute("tabindex", "0");
  }

  #rowAt(element) {
    const row = element?.closest?.("[data-seq]") ?? null;
    return row && this.#list.contains(row) ? row : null;
  }

  #focused(target) {
    const row = this.#rowAt(target);
    if (!row) return;
    if (row !== this.#current) this.#makeCurrent(row);
    this.#offer(row);
  }

  #left(to) {
    if (this.#rowAt(to) !== this.#offered && !this.#offered?.matches(":hover")) this.#withdraw();
  }

  #pointed(target) {
    if (this.#offered?.contains(focusedNear(this))) return;
    const row = this.#rowAt(target);
    if (row) this.#offer(row);
    else this.#withdraw();
  }

  #moved(event) {
    const rows = { ArrowUp: -1, ArrowDown: 1, Home: -Infinity, End: Infinity };
    if (!(event.key in rows) || event.target !== this.#current) return;
    const all = [...this.#list.querySelectorAll(":scope > [data-seq]")];
    const at = all.indexOf(this.#current) + rows[event.key];
    const row = all[Math.min(Math.max(at, 0), all.length - 1)];
    event.preventDefault();
    if (at < 0) this.#loadOlder();
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }

  #offer(row) {
    if (row === this.#offered) return;
    this.#withdraw();
    const message = this.#shown.get(Number(row.dataset.seq))?.message;
    if (!message || message.kind === "control" || isGone(message) || this.#room.removed) return;
    const { me, course } = this.#client.state;
    const mayRemove = this.#client.api && (message.user.username === me?.username || LEADING.has(course.role));
    const name = `the message of ${message.user.username === me?.username ? "yourself" : shownName(message.user)}`;
    const tool = (testid, text, label, click) =>
      h("button", { type: "button", "aria-label": label, data: { testid }, on: { click } }, text);
    const answer = () => {
      this.#answer(message);
      this.#field.focus();
      this.#withdraw();
    };
    const sure = tool("message-remove-sure", "Remove", `Remove ${name} for everyone`, () => this.#remove(message));
    const first = h("span", {}, tool("message-reply", "Reply", `Reply to ${name}`, answer));
    const keep = tool("message-keep", "Keep", `Keep ${name}`, () => {
      show(first, true);
      first.lastElementChild.focus();
      show(second, false);
    });
    const second = h("span", { hidden: true }, h("span", { class: "tools-question", role: "status" }, "Remove it?"), sure, keep);
    const ask = () => {
      show(second, true);
      sure.focus();
      show(first, false);
    };
    if (mayRemove) first.append(tool("message-remove", "Remove", `Remove ${name}`, ask));
    this.#offered = row;
    this.#tools = h("div", { class: "message-tools", data: { testid: "message-tools" } }, first, second);
    (row.querySelector(".bubble") ?? row).append(this.#tools);
  }

  #withdraw() {
    this.#tools?.remove();
    this.#tools = null;
    this.#offered = null;
  }

  async #remove(message) {
    const row = this.#offered;
    const tools = this.#tools;
    // Where the row is made anew the focus follows it.
    row?.focus({ preventScroll: true });
    try {
      await this.#client.removeMessage(message.room, message.seq);
      announce("Message removed");
    } catch (error) {
      tools.replaceChildren(h("span", { class: "tools-question", role: "alert" }, error.message));
    }
  }

  async #loadOlder() {
    if (!this.#room?.more || this.#loadingOlder) return;
    this.#loadingOlder = true;
    this.#older.disabled = true;
    setText(this.#older, "Loading…");
    try {
      await this.#client.loadOlder(this.#room.id);
      setText(this.#older, "Load earlier messages");
    } catch {
      setText(this.#older, "Could not load. Try again");
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
    setText(this.#newest, this.#news ? `${plural(this.#news, "new message")} ↓` : "Jump to newest ↓");
    if (this.#active && this.#atEnd && !document.hidden && this.#room) this.#client.markRead(this.#room.id);
  }
}

function continues(previous, message) {
  return (
    message.kind === "text" &&
    previous.kind === "text" &&
    previous.user.username === message.user.username &&
    message.timestamp - previous.timestamp < SAME_BREATH
  );
}

function isGone(message) {
  return message.removed || !message.text;
}

function shortened(text) {
  const characters = Array.from(text);
  return characters.length > QUOTED ? `${characters.slice(0, QUOTED).join("").trimEnd()}…` : text;
}

function messageRow(message, { me, joined, quoted, course }) {
  const data = { testid: "message", seq: message.seq, kind: message.kind, state: "sent" };
  const gone = isGone(message);
  const time = h("time", { datetime: new Date(message.timestamp * 1000).toISOString() }, timeOf(message.timestamp));
  if (message.kind === "control" || (message.kind === "system" && !course)) {
    const words = message.kind === "control" ? controlWords(message.text) : message.text;
    return h("li", { class: "chat-control", tabindex: "-1", data }, h("span", {}, words, " · ", time));
  }
  if (message.kind === "system") {
    return h(
      "li",
      { class: "chat-system", tabindex: "-1", data },
      h("p", { class: "message-head" }, h("strong", {}, "Announcement"), h("span", {}, shownName(message.user)), time),
      h("p", { class: gone ? "text gone" : "text" }, gone ? "Message removed" : message.text),
    );
  }
  const own = message.user.username === me;
  const name = shownName(message.user);
  const parts = gone || own ? [[message.text, false]] : mentionParts(message.text, me);
  const isMentioned = parts.some(([, isMe]) => isMe);
  return h(
    "li",
    {
      class: own ? "message own" : "message",
      tabindex: "-1",
      data: { ...data, own: String(own), ...(joined && { joined: "" }), ...(isMentioned && { mentioned: "" }) },
    },
    own ? null : h("span", { class: "avatar", "aria-hidden": "true", data: { tone: tone(message.user.username) } }, initials(name)),
    h(
      "div",
      { class: "bubble" },
      h("p", { class: "message-head" }, own ? h("span", { class: "hidden-label" }, "You") : h("strong", {}, name), time),
      quoted && !gone
        ? h(
            "p",
            { class: "quote", data: { testid: "quote" } },
            h("strong", {}, shownName(quoted.user)),
            " ",
            isGone(quoted) ? "Message removed" : shortened(quoted.text),
          )
        : null,
      h(
        "p",
        { class: gone ? "text gone" : "text" },
        gone ? "Message removed" : parts.map(([text, isMe]) => (isMe ? h("mark", { class: "mention" }, text) : text)),
      ),
    ),
  );
}

/** One of six colours that stays with a person. */
function tone(username) {
  let sum = 0;
  for (const character of username) sum = (sum * 31 + character.codePointAt(0)) >>> 0;
  return sum % 6;
}

customElements.define("peer-chat", PeerChat);
