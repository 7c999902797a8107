import { h, setAttribute, show } from "../core/dom.js";
import { gettext } from "../core/texts.js";

const PAGE = 500;

/**
 * The questions of the course on the instructor's page, first those that came with it. `all` are `{slug, prompt,
 * asked, item}`; `pick(slug)` is called for the one that is to be asked next, `keep(slug)` for a quick one that stays.
 */
export class Questions {
  #list;
  #empty;
  #pick;
  #keep;
  #drawn = null;

  constructor({ list, empty, pick, keep }) {
    this.#list = list;
    this.#empty = empty;
    this.#pick = pick;
    this.#keep = keep;
    this.all = [...list.children].map((item) => {
      const { question, prompt } = item.dataset;
      item.querySelector("[data-part=pick]").addEventListener("click", () => pick(question));
      item.querySelector("[data-part=keep]")?.addEventListener("click", () => keep(question));
      return { slug: question, prompt, asked: "asked" in item.dataset, item };
    });
  }

  /** Read them again; whether any has changed since. */
  async refresh(api, course) {
    const found = [];
    for (let more = true; more; ) {
      const part = await api.get(`courses/${course}/questions/`, { limit: PAGE, offset: found.length });
      found.push(...part.results);
      more = part.next !== null;
    }
    const drawn = JSON.stringify(found);
    if (drawn === this.#drawn) return false;
    this.#drawn = drawn;
    const open = new Set(this.all.filter(({ item }) => item.querySelector("details").open).map(({ slug }) => slug));
    this.all = found.map((one) => this.#made(one, open));
    this.#list.replaceChildren(...this.all.map(({ item }) => item));
    show(this.#list, found.length > 0);
    show(this.#empty, found.length === 0);
    return true;
  }

  /** Show the question that the class is at, as it was asked, and whether it was edited since. */
  mark({ current, asked }) {
    for (const { slug, item } of this.all) {
      const isCurrent = slug === current?.question;
      setAttribute(item, "data-current", isCurrent);
      setAttribute(item, "data-edited", isCurrent && isEdited(item, current));
      setAttribute(item, "data-asked", asked.has(slug));
    }
  }

  #made({ question: slug, prompt, choices, correct, quick }, open) {
    const item = h(
      "li",
      { class: "question-item", data: { question: slug, testid: `question-${slug}`, ...(quick && { quick: "" }) } },
      h(
        "details",
        { ".open": open.has(slug) },
        h(
          "summary",
          {},
          prompt ? null : h("span", { class: "question-slug" }, slug),
          h("span", { class: "question-prompt", dir: "auto" }, prompt),
          " ",
          quick ? h("span", { class: "tag quick-tag" }, gettext("quick")) : null,
          " ",
          h("span", { class: "tag asked" }, gettext("asked")),
          " ",
          h("span", { class: "tag current-tag" }, gettext("now")),
          " ",
          h("span", { class: "tag edited" }, gettext("edited for next time")),
        ),
        h("ul", { class: "choices" }, choices.map(({ choice, text }) => row(choice, text, choice === correct))),
      ),
      quick ? h("button", { type: "button", class: "button small quiet", data: { part: "keep" }, on: { click: () => this.#keep(slug) } }, gettext("Keep")) : null,
      h("button", { type: "button", class: "button small", data: { part: "pick" }, on: { click: () => this.#pick(slug) } }, gettext("Choose")),
    );
    return { slug, prompt: prompt || slug, item };
  }
}

function isEdited(item, { prompt, choices }) {
  const shown = [...item.querySelectorAll(".question-prompt, .choice .text")].map((part) => part.textContent);
  return wording(shown) !== wording([prompt, ...choices.map(({ text }) => text)]);
}

/** The texts of a page have no carriage returns, unlike those of a server. */
function wording(texts) {
  return JSON.stringify(texts.map((text) => text.replace(/\r\n?/g, "\n")));
}

function row(letter, text, isRight) {
  return h(
    "li",
    { class: "choice still", data: isRight ? { right: "" } : {} },
    h("span", { class: "letter" }, letter),
    h("span", { class: "text", dir: "auto" }, text),
    isRight ? h("span", { class: "tag good answer" }, gettext("Correct")) : null,
  );
}
