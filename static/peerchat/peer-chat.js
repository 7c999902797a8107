import { announce, focusedNear, h, setAttribute, setText, show } from "./dom.js";
import { controlWords, dayOf, initials, list, plural, shownName, timeOf } from "./format.js";

const NEAR_END = 60;
const NEAR_START = 80;
const SAME_BREATH = 180;
const TYPING_FOR = 4_500;
const COUNT_FROM = 0.9;

/**
 * A room's messages and the field to write in.
 *
 * Attributes: `label` (accessible name), `empty` (what to say in an empty room), `no-typing`, `quiet` (read
 * new messages to screen readers only while the focus is in the chat).
 * `connect(client)` once, then `render(room)` with each state. While `active` is true and the reader is at the
 * end, messages count as read.
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
    this.#list = h("ol", { class: "messages", "aria-label": `${label}: messages`, data: { testid: "chat-messages" } });
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
    this.#form = h(
      "form",
      { class: "chat-form", on: { submit: (event) => this.#submit(event) } },
      h("label", { class: "hidden-label", for: `${id}-text` }, `${label}: write a message`),
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

  set active(value) {
    if (this.#active === value) return;
    this.#active = value;
    if (!value) return;
    if (this.#atEnd) this.#toEnd();
    this.#seen();
  }

  render(room) {
    if (!room) return;
    if (room.id !== this.#room?.id) this.#begin();
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
    this.#counted();
    this.#seen();
    if (stuck && room.messages.length) this.#client.trim(room.id);
  }

  #begin() {
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
      const joined = !divided && continues(previous, message);
      if (known && known.message === message && known.divided === divided) {
        setAttribute(known.row, "data-joined", joined);
        cursor = known.row.nextElementSibling;
      } else {
        if (known) {
          if (cursor === known.divider) cursor = known.row;
          known.divider?.remove();
          cursor = known.row.nextElementSibling;
          known.row.remove();
        }
        const divider = divided ? h("li", { class: "chat-day" }, h("span", {}, dayOf(message.timestamp))) : null;
        const row = messageRow(message, { me, joined, course: room.kind === "course" });
        if (divider) this.#list.insertBefore(divider, cursor);
        this.#list.insertBefore(row, cursor);
        this.#shown.set(message.seq, { message, row, divider, divided });
        if (message.seq < oldestShown && oldestShown !== Infinity) prepended = true;
        else if (!known) fresh.push(message);
      }
      previous = message;
    }
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
    this.#client.outbox.add(this.#room.id, text);
    this.#toEnd();
    // On phones the button would take the focus and with it the keyboard away.
    this.#field.focus({ preventScroll: true });
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

function messageRow(message, { me, joined, course }) {
  const data = { testid: "message", seq: message.seq, kind: message.kind, state: "sent" };
  const time = h("time", { datetime: new Date(message.timestamp * 1000).toISOString() }, timeOf(message.timestamp));
  if (message.kind === "control" || (message.kind === "system" && !course)) {
    const words = message.kind === "control" ? controlWords(message.text) : message.text;
    return h("li", { class: "chat-control", data }, h("span", {}, words, " · ", time));
  }
  if (message.kind === "system") {
    return h(
      "li",
      { class: "chat-system", data },
      h("p", { class: "message-head" }, h("strong", {}, "Announcement"), h("span", {}, shownName(message.user)), time),
      h("p", { class: "text" }, message.text),
    );
  }
  const own = message.user.username === me;
  const name = shownName(message.user);
  const gone = message.removed || !message.text;
  return h(
    "li",
    { class: own ? "message own" : "message", data: { ...data, own: String(own), ...(joined && { joined: "" }) } },
    own ? null : h("span", { class: "avatar", "aria-hidden": "true", data: { tone: tone(message.user.username) } }, initials(name)),
    h(
      "div",
      { class: "bubble" },
      h("p", { class: "message-head" }, own ? h("span", { class: "hidden-label" }, "You") : h("strong", {}, name), time),
      h("p", { class: gone ? "text gone" : "text" }, gone ? "Message removed" : message.text),
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
