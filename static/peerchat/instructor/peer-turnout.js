import { h, setText, show } from "../core/dom.js";
import { number } from "../core/format.js";
import { fill, gettext } from "../core/texts.js";
import { turnout } from "./next-step.js";

/** How many have voted while a vote runs, with a bar, and how the groups talk. `render(session, figures)`. */
export class PeerTurnout extends HTMLElement {
  #words;
  #bar;

  connectedCallback() {
    if (this.#words) return;
    this.#words = h("p", { class: "turnout-words", id: "turnout-words" });
    this.#bar = h("progress", { class: "turnout-bar", max: "1", value: "0", "aria-labelledby": "turnout-words" });
    this.append(this.#words, this.#bar);
  }

  render(session, figures) {
    const now = turnout(session, figures);
    const talks = session.phase === "discuss" && figures;
    show(this, now !== null || Boolean(talks));
    show(this.#bar, now !== null);
    if (talks) {
      const { groups, silent_groups: silent, messages } = figures;
      setText(this.#words, fill(gettext("Groups: %(groups)s · silent: %(silent)s · messages: %(messages)s"), { groups: number(groups), silent: number(silent), messages: number(messages) }));
    }
    if (now === null) return;
    setText(this.#words, fill(gettext("%(votes)s of %(online)s have voted"), { votes: number(now.voted), online: number(now.of) }));
    this.#bar.max = Math.max(now.of, 1);
    this.#bar.value = now.voted;
  }
}

customElements.define("peer-turnout", PeerTurnout);
