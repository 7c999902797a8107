import { PeerSocket, socketUrl } from "../core/socket.js";

// Milliseconds: between two requests where no socket opens, and until HTTP is tried beside a handshake.
const EVERY = 2_000;
const PATIENCE = 6_000;
const TIMEOUT = 10_000;
// A state that is older than one seen before is ignored this long; after that the server has gone back for good.
const IGNORED_FOR = 10_000;
const REFUSED = new Set([401, 403, 404]);

/**
 * What the server lets the screen show: over a socket, or by requests as long as none can be opened.
 *
 * Events: `show` (detail: the newest `screen`), and `status` (`status.state` is that of `PeerSocket`).
 */
export class ScreenFeed extends EventTarget {
  #socket;
  #url;
  #headers;
  #polling = false;
  #asking = false;
  #timer = null;
  #patience = null;
  #last = null;
  #seenAt = 0;
  #offset = null;

  /** `path`: of the socket; `url`: of the same over HTTP; `secret`: of a link, instead of a session. */
  constructor({ path, url, secret = null, options = {} }) {
    super();
    const protocols = secret ? { protocols: ["peerchat.v1", `screen.${secret}`] } : {};
    this.#socket = new PeerSocket(socketUrl(path), { ...protocols, welcome: "screen", ...options });
    this.#url = url;
    this.#headers = { Accept: "application/json", ...(secret && { Authorization: `screen ${secret}` }) };
    this.status = { state: "connecting", reason: null };
    this.#socket.addEventListener("frame", ({ detail }) => this.#take(detail));
    this.#socket.addEventListener("status", () => this.#changed());
    this.#socket.addEventListener("refused", () => this.#ask());
  }

  /** The time of the server in seconds since the epoch, as far as known. */
  now() {
    return Date.now() / 1000 + (this.#socket.clockOffset ?? this.#offset ?? 0);
  }

  start() {
    this.#socket.start();
  }

  stop() {
    this.#end("stopped");
  }

  #changed() {
    const { state, reason } = this.#socket.status;
    clearTimeout(this.#patience);
    if (this.status.state === "ended") return;
    if (state === "ended") this.#end(reason);
    else if (state === "open") {
      this.#polling = false;
      this.#socket.rarely = false;
      clearTimeout(this.#timer);
      this.#tell("open");
    } else if (!this.#polling) {
      if (state === "connecting") this.#patience = setTimeout(() => this.#ask(), PATIENCE);
      this.#tell(state);
    }
  }

  /** Ask over HTTP, and go on asking while the answers come and no socket does. */
  async #ask() {
    if (this.#asking || this.#socket.isOpen || this.status.state === "ended") return;
    this.#asking = true;
    clearTimeout(this.#timer);
    try {
      const answer = await fetch(this.#url, {
        headers: this.#headers,
        credentials: this.#headers.Authorization ? "omit" : "same-origin",
        cache: "no-store",
        signal: AbortSignal.timeout(TIMEOUT),
      });
      if (REFUSED.has(answer.status)) {
        this.#end("forbidden");
        return;
      }
      if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
      const body = await answer.json();
      if (this.#socket.isOpen) return;
      this.#polling = true;
      this.#socket.rarely = true;
      this.#offset = body.server_time - Date.now() / 1000;
      this.#tell("open");
      this.#take(body);
    } catch {
      // No network: the socket and the next request go on trying.
      if (!this.#socket.isOpen) this.#tell("waiting");
    } finally {
      this.#asking = false;
      if (this.#polling && !this.#socket.isOpen) this.#timer = setTimeout(() => this.#ask(), EVERY);
    }
  }

  #take(frame) {
    const now = Date.now();
    const isOlder = this.#last && (frame.epoch < this.#last.epoch || frame.revision < this.#last.revision);
    if (isOlder && now - this.#seenAt < IGNORED_FOR) return;
    this.#last = frame;
    this.#seenAt = now;
    this.dispatchEvent(new CustomEvent("show", { detail: frame }));
  }

  #end(reason) {
    clearTimeout(this.#timer);
    clearTimeout(this.#patience);
    this.#polling = false;
    this.#tell("ended", reason);
    if (this.#socket.status.state !== "ended") this.#socket.stop();
  }

  #tell(state, reason = null) {
    if (this.status.state === "ended") return;
    this.status = { state, reason };
    this.dispatchEvent(new Event("status"));
  }
}
