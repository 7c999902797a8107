import { keyOf } from "../core/answers.js";
import { asAsked, missing } from "../core/asks.js";
import { explain } from "../core/refusals.js";
import { tabStorage } from "../core/storage.js";
import { openRound } from "../core/store.js";
import { shows, trimmed } from "../core/text.js";
import { gettext } from "../core/texts.js";

// With `round_closed` the vote goes out should the round be opened again.
const LATER = new Set(["not_connected", "timeout", "round_closed"]);
const SOON = new Set(["rate_limited", "unavailable"]);
const UNSURE = new Set(["not_connected", "timeout"]);

// Seconds before the close. Each page of a class sends its draft at a random moment between the two.
const FIRST_DRAFT = 3;
const LAST_DRAFT = 1.2;
// Seconds between two drafts while the student types, except right before the close.
const DRAFT_EVERY = 0.4;
const NO_WAIT = 0.6;

// Where an answer is typed, the question has not lost it.
const REFUSED = {
  number: gettext("The server could not read this number. Write it with digits, such as 9.81."),
  text: gettext("The server could not take this answer. Write it in other words."),
};

/**
 * The student's vote on its way: what was entered, kept in `storage` through reloads, and sent once
 * the button was pressed and there is a connection. A vote replaces the one before, so a resend is harmless;
 * one is under way at a time, so an older one cannot arrive after a newer one.
 *
 * When the round is about to close, or the page is put away, the page sends an entry without a vote as a draft,
 * which counts at the close. A later vote or draft of another device takes the place of the entry.
 */
export class Ballot extends EventTarget {
  #client;
  #storage;
  #key;
  #entered = null;
  #sending = false;
  #timer = null;
  #drafting = false;
  #draftTimer = null;
  #draftedAt = -Infinity;
  #moment = { of: null, at: null };
  #underWay = new Set();
  #answeredAt = -Infinity;
  #refused = null;
  #listening = new AbortController();

  constructor(client, { storage = tabStorage, key = "peerchat:ballot" } = {}) {
    super();
    this.#client = client;
    this.#storage = storage;
    this.#key = key;
    /** Why the last vote was refused, in words, or null. */
    this.error = null;
    try {
      this.#entered = JSON.parse(storage.getItem(key) ?? "null");
    } catch {
      this.#entered = null;
    }
    const { signal } = this.#listening;
    const follow = () => this.#follow();
    client.addEventListener("change", follow, { signal });
    document.addEventListener("visibilitychange", follow, { signal });
  }

  /** Send no more drafts. */
  stop() {
    this.#listening.abort();
    clearTimeout(this.#draftTimer);
  }

  /**
   * The fields to show in the form of the open round: those entered, else those that count, else none. `typed` is
   * what stands in the field of an answer that is written; `choice` is null while that is none.
   */
  entry(session) {
    const round = openRound(session);
    return { ...fieldsOf(round ? counting(session, round) : null), ...this.#mine(session, round)?.fields };
  }

  /** Whether something is entered that is not the vote that was cast. */
  changed(session) {
    const round = openRound(session);
    return Boolean(round) && !same(session, this.entry(session), fieldsOf(session.votes[round - 1]));
  }

  /** The choice that the button was pressed for and that the server has not confirmed, or null. */
  pending(session, round) {
    const entered = this.#mine(session, round);
    return entered?.pressed ? entered.fields.choice : null;
  }

  /** The choice that was entered in a round, or null. */
  chosen(session, round) {
    return this.#mine(session, round)?.fields.choice ?? null;
  }

  edit(session, changes) {
    const round = openRound(session);
    if (!round) return;
    this.error = null;
    this.#enter(session, round, { ...this.entry(session), ...changes }, { pressed: false });
    this.#follow();
  }

  cast(session) {
    const round = openRound(session);
    if (!round) return;
    const fields = this.entry(session);
    if (!fields.choice || missing(session.asks, fields).length) return;
    this.error = null;
    this.#enter(session, round, fields, { pressed: true });
    this.send();
  }

  /** Send what was pressed but not confirmed; to be called after a reconnection, and when a round opens. */
  async send() {
    const session = this.#client.state.session;
    const entered = this.#mine(session, openRound(session));
    if (this.#sending || this.#timer || !entered?.pressed) return;
    this.#sending = true;
    const { question, round } = entered;
    const vote = cleaned(session, entered.fields);
    let wait = null;
    try {
      // It names its round: on a slow line it may arrive when the next question is already open.
      const reply = await this.#request("vote", { question, round, vote });
      const choice = reply.choice ?? vote.choice;
      this.#tell("voted", { question, round: reply.round, vote: { ...vote, choice, cast_at: reply.cast_at } });
      if (this.#entered === entered) this.#keep(null);
    } catch (error) {
      if (SOON.has(error.code)) wait = (error.retryAfter ?? 2) * 1000;
      else if (error.code === "timeout") wait = 1000;
      else if (!LATER.has(error.code)) {
        this.error = (error.code === "invalid_choice" && REFUSED[session.question.kind]) || explain(error);
        if (this.#entered === entered) this.#keep({ ...entered, pressed: false });
        // The event that told it may be lost.
        if (error.code === "incomplete_vote") this.#client.refresh().catch(() => {});
      }
    } finally {
      this.#sending = false;
    }
    if (wait !== null) {
      this.#timer = setTimeout(() => {
        this.#timer = null;
        this.send();
      }, wait + Math.random() * 250);
    } else {
      if (this.#entered && this.#entered !== entered) this.send();
      this.#follow();
    }
  }

  /** Forget what belongs to another question or round. */
  tidy(session) {
    if (!this.#entered || !session.known) return;
    if (!this.#mine(session, session.round)) this.#keep(null);
  }

  /** Give way to a later vote or draft of another device, and send a draft when it is time. */
  #follow() {
    clearTimeout(this.#draftTimer);
    const { session } = this.#client.state;
    this.#rename(session);
    const round = openRound(session);
    const entered = this.#mine(session, round);
    const stored = entered ? counting(session, round) : null;
    if (stored && this.#isOfAnotherDevice(session, stored) && timeOf(stored) > entered.at) {
      this.#keep(null);
      return;
    }
    if (!this.#isUnsent(session, round) || this.#sending || this.#drafting || !this.#client.socket.isOpen) return;
    const at = this.#momentOf(session, round);
    if (at === null) return;
    const left = at - this.#client.now();
    if (left <= 0) this.#leave(session, round);
    else this.#draftTimer = setTimeout(() => this.#follow(), Math.min(left * 1000, 60_000));
  }

  /** Whether this page has sent neither a stored vote or draft nor a later one. */
  #isOfAnotherDevice(session, stored) {
    return timeOf(stored) > this.#answeredAt && !this.#underWay.has(textOf(session, fieldsOf(stored)));
  }

  /** Whether a choice is entered that neither counts nor was refused. */
  #isUnsent(session, round) {
    const entered = this.#mine(session, round);
    if (!entered?.fields.choice || same(session, entered.fields, fieldsOf(counting(session, round)))) return false;
    return this.#refused !== this.#name(session, entered);
  }

  /** When to send the draft, in seconds of the server; null as long as the round has no end. */
  #momentOf({ question, deadline }, round) {
    const now = this.#client.now();
    // A page in the background may be stopped at any moment.
    if (document.hidden) return now;
    if (deadline === null) return null;
    const of = `${question.question} ${round} ${deadline}`;
    if (of !== this.#moment.of) {
      const first = Math.max(now, deadline - FIRST_DRAFT);
      const last = Math.max(now, deadline - LAST_DRAFT);
      this.#moment = { of, at: first + Math.random() * Math.max(0, last - first) };
    }
    return deadline - now < NO_WAIT ? now : Math.max(this.#moment.at, this.#draftedAt + DRAFT_EVERY);
  }

  async #leave(session, round) {
    const entered = this.#mine(session, round);
    const { question } = entered;
    const vote = cleaned(session, entered.fields);
    this.#drafting = true;
    this.#draftedAt = this.#client.now();
    let wait = null;
    try {
      // The server keeps it only where it has no later vote, of another device.
      const reply = await this.#request("draft", { question, round, vote, after: session.votes[round - 1]?.cast_at });
      if (reply.kept) this.#tell("drafted", { question, round, draft: { ...vote, sent_at: reply.sent_at } });
      else await this.#client.refresh();
    } catch (error) {
      if (SOON.has(error.code)) wait = error.retryAfter ?? 1;
      else if (!UNSURE.has(error.code)) this.#refused = this.#name(session, entered);
    } finally {
      this.#drafting = false;
    }
    if (wait === null) this.#follow();
    else this.#draftTimer = setTimeout(() => this.#follow(), wait * 1000);
  }

  async #request(action, { question, round, vote, after }) {
    const course = this.#client.state.course.slug;
    const confidence = vote.confidence ?? undefined;
    const text = textOf(this.#client.state.session, vote);
    this.#underWay.add(text);
    try {
      const reply = await this.#client.socket.request(action, { course, ...vote, confidence, question, round, after });
      this.#answeredAt = Math.max(this.#answeredAt, reply.cast_at ?? reply.sent_at ?? -Infinity);
      this.#underWay.delete(text);
      return reply;
    } catch (error) {
      // Without an answer, it may have arrived all the same.
      if (!UNSURE.has(error.code)) this.#underWay.delete(text);
      throw error;
    }
  }

  /** Tell the client what the event of the server says, as no events come over HTTP. */
  #tell(action, fields) {
    this.#client.dispatch({ action, course: this.#client.state.course.slug, ...fields });
  }

  /** Keep what was entered when the question gets another slug. */
  #rename({ question, renamed }) {
    const isNow = renamed && renamed.question === question?.question;
    if (isNow && this.#entered?.question === renamed.former) this.#keep({ ...this.#entered, question: renamed.question });
  }

  #name(session, { fields }) {
    return `${session.epoch} ${textOf(session, fields)}`;
  }

  #mine(session, round) {
    const entered = this.#entered;
    return entered && entered.question === session.question?.question && entered.round === round ? entered : null;
  }

  #enter(session, round, fields, { pressed }) {
    this.#keep({ question: session.question.question, round, fields, pressed, at: this.#client.now() });
  }

  #keep(entered) {
    this.#entered = entered;
    if (entered) this.#storage.setItem(this.#key, JSON.stringify(entered));
    else this.#storage.removeItem(this.#key);
    this.dispatchEvent(new Event("change"));
  }
}

/** The draft or vote that would count if the round closed now, or null. A draft is later than the vote. */
function counting(session, round) {
  return (round === session.round && session.draft) || session.votes[round - 1];
}

function timeOf(stored) {
  return stored.sent_at ?? stored.cast_at;
}

function fieldsOf(stored) {
  return { choice: stored?.choice ?? null, confidence: stored?.confidence ?? null, rationale: stored?.rationale ?? "" };
}

/** The fields as they are sent. What the class does not ask for stays with the page. */
function cleaned({ asks }, entered) {
  const { choice, confidence, rationale } = asAsked(asks, entered);
  const text = rationale ?? "";
  return { choice: choice || null, confidence: confidence ?? null, rationale: shows(text) ? trimmed(text) : "" };
}

/** What fields have in common that say the same. */
function textOf(session, fields) {
  const { question } = session;
  const { choice, ...others } = cleaned(session, fields);
  return JSON.stringify([choice === null || !question ? choice : keyOf(question, choice), others]);
}

function same(session, one, other) {
  return textOf(session, one) === textOf(session, other);
}
