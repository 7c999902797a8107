import { h, setText, show } from "../core/dom.js";
import { number, shownName, timeOf } from "../core/format.js";
import { showInline } from "../core/rich.js";
import { isolated } from "../core/text.js";
import { fill, gettext, ngettext } from "../core/texts.js";
import { groupName } from "./group-words.js";

const MOST = 50;

/**
 * The messages that students have flagged, with what can be done about them. `tools` has `remove(message)`,
 * `mute(user)`, `settle({message, since})` and `visit(group)`.
 */
export class GroupFlags {
  element;
  #tools;
  #title;
  #list;
  #drawn = "";

  constructor(tools) {
    this.#tools = tools;
    this.#title = h("h3", {}, "");
    this.#list = h("ul", { class: "flags-list", data: { testid: "flags" } });
    this.element = h("section", { class: "groups-flags", hidden: true }, this.#title, this.#list);
  }

  static path(slug) {
    return `courses/${slug}/flags/?limit=${MOST}`;
  }

  render(flags) {
    show(this.element, flags.length > 0);
    const drawn = JSON.stringify(flags.map((one) => [one.message.id, one.message.text, one.flags]));
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const count = flags.length;
    setText(this.#title, fill(ngettext("%(count)s flagged message", "%(count)s flagged messages", count), { count: number(count) }));
    this.#list.replaceChildren(...flags.map((one) => this.#row(one)));
  }

  #row({ message, flags, since, group, room_title: title }) {
    const said = h("p", { class: "text", dir: "auto" });
    if (message.text) showInline(said, message.text);
    else setText(said, gettext("Message removed"));
    const tool = (testid, text, click) => h("button", { type: "button", class: "button small", data: { testid }, on: { click } }, text);
    const times = flags > 1 ? fill(ngettext("%(count)s flag", "%(count)s flags", flags), { count: number(flags) }) : null;
    const where = group === null ? isolated(title) : groupName(group);
    return h(
      "li",
      { class: "flag", data: { testid: "flag" } },
      h("p", { class: "flag-head" }, h("strong", { dir: "auto" }, shownName(message.user)), [where, timeOf(message.timestamp), times].filter(Boolean).join(" · ")),
      said,
      h(
        "div",
        { class: "flag-tools" },
        message.text ? tool("flag-remove", gettext("Remove"), () => this.#tools.remove(message)) : null,
        tool("flag-mute", gettext("Mute"), () => this.#tools.mute(message.user)),
        tool("flag-settle", gettext("It is all right"), () => this.#tools.settle({ message, since })),
        group === null ? null : tool("flag-visit", gettext("See the group"), () => this.#tools.visit(group)),
      ),
    );
  }
}
