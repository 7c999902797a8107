import { focusedNear, h, setAttribute, setText, show } from "../core/dom.js";
import { number, shownName, timeOf } from "../core/format.js";
import { guardEnter, isolated, shows, trimmed } from "../core/text.js";
import { fill, gettext, ngettext } from "../core/texts.js";
import { isGone, messageRow } from "../chat/message-row.js";
import { groupName, placeName, reasonWords, talkMeaning, talkName, writtenWords } from "./group-words.js";

// As the server has them.
const LEAST_TO_SPLIT = 4;
const JOINED_LIMIT = 8;

/**
 * One group: its members, how it was made, and what can be done with it. Its messages are here only after a visit,
 * which the members see.
 *
 * `tools` has `visit()`, `say(text)`, `split(group)`, `join(group, other)`, `move(member, group, to)`, `mute(user)`,
 * `unmute(user)`, `remove(message)`, `restore(message)`, `close()` and `me` (a username).
 */
export class GroupDetails {
  element;
  #tools;
  #group = null;
  #title;
  #facts;
  #reason;
  #members;
  #drawn = "";
  #visit;
  #messages;
  #texts = [];
  #form;
  #field;
  #split;
  #join;
  #rest;

  constructor(tools) {
    this.#tools = tools;
    const close = h("button", { type: "button", class: "button small quiet", data: { testid: "group-close" }, on: { click: () => tools.close() } }, gettext("Close"));
    this.#title = h("h3", { tabindex: "-1" }, "");
    this.#facts = h("p", { class: "muted" });
    this.#reason = h("p", { class: "muted" });
    this.#members = h("ul", { class: "group-members", data: { testid: "group-members" } });
    this.#visit = h("button", { type: "button", class: "button", data: { testid: "group-visit" }, on: { click: () => tools.visit() } }, gettext("Read along"));
    this.#messages = h("ol", { class: "messages group-messages", tabindex: "0", "aria-label": gettext("Messages of the group"), data: { testid: "group-messages" }, hidden: true });
    this.#field = h("input", { type: "text", dir: "auto", autocomplete: "off", "aria-label": gettext("Answer the group"), placeholder: gettext("Answer the group"), data: { testid: "group-text" } });
    this.#form = h("form", { class: "groups-say", on: { submit: (event) => this.#say(event) } }, this.#field, h("button", { type: "submit", class: "button", data: { testid: "group-say" } }, gettext("Answer")));
    guardEnter(this.#form);
    this.#split = h("button", { type: "button", class: "button small", data: { testid: "group-split" }, on: { click: () => tools.split(this.#group) } }, gettext("Split in two"));
    this.#join = h("select", { "aria-label": gettext("Join with another group"), data: { testid: "group-join" }, on: { change: () => this.#joinWith() } });
    this.#rest = h("div", { class: "group-tools" }, this.#split, this.#join);
    this.element = h(
      "section",
      { class: "group-details", hidden: true, data: { testid: "group-details" } },
      h("div", { class: "group-head" }, this.#title, close),
      this.#facts,
      this.#reason,
      this.#members,
      this.#rest,
      h("div", { class: "group-visit" }, this.#visit, h("span", { class: "muted" }, gettext("The members see that you read along."))),
      this.#messages,
      this.#form,
    );
  }

  get number() {
    return this.#group?.group ?? null;
  }

  /** Show a group among the others; null for none. */
  render(group, groups, { now, enabled, regroups, visited }) {
    const other = group?.group !== this.#group?.group;
    this.#group = group;
    show(this.element, group !== null);
    if (!group) return;
    if (other) {
      this.#field.value = "";
      this.#texts = [];
      this.#messages.replaceChildren();
    }
    setText(this.#title, `${groupName(group.group)}: ${talkName(group.talk)}`);
    setText(this.#reason, reasonWords(group));
    setText(this.#facts, [talkMeaning(group.talk), `${writtenWords(group, now)}.`].join(" "));
    const may = enabled && regroups;
    const numbers = groups.map((one) => one.group).filter((one) => one !== group.group);
    const drawn = JSON.stringify([group.group, group.members, numbers, may, enabled]);
    const focused = this.#focused(this.#members);
    // A menu that somebody has open stays; a button that was pressed, such as “Mute”, says at once what it does now.
    if (drawn !== this.#drawn && (other || !focused?.matches("select"))) {
      this.#drawn = drawn;
      this.#members.replaceChildren(...group.members.map((one) => this.#member(one, numbers, { enabled, may })));
      const row = focused && [...this.#members.children].find(({ dataset }) => dataset.username === focused.closest("li").dataset.username);
      row?.querySelector("button")?.focus({ preventScroll: true });
      const small = groups.filter((one) => one !== group && one.members.length + group.members.length <= JOINED_LIMIT);
      this.#join.replaceChildren(option("", gettext("Join with…")), ...small.map((one) => option(one.group, groupName(one.group))));
    }
    show(this.#rest, regroups);
    setAttribute(this.#split, "disabled", !may || group.members.length < LEAST_TO_SPLIT);
    setAttribute(this.#join, "disabled", !may);
    for (const button of [this.#visit, this.#form.lastElementChild]) setAttribute(button, "disabled", !enabled);
    show(this.#visit.parentElement, !visited);
    show(this.#messages, visited);
    if (other) this.#title.focus({ preventScroll: true });
  }

  /** Show the messages of the group that is visited. */
  renderMessages(texts) {
    if (texts === this.#texts) return;
    const atEnd = this.#messages.scrollHeight - this.#messages.scrollTop - this.#messages.clientHeight < 40;
    const seq = this.#focused(this.#messages)?.closest("[data-seq]")?.dataset.seq;
    this.#texts = texts;
    this.#messages.replaceChildren(...texts.map((message) => this.#message(message)));
    if (seq) this.#messages.querySelector(`[data-seq="${seq}"] button`)?.focus({ preventScroll: true });
    if (atEnd) this.#messages.scrollTop = this.#messages.scrollHeight;
  }

  #message(message) {
    const row = messageRow(message, { me: { username: this.#tools.me }, joined: false, quoted: null, course: false });
    if (message.kind !== "text") return row;
    const tool = isGone(message)
      ? this.#button("message-restore", gettext("Restore"), () => this.#tools.restore(message))
      : this.#button("message-remove", gettext("Remove"), () => this.#tools.remove(message));
    row.querySelector(".bubble")?.append(tool);
    return row;
  }

  #member(member, numbers, { enabled, may }) {
    const muted = member.muted_until !== undefined;
    const where = [member.place && placeName(member.place), member.seat && isolated(member.seat)].filter(Boolean);
    const wrote = fill(ngettext("%(count)s message", "%(count)s messages", member.messages), { count: number(member.messages) });
    const facts = [member.choice ?? gettext("no vote"), wrote, ...where];
    if (muted) facts.push(fill(gettext("muted until %(time)s"), { time: timeOf(member.muted_until) }));
    const name = member.name ? `${shownName(member)} (${member.name})` : shownName(member);
    const label = (text) => fill(text, { name: isolated(name) });
    const move = h(
      "select",
      { "aria-label": label(gettext("Move %(name)s to another group")), disabled: !may, data: { testid: "member-move" } },
      option("", gettext("Move to…")),
      ...numbers.map((one) => option(one, groupName(one))),
    );
    move.addEventListener("change", () => move.value && this.#tools.move(member, this.#group.group, Number(move.value)));
    const mute = muted
      ? this.#button("member-unmute", gettext("Unmute"), () => this.#tools.unmute(member), label(gettext("Unmute %(name)s")))
      : this.#button("member-mute", gettext("Mute"), () => this.#tools.mute(member), label(gettext("Mute %(name)s")));
    setAttribute(mute, "disabled", !enabled);
    const here = member.online ? gettext("here") : gettext("not here");
    return h(
      "li",
      { class: "group-member", data: { username: member.username, testid: "group-member" } },
      h("span", { class: "presence-dot", data: { here: String(member.online) }, role: "img", "aria-label": here, title: here }),
      h("strong", { dir: "auto" }, name),
      h("span", { class: "muted" }, facts.join(" · ")),
      move,
      mute,
    );
  }

  /** What has the focus within a list, or null. */
  #focused(list) {
    const focused = focusedNear(list);
    return focused !== list && list.contains(focused) ? focused : null;
  }

  #button(testid, text, click, label = null) {
    return h("button", { type: "button", class: "button small quiet", "aria-label": label, data: { testid }, on: { click } }, text);
  }

  #joinWith() {
    const other = Number(this.#join.value);
    this.#join.value = "";
    if (other) this.#tools.join(this.#group, other);
  }

  async #say(event) {
    event.preventDefault();
    const text = trimmed(this.#field.value);
    if (!shows(text)) return;
    if (await this.#tools.say(text)) this.#field.value = "";
  }
}

function option(value, text) {
  return h("option", { value }, text);
}
