import { PeerPoll } from "./poll.js";
import { PeerSocket, socketUrl } from "./socket.js";
import { tabStorage } from "./storage.js";

// Milliseconds that a handshake may take before HTTP is tried beside it.
const PATIENCE = 6_000;
const REMEMBER = "peerchat:over-http";

/**
 * The connection of a page to a course: a socket and, where none can be opened although HTTP works, requests
 * until one can. It has the interface and the events of `PeerSocket`; `status.slow` tells that it goes over HTTP.
 *
 * Either way begins with a `welcome`, upon which the client resumes from what it has. So nothing is lost or
 * comes twice when one takes over from the other.
 */
export class PeerTransport extends EventTarget {
  #socket;
  #poll;
  #active;
  #storage = tabStorage;
  #httpWorks = false;
  #patience = null;

  /** `path`: of the socket; `http`: what `PeerPoll` needs to know; `options`: other times than the usual ones. */
  constructor(path, { token = null, options = {}, ...http }) {
    super();
    this.#socket = new PeerSocket(socketUrl(path), { token, ...options });
    this.#poll = new PeerPoll({ token, ...http, ...options });
    this.#active = this.#socket;
    for (const one of [this.#socket, this.#poll]) {
      one.addEventListener("frame", ({ detail }) => {
        if (one === this.#active) this.dispatchEvent(new CustomEvent("frame", { detail }));
      });
    }
    this.#socket.addEventListener("status", () => this.#socketChanged());
    this.#poll.addEventListener("status", () => this.#pollChanged());
    this.#socket.addEventListener("refused", () => this.#refused());
  }

  get status() {
    return { ...this.#active.status, slow: this.#active === this.#poll };
  }

  get isOpen() {
    return this.#active.isOpen;
  }

  get clockOffset() {
    return this.#active.clockOffset;
  }

  /** Name the course by another slug, and connect to the socket at `path` from the next connection on. */
  rename(course, path) {
    this.#socket.move(socketUrl(path));
    this.#poll.course = course;
  }

  start() {
    // A page opened again behind the same network need not find out again.
    if (this.#storage.getItem(REMEMBER)) this.#fallBack();
    this.#socket.start();
  }

  stop() {
    this.#socket.stop();
    this.#poll.stop();
  }

  retryNow() {
    this.#active.retryNow();
    this.#socket.retryNow();
  }

  reset() {
    this.#active.reset();
  }

  request(action, fields, options) {
    return this.#active.request(action, fields, options);
  }

  send(action, fields) {
    this.#active.send(action, fields);
  }

  #socketChanged() {
    const { state, reason } = this.#socket.status;
    clearTimeout(this.#patience);
    if (state === "open") this.#takeOver();
    else if (state === "ended" && reason !== "stopped") this.#takeOver();
    else if (this.#active === this.#socket) {
      if (state === "connecting") this.#patience = setTimeout(() => this.#doubt(), PATIENCE);
      if (state === "waiting" && this.#httpWorks) {
        this.#fallBack();
        return;
      }
    }
    if (this.#active === this.#socket) this.#tell();
  }

  #pollChanged() {
    if (this.#active !== this.#poll) return;
    const { state, reason } = this.#poll.status;
    if (state === "ended" && reason !== "stopped") this.#socket.stop();
    this.#tell();
  }

  #takeOver() {
    this.#httpWorks = false;
    if (this.#socket.isOpen) this.#storage.removeItem(REMEMBER);
    if (this.#active === this.#socket) return;
    this.#active = this.#socket;
    this.#socket.rarely = false;
    this.#poll.stop();
  }

  async #refused() {
    this.dispatchEvent(new CustomEvent("refused"));
    if (this.#active !== this.#socket || !(await this.#poll.works()) || !this.#isStuck()) return;
    // The server may only just have come up: one more handshake decides.
    this.#httpWorks = true;
    this.#socket.retryNow();
  }

  async #doubt() {
    if ((await this.#poll.works()) && this.#isStuck()) this.#fallBack();
  }

  #isStuck() {
    const { state } = this.#socket.status;
    return this.#active === this.#socket && (state === "connecting" || state === "waiting");
  }

  #fallBack() {
    this.#httpWorks = false;
    this.#active = this.#poll;
    this.#socket.rarely = true;
    this.#storage.setItem(REMEMBER, "1");
    this.#poll.start();
  }

  #tell() {
    this.dispatchEvent(new CustomEvent("status", { detail: this.status }));
  }
}
