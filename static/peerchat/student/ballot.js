import { tabStorage } from "../core/storage.js";
import { openRound } from "../core/store.js";
import { trimmed } from "../core/text.js";

// With `round_closed` the vote goes out should the round be opened again.
const LATER = new Set(["not_connected", "timeout", "round_closed"]);
const SOON = new Set(["rate_limited", "unavailable"]);

/**
 * The student's vote on its way: what was entered, kept in `storage` through reloads, and sent once
 * the button was pressed and there is a connection. A vote replaces the one before, so a resend is harmless;
 * one is under way at a time, so an older one cannot arrive after a newer one.
 */
export class Ballot extends EventTarget {
  #client;
  #storage;
  #key;
  #draft = null;
  #sending = false;
  #timer = null;

  constructor(client, { storage = tabStorage, key = "peerchat:ballot" } = {}) {
    super();
    this.#client = client;
    this.#storage = storage;
    this.#key = key;
    /** Why the last vote was refused, in words, or null. */
    this.error = null;
    try {
      this.#draft = JSON.parse(storage.getItem(key) ?? "null");
    } catch {
      this.#draft = null;
    }
  }

  /** What to show in the form of the open round: the draft, else the vote that counts, else nothing. */
  entry(session) {
    const round = openRound(session);
    const vote = round ? session.votes[round - 1] : null;
    return { choice: null, confidence: null, rationale: "", ...vote, ...this.#mine(session, round)?.fields };
  }

  /** Whether something is entered that is not the vote that counts. */
  changed(session) {
    const round = openRound(session);
    const fields = this.#mine(session, round)?.fields;
    if (!fields) return false;
    const vote = session.votes[round - 1];
    return (
      (fields.choice ?? null) !== (vote?.choice ?? null) ||
      (fields.confidence ?? null) !== (vote?.confidence ?? null) ||
      trimmed(fields.rationale ?? "") !== (vote?.rationale ?? "")
    );
  }

  /** The choice that the button was pressed for and that the server has not confirmed, or null. */
  pending(session, round) {
    const draft = this.#mine(session, round);
    return draft?.pressed ? draft.fields.choice : null;
  }

  edit(session, changes) {
    const round = openRound(session);
    if (!round) return;
    this.error = null;
    const fields = { ...this.entry(session), ...changes };
    this.#keep({ question: session.question.question, round, fields, pressed: false });
  }

  cast(session) {
    const round = openRound(session);
    if (!round) return;
    const fields = this.entry(session);
    if (!fields.choice) return;
    this.error = null;
    this.#keep({ question: session.question.question, round, fields, pressed: true });
    this.send();
  }

  /** Send what was pressed but not confirmed; to be called after a reconnection, and when a round opens. */
  async send() {
    const session = this.#client.state.session;
    const draft = this.#mine(session, openRound(session));
    if (this.#sending || this.#timer || !draft?.pressed) return;
    this.#sending = true;
    const { question, round, fields } = draft;
    const vote = { choice: fields.choice, confidence: fields.confidence, rationale: fields.rationale.trim() };
    // It names its round: on a slow line it may arrive when the next question is already open.
    const given = { ...vote, confidence: vote.confidence ?? undefined, question, round };
    let wait = null;
    try {
      const reply = await this.#client.socket.request("vote", { course: this.#client.state.course.slug, ...given });
      this.#client.dispatch({ action: "local.voted", question, round: reply.round, vote });
      if (this.#draft === draft) this.#keep(null);
    } catch (error) {
      if (SOON.has(error.code)) wait = (error.retryAfter ?? 2) * 1000;
      else if (error.code === "timeout") wait = 1000;
      else if (!LATER.has(error.code)) {
        this.error = error.message;
        if (this.#draft === draft) this.#keep({ ...draft, pressed: false });
      }
    } finally {
      this.#sending = false;
    }
    if (wait !== null) {
      this.#timer = setTimeout(() => {
        this.#timer = null;
        this.send();
      }, wait + Math.random() * 250);
    } else if (this.#draft && this.#draft !== draft) this.send();
  }

  /** Forget what belongs to another question or round. */
  tidy(session) {
    if (!this.#draft || !session.known) return;
    if (!this.#mine(session, session.round)) this.#keep(null);
  }

  #mine(session, round) {
    const draft = this.#draft;
    return draft && draft.question === session.question?.question && draft.round === round ? draft : null;
  }

  #keep(draft) {
    this.#draft = draft;
    if (draft) this.#storage.setItem(this.#key, JSON.stringify(draft));
    else this.#storage.removeItem(this.#key);
    this.dispatchEvent(new Event("change"));
  }
}
