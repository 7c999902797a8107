import { Api } from "../core/api.js";
import { announce, setAttribute, setText, show } from "../core/dom.js";
import { leaveWhenEnded } from "../core/page.js";
import { explain } from "../core/refusals.js";
import { guardEnter } from "../core/text.js";
import { fill, gettext, ngettext } from "../core/texts.js";
import { PeerTransport } from "../core/transport.js";
import { PictureUploads } from "./picture-upload.js";
import { Conflict } from "./question-conflict.js";
import { contentOf } from "./question-content.js";
import { QuestionForm } from "./question-form.js";
import { QuestionPreview } from "./question-preview.js";
import { QuestionSaver } from "./question-saver.js";

const TOLD = new Set(["questions", "control", "question_renamed", "welcome"]);
// Milliseconds within which several events of one change come.
const WITHIN = 300;

/** The page of a question: it is saved as one types, beside it stands what students and the hall will see. */
class QuestionEditor extends HTMLElement {
  #parts = {};
  #form;
  #saver;
  #preview;
  #conflict;
  #looking = null;

  connectedCallback() {
    for (const element of this.querySelectorAll("[data-part]")) this.#parts[element.dataset.part] ??= element;
    const { course, api: url, csrf, flaws, pictures } = this.dataset;
    const question = JSON.parse(this.dataset.question);
    const api = new Api({ url, csrf });
    this.#form = new QuestionForm({ form: this.#parts.form, sentences: JSON.parse(flaws), changed: () => this.#changed() });
    this.#saver = new QuestionSaver({ api, course, question, read: () => this.#form.read() });
    this.#preview = new QuestionPreview({
      root: this.#parts.preview,
      place: this.#parts.frame,
      ask: (content) => api.post(`courses/${course}/questions/preview/`, readable(content)),
    });
    const kinds = Object.fromEntries([...this.querySelector("[data-field=kind]").options].map(({ value, text }) => [value, text]));
    this.#conflict = new Conflict(this.#parts.differences, kinds);
    this.#saver.addEventListener("state", () => this.#renderState());
    this.#saver.addEventListener("saved", () => this.#renderStored());
    this.#saver.addEventListener("merged", ({ detail }) => {
      this.#form.write(detail);
      this.#preview.show(this.#form.read());
      this.#renderStored();
    });
    const uploads = new PictureUploads(this.#parts.form, { url: `${url}courses/${course}/pictures/`, csrf, prefix: pictures });
    for (const field of this.#parts.form.querySelectorAll("textarea[id][data-field][data-markdown]")) {
      field.previousElementSibling.append(uploads.button(() => field));
    }
    this.#form.choices.tools.append(uploads.button(() => this.#form.choices.current));
    this.#form.write(contentOf(question));
    const restored = this.#saver.restore();
    if (restored) {
      this.#form.write(restored);
      if (this.dataset.archived === undefined) this.#saver.changed();
    }
    // What somebody types before the script runs would be lost, so the page has them disabled.
    this.#parts.fields.disabled = this.dataset.archived !== undefined;
    this.#prepare();
    this.#follow(course);
    this.#renderStored();
    this.#renderState();
    this.#preview.show(this.#form.read());
  }

  #changed() {
    this.#saver.changed();
    this.#preview.show(this.#form.read());
    if (this.#saver.state === "conflict") this.#conflict.update(this.#saver.conflicts, this.#form.read());
    this.#renderStored();
  }

  #prepare() {
    const { resolve, allMine, allTheirs, showForm, showPreview, rename, slug } = this.#parts;
    resolve.addEventListener("click", () => this.#resolve(this.#conflict.theirs));
    allMine.addEventListener("click", () => this.#resolve([]));
    allTheirs.addEventListener("click", () => this.#resolve(this.#saver.conflicts));
    showForm.addEventListener("click", () => this.#showPane("form"));
    showPreview.addEventListener("click", () => this.#showPane("preview"));
    rename.addEventListener("click", () => this.#rename());
    slug.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      this.#rename();
    });
    guardEnter(this);
    addEventListener("pagehide", () => this.#saver.leave());
    document.addEventListener("visibilitychange", () => document.hidden && this.#saver.flush());
  }

  /** Others may change the question, or ask a class. */
  #follow(course) {
    const { room, api, sockets, csrf, loginUrl } = this.dataset;
    const socket = new PeerTransport(`${sockets}instructor/${course}/`, { csrf, course, room, api, leading: true });
    socket.addEventListener("frame", ({ detail }) => {
      if (!TOLD.has(detail.action) || this.#looking !== null) return;
      this.#looking = setTimeout(() => {
        this.#looking = null;
        // Without an answer, the next event or save asks again.
        this.#saver.look().catch((error) => error.status === 400 && this.#gone());
      }, WITHIN);
    });
    leaveWhenEnded([socket], { loginUrl, onForbidden: () => location.reload() });
    socket.start();
  }

  #showPane(pane) {
    this.#parts.panes.dataset.pane = pane;
    setAttribute(this.#parts.showForm, "aria-pressed", String(pane === "form"));
    setAttribute(this.#parts.showPreview, "aria-pressed", String(pane === "preview"));
  }

  #resolve(theirs) {
    this.#saver.resolve(theirs);
    this.#parts.form.querySelector("[data-field=prompt]").focus();
  }

  async #rename() {
    const { slug, slugProblem } = this.#parts;
    show(slugProblem, false);
    try {
      await this.#saver.rename(slug.value.trim());
      announce(gettext("The address is changed."));
    } catch (error) {
      const isTaken = error.code === "invalid_message_format";
      setText(slugProblem, isTaken ? gettext("Another question or page has this address, or it has more than the letters a to z, digits, hyphens and underscores, or more than 60 of them.") : explain(error));
      show(slugProblem, true);
      slug.focus();
    }
  }

  /** Somebody else has deleted the question. */
  #gone() {
    const { state } = this.#parts;
    setText(state, gettext("Somebody has deleted this question."));
    setAttribute(state, "data-state", "refused");
  }

  #renderState() {
    const { state, conflict } = this.#parts;
    const { state: now } = this.#saver;
    setText(state, this.#stateWords(now));
    const isSaved = now === "saved" || now === "waiting" || now === "saving";
    // Only what needs somebody's eye is read out.
    if (!isSaved && state.dataset.state !== now) announce(state.textContent);
    setAttribute(state, "data-state", now);
    const isConflict = now === "conflict";
    if (isConflict && conflict.hidden) {
      this.#conflict.render(this.#saver.conflicts, this.#form.read(), this.#saver.theirs);
      show(conflict, true);
      conflict.focus();
      conflict.scrollIntoView({ block: "nearest" });
    }
    if (!isConflict) show(conflict, false);
    if (now === "saved") this.#preview.again();
    this.#renderStored();
  }

  #stateWords(state) {
    const { refusal } = this.#saver;
    switch (state) {
      case "saved":
        return gettext("Saved");
      case "waiting":
      case "saving":
        return gettext("Saving…");
      case "offline":
        return gettext("Not saved: no connection. It is kept here and tried again.");
      case "conflict":
        return gettext("Not saved: choose what stays.");
      default:
        return fill(gettext("Not saved: %(reason)s"), { reason: this.#reason(refusal) });
    }
  }

  #reason(refusal) {
    const [first] = refusal?.answer?.problems ?? [];
    return first ? this.#form.sentence(first) : explain(refusal);
  }

  #renderStored() {
    const { stored, state, refusal } = this.#saver;
    const refused = state === "refused" ? (refusal?.answer?.problems ?? []) : [];
    const wanted = this.#form.isWanted;
    if (refused.length) this.#form.tell(refused, true);
    else this.#form.tell(stored.problems, wanted);
    show(this.#parts.askedNow, stored.asked_now);
    // Words about what is stored would seem to be about what is on the page.
    if (state === "refused") setText(this.#parts.draftWords, "");
    else this.#renderDraft(stored, wanted);
    const { slug } = this.#parts;
    if (slug.dataset.stored !== stored.question) {
      slug.value = stored.question;
      slug.dataset.stored = stored.question;
      const { pathname, search, hash } = location;
      const address = pathname.replace(/[^/]+\/$/, `${stored.question}/`);
      if (address !== pathname) history.replaceState(history.state, "", `${address}${search}${hash}`);
    }
  }

  #renderDraft({ draft, problems }, wanted) {
    const { length } = problems;
    const still = ngettext("Still a draft: %(count)s thing is missing.", "Still a draft: %(count)s things are missing.", length);
    const before = ngettext("%(count)s thing is missing before it can be ready.", "%(count)s things are missing before it can be ready.", length);
    let words = gettext("A class can be asked this question.");
    if (length) words = fill(wanted ? still : before, { count: length });
    else if (draft || !wanted) words = gettext("Nothing is missing. Choose “Ready”, and a class can be asked this question.");
    setText(this.#parts.draftWords, words);
  }
}

/** A number that cannot be read is left out of the preview, as is the twin, of which it shows nothing. */
function readable(content) {
  const { number, tolerance } = content;
  const shown = { ...content, number: typeof number === "string" ? null : number, tolerance: typeof tolerance === "string" ? 0 : tolerance };
  delete shown.twin_of;
  return shown;
}

customElements.define("question-editor", QuestionEditor);
