import { sameAnswer } from "../core/answers.js";
import { answerWords } from "../core/answer-words.js";
import { h, setAttribute, setText, show } from "../core/dom.js";
import { initials, list, shownName } from "../core/format.js";
import { faceToFace } from "../core/store.js";
import { isolated } from "../core/text.js";
import { fill, gettext } from "../core/texts.js";

const CHOSE = { number: gettext("answered %(choice)s"), text: gettext("answered %(choice)s") };

/** Who one talks to, what they chose, a hint, and the chat. `connect(client)` once, then `render(session, room)`. */
export class PeerPartners extends HTMLElement {
  #heading;
  #names;
  #hint;
  #chat;
  #drawn = "";

  connectedCallback() {
    if (this.#heading) return;
    this.#heading = h("h2", { class: "partners-heading", data: { testid: "partner-names" } });
    this.#names = h("ul", { class: "partners-list", "aria-label": gettext("What your partners chose") });
    this.#hint = h("p", { class: "partners-hint", data: { testid: "partner-hint" } });
    this.#chat = h("peer-chat", {
      id: "partner-chat",
      label: gettext("Partner chat"),
      empty: gettext("Nobody has written yet. Say what you chose, and why."),
      data: { testid: "partner-chat" },
    });
    this.append(h("header", { class: "partners-head" }, this.#heading, this.#names, this.#hint), this.#chat);
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
    const finding = nobody ? gettext("Nobody else is here yet") : gettext("Finding a partner for you…");
    setText(this.#heading, alone ? finding : face ? fill(gettext("Find %(names)s"), { names: list(names) }) : list([gettext("You"), ...names]));
    const wait = nobody
      ? gettext("When somebody comes, they become your partner within a few seconds. You do not have to do anything.")
      : gettext("This takes a few seconds. You do not have to do anything.");
    setText(this.#hint, alone ? wait : hint(session, face));
    show(this.#hint, session.phase === "discuss");
    const drawn = JSON.stringify([question, partners, partners.map((one) => room?.present[one.username])]);
    if (drawn !== this.#drawn) {
      this.#drawn = drawn;
      setAttribute(this.#names, "data-single", partners.length === 1);
      this.#names.replaceChildren(...partners.map((partner) => row(question, partner, room?.present[partner.username])));
    }
    show(this.#chat, Boolean(room));
    this.#chat.render(room);
  }
}

function row(question, partner, online) {
  const name = shownName(partner);
  const state = online === false ? "away" : online ? "online" : null;
  const words = { away: gettext("away"), online: gettext("online") };
  return h(
    "li",
    { class: "partner", data: { testid: `partner-${partner.username}` } },
    h("span", { class: "avatar", "aria-hidden": "true" }, initials(name)),
    h("span", { class: partner.pseudonym ? "partner-name pseudonym" : "partner-name", dir: "auto", ...(partner.pseudonym && { title: gettext("Pseudonym") }) }, name),
    partner.choice
      ? h("span", { class: "tag partner answer-tag", dir: "auto" }, fill(CHOSE[question?.kind] ?? gettext("chose %(choice)s"), { choice: answerWords(question, partner.choice) }))
      : h("span", { class: "tag" }, gettext("no vote")),
    state ? h("span", { class: "partner-state", data: { state } }, words[state]) : null,
  );
}

function hint(session, face) {
  const { question } = session;
  const own = session.votes[0]?.choice ?? null;
  const voters = session.partners.filter((one) => one.choice);
  const other = voters.find((one) => !sameAnswer(question, one.choice, own));
  const where = face ? `${gettext("Go to them and talk it through.")} ` : "";
  if (own && other && question.kind === "text") {
    return where + gettext("You gave different answers. Give your reasons and try to convince each other.");
  }
  if (own && other) {
    const text = gettext("You chose %(own)s, %(name)s chose %(choice)s. Give your reasons and try to convince each other.");
    return where + fill(text, { own: answerWords(question, own), name: isolated(shownName(other)), choice: answerWords(question, other.choice) });
  }
  if (own && voters.length) return where + gettext("You chose the same. Compare your reasons. How would someone argue for another answer?");
  return where + gettext("Explain how you would answer, and listen to the others.");
}

customElements.define("peer-partners", PeerPartners);
