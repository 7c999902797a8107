import { h, setAttribute } from "../core/dom.js";
import { showInline } from "../core/rich.js";
import { fill, gettext } from "../core/texts.js";

/** The messages of a room that are on their way or were refused, below those that are stored. */
export class Outgoing {
  #shown = new Map();

  constructor(label) {
    this.element = h("ol", { class: "messages", data: { testid: "chat-outbox" } });
    this.entitle(label);
  }

  get isEmpty() {
    return !this.#shown.size;
  }

  entitle(label) {
    setAttribute(this.element, "aria-label", fill(gettext("%(room)s: unsent messages"), { room: label }));
  }

  /** Forget the rows: another room begins. */
  begin() {
    this.#shown.clear();
    this.element.replaceChildren();
  }

  render(outbox, room) {
    const items = outbox.items.filter((item) => item.room === room);
    const wanted = new Set(items.map((item) => item.uuid));
    for (const [uuid, { row }] of this.#shown) {
      if (wanted.has(uuid)) continue;
      row.remove();
      this.#shown.delete(uuid);
    }
    for (const item of items) {
      const known = this.#shown.get(item.uuid);
      if (known?.item === item) continue;
      const row = outgoingRow(item, outbox);
      if (known) known.row.replaceWith(row);
      else this.element.append(row);
      this.#shown.set(item.uuid, { item, row });
    }
  }
}

function outgoingRow(item, outbox) {
  const failed = item.state === "failed";
  const text = h("p", { class: "text" });
  showInline(text, item.text);
  return h(
    "li",
    { class: "message own", data: { testid: "message", state: item.state, own: "true" } },
    h("div", { class: "bubble" }, text),
    failed
      ? h(
          "div",
          { class: "message-failed" },
          h("p", { role: "alert" }, `${gettext("Not sent.")} ${item.error ?? ""}`),
          h("button", { type: "button", class: "button small", data: { testid: "chat-retry" }, on: { click: () => outbox.retry(item.uuid) } }, gettext("Send again")),
          h("button", { type: "button", class: "button quiet small", data: { testid: "chat-discard" }, on: { click: () => outbox.discard(item.uuid) } }, gettext("Discard")),
        )
      : h("p", { class: "message-state" }, gettext("Sending…")),
  );
}
