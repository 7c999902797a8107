import "../core/peer-bars.js";
import "../chat/peer-chat.js";
import "../core/peer-connection.js";
import "../core/peer-countdown.js";
import "./convinced.js";
import "./peer-partners.js";
import "./peer-question.js";
import "./place.js";
import "./pseudonym.js";
import "../chat/peer-rooms.js";

import { showArchived, showCourse } from "../core/course.js";
import { announce, coalesce, setAttribute, setText, show } from "../core/dom.js";
import { phaseName } from "../core/format.js";
import { joinClass, leaveClass } from "./joined.js";
import { Banner, followRenames, leaveWhenEnded, Panes, whenEnded } from "../core/page.js";
import { showInline } from "../core/rich.js";
import { faceToFace, openRound, partnerRoom } from "../core/store.js";
import { gettext } from "../core/texts.js";

const OVERDUE = 4;
const PARTNERLESS = 4_000;
// The server finds a partner within 25 s where there is one.
const ALONE = 25_000;

const HINTS = {
  idle: gettext("The next question appears here automatically."),
  vote: gettext("Decide on your own. Do not discuss the question yet."),
  vote_closed: gettext("The votes are in. Your instructor will continue in a moment."),
  discuss: gettext("Discuss your answers. Then everyone votes again."),
  revote: gettext("Has the discussion changed your mind?"),
  revote_closed: gettext("The votes are in. The result comes in a moment."),
  revealed: "",
};
const STEPS = { vote: 1, vote_closed: 1, discuss: 2, revote: 3, revote_closed: 3, revealed: 4 };
const CALLS = new Set(["vote", "discuss", "revote"]);

/**
 * The student's page, or a panel of it in somebody else's page: parts that are not there are not needed.
 * Its attributes say which course and who is here; `data-question`: to be there for this question alone;
 * `data-included`: in a page that is not peerchat's; `data-token`: instead of a session.
 */
export class PeerApp extends HTMLElement {
  #client;
  #ballot;
  #panes;
  #banner;
  #parts = {};
  #phase = null;
  #epoch = null;
  #title = document.title;
  #joined = null;
  #token = null;
  #shown = false;
  #watch = null;
  #aloneSince = null;

  connectedCallback() {
    // In a tree that is inserted as a whole the parts are told after this one.
    queueMicrotask(() => {
      if (this.isConnected && !this.#joined) this.#start();
    });
  }

  #start() {
    for (const element of this.querySelectorAll("[data-part]")) this.#parts[element.dataset.part] ??= element;
    const { room, username, loginUrl, included, token } = this.dataset;
    this.#token ??= token ?? null;
    delete this.dataset.token;
    this.#joined = joinClass(this.dataset, this.#token);
    const { client, ballot } = this.#joined;
    const { socket } = client;
    this.#client = client;
    this.#ballot = ballot;
    this.#panes = this.#parts.tabs ? new Panes(this) : null;
    this.#banner = this.#parts.banner ? new Banner(this.#parts.banner, `peerchat:banner:${username}:${room}`, { say: showInline }) : null;
    this.#parts.question.connect({ client, ballot });
    this.#parts.convinced.connect(client);
    this.#parts.partners.connect(client);
    this.#parts.place?.connect(client);
    this.#parts.chat?.connect(client);
    this.#parts.rooms?.connect(client, this.#parts.chat);
    this.getRootNode().querySelector("peer-connection")?.watch([socket]);

    const render = coalesce(() => this.#render());
    this.#client.addEventListener("change", render);
    // At once: who presses Enter right after an arrow key means the vote just chosen.
    this.#ballot.addEventListener("change", () => {
      const { session } = this.#client.state;
      if (this.#concerned(session)) this.#parts.question.render(session);
    });
    this.#panes?.addEventListener("change", render);
    this.#parts.convinced.addEventListener("change", render);
    socket.addEventListener("status", render);
    const onForbidden = () => this.#shutOut(this.#parts.shutOut);
    if (included === undefined) {
      leaveWhenEnded([socket], { loginUrl, onForbidden });
      followRenames(client);
    } else whenEnded([socket], { ask: () => this.#askApi(), onLoggedOut: () => this.#shutOut(this.#parts.loggedOut), onForbidden });
    this.#watch = setInterval(() => this.#overdue(), 1_000);
    this.#render();
  }

  disconnectedCallback() {
    if (!this.#joined) return;
    clearInterval(this.#watch);
    leaveClass(this.#joined);
    this.#joined = null;
  }

  #render() {
    const { state } = this.#client;
    const { session } = state;
    showArchived(this.#parts.archived, state.course);
    this.#parts.pseudonym?.render(state.me?.pseudonym ?? null);
    if (this.dataset.included === undefined) this.#title = showCourse(state.course, this.#title);
    this.#ballot.tidy(session);
    if (this.#concerned(session)) this.#renderClass(session);
    if (this.#parts.rooms) this.#renderChat(state);
    this.#banner?.render(state, this.#client.now());
    if (session.epoch !== this.#epoch) {
      this.#epoch = session.epoch;
      if (openRound(session)) this.#ballot.send();
    }
  }

  /** Whether the class is at what this panel shows. Where it was, and is not any more, the result stays. */
  #concerned(session) {
    const { renamed } = session;
    if (renamed && renamed.former === this.dataset.question) this.dataset.question = renamed.question;
    const { question } = this.dataset;
    if (question === undefined) return true;
    const now = session.known && session.question?.question === question;
    const stays = this.#shown && this.#phase === "revealed";
    if (!now) show(this.#parts.partners, false);
    show(this.#parts.class, now || stays);
    show(this.#parts.closed, !now && !stays);
    this.#shown = now || stays;
    return now;
  }

  #renderClass(session) {
    if (session.known) this.#renderPhase(session);
    this.#parts.countdown.render(openRound(session) ? session.deadline : null, () => this.#client.now());
    this.#parts.place?.render();
    this.#parts.question.render(session);
    const room = partnerRoom(this.#client.state);
    this.#parts.convinced.render(session, room);
    this.#renderPartners(session, room);
  }

  #renderChat(state) {
    const { rooms } = this.#parts;
    rooms.active = this.#panes.isVisible("chat");
    rooms.render(state);
    const { news } = rooms;
    this.#panes.badge("chat", news);
    // The title of a page that is not ours stays what it is.
    if (this.dataset.included === undefined) document.title = news ? `(${news}) ${this.#title}` : this.#title;
  }

  #renderPhase(session) {
    const { phase } = session;
    const { phase: bar, phaseName: name, phaseHint: hint, steps, questionBox } = this.#parts;
    const said = faceToFace(session) ? gettext("Talk face to face. Then everyone votes again.") : HINTS[phase];
    setText(name, phase === "idle" ? gettext("Waiting for a question") : phaseName(phase));
    setText(hint, said);
    if (this.#parts.idle) setAttribute(this.#parts.idle, "hidden", phase !== "idle");
    if (phase === this.#phase) return;
    const first = this.#phase === null;
    this.#phase = phase;
    bar.dataset.phase = phase;
    this.dataset.phase = phase;
    const current = STEPS[phase] ?? 0;
    show(steps, current > 0);
    [...steps.children].forEach((step, index) => {
      setAttribute(step, "aria-current", index + 1 === current ? "step" : null);
      setAttribute(step, "data-done", index + 1 < current);
    });
    // Where there is little room, the chat matters more than a question everyone has read.
    if (questionBox) questionBox.open = !(phase === "discuss" && this.#panes?.narrow);
    if (first) return;
    announce(`${phaseName(phase)}. ${said}`);
    this.#parts.class.scrollTo({ top: 0 });
    const writing = this.querySelector("#course-chat-text")?.value;
    if (CALLS.has(phase) && this.#panes?.narrow && !writing) this.#panes.show("class");
  }

  #renderPartners(session, room) {
    const { partners } = this.#parts;
    const { role } = this.#client.state.course;
    // Only students have partners.
    const visible = Boolean(room) || (session.phase === "discuss" && (!role || role === "student"));
    show(partners, visible);
    partners.active = visible && (this.#panes?.isVisible("class") ?? true);
    if (visible) partners.render(session, room, { alone: this.#isAlone(session) });
  }

  /** Whether nobody else is here, so that the server finds no partner. */
  #isAlone({ partners, partnerRoom: room, phase }) {
    if (partners.length || phase !== "discuss") return !partners.length;
    if (this.#aloneSince === null) return false;
    // The server leaves a student alone in a room if nobody else is here, or for a moment if the partner has left.
    return Date.now() - this.#aloneSince > (room ? PARTNERLESS : ALONE);
  }

  /** Ask where the class stands when something that should have come did not. */
  #overdue() {
    const { session } = this.#client.state;
    if (!this.#client.socket.isOpen) return;
    if (openRound(session) && session.deadline && this.#client.now() > session.deadline + OVERDUE) {
      this.#client.refreshOnce("deadline");
    }
    if (session.phase !== "discuss" || session.partners.length) this.#aloneSince = null;
    else {
      this.#aloneSince ??= Date.now();
      if (Date.now() - this.#aloneSince > PARTNERLESS) this.#client.refreshOnce("partners");
      if (this.#isAlone(session)) this.#render();
    }
  }

  #askApi() {
    const headers = this.#token ? { Authorization: `Bearer ${this.#token}` } : {};
    return fetch(`${this.dataset.api}courses/${this.#client.state.course.slug}/state/`, { headers, cache: "no-store" });
  }

  #shutOut(why) {
    this.#client.socket.stop();
    show(why, true);
    for (const name of ["grid", "tabs", "class", "closed"]) if (this.#parts[name]) show(this.#parts[name], false);
  }
}

customElements.define("peer-app", PeerApp);
