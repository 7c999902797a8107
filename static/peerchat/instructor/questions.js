import { h, setAttribute, show } from "../core/dom.js";
import { afterwords, rightSentence } from "../core/result-words.js";
import { rich } from "../core/rich-element.js";
import { gettext } from "../core/texts.js";
import { letterOf, wordsOf } from "../core/wording.js";

const PAGE = 500;
const BLOCKS = "br, p, li, pre, th, td, blockquote, h4, h5, h6";

/**
 * The questions of the course on the instructor's page, first those that came with it. `all` are `{slug, name,
 * asked, isDraft, item}`; `pick(slug)` is called for the one that is to be asked next, `keep(slug)` for a quick one that
 * stays. `page` is the address of the page on which drafts are finished, if there is one.
 */
export class Questions {
  #list;
  #empty;
  #pick;
  #keep;
  #page;
  #drawn = null;

  constructor({ list, empty, page, pick, keep }) {
    this.#list = list;
    this.#empty = empty;
    this.#page = page;
    this.#pick = pick;
    this.#keep = keep;
    this.all = [...list.children].map((item) => {
      const { question, prompt, name } = item.dataset;
      item.querySelector("[data-part=pick]").addEventListener("click", () => pick(question));
      item.querySelector("[data-part=keep]")?.addEventListener("click", () => keep(question));
      const choices = [...item.querySelectorAll(".choice")].map(({ dataset }) => dataset.text);
      return { slug: question, name, asked: "asked" in item.dataset, isDraft: "draft" in item.dataset, wording: wording([prompt, ...choices]), item };
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
    const now = current ? wording([current.prompt || current.question, ...current.choices.map(({ text }) => text)]) : null;
    for (const { slug, wording: own, item } of this.all) {
      const isCurrent = slug === current?.question;
      setAttribute(item, "data-current", isCurrent);
      setAttribute(item, "data-edited", isCurrent && own !== now);
      setAttribute(item, "data-asked", asked.has(slug));
    }
  }

  #made(question, open) {
    const { question: slug, prompt, prompt_html: html, choices, correct, right = null, quick, is_draft: isDraft = false, title = "" } = question;
    const isRight = (letter) => (right ? right.includes(letter) : letter === correct);
    const pick = h("button", { type: "button", class: "button small", data: { part: "pick" }, disabled: isDraft, on: { click: () => this.#pick(slug) } }, gettext("Choose"));
    const item = h(
      "li",
      { class: "question-item", data: { question: slug, testid: `question-${slug}`, ...(quick && { quick: "" }), ...(isDraft && { draft: "" }) } },
      h(
        "details",
        { ".open": open.has(slug) },
        h(
          "summary",
          {},
          title ? h("strong", { class: "question-title", dir: "auto" }, title) : null,
          prompt ? null : h("span", { class: "question-slug" }, slug),
          rich(html ? "div" : "span", { class: "question-prompt" }, { text: prompt, html }),
          " ",
          quick ? h("span", { class: "tag quick-tag" }, gettext("quick")) : null,
          " ",
          isDraft ? h("span", { class: "tag draft-tag" }, gettext("draft")) : null,
          " ",
          h("span", { class: "tag asked" }, gettext("asked")),
          " ",
          h("span", { class: "tag current-tag" }, gettext("now")),
          " ",
          h("span", { class: "tag edited" }, gettext("edited for next time")),
        ),
        choices.length ? h("ul", { class: "choices" }, choices.map((one) => row(one, isRight(one.choice)))) : null,
        h("div", { class: "answer prepared" }, answerOf(question), ...afterwords(question, "afterword")),
      ),
      quick ? h("button", { type: "button", class: "button small quiet", data: { part: "keep" }, on: { click: () => this.#keep(slug) } }, gettext("Keep")) : null,
      pick,
      isDraft ? this.#whyNot() : null,
    );
    const shown = prompt || slug;
    const words = (html ? wordsIn(html) : prompt) || slug;
    const name = title ? `${title} – ${words}` : words;
    return { slug, name, isDraft, wording: wording([shown, ...choices.map(({ text }) => text)]), item };
  }

  #whyNot() {
    const link = this.#page ? [" ", h("a", { href: this.#page }, gettext("Finish it"))] : [];
    return h("p", { class: "draft-note muted", data: { testid: "draft-note" } }, gettext("A draft cannot be asked."), ...link);
  }
}

/** The words of a text whose HTML the server made. */
function wordsIn(html) {
  const { body } = new DOMParser().parseFromString(html, "text/html");
  for (const block of body.querySelectorAll(BLOCKS)) block.after(" ");
  return body.textContent.replaceAll(/\s+/gu, " ").trim();
}

/** The texts of a page have no carriage returns, unlike those of a server. */
function wording(texts) {
  return JSON.stringify(texts.map((text) => text.replace(/\r\n?/g, "\n")));
}

/** The right answer where no choice shows it. */
function answerOf(question) {
  const { kind = "single", correct = null, accepted = null, tolerance = null } = question;
  if (kind !== "number" && kind !== "text") return null;
  return h("p", { class: "right-answer" }, rightSentence({ choices: [], ...question }, { correct, right: accepted, tolerance }));
}

function row(one, isRight) {
  return h(
    "li",
    { class: "choice still", data: isRight ? { right: "" } : {} },
    letterOf(one),
    wordsOf(one),
    isRight ? h("span", { class: "tag good answer" }, gettext("Correct")) : null,
  );
}
