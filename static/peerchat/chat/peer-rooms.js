import { announce, h, setAttribute, setText, show } from "../core/dom.js";
import { badge, dayOf, number, shownName, timeOf } from "../core/format.js";
import { explain } from "../core/refusals.js";
import { unreadElsewhere, unreadOf } from "../core/rooms.js";
import { emptyRoom, unread } from "../core/store.js";
import { guardEnter, isolated, limitLength, shows } from "../core/text.js";
import { fill, gettext, ngettext } from "../core/texts.js";
import { People } from "./people.js";
import { COURSE, RoomList } from "./room-list.js";

const PAGE = 500;
const QUERY_LIMIT = 200;
const TITLE_LIMIT = 200;
// Milliseconds. A class that connects at once does not ask at once for what can wait.
const SPREAD = 1_500;
const CATCH_UP = 4_000;
const REFRESH_EVERY = 5;

/**
 * What of the chats is shown: a button with the room's name that opens the list of rooms, with the search, the
 * making of rooms and direct messages. `connect(client, chat)` once, then `render(state)` with each state; it
 * renders `chat` as well. `active`: whether the chat is in sight.
 */
export class PeerRooms extends HTMLElement {
  #client = null;
  #chat = null;
  #selected = null;
  #active = true;
  #open = false;
  #empty = "";
  #turn = 0;
  #people;
  #list;
  #timers = { refresh: null, slow: null };
  #listening = null;
  #parts = {};

  connectedCallback() {
    if (this.#parts.panel) return;
    const button = (testid, text, click, look = "button small") =>
      h("button", { type: "button", class: look, data: { testid }, on: { click } }, text);
    const field = (testid, label, attributes = {}) =>
      h("input", { type: "text", dir: "auto", "aria-label": label, placeholder: label, autocomplete: "off", data: { testid }, ...attributes });
    const form = (look, job, ...children) =>
      h("form", { class: look, on: { submit: (event) => this.#submit(event, job) } }, ...children);
    const go = (testid, text) => h("button", { type: "submit", class: "button small", data: { testid } }, text);
    const p = this.#parts;
    const id = `${this.id || "rooms"}-panel`;

    p.title = h("span", { class: "rooms-title", dir: "auto" });
    p.badge = h("span", { class: "badge", hidden: true, data: { testid: "rooms-unread" } });
    p.more = h("span", { class: "hidden-label" });
    p.button = h(
      "button",
      {
        type: "button",
        class: "rooms-switch",
        "aria-expanded": "false",
        "aria-controls": id,
        data: { testid: "room-switch" },
        on: { click: () => this.#toggle(!this.#open) },
      },
      h("span", { class: "hidden-label" }, `${gettext("Room:")} `),
      p.title,
      h("span", { class: "rooms-arrow", "aria-hidden": "true" }),
      p.badge,
      p.more,
    );
    p.online = h("span", { class: "muted rooms-online", data: { testid: "online-here" } });
    p.leave = button("room-leave", gettext("Leave"), () => this.#leave(), "button quiet small");
    p.topic = h("p", { class: "muted rooms-topic", dir: "auto", hidden: true });

    p.query = field("room-search", gettext("Search messages"), { enterkeyhint: "search" });
    limitLength(p.query, () => QUERY_LIMIT);
    p.results = h("div", { class: "rooms-results", hidden: true, data: { testid: "search-results" } });
    this.#list = new RoomList({
      join: (room) => this.#try(() => this.#join(room)),
      select: (room) => this.#select(room),
    });
    p.newTitle = field("new-room-title", gettext("Title of the new room"));
    limitLength(p.newTitle, () => TITLE_LIMIT);
    p.rooms = h(
      "div",
      { class: "rooms-view" },
      form("rooms-form", () => this.#search(), p.query, go("room-search-go", gettext("Search"))),
      p.results,
      this.#list.element,
      form("rooms-form", () => this.#create(), p.newTitle, go("new-room-create", gettext("New room"))),
      button("message-someone", gettext("Message someone"), () => this.#showPeople()),
    );
    this.#people = new People(id, {
      client: () => this.#client,
      attempt: (job) => this.#try(job),
      submit: (event, job) => this.#submit(event, job),
      back: () => this.#showRooms(),
      written: (room) => this.#written(room),
    });
    p.error = h("p", { class: "alert", role: "alert", hidden: true, data: { testid: "rooms-error" } });
    p.panel = h(
      "section",
      {
        id,
        class: "rooms-panel",
        "aria-label": gettext("Rooms"),
        hidden: true,
        data: { testid: "rooms-panel" },
        on: { keydown: (event) => this.#key(event) },
      },
      p.rooms,
      this.#people.element,
    );
    guardEnter(p.panel);
    this.append(h("div", { class: "pane-head rooms-head" }, h("h2", {}, p.button), p.online, p.leave), p.topic, p.error, p.panel);
  }

  disconnectedCallback() {
    this.#listening?.abort();
    clearTimeout(this.#timers.refresh);
    clearInterval(this.#timers.slow);
  }

  connect(client, chat) {
    this.#client = client;
    this.#chat = chat;
    this.#empty = chat.getAttribute("empty") ?? "";
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    client.addEventListener("ready", () => this.#arrived(), { signal });
    client.socket.addEventListener("frame", ({ detail }) => this.#frame(detail), { signal });
    let turn = 0;
    this.#timers.slow = setInterval(() => {
      if (!client.socket.status.slow || !client.socket.isOpen || document.hidden) return;
      // Over HTTP nobody tells of what happens in other rooms than the course's and the partners'.
      if (this.#selected) client.catchUp(this.#selected).catch(() => {});
      if (turn++ % REFRESH_EVERY === 0) this.#refresh().catch(() => {});
    }, CATCH_UP);
  }

  set active(value) {
    this.#active = value;
  }

  /** Unread messages in all rooms. */
  get news() {
    const { state } = this.#client;
    return unread(state.rooms[state.course.room], state.me) + unreadElsewhere(state.list);
  }

  render(state) {
    if (this.#selected && !state.list[this.#selected]?.joined) {
      announce(fill(gettext("You are no longer in %(room)s"), { room: isolated(this.#parts.title.textContent) }));
      this.#selected = null;
    }
    const id = this.#selected ?? state.course.room;
    const entry = state.list[id] ?? null;
    const room = state.rooms[id] ?? emptyRoom(id, entry?.kind);
    const isCourse = !entry;
    const p = this.#parts;
    const title = entry?.title ?? COURSE;
    setText(p.title, title);
    setAttribute(p.title, "title", title);
    setText(p.online, online(room, entry));
    show(p.leave, entry?.kind === "open");
    show(p.topic, Boolean(entry?.topic));
    setText(p.topic, entry?.topic ?? "");
    const others = this.news - (isCourse ? unread(room, state.me) : unreadOf(entry));
    show(p.badge, others > 0);
    setText(p.badge, badge(others));
    setText(p.more, others ? ` ${gettext("unread in other rooms")}` : "");

    const chat = this.#chat;
    show(chat, !this.#open);
    if (chat.getAttribute("label") !== title) {
      chat.entitle(title, isCourse ? this.#empty : gettext("Nobody has written here yet."));
      setAttribute(chat, "data-testid", isCourse ? "course-chat" : "room-chat");
      // In the whole course somebody always types.
      setAttribute(chat, "no-typing", isCourse);
    }
    chat.active = this.#active && !this.#open;
    chat.render(room);
    if (this.#open) this.#list.render(state, id);
  }

  // --- The rooms ---------------------------------------------------------------------------

  #arrived() {
    clearTimeout(this.#timers.refresh);
    this.#timers.refresh = setTimeout(() => this.#refresh().catch(() => {}), Math.random() * SPREAD);
    if (this.#selected) this.#load(this.#selected);
  }

  #frame({ action }) {
    if (action !== "room_added" && action !== "room_removed") return;
    this.#turn += 1;
    // A room that one is not in any more may be there to join, or closed.
    if (action === "room_removed" && this.#open) this.#refresh().catch(() => {});
  }

  async #refresh() {
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const turn = this.#turn;
      const rooms = [];
      for (let more = true; more; ) {
        const part = await this.#client.api.get("rooms/", { limit: PAGE, offset: rooms.length });
        rooms.push(...part.results);
        more = part.next !== null;
      }
      // What came meanwhile is not in the answer.
      if (turn !== this.#turn) continue;
      this.#client.dispatch({ action: "local.rooms", rooms });
      return;
    }
  }

  /** `focus`: whether to go on in its field. */
  #select(id, { focus = true } = {}) {
    const { state } = this.#client;
    this.#selected = id === state.course.room ? null : id;
    this.#toggle(false);
    this.render(state);
    // On phones the field would open the keyboard over what one came to read.
    const place = matchMedia("(hover: hover)").matches ? this.#chat.querySelector("textarea") : this.#parts.button;
    if (focus) place.focus({ preventScroll: true });
    return this.#selected ? this.#load(id) : Promise.resolve();
  }

  async #load(id) {
    try {
      await this.#client.openRoom(id);
    } catch (error) {
      if (error.code === "invalid_room_id") this.#client.dispatch({ action: "room_removed", room: id });
      // Otherwise the next connection loads it.
    }
  }

  #know(room) {
    this.#turn += 1;
    this.#client.dispatch({ action: "local.room", room });
  }

  async #join(id) {
    this.#know(await this.#client.api.post(`rooms/${id}/join/`));
    await this.#select(id);
  }

  #leave() {
    const id = this.#selected;
    this.#try(async () => {
      await this.#client.api.post(`rooms/${id}/leave/`);
      await this.#select(this.#client.state.course.room);
      this.#client.dispatch({ action: "room_removed", room: id });
      this.#parts.button.focus();
    });
  }

  async #create() {
    const title = this.#parts.newTitle.value.trim();
    if (!shows(title)) return;
    const room = await this.#client.api.post("rooms/", { course: this.#client.state.course.slug, title });
    this.#parts.newTitle.value = "";
    this.#know(room);
    await this.#select(room.room);
  }

  // --- The search --------------------------------------------------------------------------

  async #search() {
    const { results, query } = this.#parts;
    const q = query.value.trim();
    show(results, Boolean(q));
    if (!q) return;
    const { state } = this.#client;
    const answer = await this.#client.api.get("search/", { q, course: state.course.slug, limit: 50 });
    const mine = answer.results.filter(({ room }) => room === state.course.room || this.#client.state.list[room]?.joined);
    results.replaceChildren(
      h("p", { class: "rooms-heading", role: "status" }, found(mine.length)),
      h("ul", {}, mine.map((message) => this.#result(message))),
    );
  }

  #result(message) {
    const title = this.#client.state.list[message.room]?.title ?? COURSE;
    return h(
      "li",
      {},
      h(
        "button",
        { type: "button", class: "rooms-result", data: { testid: "search-result" }, on: { click: () => this.#try(() => this.#jump(message)) } },
        h("span", { class: "muted" }, `${isolated(title)} · ${isolated(shownName(message.user))} · ${dayOf(message.timestamp)}, ${timeOf(message.timestamp)}`),
        h("span", { class: "rooms-found", dir: "auto" }, message.text),
      ),
    );
  }

  async #jump({ room, seq }) {
    this.#chat.seek(room, seq);
    await this.#select(room, { focus: false });
    if (await this.#client.loadUntil(room, seq)) return;
    this.#chat.seek(null);
    this.#say(gettext("That message is too old to show in the chat."));
  }

  // --- Direct messages ---------------------------------------------------------------------

  #showPeople() {
    show(this.#parts.rooms, false);
    this.#people.open();
  }

  #showRooms() {
    this.#people.close();
    show(this.#parts.rooms, true);
    this.querySelector("[data-testid=message-someone]").focus();
  }

  async #written(room) {
    this.#know(await this.#client.api.get(`rooms/${room}/`));
    await this.#select(room);
  }

  // --- The panel ---------------------------------------------------------------------------

  #toggle(open) {
    if (open === this.#open) return;
    const p = this.#parts;
    this.#open = open;
    show(p.panel, open);
    show(p.error, false);
    p.button.setAttribute("aria-expanded", String(open));
    show(p.rooms, true);
    this.#people.close();
    this.render(this.#client.state);
    if (!open) return;
    show(p.results, false);
    p.query.value = "";
    this.#list.focus();
    this.#try(() => this.#refresh());
  }

  #key(event) {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    if (this.#people.leavePerson()) return;
    this.#toggle(false);
    this.#parts.button.focus();
  }

  #submit(event, job) {
    event.preventDefault();
    const button = event.target.querySelector("[type=submit]");
    if (button.disabled) return;
    button.disabled = true;
    this.#try(job).finally(() => {
      button.disabled = false;
    });
  }

  /** Do it, and say why where it does not work. */
  async #try(job) {
    show(this.#parts.error, false);
    try {
      await job();
    } catch (reason) {
      this.#say(explain(reason));
    }
  }

  #say(text) {
    setText(this.#parts.error, text);
    show(this.#parts.error, true);
    if (!this.#open) announce(text);
  }
}

function online(room, entry) {
  if (!room.online) return "";
  if (entry?.kind === "direct") return room.online > 1 ? gettext("online") : "";
  return fill(ngettext("%(count)s online", "%(count)s online", room.online), { count: number(room.online) });
}

function found(count) {
  if (!count) return gettext("Nothing found");
  return fill(ngettext("%(count)s message found", "%(count)s messages found", count), { count: number(count) });
}

customElements.define("peer-rooms", PeerRooms);
