import { Api } from "./api.js";
import { missed, PAGE } from "./missed.js";
import { OF_STUDENTS } from "./paths.js";
import { Pauses } from "./pauses.js";
import { ServerClock } from "./server-clock.js";
import { newUuid, PeerError, reconnectWait } from "./socket.js";

/** The newest messages, which are looked at again for some that were removed. */
const MODERATED = 50;
const LOG_IN_AGAIN = 401;
const SHUT_OUT = "permission_denied";
const NO_ROOM = "invalid_room_id";

const DEFAULTS = {
  firstWait: 500,
  maxWait: 30_000,
  stableAfter: 10_000,
  requestTimeout: 10_000,
  checkTimeout: 6_000,
  // Seconds that a request waits for a message: less than proxies commonly allow.
  wait: 20,
  // While the partners talk they may change, which no message tells: the state is read more often.
  waitInDiscussion: 8,
  pollSlack: 8_000,
  // Where a server does not let requests wait, this keeps them apart.
  pause: 2_000,
  leadEvery: 2_000,
  // A transition reaches the whole class at once; its pages do not all ask back at once.
  spread: 250,
};

/**
 * What `PeerSocket` does, over HTTP: commands are requests, and messages are waited for by long polling, one
 * request at a time in the course's room and one in the partners'.
 *
 * Events and status are those of the socket. What the server tells sockets by events without a stored form is
 * read again now and then and comes as `message_removed`, `read`, `local.snapshot` or `local.present`. With `leading` the
 * figures are read as well, and the rooms are left to another connection of the page.
 */
export class PeerPoll extends EventTarget {
  course;
  #room;
  #api;
  #clock = new ServerClock();
  #leading;
  #options;
  #run = null;
  #attempt = 0;
  #timers = { retry: null, stable: null };
  #requests = new Set();
  #pauses = new Pauses();
  #heads = new Map();
  #polling = new Set();
  #posting = new Map();
  #partners = null;
  #phase = null;
  #told = null;
  #removed = new Set();
  #lookedAt = 0;
  #since = 0;
  #due = false;

  /** `course`: the slug, which may change; `api`: the path of the API; `token`: as for the socket; `csrf`: what Django wants to see with requests. */
  constructor({ course, room, api, token = null, csrf = null, leading = false, ...options }) {
    super();
    this.course = course;
    this.#room = room;
    this.#api = new Api({ url: api, token, csrf });
    this.#leading = leading;
    this.#options = { ...DEFAULTS, ...options };
    this.status = { state: "waiting", retryAt: null, reason: null };
  }

  get clockOffset() {
    return this.#clock.offset;
  }

  get isOpen() {
    return this.status.state === "open";
  }

  start() {
    addEventListener("online", this.#wake);
    addEventListener("pageshow", this.#wake);
    document.addEventListener("visibilitychange", this.#wake);
    this.#connect();
  }

  /** It can be started again. */
  stop() {
    this.#end("stopped");
  }

  retryNow() {
    if (this.status.state === "waiting") this.#connect();
  }

  reset() {
    if (this.status.state !== "ended") this.#lost();
  }

  /** Whether the server answers over HTTP and lets us in. */
  async works() {
    try {
      await this.#ask("GET", `courses/${this.course}/state/`, { timeout: this.#options.checkTimeout });
      return true;
    } catch {
      return false;
    }
  }

  /** As the socket's. */
  async request(action, fields = {}, { uuid = newUuid(), timeout = this.#options.requestTimeout } = {}) {
    if (!this.isOpen) throw new PeerError("not_connected", "Not connected.");
    const run = this.#run;
    try {
      return await this.#carryOut(action, fields, { uuid, timeout });
    } catch (error) {
      if (run !== this.#run) throw new PeerError("not_connected", "The connection was lost.");
      throw error;
    }
  }

  send(action, fields = {}) {
    if (this.isOpen) this.request(action, fields).catch(() => {});
  }

  async #carryOut(action, { room, ...fields }, { uuid, timeout }) {
    if (OF_STUDENTS[action]) {
      const { course, ...body } = fields;
      return this.#ask("POST", `courses/${course}/${OF_STUDENTS[action]}/`, { body: { uuid, ...body }, timeout, keepalive: true });
    }
    switch (action) {
      case "state":
        return this.#state(timeout);
      case "select_room": {
        const page = await this.#messages(room, { limit: fields.limit }, timeout);
        const lastSeq = page.results.at(-1)?.seq ?? page.last_seq;
        this.#note(room, lastSeq);
        return { room, room_messages: page.results, last_seq: lastSeq };
      }
      case "history": {
        const { results } = await this.#messages(room, fields, timeout);
        return { room, room_messages: results, more: results.length > 0 && results[0].seq > 1 };
      }
      case "resume":
        return this.#resume(fields.rooms, timeout);
      case "list_users":
        return this.#ask("GET", `rooms/${room}/users/`, { timeout });
      case "new_message":
        return this.#post(room, { uuid, ...fields }, timeout);
      case "mark_read":
        return this.#ask("POST", `rooms/${room}/read/`, { body: fields, timeout, keepalive: true }); // on leaving
      case "typing":
        return {};
      default:
        return this.#control({ uuid, action, ...fields }, timeout);
    }
  }

  async #control(body, timeout = this.#options.requestTimeout) {
    const reply = await this.#ask("POST", `courses/${this.course}/control/`, { body, timeout });
    if (body.action !== "figures") this.#look().catch(() => {});
    return reply;
  }

  async #state(timeout = this.#options.requestTimeout) {
    const sent = Date.now();
    const state = await this.#ask("GET", `courses/${this.course}/state/`, { timeout });
    this.#clock.measure(sent, state.server_time);
    this.#lookedAt = sent;
    this.#since = state.server_time;
    this.#phase = state.phase;
    this.#partners = state.room;
    this.#watch();
    return state;
  }

  async #post(room, body, timeout) {
    const posted = this.#ask("POST", `rooms/${room}/messages/`, { body, timeout });
    this.#posting.set(room, posted.catch(() => {}));
    const message = await posted;
    this.#emit({ action: "new_message", uuid: body.uuid, status: "success", room, message });
    return { room, message };
  }

  async #resume(rooms, timeout) {
    const entries = Object.entries(rooms).map(async ([room, seen]) => [room, await this.#missed(room, seen, timeout)]);
    return { rooms: Object.fromEntries(await Promise.all(entries)) };
  }

  async #missed(room, seen, timeout) {
    try {
      const found = await missed(seen, (query) => this.#messages(room, query, timeout));
      this.#note(room, found.last_seq);
      return found;
    } catch (error) {
      if (error.code === NO_ROOM) return { error_code: NO_ROOM };
      throw error;
    }
  }

  #messages(room, query, timeout) {
    return this.#ask("GET", `rooms/${room}/messages/?${new URLSearchParams(query)}`, { timeout });
  }

  /** The page has the messages of a room up to this one: the next ones are waited for. */
  #note(room, seq) {
    // Who polls gets there, and must see each message that tells of a transition.
    if (!this.#polling.has(room)) this.#heads.set(room, seq);
    this.#watch();
  }

  #watch() {
    if (!this.isOpen || this.#leading) return;
    for (const room of [this.#room, this.#partners]) {
      if (this.#heads.has(room) && !this.#polling.has(room)) this.#poll(room, this.#run);
    }
  }

  async #poll(room, run) {
    const polling = this.#polling;
    polling.add(room);
    // A transition may have come between the page's snapshot and its messages.
    if (room === this.#room) this.#due = true;
    await this.#repeat(run, async () => {
      if (room !== this.#room && room !== this.#partners) return false;
      try {
        if (room === this.#room && this.#isLookDue()) await this.#look();
        if (run === this.#run) await this.#pollOnce(room, run);
      } catch (error) {
        if (error.code !== NO_ROOM) throw error;
        this.#heads.delete(room);
        this.#emit({ action: "room_removed", room });
        return false;
      }
      return true;
    });
    polling.delete(room);
  }

  async #pollOnce(room, run) {
    const began = Date.now();
    const wait = this.#wait();
    const page = await this.#messages(
      room,
      { after: this.#heads.get(room), limit: PAGE, wait, ...(room === this.#room && { since: this.#since }) },
      wait * 1000 + this.#options.pollSlack,
    );
    // One's own message is not to be shown as stored while it is still shown as on its way.
    await this.#posting.get(room);
    if (run !== this.#run) return;
    const { results } = page;
    for (const message of results) this.#emit({ action: "new_message", status: "success", room, message });
    if (results.length) this.#heads.set(room, results.at(-1).seq);
    if (room === this.#room && results.some((one) => one.kind === "control")) {
      this.#due = true;
      await this.#pauses.wait(Math.random() * this.#options.spread);
    } else if (page.state_changed) this.#due = true;
    else if (!results.length && Date.now() - began < Math.min(1_000, wait * 500)) {
      await this.#pauses.wait(this.#options.pause * (0.75 + Math.random() / 2));
    }
  }

  #wait() {
    return this.#phase === "discuss" ? this.#options.waitInDiscussion : this.#options.wait;
  }

  #isLookDue() {
    return this.#due || Date.now() - this.#lookedAt >= this.#wait() * 1000;
  }

  /** Read where the class stands, and tell the page if that is news. */
  async #look() {
    const run = this.#run;
    const { server_time: _, ...state } = await this.#state();
    if (run !== this.#run) return;
    this.#due = false;
    const told = JSON.stringify(state);
    if (told !== this.#told) {
      this.#told = told;
      this.#emit({ ...state, action: "local.snapshot" });
    }
    if (this.#leading) return;
    const { results, last_read_seq: read } = await this.#messages(this.#room, { limit: MODERATED });
    if (run !== this.#run) return;
    if (read !== undefined) this.#emit({ action: "read", room: this.#room, seq: read }); // not of older servers
    for (const message of results) {
      if (Boolean(message.text) !== this.#removed.has(message.seq)) continue;
      this.#removed[message.text ? "delete" : "add"](message.seq);
      this.#emit({ room: this.#room, ...(message.text ? { action: "message_restored", message } : { action: "message_removed", seq: message.seq }) });
    }
    if (state.phase !== "discuss" || !state.room) return;
    const { users } = await this.#ask("GET", `rooms/${state.room}/users/`);
    if (run === this.#run) this.#emit({ action: "local.present", room: state.room, users });
  }

  async #lead(run) {
    await this.#repeat(run, async () => {
      await this.#look();
      const figures = await this.#control({ uuid: newUuid(), action: "figures" });
      if (run !== this.#run) return false;
      this.#emit({ ...figures, action: "figures" });
      await this.#pauses.wait(this.#options.leadEvery * (0.75 + Math.random() / 2));
      return true;
    });
  }

  async #repeat(run, job) {
    const timedOut = await this.#pauses.repeat(job, () => run === this.#run, this.#options);
    if (timedOut) this.#lost();
  }

  /** Make a request; its answer, or a PeerError. */
  async #ask(method, path, { timeout = this.#options.requestTimeout, ...options } = {}) {
    const run = this.#run;
    const controller = new AbortController();
    this.#requests.add(controller);
    try {
      return await this.#api.ask(method, path, { timeout, controller, ...options });
    } catch (error) {
      if (run !== null && run === this.#run) {
        if (error.status === LOG_IN_AGAIN) this.#end("login");
        else if (error.code === "not_connected" && this.isOpen) this.#lost();
      }
      throw error;
    } finally {
      this.#requests.delete(controller);
    }
  }

  async #connect() {
    this.#abandon();
    this.#setStatus("connecting");
    const run = (this.#run = {});
    try {
      await this.#state();
    } catch (error) {
      if (run !== this.#run) return;
      if (error.code === SHUT_OUT) this.#end("forbidden");
      else this.#lost(error.retryAfter ?? 0);
      return;
    }
    if (run !== this.#run) return;
    this.#timers.stable = setTimeout(() => {
      this.#attempt = 0;
    }, this.#options.stableAfter);
    this.#setStatus("open");
    this.#emit({ action: "welcome", courses: [] });
    // Nobody tells how many are online.
    if (!this.#leading) this.#emit({ action: "presence", room: this.#room, online: null });
    if (this.#leading) this.#lead(run);
  }

  /** `retryAfter`: the seconds that the server asks for. */
  #lost(retryAfter = 0) {
    this.#abandon();
    const wait = retryAfter * 1000 + reconnectWait(this.#attempt, this.#options);
    this.#attempt += 1;
    this.#timers.retry = setTimeout(() => this.#connect(), wait);
    this.#setStatus("waiting", { retryAt: Date.now() + wait });
  }

  #end(reason) {
    removeEventListener("online", this.#wake);
    removeEventListener("pageshow", this.#wake);
    document.removeEventListener("visibilitychange", this.#wake);
    this.#abandon();
    this.#setStatus("ended", { reason });
  }

  /** Let go of all that is under way; the page resumes from what it has. */
  #abandon() {
    this.#run = null;
    for (const name of Object.keys(this.#timers)) clearTimeout(this.#timers[name]);
    for (const request of this.#requests) request.abort();
    this.#pauses.end();
    this.#heads.clear();
    this.#polling = new Set();
    this.#posting.clear();
    this.#told = null;
    this.#clock.reset();
  }

  #emit(frame) {
    this.dispatchEvent(new CustomEvent("frame", { detail: frame }));
  }

  #setStatus(state, { retryAt = null, reason = null } = {}) {
    this.status = { state, retryAt, reason };
    this.dispatchEvent(new CustomEvent("status", { detail: this.status }));
  }

  #wake = () => {
    if (!document.hidden) this.retryNow();
  };
}
