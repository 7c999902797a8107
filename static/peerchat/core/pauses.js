import { reconnectWait } from "./socket.js";

/** Waits that can all be ended at once. */
export class Pauses {
  #waiting = new Set();

  /** Resolves after so many milliseconds, or when `end` is called. */
  wait(milliseconds) {
    return new Promise((resolve) => {
      const pause = { resolve, timer: null };
      pause.timer = setTimeout(() => {
        this.#waiting.delete(pause);
        resolve();
      }, milliseconds);
      this.#waiting.add(pause);
    });
  }

  /**
   * Do a job again and again until it answers false; where it fails, after a wait. Ends where a request gets no
   * answer in time, and then resolves to true, or where `goesOn` answers false.
   */
  async repeat(job, goesOn, options) {
    let failures = 0;
    while (goesOn()) {
      try {
        if (!(await job())) return false;
        failures = 0;
      } catch (error) {
        if (!goesOn()) return false;
        if (error.code === "timeout") return true;
        const wait = reconnectWait(failures, options);
        failures += 1;
        await this.wait((error.retryAfter ?? 0) * 1000 + wait);
      }
    }
    return false;
  }

  end() {
    for (const { timer, resolve } of this.#waiting) {
      clearTimeout(timer);
      resolve();
    }
    this.#waiting.clear();
  }
}
