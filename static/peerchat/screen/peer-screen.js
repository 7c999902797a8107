import { announce, coalesce, h, setText, show } from "../core/dom.js";
import { number, phaseName } from "../core/format.js";
import { resultOf } from "../core/session.js";
import { fill, gettext, ngettext } from "../core/texts.js";
import { drawArgument, fitArgument } from "./argument.js";
import { ScreenFeed } from "./feed.js";
import { fit, fitting } from "./fit.js";
import { PreviewFeed } from "./preview-feed.js";
import { drawQuestion, layoutsFor } from "./question.js";
import "./screen-clock.js";

const OPEN = new Set(["vote", "revote"]);
// Milliseconds for which a page of partners stays.
const PAGE_FOR = 9_000;
const LEAST = 12;
const LEAST_ON_PHONES = 16;
const PHONE = 600;
// The least size of names, in hundredths of the width.
const NAMES = 1.7;

/**
 * The screen of the hall: everything that the server lets it show, as large as it can be. `data-secret`: that of
 * the link by which it was opened, without which it goes by the session.
 */
export class PeerScreen extends HTMLElement {
  #feed;
  #parts = {};
  #now = null;
  #drawn = "";
  #pages = { start: 0, next: 0, timer: null };
  #lock = null;

  connectedCallback() {
    if (this.#feed) return;
    for (const element of this.querySelectorAll("[data-part]")) this.#parts[element.dataset.part] = element;
    this.#feed = this.#makeFeed();
    const render = coalesce(() => this.#render());
    this.#feed.addEventListener("show", ({ detail }) => {
      this.#now = detail;
      render();
    });
    this.#feed.addEventListener("status", render);
    // What stands around the question comes and goes, such as the clock.
    const resized = new ResizeObserver(coalesce(() => this.#fit()));
    // Formulas and pictures get their size after they were drawn.
    for (const element of [this, this.#parts.box, this.#parts.content, this.#parts.quote]) resized.observe(element);
    document.fonts?.ready.then(() => this.#fit());
    this.#prepareTools();
    document.addEventListener("visibilitychange", () => this.#stayAwake());
    this.#stayAwake();
    this.#feed.start();
  }

  #makeFeed() {
    const { sockets, api, course, secret, title, preview } = this.dataset;
    if (preview !== undefined) return new PreviewFeed(title);
    if (secret) return new ScreenFeed({ path: `${sockets}screen/`, url: `${api}screen/`, secret });
    return new ScreenFeed({ path: `${sockets}screen/${course}/`, url: `${api}courses/${course}/screen/` });
  }

  #render() {
    const { state, reason } = this.#feed.status;
    this.dataset.state = state;
    setText(this.#parts.state, stateWords(state, reason));
    if (state === "ended") {
      this.#shutOut();
      return;
    }
    const now = this.#now;
    if (!now) return;
    if (this.dataset.phase !== now.phase) {
      if (this.dataset.phase !== "loading") announce(phaseName(now.phase));
      this.dataset.phase = now.phase;
    }
    setText(this.#parts.title, now.title);
    setText(this.#parts.phase, now.phase === "idle" ? "" : phaseWords(now));
    setText(this.#parts.votes, votesWords(now));
    this.#parts.clock.render(OPEN.has(now.phase) ? now.deadline : null, () => this.#feed.now());
    this.#renderJoin(now);
    show(this.#parts.announcement, Boolean(now.announcement));
    setText(this.#parts.announcement, now.announcement?.text ?? "");
    show(this.#parts.partners, Boolean(now.groups?.length));
    const isOther = drawArgument(this.#parts.argument, this.#parts.quote, now);
    const { question, phase, histograms, voters, groups, announcement, here } = now;
    const text = JSON.stringify([question, phase, histograms, voters, resultOf(now), groups, announcement, question ? null : here]);
    if (text === this.#drawn) {
      if (isOther) this.#fit();
      return;
    }
    this.#drawn = text;
    this.#parts.content.replaceChildren(now.question ? drawQuestion(now) : drawIdle(now));
    this.#fit();
  }

  #renderJoin({ join_code: code }) {
    show(this.#parts.join, Boolean(code));
    this.toggleAttribute("data-joining", Boolean(code));
    if (!code || this.#parts.join.dataset.code === code) return;
    this.#parts.join.dataset.code = code;
    setText(this.#parts.code, code);
    this.#parts.qr.src = this.dataset.qr.replace("-.svg", `${code}.svg`);
  }

  /** Find the sizes of everything whose length nobody knows. */
  #fit() {
    const now = this.#now;
    if (!now) return;
    const { box, content, announcement, body } = this.#parts;
    const least = body.clientWidth < PHONE ? LEAST_ON_PHONES : LEAST;
    const base = unit() * 6.25;
    if (!announcement.hidden) {
      announcement.dataset.fitting = "";
      const size = Math.max(base * 0.3, least);
      fit(announcement, announcement, { least: Math.min(14, size), most: size });
      delete announcement.dataset.fitting;
    }
    const most = Math.max(base * (now.question ? 0.72 : 0.6), least + 2);
    fit(box, content, { least, most, layouts: layoutsFor(now, body.clientWidth) });
    fitArgument(this.#parts.argument, this.#parts.quote, { least, most: Math.max(base * 0.42, least) });
    this.#turn({ stay: true });
  }

  /** Show the next page of the partner groups; with `stay` the same again, as groups or sizes have changed. */
  #turn({ stay = false } = {}) {
    const pages = this.#pages;
    const groups = this.#now?.groups ?? [];
    clearTimeout(pages.timer);
    if (!stay) pages.start = pages.next;
    if (pages.start >= groups.length) pages.start = 0;
    if (!groups.length) return;
    const list = this.#parts.groups;
    if (stay) {
      list.replaceChildren(...groups.map(drawGroup));
      const least = Math.max(unit() * NAMES, LEAST_ON_PHONES);
      fit(list, list, { least, most: least * 1.7 });
    }
    list.replaceChildren(...groups.slice(pages.start).map(drawGroup));
    const here = fitting(list);
    for (const item of [...list.children].slice(here)) item.remove();
    pages.next = pages.start + here;
    const isAll = here === groups.length;
    show(this.#parts.page, !isAll);
    const shown = { first: number(groups[pages.start].number), last: number(groups[pages.next - 1].number), all: number(groups.length) };
    setText(this.#parts.page, isAll ? "" : fill(gettext("(%(first)s to %(last)s of %(all)s)"), shown));
    if (!isAll) pages.timer = setTimeout(() => this.#turn(), PAGE_FOR);
  }

  #prepareTools() {
    const { full, copy, link, choose, menu } = this.#parts;
    show(full, Boolean(document.fullscreenEnabled) && this.dataset.preview === undefined);
    full.addEventListener("click", () => this.#toggleFull());
    document.addEventListener("fullscreenchange", () => {
      setText(full, document.fullscreenElement ? gettext("Leave full screen") : gettext("Full screen"));
    });
    if (copy) {
      show(copy, Boolean(navigator.clipboard));
      copy.addEventListener("click", async () => {
        await navigator.clipboard.writeText(link.value).catch(() => link.select());
        announce(gettext("The link is copied."));
        setText(copy, gettext("Copied"));
      });
      link.addEventListener("focus", () => link.select());
    }
    if (choose) {
      // Without the reload of a form, which would leave the full screen.
      const button = choose.querySelector("button");
      show(button, false);
      choose.addEventListener("change", () => {
        const form = new FormData(choose, button);
        // The page may be closed right after.
        const saving = fetch(choose.action, { method: "POST", body: form, redirect: "manual", keepalive: true });
        saving.then((answer) => show(button, answer.type !== "opaqueredirect"), () => show(button, true));
      });
      document.addEventListener("click", ({ target }) => {
        if (!menu.contains(target)) menu.open = false;
      });
      document.addEventListener("keydown", ({ key }) => {
        if (key === "Escape") menu.open = false;
      });
    }
  }

  #toggleFull() {
    const done = document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen();
    // The browser may refuse it, and everything stays as it is.
    done.catch(() => {});
  }

  /** Keep the machine from sleeping while the screen is looked at, where the browser can. */
  async #stayAwake() {
    if (document.hidden || !navigator.wakeLock || (this.#lock && !this.#lock.released)) return;
    this.#lock = await navigator.wakeLock.request("screen").catch(() => null);
  }

  #shutOut() {
    const { content, announcement, join, partners, votes, phase, clock } = this.#parts;
    for (const part of [announcement, join, partners, this.#parts.argument, clock]) show(part, false);
    for (const part of [votes, phase]) setText(part, "");
    this.dataset.phase = "ended";
    this.#now = null;
    this.#drawn = "";
    content.replaceChildren(h("p", { class: "screen-idle", data: { testid: "screen-over" } }, endedWords(this.#feed.status.reason)));
  }
}

/** A hundredth of the width of the screen, or as much of one that is higher than wide. */
function unit() {
  return Math.min(innerWidth / 100, innerHeight / 56.25);
}

function drawIdle({ here }) {
  const text = ngettext("%(count)s student is here", "%(count)s students are here", here);
  return h("div", { class: "screen-idle" }, h("p", {}, fill(text, { count: number(here) })));
}

function drawGroup({ number: group, names }) {
  return h(
    "li",
    { class: "screen-group" },
    h("span", { class: "screen-number" }, number(group)),
    h("span", { class: "screen-names" }, names.map((name) => h("bdi", {}, name))),
  );
}

function phaseWords({ phase, message, meets }) {
  if (phase === "discuss" && meets) return gettext("Find the number on your phone");
  if (phase === "discuss" && message === "enableFaceChat") return gettext("Talk to your partners");
  return phaseName(phase);
}

function votesWords({ phase, here, voted, question }) {
  if (!question) return "";
  const values = { voted: number(voted), here: number(Math.max(here, voted)), count: number(here) };
  if (phase === "discuss") return fill(ngettext("%(count)s here", "%(count)s here", here), values);
  return fill(gettext("%(voted)s of %(here)s voted"), values);
}

function stateWords(state, reason) {
  if (state === "open") return "";
  if (state === "ended") return endedWords(reason);
  return state === "connecting" ? gettext("Connecting…") : gettext("Connection lost. Trying again…");
}

function endedWords(reason) {
  return reason === "login" ? gettext("You are logged out.") : gettext("This screen has ended.");
}

customElements.define("peer-screen", PeerScreen);
