import { Outbox } from "./outbox.js";
import { PeerError } from "./socket.js";
import { hasGap, lastSeqs, partnerRoom, reduce, KEEP } from "./store.js";

const FIRST_PAGE = 50;
const OLDER_PAGE = 50;
const JUMP_PAGE = 100;
const PAGES_BACK = 20;
const AROUND = 10;
const READ_AFTER = 4_000;
const TYPING_EVERY = 3_000;
const GAP_PATIENCE = 1_500;
const PASSING = new Set(["rate_limited", "unavailable"]);

/**
 * The state of one course, kept up to date over `/ws/chat/`.
 *
 * Events: `change` (the state is another), `renamed` (the course has another slug), `ready` (after each
 * connection, once everything missed is here). With `snapshots: false` another socket keeps the phase up to date, through `dispatch`.
 */
export class ClassClient extends EventTarget {
  #turn = 0;
  #loading = new Set();
  #refreshing = null;
  #refreshTimer = null;
  #refreshedFor = new Map();
  #gapTimer = null;
  #readTimers = new Map();
  #typed = new Map();
  #clockOffset = 0;
  #snapshots;

  /** `api`: for what goes over HTTP in any case. */
  constructor({ socket, api, state, snapshots = true, outboxKey }) {
    super();
    this.socket = socket;
    this.api = api;
    this.state = state;
    this.#snapshots = snapshots;
    this.outbox = new Outbox(socket, { key: outboxKey });
    this.outbox.addEventListener("change", () => this.dispatchEvent(new Event("change")));
    socket.addEventListener("frame", ({ detail }) => this.#frame(detail));
    addEventListener("pagehide", () => this.#sendReads());
  }

  /** The server's time in seconds since the epoch; without a connection, by what was known of its clock before. */
  now() {
    this.#clockOffset = this.socket.clockOffset ?? this.#clockOffset;
    return Date.now() / 1000 + this.#clockOffset;
  }

  dispatch(event) {
    this.now();
    const before = this.state;
    this.state = reduce(before, event);
    if (this.state === before) return;
    if (this.state.course.slug !== before.course.slug) this.dispatchEvent(new Event("renamed"));
    this.dispatchEvent(new Event("change"));
    this.#settle();
  }

  /** As the socket's, but waits out `rate_limited` and `unavailable` a few times. */
  async request(action, fields) {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.socket.request(action, fields);
      } catch (error) {
        if (!PASSING.has(error.code) || attempt === 3) throw error;
        const seconds = error.retryAfter ?? 2 ** attempt;
        await new Promise((resolve) => setTimeout(resolve, seconds * 1000 + Math.random() * 250));
      }
    }
  }

  /** Load the messages before those known; resolves once they are in the state. */
  async loadOlder(room, limit = OLDER_PAGE) {
    const first = this.state.rooms[room]?.messages[0]?.seq;
    if (!first || this.#loading.has(`history:${room}`)) return;
    this.#loading.add(`history:${room}`);
    try {
      const reply = await this.request("history", { room, before: first, limit });
      this.dispatch({ ...reply, action: "local.history", room });
    } finally {
      this.#loading.delete(`history:${room}`);
    }
  }

  /** Have the newest messages of a room and who is there; resolves once they are in the state. */
  async openRoom(room) {
    if (this.state.rooms[room]?.loaded) await this.#askPresent(room);
    else await this.#load(room, { people: true });
  }

  /** Ask for what came in a room meanwhile, where nobody tells. */
  async catchUp(room) {
    const seen = lastSeqs(this.state)[room];
    if (seen !== undefined) await this.#resume({ [room]: seen });
  }

  /** Load older messages until one is there; false where it is too far back. */
  async loadUntil(room, seq) {
    const first = () => this.state.rooms[room]?.messages[0]?.seq ?? Infinity;
    const wanted = Math.max(seq - AROUND, 1);
    for (let page = 0; first() > wanted && page < PAGES_BACK; page += 1) {
      const before = first();
      await this.loadOlder(room, JUMP_PAGE);
      if (first() === before) break;
    }
    return first() <= seq;
  }

  /** Take the text of a message away from everybody. */
  async removeMessage(room, seq) {
    await this.api.delete(`rooms/${room}/messages/${seq}/`);
    this.dispatch({ action: "message_removed", room, seq });
  }

  /** Point a message out to those who lead the course, or take that back. */
  async flagMessage(room, seq, flagged) {
    await this.api.post(`rooms/${room}/messages/${seq}/flag/`, { flagged });
    this.dispatch({ action: "local.flagged", room, seq, flagged });
  }

  /** Drop what exceeds the memory kept for a room whose reader is at its end. */
  trim(room) {
    if ((this.state.rooms[room]?.messages.length ?? 0) > KEEP * 1.25) {
      this.dispatch({ action: "local.trimmed", room });
    }
  }

  /** Everything loaded of the room has been seen. The server is told a little later, once for many. */
  markRead(room) {
    const { lastSeq = 0, lastRead = 0, loaded } = this.state.rooms[room] ?? {};
    if (!loaded || lastSeq <= lastRead) return;
    this.dispatch({ action: "local.read", room, seq: lastSeq });
    if (this.#readTimers.has(room)) return;
    const wait = READ_AFTER * (1 + Math.random());
    this.#readTimers.set(room, setTimeout(() => this.#sendRead(room), wait));
  }

  typing(room) {
    const now = Date.now();
    if (now - (this.#typed.get(room) ?? 0) < TYPING_EVERY) return;
    this.#typed.set(room, now);
    this.socket.send("typing", { room });
  }

  /** Ask for a fresh snapshot, unless one is on its way. */
  refresh() {
    clearTimeout(this.#refreshTimer);
    this.#refreshTimer = null;
    this.#refreshing ??= this.#askState().finally(() => {
      this.#refreshing = null;
      this.#settle();
    });
    return this.#refreshing;
  }

  async #askState() {
    const reply = await this.request("state", { course: this.state.course.slug });
    this.dispatch({ ...reply, action: "local.snapshot" });
  }

  #frame(frame) {
    if (frame.action === "typing") this.dispatch({ ...frame, at: Date.now() });
    else this.dispatch(frame);
    if (frame.action === "welcome") this.#arrive();
    // Who was put with others came without a `presence` event: they were here before.
    if (frame.action === "partners" && this.state.rooms[frame.room]?.loaded) this.#askPresent(frame.room);
  }

  async #arrive() {
    const turn = ++this.#turn;
    this.#loading.clear();
    try {
      const seqs = lastSeqs(this.state);
      if (Object.keys(seqs).length) await this.#resume(seqs);
      await Promise.all([
        this.#load(this.state.course.room, { people: false }),
        this.#snapshots ? this.refresh() : null,
      ]);
    } catch (error) {
      if (turn !== this.#turn) return;
      // Without what was missed the page would show a wrong class; a new connection begins afresh.
      if (error instanceof PeerError) this.socket.reset();
      else throw error;
      return;
    }
    if (turn !== this.#turn) return;
    this.dispatchEvent(new Event("ready"));
    this.outbox.flush();
    const partners = partnerRoom(this.state);
    if (partners?.loaded) this.#askPresent(partners.id);
    this.#settle();
  }

  async #resume(rooms) {
    const reply = await this.request("resume", { rooms });
    this.dispatch({ action: "local.resumed", rooms: reply.rooms });
  }

  async #load(room, { people }) {
    if (!room || this.state.rooms[room]?.loaded || this.#loading.has(room)) return;
    this.#loading.add(room);
    try {
      const page = this.request("select_room", { room, limit: FIRST_PAGE });
      const present = people ? this.#askPresent(room) : null;
      const reply = await page;
      this.dispatch({ ...reply, action: "local.selected", room });
      await present;
    } finally {
      this.#loading.delete(room);
    }
  }

  async #askPresent(room) {
    try {
      const { users } = await this.request("list_users", { room });
      this.dispatch({ action: "local.present", room, users });
    } catch {
      // Nobody waits for it, and the next change tells it.
    }
  }

  /** Fetch what the state says is missing. */
  #settle() {
    if (!this.socket.isOpen) return;
    const partners = partnerRoom(this.state);
    if (partners && !partners.loaded && !partners.removed) {
      this.#load(partners.id, { people: true }).catch((error) => {
        if (error.code === "invalid_room_id") this.dispatch({ action: "room_removed", room: partners.id });
        this.#refreshSoon();
      });
    }
    if (!this.#gapTimer && Object.values(this.state.rooms).some(hasGap)) {
      this.#gapTimer = setTimeout(() => this.#fillGaps(), GAP_PATIENCE);
    }
    if (this.#snapshots && this.state.session.stale) this.#refreshSoon();
  }

  async #fillGaps() {
    this.#gapTimer = null;
    const seqs = lastSeqs(this.state);
    const rooms = Object.values(this.state.rooms).filter(hasGap);
    if (!rooms.length || !this.socket.isOpen) return;
    try {
      await this.#resume(Object.fromEntries(rooms.map((room) => [room.id, seqs[room.id]])));
    } catch {
      // A lost connection resumes by itself.
    }
  }

  /**
   * Ask for a snapshot because of `reason`, once in each epoch. Whatever made one page ask may have made
   * a whole class ask, so the wait is random.
   */
  refreshOnce(reason) {
    const { epoch } = this.state.session;
    if (this.#refreshedFor.get(reason) === epoch) return;
    this.#refreshedFor.set(reason, epoch);
    this.#refreshSoon();
  }

  #refreshSoon() {
    if (this.#refreshTimer || this.#refreshing) return;
    this.#refreshTimer = setTimeout(
      () => this.refresh().catch(() => {}),
      300 + Math.random() * 1_500,
    );
  }

  #sendRead(room) {
    clearTimeout(this.#readTimers.get(room));
    this.#readTimers.delete(room);
    const seq = this.state.rooms[room]?.lastRead;
    if (seq) this.socket.send("mark_read", { room, seq });
  }

  #sendReads() {
    for (const room of this.#readTimers.keys()) this.#sendRead(room);
  }
}
