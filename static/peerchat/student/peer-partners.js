import { sameAnswer } from "../core/answers.js";
import { answerWords } from "../core/answer-words.js";
import { h, setAttribute, setText, show } from "../core/dom.js";
import { list, number, shownName } from "../core/format.js";
import { faceToFace } from "../core/store.js";
import { isolated } from "../core/text.js";
import { fill, gettext } from "../core/texts.js";
import { isUnfolded, offeredRow, partnerRow, unfold } from "./opening.js";

// The colours of the signs by which groups find each other in the hall. The numbers are what counts.
const COLOURS = 6;
const MIXED = gettext("Not all of your group are in the hall. Write here, so that everyone can follow.");

/** Who one talks to and where, what they chose and why, a hint, and the chat. `connect(client)` once, then `render(session, room)`. */
export class PeerPartners extends HTMLElement {
  #sign;
  #heading;
  #names;
  #hint;
  #chat;
  #drawn = "";

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

/** What to do and to talk about. */
function hint(session, face) {
  const { question } = session;
  const own = session.votes[0]?.choice ?? null;
  const voters = session.partners.filter((one) => one.choice);
  const other = voters.find((one) => !sameAnswer(question, one.choice, own));
  const where = face ? `${gettext("Go to them and talk it through.")} ` : session.groupPlace === "both" ? `${MIXED} ` : "";
  if (own && other && question.kind === "text") {
    return where + gettext("You gave different answers. Give your reasons and try to convince each other.");
  }
  if (own && other) {
    const text = gettext("You chose %(own)s, %(name)s chose %(choice)s. Give your reasons and try to convince each other.");
    return where + fill(text, { own: answerWords(question, own), name: isolated(shownName(other)), choice: answerWords(question, other.choice) });
  }
  if (session.offered && own && voters.length) return where + gettext("You chose the same. What do you say to this reason for another answer?");
  if (session.offered) return where + gettext("What do you say to this reason for another answer?");
  if (own && voters.length) return where + gettext("You chose the same. Compare your reasons. How would someone argue for another answer?");
  return where + gettext("Explain how you would answer, and listen to the others.");
}

customElements.define("peer-partners", PeerPartners);
