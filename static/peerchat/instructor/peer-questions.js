import { Api } from "../core/api.js";
import { announce, setText, show } from "../core/dom.js";
import { leaveWhenEnded } from "../core/page.js";
import { explain } from "../core/refusals.js";
import "../core/rich.js";
import { guardEnter, isolated } from "../core/text.js";
import { fill, gettext } from "../core/texts.js";
import { PeerTransport } from "../core/transport.js";

const TOLD = new Set(["questions", "control", "question_renamed", "course_changed"]);
// Milliseconds within which the several events of one change come.
const WITHIN = 300;
// Pixels from the edge of the window at which it scrolls, and how far each time.
const EDGE = 60;
const STEP = 14;
// It is another one in each answer.
const TOKEN = /name="csrfmiddlewaretoken" value="[^"]*"/gu;

/**
 * The list of the questions of a course: they are moved by their handles, by their buttons and by Alt with the arrow
 * keys, and the list is drawn anew when somebody else changes something. Without this script, it is a form.
 */
class PeerQuestions extends HTMLElement {
  #api;
  #saving = Promise.resolve();
  #waiting = 0;
  #asking = null;
  #drag = null;
  #shown = null;

  connectedCallback() {
    const { course, room, api: url, sockets, csrf, loginUrl } = this.dataset;
    this.#api = new Api({ url, csrf });
    this.#prepare();
    this.addEventListener("click", (event) => this.#click(event));
    this.addEventListener("keydown", (event) => this.#key(event));
    this.addEventListener("pointerdown", (event) => this.#grab(event));
    document.addEventListener("click", ({ target }) => this.#closeMenus(target));
    guardEnter(this);
    const socket = new PeerTransport(`${sockets}instructor/${course}/`, { csrf, course, room, api: url, leading: true });
    let welcomed = false;
    socket.addEventListener("frame", ({ detail }) => {
      if (TOLD.has(detail.action) || (detail.action === "welcome" && welcomed)) this.#refreshSoon();
      if (detail.action === "welcome") welcomed = true;
    });
    leaveWhenEnded([socket], { loginUrl, onForbidden: () => location.reload() });
    socket.start();
  }

  get #rows() {
    return [...this.querySelectorAll(".question-row:not([data-quick])")];
  }

  #prepare() {
    for (const handle of this.querySelectorAll("[data-part=handle]")) {
      show(handle, !handle.closest("[data-quick]"));
    }
  }

  #click(event) {
    const button = event.target.closest("[data-part=up], [data-part=down]");
    if (!button) return;
    event.preventDefault();
    this.#move(button.closest(".question-row"), button.dataset.part === "up" ? -1 : 1, button);
  }

  /** Close the menus of the rows but for the one in which something was clicked. */
  #closeMenus(target) {
    for (const menu of this.querySelectorAll(".row-more[open]")) if (!menu.contains(target)) menu.open = false;
  }

  #key(event) {
    const menu = event.key === "Escape" && event.target.closest(".row-more[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
      return;
    }
    if (!event.altKey || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
    const row = event.target.closest(".question-row:not([data-quick])");
    if (!row || !row.querySelector("[data-part=up]")) return;
    event.preventDefault();
    this.#move(row, event.key === "ArrowUp" ? -1 : 1, event.target);
  }

  #move(row, by, focused) {
    const rows = this.#rows;
    const to = rows.indexOf(row) + by;
    if (to < 0 || to >= rows.length) {
      announce(by < 0 ? gettext("It is the first one.") : gettext("It is the last one."));
      return;
    }
    const other = rows[to];
    if (by < 0) other.before(row);
    else other.after(row);
    focused.focus();
    row.scrollIntoView({ block: "nearest" });
    this.#moved(row);
  }

  /** Tell where a question is now, and store the order of those on the page. */
  #moved(row) {
    const rows = this.#rows;
    this.#shown = null;
    const values = { title: isolated(row.querySelector("[data-part=title]").dataset.name), place: rows.indexOf(row) + 1, all: rows.length };
    announce(fill(gettext("%(title)s: place %(place)s of %(all)s"), values));
    const questions = rows.map(({ dataset }) => dataset.question);
    this.#waiting += 1;
    this.#saving = this.#saving.then(async () => {
      this.#waiting -= 1;
      // The last order has all moves in it.
      if (this.#waiting) return;
      try {
        await this.#api.post(`courses/${this.dataset.course}/questions/order/`, { questions });
        this.#tell("");
      } catch (error) {
        this.#tell(`${gettext("The order is not saved.")} ${explain(error)}`);
        await this.#refresh(true).catch(() => {});
      }
    });
  }

  #tell(text) {
    const failed = this.querySelector("[data-part=failed]");
    setText(failed, text);
    show(failed, text !== "");
  }

  #grab(event) {
    const handle = event.target.closest("[data-part=handle]");
    if (!handle || event.button !== 0) return;
    event.preventDefault();
    const row = handle.closest(".question-row");
    const before = this.#rows.map(({ dataset }) => dataset.question).join();
    this.#drag = { row, y: event.clientY };
    // The row is moved, and would lose it.
    const list = row.parentElement;
    list.setPointerCapture(event.pointerId);
    row.dataset.dragged = "";
    const move = ({ clientY }) => {
      this.#drag.y = clientY;
      this.#place();
    };
    const scroll = setInterval(() => this.#scroll(), 16);
    const end = ({ type }) => {
      clearInterval(scroll);
      list.removeEventListener("pointermove", move);
      for (const name of ["pointerup", "pointercancel"]) list.removeEventListener(name, end);
      delete row.dataset.dragged;
      this.#drag = null;
      if (this.#rows.map(({ dataset }) => dataset.question).join() !== before) this.#moved(row);
      if (type === "pointerup") row.querySelector("[data-part=title]").focus({ preventScroll: true });
    };
    list.addEventListener("pointermove", move);
    list.addEventListener("pointerup", end);
    list.addEventListener("pointercancel", end);
  }

  /** Put the dragged row where the pointer is. */
  #place() {
    const { row, y } = this.#drag;
    for (const other of this.#rows) {
      if (other === row) continue;
      const { top, bottom } = other.getBoundingClientRect();
      if (y < top || y > bottom) continue;
      const isAbove = row.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING;
      // Rows of different heights would jump back and forth at their edges.
      const middle = (top + bottom) / 2;
      if (isAbove && y > middle) other.after(row);
      else if (!isAbove && y < middle) other.before(row);
      return;
    }
  }

  #scroll() {
    const { y } = this.#drag;
    if (y < EDGE) scrollBy(0, -STEP);
    else if (y > innerHeight - EDGE) scrollBy(0, STEP);
    else return;
    this.#place();
  }

  #refreshSoon() {
    if (this.#asking !== null) return;
    this.#asking = setTimeout(() => {
      this.#asking = null;
      // Without an answer, the next change asks again.
      this.#refresh(false).catch(() => {});
    }, WITHIN);
  }

  async #refresh(anyway) {
    if (this.#isBusy && !anyway) return;
    const answer = await fetch(location.href, { cache: "no-store" });
    if (!answer.ok || (this.#isBusy && !anyway)) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("peer-questions [data-part=content]");
    const content = this.querySelector("[data-part=content]");
    // Drawn formulas and moved rows are not what the server sent.
    const html = fresh?.innerHTML.replace(TOKEN, "");
    if (!fresh || (this.#shown === html && !anyway)) return;
    this.#shown = html;
    const at = document.activeElement?.closest(".question-row")?.dataset.question;
    const part = document.activeElement?.dataset.part;
    content.replaceWith(fresh);
    this.#prepare();
    if (at && part) this.querySelector(`[data-question="${CSS.escape(at)}"] [data-part="${part}"]`)?.focus({ preventScroll: true });
  }

  /** Whether something on the list is in use, and would be lost. */
  get #isBusy() {
    return this.#drag !== null || this.#waiting > 0 || this.querySelector("details[open], input:checked") !== null;
  }
}

customElements.define("peer-questions", PeerQuestions);
