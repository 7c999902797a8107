import { tabStorage } from "../core/storage.js";
import { contentOf, isSame, merge } from "./question-content.js";

// Milliseconds: after the last key, and after the first one at the latest.
const AFTER = 800;
const LATEST = 4_000;
const FIRST_RETRY = 1_500;
const RARE_RETRY = 30_000;
const PASSING = new Set(["not_connected", "timeout", "unavailable", "rate_limited"]);

/**
 * Saves a question as somebody types. What is not saved yet is kept in the tab, so that neither a lost network nor a
 * reload loses it. One request is under way at a time.
 *
 * `read()` gives the content as it is on the page. Events: `state` (another `state`: `saved`, `waiting`, `saving`,
 * `offline`, `refused` or `conflict`), `saved` (detail: the question as stored), `merged` (detail: the content with the
 * changes of somebody else in it, to show).
 */
export class QuestionSaver extends EventTarget {
  #api;
  #path;
  #read;
  #storage;
  #base;
  // What was sent for what is stored, which the server may have put a little differently.
  #sent = null;
  #timer = null;
  #first = null;
  #busy = null;
  #attempt = 0;
  #theirs = null;

  constructor({ api, course, question, read, storage = tabStorage }) {
    super();
    this.#api = api;
    this.#path = `courses/${course}/questions/`;
    this.#read = read;
    this.#storage = storage;
    this.#base = question;
    this.state = "saved";
    /** The fields that somebody else changed as well, while `state` is `conflict`. */
    this.conflicts = [];
    /** Why the server refused, while `state` is `refused`. */
    this.refusal = null;
    addEventListener("online", () => this.state === "offline" && this.#save());
  }

  /** The question as it is stored, as far as known. */
  get stored() {
    return this.#base;
  }

  /** The question as somebody else has stored it, while `state` is `conflict`. */
  get theirs() {
    return this.#theirs;
  }

  /**
   * What was typed before a reload and never saved, with what was changed since; null without. `state` may be `conflict`
   * then, of which no event tells: the page shows first what was typed.
   */
  restore() {
    let kept = null;
    try {
      kept = JSON.parse(this.#storage.getItem(this.#key) ?? "null");
    } catch {
      kept = null;
    }
    if (!kept) return null;
    const now = contentOf(this.#base);
    if (this.#isStored(kept.mine)) {
      this.#storage.removeItem(this.#key);
      return null;
    }
    if (kept.base.edit !== this.#base.edit) {
      const { merged, conflicts } = merge(contentOf(kept.base), kept.mine, now);
      if (conflicts.length) {
        this.#theirs = this.#base;
        this.#base = kept.base;
        this.conflicts = conflicts;
        this.state = "conflict";
        return kept.mine;
      }
      return merged;
    }
    return kept.mine;
  }

  /** Something was typed. */
  changed() {
    const mine = this.#read();
    if (this.#isStored(mine) && this.state !== "conflict") {
      this.#storage.removeItem(this.#key);
      if (!this.#busy) {
        clearTimeout(this.#timer);
        this.#become("saved");
      }
      return;
    }
    this.#storage.setItem(this.#key, JSON.stringify({ base: this.#base, mine }));
    if (this.state === "conflict") return;
    this.#first ??= Date.now();
    const wait = Math.max(Math.min(AFTER, this.#first + LATEST - Date.now()), 0);
    if (!this.#busy && this.state !== "offline") this.#become("waiting");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#save(), wait);
  }

  /** Save now, if there is anything to save; resolves when nothing is under way any more. */
  async flush() {
    clearTimeout(this.#timer);
    if (this.state !== "saved" && this.state !== "conflict") await this.#save();
  }

  /** The page goes away: send what is not saved, without waiting. */
  leave() {
    if (this.state === "saved" || this.state === "conflict") return;
    this.#put(this.#read(), { keepalive: true }).catch(() => {});
  }

  /** Another slug for the question. Raises PeerError. */
  async rename(slug) {
    await this.flush();
    while (this.#busy) await this.#busy;
    const mine = this.#read();
    this.#took(await this.#put(mine, { slug }), mine);
  }

  /** The question as the server has it now, perhaps changed by somebody else. */
  async look() {
    if (this.#busy || this.state === "conflict") return;
    const now = await this.#api.get(`${this.#path}${this.#base.question}/`);
    if (this.#busy || this.state === "conflict" || now.edit < this.#base.edit) return;
    const isChanged = now.edit > this.#base.edit;
    if (isChanged && !this.#isStored(this.#read())) {
      const { merged, conflicts } = merge(contentOf(this.#base), this.#read(), contentOf(now));
      // The save, which is due, says what is to be decided.
      if (conflicts.length) return;
      this.#rebase(now);
      this.#tell("merged", merged);
      this.changed();
      return;
    }
    this.#rebase(now);
    this.#tell("saved", now);
    if (isChanged) this.#tell("merged", contentOf(now));
  }

  /** End a conflict: these of its fields become as somebody else has them, the others as they are here. */
  resolve(fields) {
    if (this.state !== "conflict") return;
    const theirs = contentOf(this.#theirs);
    const { merged } = merge(contentOf(this.#base), this.#read(), theirs);
    for (const field of fields) merged[field] = theirs[field];
    this.#rebase(this.#theirs);
    this.#theirs = null;
    this.conflicts = [];
    this.#tell("merged", merged);
    this.#become("waiting");
    this.changed();
    this.flush();
  }

  get #key() {
    return `peerchat:question:${this.#path}${this.#base.question}`;
  }

  #save() {
    clearTimeout(this.#timer);
    if (this.#busy) return this.#busy;
    const mine = this.#read();
    this.#busy = this.#attemptSave(mine).finally(() => {
      this.#busy = null;
      const isTyped = this.state === "refused" && !isSame(this.#read(), mine);
      if (isTyped || (this.state === "saved" && !this.#isStored(this.#read()))) this.changed();
    });
    return this.#busy;
  }

  /** Whether a content is what the server has. One with problems is a draft there, whatever is wished for. */
  #isStored(mine) {
    if (this.#sent && isSame(mine, this.#sent)) return true;
    const now = contentOf(this.#base);
    return isSame(this.#base.problems.length ? { ...mine, draft: now.draft } : mine, now);
  }

  async #attemptSave(mine) {
    this.#first = null;
    const unreadable = ["number", "tolerance"].filter((field) => typeof mine[field] === "string");
    if (unreadable.length) {
      const problems = unreadable.map((field) => ({ field, flaw: `bad_${field}`, index: null, limit: null }));
      this.refusal = { code: "invalid_message_format", answer: { problems } };
      this.#become("refused");
      return;
    }
    this.#become("saving");
    try {
      const now = await this.#put(mine);
      this.#attempt = 0;
      this.#took(now, mine);
      this.refusal = null;
      this.#become("saved");
    } catch (error) {
      if (error.code === "edit_conflict" && error.answer?.current) this.#conflict(error.answer.current);
      else if (PASSING.has(error.code)) this.#retry(error);
      else {
        this.refusal = error;
        this.#become("refused");
      }
    }
  }

  #put(content, { slug, keepalive = false } = {}) {
    const { question, edit } = this.#base;
    const body = { ...content, edit, ...(slug !== undefined && { question: slug }) };
    // Without it, the stored one stays; older servers know no twins.
    if (content.twin_of === contentOf(this.#base).twin_of) delete body.twin_of;
    return this.#api.ask("PUT", `${this.#path}${question}/`, { body, keepalive });
  }

  #took(now, sent) {
    this.#rebase(now);
    this.#sent = sent;
    if (this.#isStored(this.#read())) this.#storage.removeItem(this.#key);
    this.#tell("saved", now);
  }

  /** Go on from what the server has; what is kept for a reload follows. */
  #rebase(now) {
    const kept = this.#storage.getItem(this.#key);
    if (kept !== null) this.#storage.removeItem(this.#key);
    if (now.edit !== this.#base.edit) this.#sent = null;
    this.#base = now;
    if (kept !== null) this.#storage.setItem(this.#key, JSON.stringify({ base: now, mine: this.#read() }));
  }

  #conflict(theirs) {
    // What is on the page now is newer than what was sent.
    const { merged, conflicts } = merge(contentOf(this.#base), this.#read(), contentOf(theirs));
    if (conflicts.length) {
      // A save would ask anew, and forget what somebody has chosen already.
      clearTimeout(this.#timer);
      this.#theirs = theirs;
      this.conflicts = conflicts;
      this.#become("conflict");
      return;
    }
    this.#rebase(theirs);
    this.#tell("merged", merged);
    this.#become("waiting");
    queueMicrotask(() => this.changed());
  }

  #retry(error) {
    const wait = Math.min(FIRST_RETRY * 2 ** this.#attempt, RARE_RETRY) * (0.75 + Math.random() / 2);
    this.#attempt += 1;
    this.#become("offline");
    this.#timer = setTimeout(() => this.#save(), Math.max(wait, (error.retryAfter ?? 0) * 1000));
  }

  #become(state) {
    const isOther = state !== this.state || state === "refused";
    this.state = state;
    if (isOther) this.dispatchEvent(new Event("state"));
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
