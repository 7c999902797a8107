import { h, setAttribute, setText } from "../core/dom.js";
import { number, shownName } from "../core/format.js";
import { fill, ngettext } from "../core/texts.js";
import { groupName, talkName, talkSign } from "./group-words.js";

/** A tile for each group; `choose(number)` is called for the one that is clicked. */
export class GroupTiles {
  element = h("ul", { class: "groups-tiles", data: { testid: "group-tiles" } });
  #choose;
  #tiles = new Map();

  constructor(choose) {
    this.#choose = choose;
  }

  /** Show groups in their order; `open` is the number of the one whose details are shown. */
  render(groups, open) {
    const wanted = new Set(groups.map((one) => one.group));
    for (const [key, tile] of this.#tiles) {
      if (wanted.has(key)) continue;
      tile.remove();
      this.#tiles.delete(key);
    }
    let cursor = this.element.firstElementChild;
    for (const group of groups) {
      const tile = this.#tile(group, open);
      if (tile === cursor) cursor = tile.nextElementSibling;
      else this.element.insertBefore(tile, cursor);
    }
  }

  focus(group) {
    this.#tiles.get(group)?.firstElementChild.focus();
  }

  #tile(group, open) {
    let item = this.#tiles.get(group.group);
    if (!item) {
      const sign = h("span", { class: "groups-sign", "aria-hidden": "true" });
      const parts = [sign, h("span", { class: "groups-number" }, number(group.group)), h("span", { class: "groups-facts" })];
      const click = () => this.#choose(group.group);
      item = h("li", {}, h("button", { type: "button", class: "group-tile", data: { testid: "group-tile", group: group.group }, on: { click } }, parts));
      this.#tiles.set(group.group, item);
    }
    const button = item.firstElementChild;
    const [sign, , facts] = button.children;
    setAttribute(button, "data-talk", group.talk);
    setAttribute(button, "aria-pressed", String(group.group === open));
    setText(sign, talkSign(group.talk));
    setText(facts, group.flags ? `⚑ ${number(group.messages)}` : number(group.messages));
    const said = [fill(ngettext("%(count)s message", "%(count)s messages", group.messages), { count: number(group.messages) })];
    if (group.flags) said.push(fill(ngettext("%(count)s flag", "%(count)s flags", group.flags), { count: number(group.flags) }));
    setAttribute(button, "aria-label", `${groupName(group.group)}: ${[talkName(group.talk), ...said].join(", ")}`);
    setAttribute(button, "title", `${talkName(group.talk)}: ${group.members.map(shownName).join(", ")}`);
    return item;
  }
}
