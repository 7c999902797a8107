import { h, setText, show } from "../core/dom.js";
import { initials, number, shownName } from "../core/format.js";
import { matching } from "../core/rooms.js";
import { newUuid } from "../core/socket.js";
import { isolated, limitLength, shows, trimmed } from "../core/text.js";
import { fill, gettext, ngettext } from "../core/texts.js";

const PEOPLE = 50;

/**
 * The view in which somebody finds a member of the course and writes a direct message.
 *
 * `rooms` has `client()`, `attempt(job)`, `submit(event, job)`, `back()` and `written(room)`, for the room that the
 * message went to.
 */
export class People {
  #rooms;
  #people = [];
  #person = null;
  #filter;
  #members;
  #more;
  #label;
  #text;
  #form;

  constructor(id, rooms) {
    this.#rooms = rooms;
    this.#filter = h("input", {
      type: "text",
      "aria-label": gettext("Find a person"),
      placeholder: gettext("Find a person"),
      dir: "auto",
      autocomplete: "off",
      data: { testid: "people-filter" },
      on: { input: () => this.#draw() },
    });
    this.#members = h("ul", { class: "rooms-people", "aria-label": gettext("Members") });
    this.#more = h("p", { class: "muted", role: "status" });
    this.#label = h("label", { for: `${id}-direct` });
    this.#text = h("textarea", { id: `${id}-direct`, rows: "3", dir: "auto", data: { testid: "direct-text" } });
    limitLength(this.#text, () => rooms.client().state.limits.text);
    this.#form = h(
      "form",
      { class: "rooms-direct", on: { submit: (event) => rooms.submit(event, () => this.#write()) } },
      this.#label,
      this.#text,
      h("button", { type: "submit", class: "button small", data: { testid: "direct-send" } }, gettext("Send")),
    );
    this.element = h(
      "div",
      { class: "rooms-view", hidden: true },
      h("button", { type: "button", class: "button quiet small", data: { testid: "people-back" }, on: { click: () => rooms.back() } }, gettext("Back to the rooms")),
      this.#form,
      this.#filter,
      this.#members,
      this.#more,
    );
  }

  open() {
    show(this.element, true);
    this.#pick(null);
    this.#filter.value = "";
    this.#filter.focus();
    this.#draw();
    this.#rooms.attempt(() => this.#load());
  }

  close() {
    this.#pick(null);
    show(this.element, false);
  }

  /** Go from one person back to all; false where nobody was picked. */
  leavePerson() {
    if (!this.#person) return false;
    this.#pick(null);
    this.#filter.focus();
    return true;
  }

  async #load() {
    const { api, state } = this.#rooms.client();
    const { users } = await api.get(`rooms/${state.course.room}/users/`);
    this.#people = users
      // Nobody writes to a pseudonym alone.
      .filter((one) => one.username !== state.me.username && !one.pseudonym)
      .sort((a, b) => Number(b.online) - Number(a.online) || shownName(a).localeCompare(shownName(b)));
    this.#draw();
  }

  #draw() {
    const found = matching(this.#people, this.#filter.value);
    const rest = found.length - PEOPLE;
    this.#members.replaceChildren(...found.slice(0, PEOPLE).map((person) => this.#member(person)));
    setText(this.#more, rest > 0 ? more(rest) : this.#people.length && !found.length ? gettext("No matching people.") : "");
  }

  #member(person) {
    const name = shownName(person);
    return h(
      "li",
      {},
      h(
        "button",
        { type: "button", class: "rooms-person", data: { testid: `person-${person.username}` }, on: { click: () => this.#pick(person) } },
        h("span", { class: "avatar", "aria-hidden": "true" }, initials(name)),
        h("span", { class: "rooms-name", dir: "auto" }, name),
        person.online ? h("span", { class: "rooms-here" }, h("span", { class: "hidden-label" }, gettext("online"))) : null,
      ),
    );
  }

  #pick(person) {
    this.#person = person;
    show(this.#form, Boolean(person));
    for (const one of [this.#filter, this.#members, this.#more]) show(one, !person);
    if (!person) return;
    setText(this.#label, fill(gettext("Message to %(name)s"), { name: isolated(shownName(person)) }));
    this.#text.focus();
  }

  async #write() {
    const text = trimmed(this.#text.value);
    if (!shows(text)) return;
    const to = encodeURIComponent(this.#person.username);
    const { room } = await this.#rooms.client().api.post(`direct/${to}/messages/`, { uuid: newUuid(), text });
    this.#text.value = "";
    await this.#rooms.written(room);
  }
}

function more(count) {
  const text = ngettext(
    "And %(count)s more. Type part of a name to narrow the list.",
    "And %(count)s more. Type part of a name to narrow the list.",
    count,
  );
  return fill(text, { count: number(count) });
}
