import { announce, focusedNear, h, show } from "../core/dom.js";
import { shownName } from "../core/format.js";
import { isMe } from "../core/me.js";
import { explain } from "../core/refusals.js";
import { fill, gettext } from "../core/texts.js";
import { isGone } from "./message-row.js";

const LEADING = new Set(["instructor", "assistant"]);
const MOVES = { ArrowUp: -1, ArrowDown: 1, Home: -Infinity, End: Infinity };

/**
 * The tools of a chat's messages: one message at a time, under the pointer or in focus, has them; the arrow keys
 * move the focus from row to row of `list`.
 *
 * `chat` has `client()`, `message(row)` (null where its room is closed), `answer(message)` and `loadOlder()`.
 */
export class MessageTools {
  #list;
  #chat;
  #current = null;
  #offered = null;
  #tools = null;

  constructor(list, chat) {
    this.#list = list;
    this.#chat = chat;
    list.addEventListener("focusin", ({ target }) => this.#focused(target));
    list.addEventListener("focusout", ({ relatedTarget }) => this.#left(relatedTarget));
    list.addEventListener("pointerover", ({ target, pointerType }) => pointerType === "mouse" && this.#pointed(target));
    list.addEventListener("pointerleave", () => this.#pointed(null));
    list.addEventListener("keydown", (event) => this.#moved(event));
  }

  /** Forget the rows: another room begins. */
  begin() {
    this.#withdraw();
    this.#current = null;
  }

  /** Let Tab reach `newest` where the row that it reached is gone. */
  keepCurrent(newest) {
    if (!this.#current?.isConnected) this.#makeCurrent(newest);
  }

  #makeCurrent(row) {
    this.#current?.setAttribute("tabindex", "-1");
    this.#current = row;
    row?.setAttribute("tabindex", "0");
  }

  #rowAt(element) {
    const row = element?.closest?.("[data-seq]") ?? null;
    return row && this.#list.contains(row) ? row : null;
  }

  #focused(target) {
    const row = this.#rowAt(target);
    if (!row) return;
    if (row !== this.#current) this.#makeCurrent(row);
    this.#offer(row);
    // Below long answers, a chat on a phone is lower than the tools of its first message.
    this.#tools?.scrollIntoView({ block: "nearest" });
  }

  #left(to) {
    if (this.#rowAt(to) !== this.#offered && !this.#offered?.matches(":hover")) this.#withdraw();
  }

  #pointed(target) {
    if (this.#offered?.contains(focusedNear(this.#list))) return;
    const row = this.#rowAt(target);
    if (row) this.#offer(row);
    else this.#withdraw();
  }

  #moved(event) {
    if (!(event.key in MOVES) || event.target !== this.#current) return;
    const all = [...this.#list.querySelectorAll(":scope > [data-seq]")];
    const at = all.indexOf(this.#current) + MOVES[event.key];
    const row = all[Math.min(Math.max(at, 0), all.length - 1)];
    event.preventDefault();
    if (at < 0) this.#chat.loadOlder();
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }

  #offer(row) {
    if (row === this.#offered) return;
    this.#withdraw();
    const message = this.#chat.message(row);
    if (!message || message.kind === "control" || isGone(message)) return;
    const { api, state } = this.#chat.client();
    const own = isMe(state.me, message.user.username);
    const mayRemove = api && (own || LEADING.has(state.course.role));
    const name = shownName(message.user);
    const label = (mine, theirs) => (own ? mine : fill(theirs, { name }));
    const tool = (testid, text, full, click) =>
      h("button", { type: "button", "aria-label": full, data: { testid }, on: { click } }, text);
    const answer = () => {
      this.#chat.answer(message);
      this.#withdraw();
    };
    const sure = tool(
      "message-remove-sure",
      gettext("Remove"),
      label(gettext("Remove your message for everyone"), gettext("Remove the message from %(name)s for everyone")),
      () => this.#remove(message),
    );
    const first = h("span", {}, tool("message-reply", gettext("Reply"), label(gettext("Reply to your message"), gettext("Reply to the message from %(name)s")), answer));
    const keep = tool("message-keep", gettext("Keep"), label(gettext("Keep your message"), gettext("Keep the message from %(name)s")), () => {
      show(first, true);
      first.lastElementChild.focus();
      show(second, false);
    });
    const second = h("span", { hidden: true }, h("span", { class: "tools-question", role: "status" }, gettext("Remove it?")), sure, keep);
    const ask = () => {
      show(second, true);
      sure.focus();
      show(first, false);
    };
    if (mayRemove) first.append(tool("message-remove", gettext("Remove"), label(gettext("Remove your message"), gettext("Remove the message from %(name)s")), ask));
    if (api && mayFlag(message, state, own)) first.append(this.#flagTool(message, name));
    const report = mayReport(message, state, own) ? api?.page?.(`courses/${state.course.slug}/consents/?message=${message.id}`) : null;
    if (report) {
      const full = fill(gettext("Report or block %(name)s"), { name });
      first.append(h("a", { href: report, target: "_blank", rel: "noopener", "aria-label": full, data: { testid: "message-report" } }, gettext("Report")));
    }
    this.#offered = row;
    this.#tools = h("div", { class: "message-tools", data: { testid: "message-tools" } }, first, second);
    (row.querySelector(".bubble") ?? row).append(this.#tools);
  }

  #flagTool(message, name) {
    const flagged = Boolean(message.flagged);
    const label = flagged ? gettext("Take back your flag on the message from %(name)s") : gettext("Flag the message from %(name)s: the lecturers can then read it");
    return h(
      "button",
      { type: "button", "aria-label": fill(label, { name }), data: { testid: "message-flag" }, on: { click: () => this.#flag(message, !flagged) } },
      flagged ? gettext("Unflag") : gettext("Flag"),
    );
  }

  #withdraw() {
    this.#tools?.remove();
    this.#tools = null;
    this.#offered = null;
  }

  #remove(message) {
    return this.#change(() => this.#chat.client().removeMessage(message.room, message.seq), gettext("Message removed"));
  }

  #flag(message, flagged) {
    const done = flagged ? gettext("Flagged for the lecturers") : gettext("No longer flagged");
    return this.#change(() => this.#chat.client().flagMessage(message.room, message.seq, flagged), done);
  }

  async #change(change, done) {
    const row = this.#offered;
    const tools = this.#tools;
    // Where the row is made anew the focus follows it.
    row?.focus({ preventScroll: true });
    try {
      await change();
      announce(done);
    } catch (error) {
      tools.replaceChildren(h("span", { class: "tools-question", role: "alert" }, explain(error)));
    }
  }
}

/** Whether somebody may point a message out to those who lead. These have better means. */
function mayFlag(message, state, own) {
  const kind = state.rooms[message.room]?.kind ?? state.list[message.room]?.kind;
  return !own && message.kind === "text" && kind !== "direct" && !LEADING.has(state.course.role) && !state.course.archived;
}

/** Whether somebody may report the author of a message, on a page of its own. */
function mayReport(message, state, own) {
  return !own && message.kind === "text" && state.course.role === "student";
}
