import "./peer-bars.js";
import "./peer-chat.js";
import "./peer-connection.js";
import "./peer-countdown.js";
import "./peer-partners.js";
import "./peer-question.js";

import { Ballot } from "./ballot.js";
import { ClassClient } from "./client.js";
import { announce, coalesce, setAttribute, setText, show } from "./dom.js";
import { phaseName } from "./format.js";
import { Banner, leaveWhenEnded, Panes } from "./page.js";
import { PeerSocket, socketUrl } from "./socket.js";
import { faceToFace, initialState, openRound, partnerRoom, unread } from "./store.js";

const OVERDUE = 4;
const PARTNERLESS = 4_000;

const HINTS = {
  idle: "The next question appears here by itself.",
  vote: "Decide by yourself: do not discuss it yet.",
  vote_closed: "The votes are in. Your instructor goes on in a moment.",
  discuss: "Talk it through, then everyone votes once more.",
  revote: "Has the discussion changed your mind?",
  revote_closed: "The votes are in. The answer comes in a moment.",
  revealed: "",
};
const STEPS = { vote: 1, vote_closed: 1, discuss: 2, revote: 3, revote_closed: 3, revealed: 4 };
const CALLS = new Set(["vote", "discuss", "revote"]);

/** The student's page. Its attributes say which course and who is here. */
export class PeerApp extends HTMLElement {
  #client;
  #ballot;
  #panes;
  #banner;
  #parts = {};
  #phase = null;
  #epoch = null;
  #title = document.title;
  #watch = null;
  #aloneSince = null;

  connectedCallback() {
    for (const element of this.querySelectorAll("[data-part]")) this.#parts[element.dataset.part] ??= element;
    const { course, title, room, username, displayName, lastRead, loginUrl } = this.dataset;
    const socket = new PeerSocket(socketUrl("/ws/chat/"));
    const own = `${username}:${course}`;
    this.#client = new ClassClient({
      socket,
      state: initialState({
        me: { username, display_name: displayName },
        course: { slug: course, title, room },
        lastRead: Number(lastRead),
      }),
      outboxKey: `peerchat:outbox:${own}`,
    });
    this.#ballot = new Ballot(this.#client, { key: `peerchat:ballot:${own}` });
    this.#panes = new Panes(this);
    this.#banner = new Banner(this.#parts.banner, `peerchat:banner:${own}`);
    this.#parts.question.connect({ client: this.#client, ballot: this.#ballot });
    this.#parts.partners.connect(this.#client);
    this.#parts.chat.connect(this.#client);
    document.querySelector("peer-connection").watch([socket]);

    const render = coalesce(() => this.#render());
    this.#client.addEventListener("change", render);
    this.#ballot.addEventListener("change", render);
    this.#panes.addEventListener("change", render);
    socket.addEventListener("status", render);
    this.#client.addEventListener("ready", () => this.#ballot.send());
    leaveWhenEnded([socket], { loginUrl, onForbidden: () => this.#shutOut() });
    this.#watch = setInterval(() => this.#overdue(), 1_000);
    socket.start();
    this.#render();
  }

  disconnectedCallback() {
    clearInterval(this.#watch);
    this.#client.socket.stop();
  }

  #render() {
    const { state } = this.#client;
    const { session } = state;
    const room = state.rooms[state.course.room];
    this.#ballot.tidy(session);
    if (session.known) this.#renderPhase(session);
    this.#parts.countdown.render(openRound(session) ? session.deadline : null, () => this.#client.now());
    this.#parts.question.render(session);
    this.#renderPartners(session, partnerRoom(state));
    this.#parts.chat.active = this.#panes.isVisible("chat");
    this.#parts.chat.render(room);
    setText(this.#parts.online, room?.online ? `${room.online} online` : "");
    this.#banner.render(state, this.#client.now());
    const news = unread(room, state.me);
    this.#panes.badge("chat", news);
    document.title = news ? `(${news}) ${this.#title}` : this.#title;
    if (session.epoch !== this.#epoch) {
      this.#epoch = session.epoch;
      if (openRound(session)) this.#ballot.send();
    }
  }

  #renderPhase(session) {
    const { phase } = session;
    const { phase: bar, phaseName: name, phaseHint: hint, steps, questionBox } = this.#parts;
    const said = faceToFace(session) ? "Talk face to face, then everyone votes once more." : HINTS[phase];
    setText(name, phase === "idle" ? "Waiting for a question" : phaseName(phase));
    setText(hint, said);
    setAttribute(this.#parts.idle, "hidden", phase !== "idle");
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
    questionBox.open = !(phase === "discuss" && this.#panes.narrow);
    if (first) return;
    announce(`${phaseName(phase)}. ${said}`);
    this.#parts.class.scrollTo({ top: 0 });
    const writing = this.querySelector("#course-chat-text")?.value;
    if (CALLS.has(phase) && this.#panes.narrow && !writing) this.#panes.show("class");
  }

  #renderPartners(session, room) {
    const { partners } = this.#parts;
    const visible = Boolean(room) || session.phase === "discuss";
    show(partners, visible);
    partners.active = visible && this.#panes.isVisible("class");
    if (visible) partners.render(session, room);
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
    }
  }

  #shutOut() {
    this.#client.socket.stop();
    show(this.#parts.shutOut, true);
    show(this.#parts.grid, false);
    show(this.#parts.tabs, false);
  }
}

customElements.define("peer-app", PeerApp);
