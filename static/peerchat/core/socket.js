import { ServerClock } from "./server-clock.js";

/** An error reply, or a request that got no reply (`timeout`, `not_connected`). */
export class PeerError extends Error {
  constructor(code, message, { retryAfter = null, status = null, until = null, most = null, answer = null } = {}) {
    super(message);
    this.name = "PeerError";
    this.code = code;
    /** Seconds to wait before the same request may succeed, or null. */
    this.retryAfter = retryAfter;
    /** The HTTP status of the answer, or null where it did not come over HTTP. */
    this.status = status;
    /** When a mute ends, in seconds since the epoch, or null. */
    this.until = until;
    /** The number of rooms that one may have, where it is reached, or null. */
    this.most = most;
    /** The body of the answer over HTTP, for what only one kind of refusal has in it, or null. */
    this.answer = answer;
  }
}

const LOG_IN_AGAIN = new Set([4401, 4408]);
const SHUT_OUT = 4403;
const TOO_MUCH = 4429;
const PROTOCOL = "peerchat.v1";

const DEFAULTS = {
  firstWait: 500,
  maxWait: 30_000,
  rareWait: 60_000,
  stableAfter: 10_000,
  pingEvery: 20_000,
  pingTimeout: 6_000,
  welcomeTimeout: 12_000,
  requestTimeout: 10_000,
  failuresBeforeCheck: 3,
  // The first event of the server.
  welcome: "welcome",
};

/** A random wait in milliseconds before try number `attempt` (0, 1, 2 ...): at least `first`, at most `max`. */
export function reconnectWait(attempt, { firstWait: first, maxWait: max } = DEFAULTS, random = Math.random) {
  const ceiling = Math.min(max, first * 3 * 2 ** Math.min(attempt, 16));
  return first + random() * (ceiling - first);
}

/** The absolute WebSocket address of a path on this page's host. */
export function socketUrl(path, base = location) {
  return `${base.protocol === "https:" ? "wss:" : "ws:"}//${base.host}${path}`;
}

/** A UUID; `crypto.randomUUID` is missing on pages that are not served over HTTPS. */
export function newUuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/**
 * A WebSocket that comes back.
 *
 * Events: `status` (detail `{state, retryAt, reason}`; state `connecting`, `open`, `waiting` or
 * `ended`), and `frame` (detail: every event of the server, `welcome` first; replies go to their
 * request instead, except `new_message`, which is both). It is `open` once the server said welcome.
 * `ended` is final: `reason` is `login` or `forbidden`.
 */
export class PeerSocket extends EventTarget {
  #clock = new ServerClock();
  #url;
  #protocols;
  #options;
  #socket = null;
  #me = new Set();
  #pending = new Map();
  #attempt = 0;
  #failures = 0;
  #timers = { retry: null, stable: null, ping: null, welcome: null };
  #lastFrame = 0;
  #probing = false;

  /** `token`: the credential on a page that has no session cookie; `protocols`: other subprotocols instead. */
  constructor(url, { token = null, protocols = null, ...options } = {}) {
    super();
    this.#url = url;
    this.#protocols = protocols ?? (token ? [PROTOCOL, `token.${token}`] : []);
    this.#options = { ...DEFAULTS, ...options };
    this.status = { state: "waiting", retryAt: null, reason: null };
    /** Whether to try only about once in `rareWait`, and when the network changes. */
    this.rarely = false;
  }

  /** Seconds to add to this machine's clock to get the server's; null until a ping was answered. */
  get clockOffset() {
    return this.#clock.offset;
  }

  get isOpen() {
    return this.status.state === "open";
  }

  /** Connect to another address from the next connection on. */
  move(url) {
    this.#url = url;
  }

  /** Connect, and keep connected until `stop`. */
  start() {
    addEventListener("online", this.#wake);
    addEventListener("offline", this.#doubt);
    addEventListener("pageshow", this.#wake);
    document.addEventListener("visibilitychange", this.#visible);
    this.#connect();
  }

  stop() {
    removeEventListener("online", this.#wake);
    removeEventListener("offline", this.#doubt);
    removeEventListener("pageshow", this.#wake);
    document.removeEventListener("visibilitychange", this.#visible);
    this.#abandon();
    this.#setStatus("ended", { reason: "stopped" });
  }

  /** Try at once instead of at the end of the current wait. */
  retryNow() {
    if (this.status.state === "waiting") this.#connect();
  }

  /** Take the connection as dead and make a new one. */
  reset() {
    if (this.status.state === "ended") return;
    this.#lost();
  }

  /** Send a command; resolves with its reply, rejects with a PeerError. */
  request(action, fields = {}, { uuid = newUuid(), timeout = this.#options.requestTimeout } = {}) {
    if (!this.isOpen) return Promise.reject(new PeerError("not_connected", "Not connected."));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(uuid);
        reject(new PeerError("timeout", "The server did not answer in time."));
        // No answer may mean a dead connection that has not been noticed yet.
        this.#probe();
      }, timeout);
      this.#pending.set(uuid, { resolve, reject, timer });
      this.#socket.send(JSON.stringify({ uuid, action, ...fields }));
    });
  }

  /** Send a command whose reply nobody waits for; lost when not connected. */
  send(action, fields = {}) {
    if (this.isOpen) this.#socket.send(JSON.stringify({ uuid: newUuid(), action, ...fields }));
  }

  #connect() {
    this.#abandon();
    this.#setStatus("connecting");
    let socket;
    try {
      socket = new WebSocket(this.#url, this.#protocols);
    } catch {
      this.#wait();
      return;
    }
    this.#socket = socket;
    socket.onmessage = (event) => {
      if (socket === this.#socket) this.#receive(event.data);
    };
    socket.onclose = (event) => {
      if (socket === this.#socket) this.#closed(event.code);
    };
    this.#timers.welcome = setTimeout(() => this.#lost(), this.#options.welcomeTimeout);
  }

  #receive(data) {
    this.#lastFrame = Date.now();
    let frame;
    try {
      frame = JSON.parse(data);
    } catch {
      return;
    }
    if (frame.action === this.#options.welcome && !this.isOpen) {
      this.#me = new Set([frame.user?.username]);
      this.#opened();
    }
    if (frame.status === "error" && frame.error_code === "authentication_required") {
      this.#end("login");
      return;
    }
    // A frame cannot arrive before it was sent, so the server's clock is at least this far on.
    if (typeof frame.server_time === "number") {
      const atLeast = frame.server_time - Date.now() / 1000;
      if (this.#clock.offset === null || atLeast > this.#clock.offset) this.#clock.offset = atLeast;
    }
    const waiting = this.#pending.get(frame.uuid);
    // In a course with pseudonyms one's messages come under those that the welcome, the event and the state tell.
    for (const { me } of [frame, ...(frame.courses ?? [])]) {
      for (const name of me ? [me.username, ...me.earlier] : []) this.#me.add(name);
    }
    // A message of somebody else may have been given the same uuid.
    const isReply = frame.status && (!frame.message?.user || this.#me.has(frame.message.user.username));
    if (waiting && isReply) {
      this.#pending.delete(frame.uuid);
      clearTimeout(waiting.timer);
      if (frame.status === "success") waiting.resolve(frame);
      else {
        waiting.reject(
          new PeerError(frame.error_code, frame.error_message, {
            retryAfter: frame.retry_after ?? null,
            until: frame.until ?? null,
            most: frame.most ?? null,
          }),
        );
      }
    }
    if (!frame.status || (frame.action === "new_message" && frame.status === "success")) {
      this.dispatchEvent(new CustomEvent("frame", { detail: frame }));
    }
  }

  #opened() {
    clearTimeout(this.#timers.welcome);
    this.#failures = 0;
    this.#timers.stable = setTimeout(() => {
      this.#attempt = 0;
    }, this.#options.stableAfter);
    this.#clock.reset();
    this.#setStatus("open");
    this.#probe();
    this.#schedulePing();
  }

  #schedulePing() {
    clearTimeout(this.#timers.ping);
    // Spread out, so that a class that came together does not ping together.
    const wait = this.#options.pingEvery * (0.75 + Math.random() / 2);
    this.#timers.ping = setTimeout(() => {
      this.#probe();
      this.#schedulePing();
    }, wait);
  }

  async #probe() {
    if (!this.isOpen || this.#probing) return;
    this.#probing = true;
    const socket = this.#socket;
    const sent = Date.now();
    try {
      const reply = await this.request("ping", {}, { timeout: this.#options.pingTimeout });
      this.#clock.measure(sent, reply.time);
    } catch (error) {
      const heardSince = this.#lastFrame > sent;
      if (socket === this.#socket && error.code === "timeout" && !heardSince) this.#lost();
    } finally {
      this.#probing = false;
    }
  }

  #closed(code) {
    if (LOG_IN_AGAIN.has(code)) this.#end("login");
    else if (code === SHUT_OUT) this.#end("forbidden");
    else if (code === TOO_MUCH && document.hidden) this.#rest();
    else this.#lost();
  }

  #lost() {
    const neverOpened = !this.isOpen;
    this.#abandon();
    this.#wait();
    if (neverOpened) {
      this.#failures += 1;
      // A browser hides the status of a refused handshake; only a page request can tell a log-in that ended.
      if (this.#failures % this.#options.failuresBeforeCheck === 0) {
        this.dispatchEvent(new CustomEvent("refused"));
      }
    }
  }

  /** Wait until somebody looks: of too many open pages, those in the background must not push each other out. */
  #rest() {
    this.#abandon();
    this.#setStatus("waiting");
  }

  #wait() {
    const { rareWait } = this.#options;
    const wait = this.rarely ? rareWait * (0.75 + Math.random() / 2) : reconnectWait(this.#attempt, this.#options);
    this.#attempt += 1;
    this.#timers.retry = setTimeout(() => this.#connect(), wait);
    this.#setStatus("waiting", { retryAt: Date.now() + wait });
  }

  #end(reason) {
    this.#abandon();
    this.#setStatus("ended", { reason });
  }

  /** Let go of the current socket without waiting for a closing handshake that may never come. */
  #abandon() {
    for (const name of Object.keys(this.#timers)) clearTimeout(this.#timers[name]);
    const socket = this.#socket;
    this.#socket = null;
    if (socket) {
      socket.onmessage = null;
      socket.onclose = null;
      socket.close();
    }
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer);
      reject(new PeerError("not_connected", "The connection was lost."));
    }
    this.#pending.clear();
  }

  #setStatus(state, { retryAt = null, reason = null } = {}) {
    this.status = { state, retryAt, reason };
    this.dispatchEvent(new CustomEvent("status", { detail: this.status }));
  }

  #wake = () => {
    if (this.status.state === "waiting") this.#connect();
    else this.#probe();
  };

  #doubt = () => this.#probe();

  #visible = () => {
    if (!document.hidden) this.#wake();
  };
}
