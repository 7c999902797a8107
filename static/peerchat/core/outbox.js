import { explain } from "./refusals.js";
import { newUuid } from "./socket.js";
import { tabStorage } from "./storage.js";

const RETRY = new Set(["rate_limited", "unavailable"]);
const WAIT_FOR_CONNECTION = new Set(["not_connected", "timeout"]);

/**
 * Messages on their way: `{uuid, room, text, replyTo, at, state, error}`, state `sending` or `failed`.
 *
 * They are kept in `storage` under `key`, so a reload loses none, and each keeps its uuid for life, so
 * the server stores it once however often it is sent. Of each room one is under way at a time: a
 * message that has to wait holds back the later ones instead of being overtaken by them.
 */
export class Outbox extends EventTarget {
  #socket;
  #storage;
  #key;
  #items = [];
  #busy = new Set();
  #timers = new Map();

  constructor(socket, { storage = tabStorage, key = "peerchat:outbox" } = {}) {
    super();
    this.#socket = socket;
    this.#storage = storage;
    this.#key = key;
    try {
      this.#items = JSON.parse(storage.getItem(key) ?? "[]");
    } catch {
      this.#items = [];
    }
  }

  /** All messages not yet acknowledged, oldest first. */
  get items() {
    return this.#items;
  }

  /** `replyTo`: the id of a message of the room. */
  add(room, text, replyTo = null) {
    const item = { uuid: newUuid(), room, text, replyTo, at: Date.now(), state: "sending", error: null };
    this.#change([...this.#items, item]);
    this.#next(room);
    return item.uuid;
  }

  /** Send a failed message again. */
  retry(uuid) {
    const item = this.#items.find((one) => one.uuid === uuid);
    if (!item) return;
    this.#update(uuid, { state: "sending", error: null });
    this.#next(item.room);
  }

  discard(uuid) {
    this.#change(this.#items.filter((item) => item.uuid !== uuid));
  }

  /** Send whatever waits; to be called after each reconnection, once missed messages are here. */
  flush() {
    for (const room of new Set(this.#items.map((item) => item.room))) this.#next(room);
  }

  async #next(room) {
    if (this.#busy.has(room) || this.#timers.has(room) || !this.#socket.isOpen) return;
    const item = this.#items.find((one) => one.room === room && one.state === "sending");
    if (!item) return;
    this.#busy.add(room);
    let wait = null;
    try {
      const fields = { room, text: item.text, ...(item.replyTo && { reply_to: item.replyTo }) };
      await this.#socket.request("new_message", fields, { uuid: item.uuid });
      this.discard(item.uuid);
    } catch (error) {
      if (RETRY.has(error.code)) wait = (error.retryAfter ?? 2) * 1000;
      else if (error.code === "timeout") wait = 1000;
      else if (!WAIT_FOR_CONNECTION.has(error.code)) {
        this.#update(item.uuid, { state: "failed", error: explain(error) });
      }
    } finally {
      this.#busy.delete(room);
    }
    if (wait === null) this.#next(room);
    else {
      const resume = () => {
        this.#timers.delete(room);
        this.#next(room);
      };
      this.#timers.set(room, setTimeout(resume, wait + Math.random() * 250));
    }
  }

  #update(uuid, changes) {
    this.#change(this.#items.map((item) => (item.uuid === uuid ? { ...item, ...changes } : item)));
  }

  #change(items) {
    this.#items = items;
    this.#storage.setItem(this.#key, JSON.stringify(items));
    this.dispatchEvent(new Event("change"));
  }
}
