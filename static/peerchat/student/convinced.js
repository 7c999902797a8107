import { focusedNear, h, setAttribute, setText, show } from "../core/dom.js";
import { shownName } from "../core/format.js";
import { explain } from "../core/refusals.js";
import { showInline } from "../core/rich.js";
import { gettext } from "../core/texts.js";

const ASKED_IN = new Set(["revote", "revote_closed"]);
/** The newest messages of partners that one may choose from. */
const MOST = 20;

/**
 * "What convinced you?", once the second vote is cast: the reasons and the messages of the partners, and two answers
 * beside them. `connect(client)` once, then `render(session, room)` with the room of the partners, or null.
 */
export class PeerConvinced extends HTMLElement {
  #client;
  #list;
  #said;
  #else;
  #status;
  #drawn = "";
  #sending = null;
  #error = null;

  connectedCallback() {
    if (this.#list) return;
    this.#said = h("div", { class: "convinced-said" });
    this.#else = h("div", { class: "convinced-else" });
    this.#list = h("div", { class: "convinced-lines", role: "group", "aria-labelledby": "convinced-title" }, this.#said, this.#else);
    this.#status = h("p", { class: "convinced-status muted", role: "status", data: { testid: "convinced-status" } });
    this.append(h("h2", { id: "convinced-title", class: "convinced-title" }, gettext("What convinced you?")), this.#list, this.#status);
  }

  connect(client) {
    this.#client = client;
  }

  render(session, room) {
    const { role } = this.#client.state.course;
    const isStudent = !role || role === "student";
    const isAsked = session.asks?.convinced ?? true;
    const visible = isStudent && isAsked && room !== null && ASKED_IN.has(session.phase) && session.votes[1] !== null;
    show(this, visible);
    if (!visible) return;
    const said = session.convinced;
    const chosen = this.#sending ?? (said && keyOf(said));
    const lines = linesOf(session, room, said);
    this.#draw(lines);
    for (const button of this.#list.querySelectorAll("button")) setAttribute(button, "aria-pressed", String(button.dataset.key === chosen));
    setText(this.#status, this.#error ?? (said && !this.#sending ? gettext("Thank you. You can change it until the result.") : ""));
    setAttribute(this.#status, "data-state", this.#error ? "error" : null);
  }

  #draw(lines) {
    const drawn = JSON.stringify(lines);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const focused = focusedNear(this);
    const key = this.#list.contains(focused) ? focused.dataset.key : null;
    // The two answers beside what partners said are in sight, however much they said.
    const isSaid = ({ name }) => name !== null;
    this.#said.replaceChildren(...lines.filter(isSaid).map((one) => this.#line(one)));
    this.#else.replaceChildren(...lines.filter((one) => !isSaid(one)).map((one) => this.#line(one)));
    // Somebody else's message must not take the keyboard away.
    if (key !== null) [...this.#list.querySelectorAll("button")].find(({ dataset }) => dataset.key === key)?.focus({ preventScroll: true });
  }

  #line({ key, said, name, text }) {
    const words = h("span", { class: "convinced-text", dir: "auto" });
    // The words of this page have no markup.
    if (said.by === "message" || said.by === "reason") showInline(words, text);
    else words.textContent = text;
    return h(
      "button",
      { type: "button", class: "convinced-line", "aria-pressed": "false", data: { key, by: said.by, testid: `convinced-${said.by}` }, on: { click: () => this.#say(key, said) } },
      name ? h("bdi", { class: "convinced-name" }, name) : null,
      words,
    );
  }

  async #say(key, said) {
    const { session, course } = this.#client.state;
    const { question } = session.question;
    this.#sending = key;
    this.#error = null;
    this.#again();
    try {
      const { convinced } = await this.#client.request("say_convinced", { course: course.slug, question, ...said });
      this.#client.dispatch({ action: "convinced", course: course.slug, question, convinced });
    } catch (error) {
      // What was pressed after this one decides.
      if (this.#sending === key) this.#error = explain(error);
    } finally {
      if (this.#sending === key) this.#sending = null;
      this.#again();
    }
  }

  #again() {
    this.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

/** What one may choose from, in order: `{key, said, name, text}`; `said` are the fields of the command. */
function linesOf({ partners, offered }, room, said) {
  const names = new Map(partners.map((one) => [one.username, shownName(one)]));
  const reasons = partners
    .filter(({ rationale }) => rationale)
    .map((one) => line({ by: "reason", username: one.username }, shownName(one), one.rationale));
  if (offered?.rationale) reasons.push(line({ by: "reason" }, gettext("A reason from the class"), offered.rationale));
  const messages = room.messages.filter(({ kind, text, user }) => kind === "text" && text && names.has(user?.username));
  const newest = messages.filter(({ id }, index) => index >= messages.length - MOST || id === said?.message);
  return [
    ...reasons,
    ...newest.map(({ id, user, text }) => line({ by: "message", message: id }, names.get(user.username), text)),
    line({ by: "thought" }, null, gettext("I thought again")),
    line({ by: "nothing" }, null, gettext("Nothing")),
  ];
}

function line(said, name, text) {
  return { key: keyOf(said), said, name, text };
}

function keyOf({ by, message, username }) {
  return `${by} ${message ?? username ?? ""}`;
}

customElements.define("peer-convinced", PeerConvinced);
