import { enters, focusedNear, h, setAttribute, setText, show } from "../core/dom.js";
import { number, shownName } from "../core/format.js";
import { guardEnter, isolated, shows, trimmed } from "../core/text.js";
import { fill, gettext, ngettext } from "../core/texts.js";
import { GroupDetails } from "./group-details.js";
import { Done } from "./group-done.js";
import { GroupFlags } from "./group-flags.js";
import { showSlow, slowSelect, slowWords } from "./group-slow.js";
import { GroupTiles } from "./group-tiles.js";
import { byTalk, groupName, TALKS, talkMeaning, talkName, talkSign, whyWords } from "./group-words.js";

// Milliseconds.
const EVERY = 3_000;
const PAGE = 500;
const MOST_PAGES = 8;
const MUTED_FOR = 600;
const KEPT = 200;
const REGROUPING = new Set(["vote_closed", "discuss", "revote", "revote_closed"]);
const SORTS = {
  talk: [gettext("by how they talk"), (a, b) => TALKS.indexOf(a.talk) - TALKS.indexOf(b.talk)],
  number: [gettext("by number"), () => 0],
  quiet: [gettext("longest quiet first"), (a, b) => (a.last_at ?? 0) - (b.last_at ?? 0)],
  messages: [gettext("most messages first"), (a, b) => b.messages - a.messages],
};

/**
 * The partner groups at a glance, and what the lecturer does with them. `connect({request, api, slug, room, me})` once, where
 * `request(action, fields)` sends a command, `slug()` is the course and `room` its room; then `render({session, figures, enabled})`.
 *
 * What is shown is read again every few seconds, while somebody can see it. No text is read before a visit.
 */
export class PeerGroups extends HTMLElement {
  #request;
  #api;
  #slug;
  #room;
  #courseSlow = null;
  #done = new Done(() => this.#refresh());
  #flags;
  #details;
  #parts = {};
  #state = { phase: null, enabled: false, groups: 0, flags: 0 };
  #groups = [];
  #tiles = new GroupTiles((group) => this.#show(group));
  #filter = null;
  #sort = "talk";
  #open = null;
  #visit = null;
  #timer = null;
  #reading = false;
  #again = false;
  #onScreen = false;
  #watcher = null;

  connect({ request, api, slug, room, me }) {
    this.#room = room;
    this.#request = request;
    this.#api = api;
    this.#slug = slug;
    this.#flags = new GroupFlags({
      remove: (message) => this.#remove(message),
      mute: (user) => this.#mute(user),
      settle: (flagged) => this.#settle(flagged),
      visit: (group) => this.#show(group),
    });
    this.#details = new GroupDetails({
      me,
      visit: () => this.#readAlong(),
      say: (text) => this.#say(text),
      split: (group) => this.#split(group),
      join: (group, other) => this.#join(group, other),
      move: (member, from, to) => this.#move(member, from, to),
      mute: (user) => this.#mute(user),
      unmute: (user) => this.#unmute(user),
      remove: (message) => this.#remove(message),
      restore: (message) => this.#restore(message),
      close: () => this.#show(null),
    });
    this.#build();
    this.#watcher = new IntersectionObserver(([{ isIntersecting }]) => {
      this.#onScreen = isIntersecting;
      this.#later(0);
    });
    this.#watcher.observe(this);
    document.addEventListener("visibilitychange", this.#seen);
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
    this.#watcher?.disconnect();
    document.removeEventListener("visibilitychange", this.#seen);
  }

  #seen = () => this.#later(0);

  #build() {
    const parts = this.#parts;
    parts.title = h("h2", { id: "groups-title" }, gettext("Groups"));
    parts.badge = h("span", { class: "tag groups-badge", data: { testid: "flags-badge" }, hidden: true });
    parts.ask = h("div", { class: "groups-ask", data: { testid: "ask" }, hidden: true });
    parts.text = h("input", { type: "text", dir: "auto", autocomplete: "off", "aria-label": gettext("A message to all groups"), placeholder: gettext("A message to all groups"), data: { testid: "groups-text" } });
    parts.tell = h("button", { type: "submit", class: "button", data: { testid: "groups-tell" } }, gettext("Tell all"));
    parts.form = h("form", { class: "groups-say", on: { submit: (event) => this.#tell(event) } }, parts.text, parts.tell);
    guardEnter(parts.form);
    parts.slow = slowSelect("groups-slow", (seconds) => this.#slowDown(seconds));
    parts.slowCourse = slowSelect("course-slow", (seconds) => this.#slowCourse(seconds));
    parts.filters = h("div", { class: "groups-filters", role: "group", "aria-label": gettext("Show") });
    parts.sort = h(
      "select",
      { data: { testid: "groups-sort" }, on: { change: () => this.#resort(parts.sort.value) } },
      Object.entries(SORTS).map(([name, [text]]) => h("option", { value: name }, text)),
    );
    const field = (text, select) => h("label", { class: "groups-field" }, text, select);
    parts.all = h(
      "div",
      { class: "groups-all" },
      parts.ask,
      parts.form,
      h("div", { class: "groups-bar" }, parts.filters, field(gettext("Sort"), parts.sort), field(gettext("Partners write"), parts.slow), field(gettext("Course chat"), parts.slowCourse)),
      this.#details.element,
      this.#tiles.element,
    );
    this.append(h("div", { class: "card-head" }, parts.title, parts.badge), this.#done.element, this.#flags.element, parts.all);
  }

  render({ session, figures, enabled }) {
    const before = this.#state;
    const now = { phase: session.known ? session.phase : null, enabled, groups: figures?.groups ?? 0, flags: figures?.flags ?? 0 };
    this.#state = now;
    show(this, now.groups > 0 || now.flags > 0);
    show(this.#parts.all, now.groups > 0);
    show(this.#parts.badge, now.flags > 0);
    setText(this.#parts.badge, fill(ngettext("%(count)s flag", "%(count)s flags", now.flags), { count: number(now.flags) }));
    for (const name of ["tell", "slow", "slowCourse"]) setAttribute(this.#parts[name], "disabled", !enabled);
    if (now.flags !== before.flags || now.groups !== before.groups || now.phase !== before.phase) this.#later(0);
    if (now.enabled !== before.enabled) this.#draw();
  }

  // --- keys ------------------------------------------------------------------------------------

  enter() {
    return enters(this.#parts.ask.querySelector("button")) || enters(this.#tiles.element.querySelector("button"));
  }

  write() {
    return enters(this.#parts.text);
  }

  undo() {
    return this.#done.undo();
  }

  // --- reading ---------------------------------------------------------------------------------

  #later(wait = EVERY) {
    clearTimeout(this.#timer);
    if (!this.isConnected || this.hidden || document.hidden || !this.#onScreen) return;
    this.#timer = setTimeout(() => this.#refresh(), wait);
  }

  /** Read the groups, the flags and what the group that is visited says. */
  async #refresh() {
    clearTimeout(this.#timer);
    // What is on its way may be older than what was just done.
    this.#again = this.#reading;
    if (this.#reading) return;
    this.#reading = true;
    await this.#read().catch(() => {});
    this.#reading = false;
    this.#later(this.#again ? 0 : EVERY);
  }

  async #read() {
    this.#courseSlow ??= (await this.#api.get(`rooms/${this.#room}/`)).slow_seconds;
    const [flags] = await Promise.all([
      this.#state.flags ? this.#api.get(GroupFlags.path(this.#slug())) : { results: [] },
      this.#state.groups ? this.#readGroups() : this.#take([], []),
    ]);
    this.#flags.render(flags.results);
    await this.#readOn();
    this.#draw();
  }

  async #readGroups() {
    const found = [];
    let ask = [];
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const part = await this.#api.get(`courses/${this.#slug()}/groups/`, { limit: PAGE, offset: page * PAGE });
      found.push(...part.results);
      ({ ask } = part);
      if (!part.next) break;
    }
    this.#take(found, ask);
  }

  #take(groups, ask) {
    this.#groups = groups;
    if (!groups.some((one) => one.group === this.#open)) {
      this.#open = null;
      this.#visit = null;
    }
    this.#drawAsk(ask);
  }

  async #readOn() {
    const visit = this.#visit;
    if (visit === null || visit.group !== this.#open) return;
    const after = visit.texts.at(-1)?.seq ?? 0;
    try {
      const { room_messages: more } = await this.#api.get(`courses/${this.#slug()}/groups/${visit.group}/messages/`, { after });
      if (more.length && this.#visit === visit) this.#visit = { ...visit, texts: [...visit.texts, ...more].slice(-KEPT) };
    } catch (error) {
      // The visit has run out: reading on takes another line in the room, and so another click.
      if (error.code === "permission_denied") this.#visit = null;
      else throw error;
    }
  }

  // --- drawing ---------------------------------------------------------------------------------

  #draw() {
    const counts = byTalk(this.#groups);
    this.#drawFilters(counts);
    this.#drawTiles();
    const { phase, enabled } = this.#state;
    const open = this.#groups.find((one) => one.group === this.#open) ?? null;
    const visited = this.#visit !== null && this.#visit.group === this.#open;
    this.#details.render(open, this.#groups, { now: Date.now() / 1000, enabled, regroups: REGROUPING.has(phase), visited });
    if (visited) this.#details.renderMessages(this.#visit.texts);
    const slow = Math.max(0, ...this.#groups.map((one) => one.slow_seconds));
    showSlow(this.#parts.slow, slow);
    showSlow(this.#parts.slowCourse, this.#courseSlow);
  }

  #drawAsk(ask) {
    const { ask: element } = this.#parts;
    const drawn = JSON.stringify(ask);
    show(element, ask.length > 0);
    if (element.dataset.drawn === drawn) return;
    element.dataset.drawn = drawn;
    const lead = ngettext("Ask this group:", "Ask these groups:", ask.length);
    element.replaceChildren(
      h("strong", {}, lead),
      ...ask.map(({ group, why }) =>
        h(
          "button",
          { type: "button", class: "button small groups-asked", data: { testid: "ask-group", talk: why[0], group }, on: { click: () => this.#show(group) } },
          h("span", { class: "groups-number" }, groupName(group)),
          h("span", {}, whyWords(why)),
        ),
      ),
    );
  }

  #drawFilters(counts) {
    const { filters } = this.#parts;
    const some = TALKS.filter((talk) => counts[talk]);
    if (this.#filter && !counts[this.#filter]) this.#filter = null;
    const drawn = JSON.stringify([some.map((talk) => [talk, counts[talk].length]), this.#filter, this.#groups.length]);
    if (filters.dataset.drawn === drawn) return;
    filters.dataset.drawn = drawn;
    const focused = focusedNear(this)?.closest?.("[data-filter]")?.dataset.filter;
    const filter = (talk, text, count, sign) =>
      h(
        "button",
        { type: "button", class: "groups-filter", "aria-pressed": String(this.#filter === talk), title: talk ? talkMeaning(talk) : null, data: { filter: talk ?? "", talk: talk ?? "" }, on: { click: () => this.#only(talk) } },
        sign ? h("span", { class: "groups-sign", "aria-hidden": "true" }, sign) : null,
        h("span", {}, text),
        h("span", { class: "groups-count" }, number(count)),
      );
    filters.replaceChildren(filter(null, gettext("All"), this.#groups.length, null), ...some.map((talk) => filter(talk, talkName(talk), counts[talk].length, talkSign(talk))));
    if (focused !== undefined) filters.querySelector(`[data-filter="${focused}"]`)?.focus();
  }

  #drawTiles() {
    const wanted = this.#groups.filter((one) => this.#filter === null || one.talk === this.#filter);
    this.#tiles.render(wanted.sort(SORTS[this.#sort][1]), this.#open);
  }

  #only(talk) {
    this.#filter = this.#filter === talk ? null : talk;
    this.#draw();
  }

  #resort(name) {
    this.#sort = name;
    this.#draw();
  }

  #show(group) {
    const former = this.#open;
    this.#open = group;
    if (this.#visit?.group !== group) this.#visit = null;
    this.#draw();
    if (group !== null) this.#details.element.scrollIntoView({ block: "nearest" });
    else this.#tiles.focus(former);
  }

  // --- what the lecturer does ------------------------------------------------------------------

  async #readAlong() {
    const group = this.#open;
    const visited = await this.#done.run(() => this.#request("visit_group", { group }), null);
    if (!visited || this.#open !== group) return;
    this.#visit = { group, texts: visited.room_messages };
    this.#draw();
  }

  #say(text) {
    const group = this.#open;
    return this.#done.run(() => this.#request("say_to_group", { group, text }), fill(gettext("%(group)s has your answer."), { group: groupName(group) }));
  }

  async #tell(event) {
    event.preventDefault();
    const { text: field } = this.#parts;
    const text = trimmed(field.value);
    if (!shows(text)) return;
    if (await this.#done.run(() => this.#request("tell_groups", { text }), gettext("All groups have your message."))) field.value = "";
  }

  #slowDown(seconds) {
    const before = Math.max(0, ...this.#groups.map((one) => one.slow_seconds));
    const slow = (value) => this.#request("slow_groups", { seconds: value });
    this.#done.run(() => slow(seconds), `${gettext("Groups")}: ${slowWords(seconds)}`, () => slow(before));
  }

  #slowCourse(seconds) {
    const before = this.#courseSlow;
    const slow = async (value) => {
      this.#courseSlow = (await this.#api.ask("PATCH", `rooms/${this.#room}/`, { body: { slow_seconds: value } })).slow_seconds;
    };
    this.#done.run(() => slow(seconds), `${gettext("Course chat")}: ${slowWords(seconds)}`, () => slow(before));
  }

  #split({ group, members }) {
    const before = new Set(this.#groups.map((one) => one.group));
    const back = async () => {
      await this.#readGroups();
      const made = this.#groups.find((one) => !before.has(one.group) && one.members.every(({ username }) => members.some((member) => member.username === username)));
      return this.#request("join_groups", { groups: [group, made?.group ?? 0] });
    };
    this.#done.run(() => this.#request("split_group", { group }), fill(gettext("%(group)s is split in two."), { group: groupName(group) }), back);
  }

  #join({ group, members: own }, other) {
    const members = this.#groups.find((one) => one.group === other)?.members.map(({ username }) => username) ?? [];
    // Who was alone before is not left alone again.
    const back = members.length > 1 && own.length > 1 ? () => this.#request("split_group", { group, members }) : null;
    const said = fill(gettext("%(other)s has joined %(group)s."), { other: groupName(other), group: groupName(group) });
    this.#done.run(() => this.#request("join_groups", { groups: [group, other] }), said, back);
  }

  #move({ username, ...member }, from, to) {
    const move = (group) => this.#request("move_student", { username, group });
    const said = fill(gettext("%(name)s is in %(group)s now."), { name: isolated(shownName(member) || username), group: groupName(to) });
    focusedNear(this)?.blur();
    this.#done.run(() => move(to), said, () => move(from));
  }

  #mute(user) {
    const path = `courses/${this.#slug()}/mutes/`;
    const said = fill(gettext("%(name)s is muted for ten minutes."), { name: isolated(shownName(user)) });
    this.#done.run(() => this.#api.post(path, { username: user.username, seconds: MUTED_FOR }), said, () => this.#api.delete(`${path}${encodeURIComponent(user.username)}/`));
  }

  #unmute(user) {
    const path = `courses/${this.#slug()}/mutes/`;
    const left = Math.max(1, Math.ceil((user.muted_until ?? 0) - Date.now() / 1000));
    const said = fill(gettext("%(name)s may write again."), { name: isolated(shownName(user)) });
    this.#done.run(() => this.#api.delete(`${path}${encodeURIComponent(user.username)}/`), said, () => this.#api.post(path, { username: user.username, seconds: left }));
  }

  #remove(message) {
    const path = `rooms/${message.room}/messages/${message.seq}/`;
    this.#done.run(() => this.#set(message, () => this.#api.delete(path)), gettext("the message is removed."), () => this.#set(message, () => this.#api.post(`${path}restore/`)));
  }

  #restore(message) {
    const path = `rooms/${message.room}/messages/${message.seq}/`;
    this.#done.run(() => this.#set(message, () => this.#api.post(`${path}restore/`)), gettext("the message is shown again."), () => this.#set(message, () => this.#api.delete(path)));
  }

  /** Change a message, of which the one that the server answers takes the place. */
  async #set(message, change) {
    const changed = (await change()) ?? { ...message, text: "" };
    if (this.#visit) this.#visit = { ...this.#visit, texts: this.#visit.texts.map((one) => (one.id === message.id ? changed : one)) };
    return changed;
  }

  #settle({ message, since }) {
    const settle = (fields) => this.#api.post(`courses/${this.#slug()}/flags/`, { message: message.id, ...fields });
    this.#done.run(() => settle({ settled: true }), gettext("the flagged message is settled."), () => settle({ settled: false, since }));
  }
}

customElements.define("peer-groups", PeerGroups);
