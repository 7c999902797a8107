import { watchClass } from "./clients.js";
import { setText, show } from "./dom.js";
import { badge } from "./format.js";
import { unreadElsewhere } from "./rooms.js";
import { unread } from "./store.js";

/**
 * A link with the number of unread messages, which the server has written into it. It follows the state of a panel
 * of the same course, where the page has one. `data-course`: the slug; `data-elsewhere`: how many of the number are
 * in other rooms than the course's.
 */
export class PeerUnread extends HTMLElement {
  #stop = null;

  connectedCallback() {
    this.#stop ??= watchClass(this.dataset.course, (state) => this.#render(state));
  }

  disconnectedCallback() {
    this.#stop?.();
    this.#stop = null;
  }

  #render(state) {
    const room = state.rooms[state.course.room];
    // Until it is loaded the server knows better.
    if (!room?.loaded) return;
    const listed = Object.keys(state.list).length > 0;
    const elsewhere = listed ? unreadElsewhere(state.list) : Number(this.dataset.elsewhere);
    const count = unread(room, state.me) + elsewhere;
    const box = this.querySelector("[data-part=unread]");
    show(box, count > 0);
    setText(this.querySelector("[data-part=unread-count]"), badge(count));
  }
}

customElements.define("peer-unread", PeerUnread);
