import { h, setAttribute, setText, show } from "../core/dom.js";
import { list, number, shownName } from "../core/format.js";
import { faceToFace } from "../core/store.js";
import { isolated } from "../core/text.js";
import { fill, gettext } from "../core/texts.js";
import { hint } from "./hint.js";
import { isUnfolded, offeredRow, partnerRow, unfold } from "./opening.js";

// The colours of the signs by which groups find each other in the hall. The numbers are what counts.
const COLOURS = 6;

/** Who one talks to and where, what they chose and why, a hint, and the chat. `connect(client)` once, then `render(session, room)`. */
export class PeerPartners extends HTMLElement {
  #sign;
  #heading;
  #names;
  #hint;
  #chat;
  #drawn = "";
  #marks = {};

  connectedCallback() {
    if (this.#heading) return;
    this.#sign = h("p", { class: "group-sign", data: { testid: "group-sign" }, hidden: true }, h("span", {}, gettext("Group")), h("strong"));
    this.#heading = h("h2", { class: "partners-heading", data: { testid: "partner-names" } });
    this.#names = h("ul", { class: "partners-list", "aria-label": gettext("What your partners chose, and why") });
    this.#hint = h("p", { class: "partners-hint", data: { testid: "partner-hint" } });
    this.#chat = h("peer-chat", {
      id: "partner-chat",
      label: gettext("Partner chat"),
      empty: gettext("Nobody has written yet. Say what you chose, and why."),
      data: { testid: "partner-chat" },
    });
    this.append(h("header", { class: "partners-head" }, this.#sign, this.#heading, this.#names, this.#hint), this.#chat);
  }

  connect(client) {
    this.#chat.connect(client);
  }

  set active(value) {
    this.#chat.active = value;
  }

  /** `alone`: nobody else is here. */
  render(session, room, { alone: nobody = false } = {}) {
    const { partners, question } = session;
    const names = partners.map((one) => isolated(shownName(one)));
    const face = faceToFace(session);
    const alone = !partners.length;
    setAttribute(this, "data-face", face);
    setAttribute(this, "data-alone", alone);
    this.#renderSign(session.group, face && !alone);
    const finding = nobody ? gettext("Nobody else is here yet") : gettext("Finding a partner for you…");
    setText(this.#heading, alone ? finding : face ? fill(gettext("Find %(names)s"), { names: list(names) }) : list([gettext("You"), ...names]));
    const wait = nobody
      ? gettext("When somebody comes, they become your partner within a few seconds. You do not have to do anything.")
      : gettext("This takes a few seconds. You do not have to do anything.");
    setText(this.#hint, alone ? wait : hint(session, face));
    show(this.#hint, session.phase === "discuss");
    const present = (partner) => room?.present[partner.username];
    const { groupPlace, offered } = session;
    const drawn = JSON.stringify([question, partners, partners.map(present), groupPlace, offered]);
    if (drawn !== this.#drawn) {
      this.#drawn = drawn;
      setAttribute(this.#names, "data-single", partners.length === 1);
      const places = groupPlace === "both";
      const unfolded = new Set([...this.#names.children].filter(isUnfolded).map((row) => row.dataset.testid));
      const rows = partners.map((partner) => partnerRow(question, partner, { online: present(partner), places }));
      this.#names.replaceChildren(...rows, ...(offered && !alone ? [offeredRow(question, offered)] : []));
      for (const row of this.#names.children) if (unfolded.has(row.dataset.testid)) unfold(row);
    }
    const marks = Object.fromEntries(partners.filter((one) => one.mark).map((one) => [one.username, one.mark]));
    if (JSON.stringify(marks) !== JSON.stringify(this.#marks)) this.#chat.marks = this.#marks = marks;
    show(this.#chat, Boolean(room));
    this.#chat.render(room);
  }

  /** Show the number of the group, the same on the phones of all its members, so that it is seen across a row. */
  #renderSign(group, visible) {
    show(this.#sign, visible && group !== null);
    if (group === null) return;
    this.#sign.dataset.colour = (group - 1) % COLOURS;
    setText(this.#sign.lastElementChild, number(group));
  }
}

customElements.define("peer-partners", PeerPartners);
