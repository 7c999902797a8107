/** What the student's and the instructor's page share. */

import { setText, show } from "./dom.js";
import { badge, shownName, timeOf } from "./format.js";
import { isMe } from "./me.js";
import { tabStorage } from "./storage.js";
import { announcement } from "./store.js";
import { isolated } from "./text.js";

const RECENT = 15 * 60;
// Pixels; the style sheets have the same number.
const WIDE = 900;

/** Where a page goes that may not be here any longer. */
export function leaveWhenEnded(sockets, { loginUrl, onForbidden }) {
  const toLogin = () => location.assign(`${loginUrl}?next=${encodeURIComponent(location.pathname)}`);
  const ask = () => fetch(location.pathname, { redirect: "manual", cache: "no-store" });
  whenEnded(sockets, { ask, onLoggedOut: toLogin, onForbidden });
}

/**
 * Calls `onLoggedOut` or `onForbidden` when one of the sockets is refused for good. `ask` is a request
 * whose answer tells that where the browser hides it.
 */
export function whenEnded(sockets, { ask, onLoggedOut, onForbidden }) {
  const check = async () => {
    try {
      const answer = await ask();
      if (answer.type === "opaqueredirect" || answer.status === 401) onLoggedOut();
      else if (answer.status === 403 || answer.status === 404) onForbidden();
    } catch {
      // No network: the sockets go on trying.
    }
  };
  for (const socket of sockets) {
    socket.addEventListener("status", ({ detail }) => {
      if (detail.reason === "login") onLoggedOut();
      else if (detail.reason === "forbidden") onForbidden();
    });
    socket.addEventListener("refused", check);
  }
}

/** Give the page the address of its course when that gets another slug, so that a reload finds it. */
export function followRenames(client) {
  let { slug } = client.state.course;
  client.addEventListener("renamed", () => {
    const former = `/courses/${slug}/`;
    ({ slug } = client.state.course);
    const { pathname, search, hash } = location;
    const at = pathname.lastIndexOf(former);
    if (at === -1) return;
    const renamed = `${pathname.slice(0, at)}/courses/${slug}/${pathname.slice(at + former.length)}`;
    history.replaceState(history.state, "", `${renamed}${search}${hash}`);
  });
}

/** The newest announcement, across the top until it is dismissed or a quarter of an hour old. */
export class Banner {
  #own;
  #element;
  #text;
  #say;
  #meta;
  #key;
  #seq = 0;
  #storage = tabStorage;

  /** `own`: whether to show one's own announcements as well; `say(element, text)` shows the words. */
  constructor(element, key, { own = true, say }) {
    this.#say = say;
    this.#own = own;
    this.#element = element;
    this.#key = key;
    this.#text = element.querySelector("[data-part=banner-text]");
    this.#meta = element.querySelector("[data-part=banner-meta]");
    element.querySelector("button").addEventListener("click", () => {
      this.#storage.setItem(this.#key, this.#seq);
      show(this.#element, false);
    });
  }

  render(state, now) {
    const message = announcement(state);
    const seen = Number(this.#storage.getItem(this.#key) ?? 0);
    const wanted = message && (this.#own || !isMe(state.me, message.user.username));
    const visible = Boolean(wanted) && message.seq > seen && now - message.timestamp < RECENT;
    show(this.#element, visible);
    if (!visible || message.seq === this.#seq) return;
    this.#seq = message.seq;
    this.#say(this.#text, message.text);
    setText(this.#meta, `${isolated(shownName(message.user))}, ${timeOf(message.timestamp)}`);
  }
}

/** Two panes side by side, or one at a time under a row of tabs where `root` is narrow. */
export class Panes extends EventTarget {
  #root;
  #buttons;
  #narrow;

  constructor(root) {
    super();
    this.#root = root;
    this.#buttons = [...root.querySelectorAll("[data-pane-button]")];
    for (const button of this.#buttons) {
      button.addEventListener("click", () => this.show(button.dataset.paneButton));
    }
    const measure = () => {
      const narrow = root.getBoundingClientRect().width < WIDE;
      if (narrow === this.#narrow) return;
      this.#narrow = narrow;
      this.dispatchEvent(new Event("change"));
    };
    measure();
    new ResizeObserver(measure).observe(root);
    this.show(this.#buttons[0].dataset.paneButton);
  }

  show(name) {
    this.#root.dataset.pane = name;
    for (const button of this.#buttons) {
      button.setAttribute("aria-pressed", String(button.dataset.paneButton === name));
    }
    this.dispatchEvent(new Event("change"));
  }

  isVisible(name) {
    return !this.#narrow || this.#root.dataset.pane === name;
  }

  get narrow() {
    return this.#narrow;
  }

  badge(name, count) {
    const element = this.#root.querySelector(`[data-pane-button="${name}"] [data-part=badge]`);
    show(element, count > 0);
    setText(element, badge(count));
  }
}
