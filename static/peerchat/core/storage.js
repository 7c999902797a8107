/**
 * What a tab remembers. All scripts keep things here.
 *
 * Where the browser has no storage, forbids it or has no room left, as in some frames, apps and private windows,
 * things live as long as the page. So no call throws.
 */
export class TabStorage {
  #find;
  #memory = new Map();

  /** `find` returns the storage of the browser, or null; it may throw. */
  constructor(find) {
    this.#find = find;
  }

  /** The text under a key, or null. */
  getItem(key) {
    // What could not be written is newer than what the browser has.
    if (this.#memory.has(key)) return this.#memory.get(key);
    return this.#attempt((storage) => storage.getItem(key)) ?? null;
  }

  setItem(key, value) {
    const text = String(value);
    const isKept = this.#attempt((storage) => {
      storage.setItem(key, text);
      return true;
    });
    if (isKept) this.#memory.delete(key);
    else {
      this.#memory.set(key, text);
      // After a reload, nothing is better than something old.
      this.#attempt((storage) => storage.removeItem(key));
    }
  }

  removeItem(key) {
    const isGone = this.#attempt((storage) => {
      storage.removeItem(key);
      return true;
    });
    if (isGone) this.#memory.delete(key);
    else this.#memory.set(key, null);
  }

  #attempt(job) {
    try {
      return job(this.#find());
    } catch {
      return undefined;
    }
  }
}

/** The storage of this tab. */
export const tabStorage = new TabStorage(() => sessionStorage);
