/** How far the server's clock is ahead of this machine's, from the answers that carry its time. */
export class ServerClock {
  #roundTrip = Infinity;

  /** Seconds, or null where nothing tells. */
  offset = null;

  /** An answer came just now to what was sent at `sent` (milliseconds). */
  measure(sent, serverTime) {
    const now = Date.now();
    const roundTrip = now - sent;
    // The quickest answer bounds the error best; a slow one must not replace it.
    if (typeof serverTime !== "number" || roundTrip > this.#roundTrip * 1.5) return;
    this.#roundTrip = roundTrip;
    this.offset = serverTime - (sent + now) / 2000;
  }

  /** The connection is another one, and so may be its server. */
  reset() {
    this.#roundTrip = Infinity;
    this.offset = null;
  }
}
