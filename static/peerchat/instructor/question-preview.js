import { h, setAttribute } from "../core/dom.js";

// Milliseconds after the last key.
const AFTER = 400;

/**
 * The question as students and the hall see it: a frame with the elements of their pages, which gets what the server
 * makes of the content. `ask(content)` is the request for that.
 */
export class QuestionPreview {
  #root;
  #place;
  #ask;
  #frame = null;
  #isReady = false;
  #shown = null;
  #timer = null;
  #number = 0;
  #failed = null;

  constructor({ root, place, ask }) {
    this.#root = root;
    this.#place = place;
    this.#ask = ask;
    root.addEventListener("change", ({ target }) => {
      if (target.name === "view") this.#open();
      else this.#send();
    });
    addEventListener("message", ({ source, origin, data }) => {
      if (origin !== location.origin || !this.#frame || source !== this.#frame.contentWindow) return;
      if (data?.preview === "ready") {
        this.#isReady = true;
        this.#send();
      }
    });
    // The hall is drawn as large as it is there, and made small.
    new ResizeObserver(() => this.#scale()).observe(place);
    this.#open();
  }

  /** Ask once more for what the server did not answer. */
  again() {
    if (this.#failed) this.show(this.#failed);
  }

  /** Show this content soon. */
  show(content) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#read(content), AFTER);
  }

  async #read(content) {
    this.#number += 1;
    const number = this.#number;
    try {
      const shown = await this.#ask(content);
      // A later content may have been faster.
      if (number !== this.#number) return;
      this.#shown = shown;
      this.#failed = null;
      this.#send();
    } catch {
      // What cannot be stored is told at its field; a lost network at the top. The last preview stays.
      if (number === this.#number) this.#failed = content;
    }
  }

  #chosen(name) {
    return this.#root.querySelector(`input[name="${name}"]:checked`).value;
  }

  #open() {
    const view = this.#chosen("view");
    this.#isReady = false;
    setAttribute(this.#place, "data-view", view);
    const { phone, hall, titlePhone, titleHall } = this.#place.dataset;
    this.#frame = h("iframe", {
      src: view === "phone" ? phone : hall,
      title: view === "phone" ? titlePhone : titleHall,
      data: { testid: `frame-${view}` },
    });
    this.#place.replaceChildren(this.#frame);
    this.#scale();
  }

  #send() {
    if (!this.#isReady || !this.#shown) return;
    const told = { ...this.#shown, phase: this.#chosen("phase") };
    this.#frame.contentWindow.postMessage({ preview: told }, location.origin);
  }

  #scale() {
    if (!this.#frame || this.#place.dataset.view !== "hall") return;
    const { clientWidth: width } = this.#place;
    if (width) this.#place.style.setProperty("--scale", String(width / 1280));
  }
}
