import "../core/peer-bars.js";
import "../chat/peer-chat.js";
import "../core/peer-connection.js";
import "./peer-answer.js";
import "./peer-arguments.js";
import "./peer-control.js";
import "../core/peer-countdown.js";
import "./peer-figures.js";
import "./peer-keys.js";
import "./peer-groups.js";
import "./peer-quick.js";
import "./peer-twin.js";
import "../chat/peer-rooms.js";

import { Api } from "../core/api.js";
import { ClassClient } from "../core/client.js";
import { offerClient } from "../core/clients.js";
import { showArchived, showCourse } from "../core/course.js";
import { announce, coalesce, setAttribute, setText, show } from "../core/dom.js";
import { number, phaseName } from "../core/format.js";
import { Banner, followRenames, leaveWhenEnded, Panes, whenEnded } from "../core/page.js";
import { showInline } from "../core/rich.js";
import { initialState, openRound } from "../core/store.js";
import { explain } from "../core/refusals.js";
import { guardEnter, limitLength, shows, trimmed } from "../core/text.js";
import { fill, gettext, ngettext } from "../core/texts.js";
import { PeerTransport } from "../core/transport.js";
import { drawCurrent, resultFor } from "./current-question.js";
import { tellOwners } from "./owners.js";
import { Questions } from "./questions.js";

const OVERDUE = 2;
const TOAST_FOR = 6_000;
const SAVED_WITHIN = 300;
// Milliseconds. Over HTTP nobody tells of new questions.
const QUESTIONS_EVERY = 20_000;

/**
 * The instructor's page: one socket to lead the class with, one for the course's chat. `data-included`: in a page
 * that is not peerchat's.
 */
export class PeerDashboard extends HTMLElement {
  #client;
  #control;
  #panes;
  #banner;
  #parts = {};
  #questions;
  #asking = null;
  #asked = new Set();
  #answers = false;
  #phase = null;
  #epoch = null;
  #refreshing = null;
  #toastTimer = null;
  #watch = null;
  #watchQuestions = null;
  #title = document.title;
  #withdraw = null;

  connectedCallback() {
    // In a tree that is inserted as a whole the parts are told after this one.
    queueMicrotask(() => {
      if (this.isConnected && !this.#client) this.#start();
    });
  }

  #start() {
    for (const element of this.querySelectorAll("[data-part]")) this.#parts[element.dataset.part] ??= element;
    const { course, title, room, username, displayName, lastRead, loginUrl, api, sockets, csrf, included } = this.dataset;
    this.#questions = new Questions({ list: this.#parts.questions, empty: this.#parts.noQuestions, page: this.#parts.questions.dataset.page, pick: (slug) => this.#pick(slug), keep: (slug) => this.#keep(slug) });
    for (const { slug, asked } of this.#questions.all) if (asked) this.#asked.add(slug);
    const chat = new PeerTransport(`${sockets}chat/`, { csrf, course, room, api });
    this.#control = new PeerTransport(`${sockets}instructor/${course}/`, {
      csrf,
      course,
      room,
      api,
      leading: true,
    });
    const requests = new Api({ url: api, csrf });
    this.#client = new ClassClient({
      socket: chat,
      api: requests,
      state: initialState({
        me: { username, display_name: displayName },
        course: { slug: course, title, room, role: "instructor" },
        lastRead: Number(lastRead),
      }),
      snapshots: false,
      outboxKey: `peerchat:outbox:${username}:${room}`,
    });
    this.#panes = new Panes(this);
    this.#banner = new Banner(this.#parts.banner, `peerchat:banner:${username}:${room}`, { own: false, say: showInline });
    this.#parts.chat.connect(this.#client);
    this.#parts.rooms.connect(this.#client, this.#parts.chat);
    const command = (action, fields) => this.#command(action, fields);
    const reveal = () => {
      this.#parts.figures.open();
      this.#parts.answers.click();
    };
    const times = (slug) => this.#client.api.get(`courses/${this.#client.state.course.slug}/questions/${slug}/times/`);
    for (const part of ["control", "quick", "answer", "figures", "arguments", "twin"]) this.#parts[part].connect({ command, reveal, times });
    const { control, quick, arguments: args, groups } = this.#parts;
    this.#parts.keys.connect({ control, quick, args, groups, scope: included === undefined ? document : this });
    this.#parts.groups.connect({ request: (action, fields) => this.#control.request(action, fields), api: requests, slug: () => this.#client.state.course.slug, room, me: username });
    this.getRootNode().querySelector("peer-connection").watch([this.#control, chat]);
    this.#withdraw = offerClient(course, this.#client);
    tellOwners(this.#client);
    this.#client.addEventListener("renamed", () => {
      const { slug } = this.#client.state.course;
      chat.rename(slug, `${sockets}chat/`);
      this.#control.rename(slug, `${sockets}instructor/${slug}/`);
    });
    guardEnter(this.#parts.announceForm);
    limitLength(this.#parts.announceText, () => this.#client.state.limits.text);
    this.#parts.announceForm.addEventListener("submit", (event) => this.#announce(event));
    this.#parts.answers.addEventListener("change", () => {
      this.#answers = this.#parts.answers.checked;
      this.#render();
    });

    const render = coalesce(() => this.#render());
    this.#client.addEventListener("change", render);
    this.#panes.addEventListener("change", render);
    this.#parts.figures.addEventListener("change", render);
    this.#parts.control.addEventListener("change", render);
    this.#control.addEventListener("frame", ({ detail }) => this.#frame(detail));
    this.#control.addEventListener("status", render);
    const both = [this.#control, chat];
    const onForbidden = () => this.#shutOut(this.#parts.shutOut);
    if (included === undefined) {
      leaveWhenEnded(both, { loginUrl, onForbidden });
      followRenames(this.#client);
    } else {
      // Only those who lead a course may ask for its mutes.
      const ask = () => requests.get(`courses/${this.#client.state.course.slug}/mutes/`).catch((error) => error);
      whenEnded(both, { ask, onLoggedOut: () => this.#shutOut(this.#parts.loggedOut), onForbidden });
    }
    this.#watch = setInterval(() => this.#overdue(), 1_000);
    this.#watchQuestions = setInterval(() => {
      if (this.#control.status.slow && this.#control.isOpen) this.#askQuestionsSoon();
    }, QUESTIONS_EVERY);
    chat.start();
    this.#control.start();
    this.#render();
  }

  disconnectedCallback() {
    if (!this.#client) return;
    clearInterval(this.#watch);
    clearInterval(this.#watchQuestions);
    this.#withdraw();
    this.#client.socket.stop();
    this.#control.stop();
  }

  #frame(frame) {
    // This socket names only its own course, and welcomes the same person.
    if (frame.action === "questions") this.#askQuestionsSoon();
    else if (frame.action !== "welcome") {
      if (frame.action === "question_renamed" && this.#asked.has(frame.former)) this.#asked.add(frame.question);
      this.#client.dispatch(frame);
    } else {
      this.#refresh().catch(() => this.#control.reset());
      this.#askQuestionsSoon();
    }
  }

  /** Read the questions again, once for the many changes of one save. */
  #askQuestionsSoon() {
    if (this.#asking) return;
    this.#asking = setTimeout(async () => {
      this.#asking = null;
      // Without an answer, the next change or connection asks again.
      const changed = await this.#questions.refresh(this.#client.api, this.#client.state.course.slug).catch(() => false);
      if (changed) this.#render();
    }, SAVED_WITHIN);
  }

  #refresh() {
    this.#refreshing ??= this.#ask().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  async #ask() {
    const reply = await this.#control.request("state", {});
    this.#client.dispatch({ ...reply, action: "local.snapshot" });
    await this.#askFigures();
  }

  async #askFigures() {
    const reply = await this.#control.request("figures", {});
    this.#client.dispatch({ ...reply, action: "figures" });
  }

  async #command(action, fields) {
    const { epoch } = this.#client.state.session;
    this.#toast(null);
    try {
      // A right answer belongs to its question, which it names, whatever step the class is at.
      const reply = await this.#control.request(action, action === "set_correct" ? fields : { ...fields, epoch });
      if (action === "make_partners") {
        const formed = ngettext(
          "%(count)s group formed. Partners see each other once you open the discussion.",
          "%(count)s groups formed. Partners see each other once you open the discussion.",
          reply.groups,
        );
        this.#toast(fill(formed, { count: number(reply.groups) }));
      }
      if (action === "set_correct") this.#toast(fields.choice || fields.choices?.length ? gettext("The right answer is marked.") : gettext("No right answer is marked."));
      if (["make_partners", "announce", "set_correct", "show_bars", "show_argument"].includes(action)) await this.#askFigures();
      return true;
    } catch (error) {
      await this.#explain(error, epoch);
      return false;
    }
  }

  async #explain(error, epoch) {
    if (error.code === "timeout" || error.code === "not_connected") {
      this.#toast(gettext("The server did not answer. Check the current step before you try again."), "bad");
      return;
    }
    if (error.code !== "illegal_transition") {
      this.#toast(explain(error), "bad");
      return;
    }
    await this.#refresh().catch(() => {});
    const moved = this.#client.state.session.epoch !== epoch;
    this.#toast(moved ? gettext("Someone moved the class from another dashboard. This is the current step.") : explain(error), "bad");
  }

  async #announce(event) {
    event.preventDefault();
    const field = this.#parts.announceText;
    const text = trimmed(field.value);
    if (!shows(text)) return;
    if (await this.#command("announce", { text })) {
      field.value = "";
      this.#toast(gettext("Announced to everyone."));
    }
  }

  async #keep(slug) {
    try {
      await this.#client.api.post(`courses/${this.#client.state.course.slug}/questions/${slug}/keep/`);
      this.#toast(gettext("The question is kept with the prepared ones."));
      this.#askQuestionsSoon();
    } catch (error) {
      this.#toast(explain(error), "bad");
    }
  }

  #pick(slug) {
    this.#parts.control.choose(slug);
    this.#panes.show("class");
    this.#parts.control.scrollIntoView({ block: "center" });
    this.querySelector("#question").focus({ preventScroll: true });
  }

  #render() {
    const { state } = this.#client;
    const { session, figures } = state;
    const connected = this.#control.isOpen;
    showArchived(this.#parts.archived, state.course);
    if (this.dataset.included === undefined) this.#title = showCourse(state.course, this.#title);
    // The list has the questions as they will be asked next, so the class's own is not there.
    const result = resultFor(session, figures);
    const enabled = connected && session.known && !state.course.archived;
    if (session.epoch !== this.#epoch) {
      this.#epoch = session.epoch;
      if (session.question) this.#asked.add(session.question.question);
      if (connected) this.#askFigures().catch(() => {});
    }
    if (session.stale && connected) this.#refresh().catch(() => {});
    if (session.known) this.#renderPhase(session);
    show(this.#parts.current, Boolean(session.question));
    drawCurrent(this.#parts.current, { session, result, shown: this.#answers || session.phase === "revealed" });
    this.#parts.countdown.render(openRound(session) ? session.deadline : null, () => this.#now());
    this.#parts.control.render({
      session,
      figures,
      questions: this.#questions.all,
      asked: this.#asked,
      unknown: session.question !== null && Boolean(figures) && result.correct === null && !result.right?.length,
      enabled,
    });
    this.#parts.groups.render({ session, figures, enabled });
    const alone = this.#questions.all.every(({ isDraft }) => isDraft);
    this.#parts.quick.render({ phase: session.known ? session.phase : null, enabled, alone, limits: state.limits });
    this.#parts.answer.render({ session, figures, result, answers: this.#answers, enabled });
    this.#parts.figures.render({ session, figures, result, answers: this.#answers, enabled });
    this.#parts.arguments.render({ session, figures, answers: this.#answers, enabled });
    this.#parts.twin.render({ session, figures, enabled });
    this.#parts.twinResult.render({ session, figures, questions: this.#questions.all });
    setAttribute(this, "data-answers", this.#answers ? "shown" : null);
    setAttribute(this.#parts.announceSend, "disabled", !connected || state.course.archived);
    show(this.#parts.lost, session.known && this.#control.status.state === "waiting");
    this.#parts.rooms.active = this.#panes.isVisible("chat");
    this.#parts.rooms.render(state);
    this.#banner.render(state, this.#now());
    const { news } = this.#parts.rooms;
    this.#panes.badge("chat", news);
    // The title of a page that is not ours stays what it is.
    if (this.dataset.included === undefined) document.title = news ? `(${news}) ${this.#title}` : this.#title;
    this.#questions.mark({ current: session.question, asked: this.#asked });
  }

  #renderPhase(session) {
    const { phase } = session;
    setText(this.#parts.phaseName, phase === "idle" ? gettext("No question") : phaseName(phase));
    if (phase === this.#phase) return;
    if (this.#phase !== null) announce(phaseName(phase));
    this.#phase = phase;
    this.#parts.phase.dataset.phase = phase;
    this.dataset.phase = phase;
  }

  #now() {
    return Date.now() / 1000 + (this.#control.clockOffset ?? this.#client.socket.clockOffset ?? 0);
  }

  /** Ask where the class stands when the close of a vote did not come. */
  #overdue() {
    const { session } = this.#client.state;
    if (!this.#control.isOpen || !openRound(session) || !session.deadline) return;
    if (this.#now() > session.deadline + OVERDUE) this.#refresh().catch(() => {});
  }

  #toast(text, kind = "good") {
    const { toast } = this.#parts;
    clearTimeout(this.#toastTimer);
    show(toast, Boolean(text));
    setText(toast, text ?? "");
    toast.dataset.kind = kind;
    if (text) this.#toastTimer = setTimeout(() => show(toast, false), TOAST_FOR);
  }

  #shutOut(why) {
    this.#client.socket.stop();
    this.#control.stop();
    show(why, true);
    show(this.#parts.grid, false);
    show(this.#parts.tabs, false);
  }
}

customElements.define("peer-dashboard", PeerDashboard);
