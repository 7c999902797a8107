import { focusedNear, h } from "../core/dom.js";
import { plural } from "../core/format.js";
import { roomsOf, unreadOf } from "../core/rooms.js";
import { unread } from "../core/store.js";
import { isolated } from "../core/text.js";

/** What the room of the course is called. */
export const COURSE = "Course chat";

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
      ["Course", [{ room: state.course.room, title: COURSE, joined: true, unread: unread(state.rooms[state.course.room], state.me) }]],
      ["Rooms", roomsOf(state.list, "open").map((one) => ({ ...one, unread: unreadOf(one) }))],
      ["Direct messages", roomsOf(state.list, "direct").map((one) => ({ ...one, unread: unreadOf(one) }))],
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
    const about = kind === "open" ? h("span", { class: "muted rooms-members" }, plural(members, "member")) : null;
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
            "aria-label": `Join ${isolated(title)}`,
            data: { room, testid: "room-join" },
            on: { click: () => this.#join(room) },
          },
          "Join",
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
          ? h("span", { class: "badge", data: { testid: "room-unread" } }, count > 99 ? "99+" : String(count), h("span", { class: "hidden-label" }, " unread"))
          : null,
      ),
    );
  }
}
