import { answerWords } from "../core/answer-words.js";
import { h, setAttribute, setText, show } from "../core/dom.js";
import { initials, number, shownName } from "../core/format.js";
import { showInline } from "../core/rich.js";
import { fill, gettext } from "../core/texts.js";

const CHOSE = { number: gettext("answered %(choice)s"), text: gettext("answered %(choice)s") };
const STATES = { away: gettext("away"), online: gettext("online") };
const PLACES = { hall: gettext("in the hall"), elsewhere: gettext("elsewhere") };

/**
 * What a partner brings to the talk: the answer, how sure they are, and why. `online`: whether they are here, if that is
 * known; `places`: whether to say where they are.
 */
export function partnerRow(question, partner, { online, places }) {
  const name = shownName(partner);
  const state = online === false ? "away" : online ? "online" : null;
  const { choice, confidence, rationale, place, seat } = partner;
  return h(
    "li",
    { class: "partner", data: { testid: `partner-${partner.username}` } },
    h("span", { class: "avatar", "aria-hidden": "true" }, initials(partner.display_name || name)),
    h("span", { class: partner.pseudonym ? "partner-name pseudonym" : "partner-name", dir: "auto", ...(partner.pseudonym && { title: gettext("Pseudonym") }) }, name),
    choice ? answerTag(question, choice) : h("span", { class: "tag" }, gettext("no vote")),
    confidence ? h("span", { class: "tag", data: { testid: "partner-confidence" } }, fill(gettext("confidence %(confidence)s of 5"), { confidence: number(confidence) })) : null,
    places && place ? h("span", { class: "tag", data: { testid: "partner-place" } }, PLACES[place]) : null,
    seat ? h("span", { class: "partner-seat", dir: "auto", data: { testid: "partner-seat" } }, seat) : null,
    state ? h("span", { class: "partner-state", data: { state } }, STATES[state]) : null,
    rationale ? reason(rationale) : null,
  );
}

/** A reason for another answer than that of the group, by somebody who stays unknown. */
export function offeredRow(question, { choice, rationale }) {
  return h(
    "li",
    { class: "offered", data: { testid: "offered" } },
    h("span", { class: "offered-title" }, gettext("Somebody else in the class")),
    answerTag(question, choice),
    reason(rationale),
  );
}

/** Whether somebody reads the whole of the reason in a row. */
export function isUnfolded(row) {
  return row.querySelector("[data-open]") !== null;
}

export function unfold(row) {
  row.querySelector("div.reason")?.setAttribute("data-open", "");
}

function answerTag(question, choice) {
  const text = CHOSE[question?.kind] ?? gettext("chose %(choice)s");
  return h("span", { class: "tag partner answer-tag", dir: "auto" }, fill(text, { choice: answerWords(question, choice) }));
}

/** A reason. Of a long one, the first lines, and a button for the rest. */
function reason(text) {
  const words = h("p", { class: "reason-text", dir: "auto", data: { testid: "reason" } });
  const more = h("button", { type: "button", class: "button quiet small", "aria-expanded": "false", hidden: true, data: { testid: "whole-reason" } });
  const box = h("div", { class: "reason" }, h("div", { class: "reason-bubble" }, words), more);
  showInline(words, text);
  const isOpen = () => box.hasAttribute("data-open");
  const render = () => {
    setText(more, isOpen() ? gettext("Show less") : gettext("Show all"));
    setAttribute(more, "aria-expanded", String(isOpen()));
    show(more, isOpen() || words.scrollHeight > words.clientHeight + 1);
  };
  more.addEventListener("click", () => {
    box.toggleAttribute("data-open");
    render();
  });
  // How much of it fits is known only once it stands on the page, and changes with its width.
  new ResizeObserver(render).observe(words);
  return box;
}
