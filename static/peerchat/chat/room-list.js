import { focusedNear, h } from "../core/dom.js";
import { badge, number } from "../core/format.js";
import { roomsOf, unreadOf } from "../core/rooms.js";
import { unread } from "../core/store.js";
import { isolated } from "../core/text.js";
import { fill, gettext, ngettext } from "../core/texts.js";

/** What the room of the course is called. */
export const COURSE = gettext("Course chat");

/** The rooms by their kinds, with what is unread in them. `join(room)` and `select(room)` do what the buttons say. */
export class RoomList {
  #drawn = "";
  #join;
  #select;

  constructor({ join, select }) {
    this.#join = join;
    this.#select = select;
    this.element = h("div", { class: "rooms-list" });
  }

  /** Put the focus on the room that is shown. */
  focus() {
    this.element.querySelector("[aria-current]")?.focus();
  }

  render(state, shown) {
    const groups = [
      [gettext("Course"), [{ room: state.course.room, title: COURSE, joined: true, unread: unread(state.rooms[state.course.room], state.me) }]],
      [gettext("Rooms"), roomsOf(state.list, "open").map((one) => ({ ...one, unread: unreadOf(one) }))],
      [gettext("Direct messages"), roomsOf(state.list, "direct").map((one) => ({ ...one, unread: unreadOf(one) }))],
    ];
    const drawn = JSON.stringify([groups, shown]);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const focusedElement = focusedNear(this.element);
    const focused = this.element.contains(focusedElement) ? focusedElement.dataset.room : null;
    this.element.replaceChildren(
      ...groups
        .filter(([, rooms]) => rooms.length)
        .map(([name, rooms]) =>
          h(
            "section",
            { "aria-label": name },
            h("h3", { class: "rooms-heading" }, name),
            h("ul", {}, rooms.map((one) => this.#row(one, one.room === shown))),
          ),
        ),
    );
    if (focused) this.element.querySelector(`[data-room="${focused}"]`)?.focus();
  }

  #row({ room, kind, title, members, joined, unread: count }, isShown) {
    const about = kind === "open" ? h("span", { class: "muted rooms-members" }, fill(ngettext("%(count)s member", "%(count)s members", members), { count: number(members) })) : null;
    const name = h("span", { class: "rooms-name", dir: "auto" }, title);
    if (!joined) {
      return h(
        "li",
        { class: "rooms-row", data: { testid: "room-row" } },
        h("span", { class: "rooms-stranger" }, name, about),
        h(
          "button",
          {
            type: "button",
            class: "button small",
            "aria-label": fill(gettext("Join %(room)s"), { room: isolated(title) }),
            data: { room, testid: "room-join" },
            on: { click: () => this.#join(room) },
          },
          gettext("Join"),
        ),
      );
    }
    return h(
      "li",
      { class: "rooms-row", data: { testid: "room-row" } },
      h(
        "button",
        {
          type: "button",
          class: "rooms-room",
          "aria-current": isShown && "true",
          data: { room, testid: "room" },
          on: { click: () => this.#select(room) },
        },
        name,
        about,
        count
          ? h("span", { class: "badge", data: { testid: "room-unread" } }, badge(count), h("span", { class: "hidden-label" }, ` ${gettext("unread")}`))
          : null,
      ),
    );
  }
}
