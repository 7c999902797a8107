/** Rows of stored messages. */

import { h } from "../core/dom.js";
import { controlWords, initials, shownName, timeOf } from "../core/format.js";
import { calledBy, isMe } from "../core/me.js";
import { showInline } from "../core/rich.js";
import { mentionParts } from "../core/rooms.js";
import { cut, lengthOf } from "../core/text.js";
import { gettext, pgettext } from "../core/texts.js";

const SAME_BREATH = 180;
const QUOTED = 200;

/** Whether a message goes on with what the one before says, under the same name. */
export function continues(previous, message) {
  return (
    message.kind === "text" &&
    previous.kind === "text" &&
    previous.user.username === message.user.username &&
    message.timestamp - previous.timestamp < SAME_BREATH
  );
}

/** Whether somebody removed the text of a message. */
export function isGone(message) {
  return message.removed || !message.text;
}

/** As much of a text as a quote has room for. */
export function shortened(text) {
  return lengthOf(text) > QUOTED ? `${cut(text, QUOTED).trimEnd()}…` : text;
}

/** Make the row of a stored message. `quoted`: the message that it answers; `course`: whether the room is the course's; `owner`: what stands behind the name of its author. */
export function messageRow(message, { me, joined, quoted, course, owner = null }) {
  const data = { testid: "message", seq: message.seq, kind: message.kind, state: "sent" };
  const gone = isGone(message);
  const time = h("time", { datetime: new Date(message.timestamp * 1000).toISOString() }, timeOf(message.timestamp));
  if (message.kind === "control") {
    return h("li", { class: "chat-control", tabindex: "-1", data }, h("span", {}, h("bdi", {}, controlWords(message.text)), " · ", time));
  }
  if (message.kind === "system") {
    return h(
      "li",
      { class: "chat-system", tabindex: "-1", data },
      h("p", { class: "message-head" }, h("strong", {}, course ? gettext("Announcement") : gettext("From the lecturer")), h("bdi", {}, shownName(message.user)), time),
      said(message, gone),
    );
  }
  const own = isMe(me, message.user.username);
  const name = shownName(message.user);
  const isMentioned = !gone && !own && mentionParts(message.text, calledBy(me)).some(([, isMine]) => isMine);
  return h(
    "li",
    {
      class: own ? "message own" : "message",
      tabindex: "-1",
      data: { ...data, own: String(own), ...(joined && { joined: "" }), ...(isMentioned && { mentioned: "" }) },
    },
    own ? null : h("span", { class: "avatar", "aria-hidden": "true", data: { tone: tone(message.user.username) } }, initials(name)),
    h(
      "div",
      { class: "bubble" },
      h("p", { class: "message-head" }, own ? h("span", { class: "hidden-label" }, pgettext("author of a message", "You")) : named(message.user), owner ? h("bdi", {}, `(${owner})`) : null, time),
      quoted && !gone
        ? h(
            "p",
            { class: "quote", data: { testid: "quote" } },
            named(quoted.user),
            " ",
            h("bdi", {}, isGone(quoted) ? gettext("Message removed") : shortened(quoted.text)),
          )
        : null,
      said(message, gone, own ? null : calledBy(me)),
    ),
  );
}

/** The name of somebody, marked where it is a pseudonym. */
function named(user) {
  const name = h("strong", { dir: "auto" }, shownName(user));
  if (!user.pseudonym) return name;
  name.classList.add("pseudonym");
  name.title = gettext("Pseudonym");
  return h("span", {}, name, h("span", { class: "hidden-label" }, ` (${gettext("Pseudonym")})`));
}

/** The words of a message; the name `me` in them is marked. */
function said(message, gone, me = null) {
  const element = h("p", { class: gone ? "text gone" : "text", dir: "auto" });
  const marked = (piece) => mentionParts(piece, me).map(([text, isMine]) => (isMine ? h("mark", { class: "mention" }, text) : text));
  if (gone) element.textContent = gettext("Message removed");
  else showInline(element, message.text, marked);
  return element;
}

/** One of six colours that stays with a person. */
function tone(username) {
  let sum = 0;
  for (const character of username) sum = (sum * 31 + character.codePointAt(0)) >>> 0;
  return sum % 6;
}
