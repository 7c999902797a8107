import { h, setText, show } from "../core/dom.js";
import { explain } from "../core/refusals.js";
import { guardEnter, isolated, limitLength } from "../core/text.js";
import { fill, gettext } from "../core/texts.js";

// Characters, as on the server.
const SEAT_LIMIT = 40;

/**
 * Where a student is: a card that asks once, if the course does, and then a line to change it. `connect(client)` once,
 * then `render()` after each change of its state.
 */
export class PeerPlace extends HTMLElement {
  #client;
  #parts = {};
  #isChanging = false;
  #asksSeat = false;

  connect(client) {
    this.#client = client;
  }

  connectedCallback() {
    if (this.#parts.card) return;
    const parts = this.#parts;
    const choice = (place, text) =>
      h("button", { type: "button", class: "button large", data: { place, testid: `place-${place}` }, on: { click: () => this.#choose(place) } }, text);
    parts.choices = [choice("hall", gettext("In the hall")), choice("elsewhere", gettext("Elsewhere"))];
    parts.seat = h("input", { id: "seat", type: "text", dir: "auto", autocomplete: "off", enterkeyhint: "done", data: { testid: "seat" } });
    limitLength(parts.seat, () => SEAT_LIMIT);
    parts.form = h(
      "form",
      { class: "place-seat", hidden: true, on: { submit: (event) => this.#sit(event) } },
      h("label", { for: "seat" }, gettext("Your row or seat, so that your partners find you")),
      h(
        "div",
        { class: "place-row" },
        parts.seat,
        h("button", { type: "submit", class: "button primary", data: { testid: "save-seat" } }, gettext("Save")),
        h("button", { type: "button", class: "button quiet", data: { testid: "skip-seat" }, on: { click: () => this.#close() } }, gettext("Skip")),
      ),
    );
    guardEnter(parts.form);
    parts.refused = h("p", { class: "place-refused", role: "alert", data: { testid: "place-refused" }, hidden: true });
    parts.card = h(
      "section",
      { class: "place-card", "aria-labelledby": "place-title", data: { testid: "place-card" }, hidden: true },
      h("h2", { id: "place-title" }, gettext("Where are you?")),
      h("p", { class: "muted" }, gettext("You discuss with people who are where you are.")),
      h("div", { class: "place-choices" }, parts.choices),
      parts.form,
      parts.refused,
    );
    parts.words = h("span", { data: { testid: "place" } });
    parts.change = h("button", { type: "button", class: "button quiet small", data: { testid: "change-place" }, on: { click: () => this.#open() } }, gettext("Change"));
    parts.line = h("p", { class: "place-line", hidden: true }, parts.words, parts.change);
    this.append(parts.card, parts.line);
  }

  render() {
    const { self, course, session } = this.#client.state;
    const { place, seat } = self;
    const { card, line, words, choices, form } = this.#parts;
    const isStudent = !course.role || course.role === "student";
    const isAsked = session.known && session.asks.place && isStudent && !course.archived;
    const isOpen = !place || this.#isChanging || this.#asksSeat;
    show(this, isAsked);
    show(card, isAsked && isOpen);
    show(line, isAsked && !isOpen);
    show(form, this.#asksSeat);
    for (const button of choices) button.setAttribute("aria-pressed", String(button.dataset.place === place));
    if (place) setText(words, said(place, seat));
  }

  #open() {
    this.#isChanging = true;
    this.render();
    this.#parts.choices[0].focus();
  }

  #close() {
    this.#isChanging = false;
    this.#asksSeat = false;
    this.render();
    this.#parts.change.focus();
  }

  async #choose(place) {
    const { self, session } = this.#client.state;
    const { seat } = self;
    if (!(await this.#send({ place, seat: place === "hall" ? seat : "" }))) return;
    this.#asksSeat = place === "hall" && session.asks.seat;
    if (!this.#asksSeat) {
      this.#close();
      return;
    }
    this.#parts.seat.value = seat;
    this.render();
    this.#parts.seat.focus();
  }

  async #sit(event) {
    event.preventDefault();
    if (await this.#send({ place: "hall", seat: this.#parts.seat.value })) this.#close();
  }

  /** Tell the server, and return whether it took it; else the card says why not. */
  async #send(fields) {
    const { refused } = this.#parts;
    const { slug: course } = this.#client.state.course;
    show(refused, false);
    this.setAttribute("aria-busy", "true");
    try {
      const { place, seat } = await this.#client.request("set_place", { course, ...fields });
      this.#client.dispatch({ action: "placed", course, place, seat });
      return true;
    } catch (error) {
      setText(refused, explain(error));
      show(refused, true);
      return false;
    } finally {
      this.removeAttribute("aria-busy");
    }
  }
}

function said(place, seat) {
  if (place === "elsewhere") return gettext("You are not in the hall.");
  return seat ? fill(gettext("You are in the hall: %(seat)s."), { seat: isolated(seat) }) : gettext("You are in the hall.");
}

customElements.define("peer-place", PeerPlace);
