import { h, setText, show } from "../core/dom.js";
import { explain } from "../core/refusals.js";
import { PeerError } from "../core/socket.js";
import { limitLength, shows } from "../core/text.js";
import { gettext } from "../core/texts.js";

const TYPES = "image/png,image/jpeg,image/gif,image/webp";
// Bytes from which a picture is made smaller before it is sent, and pixels of its longer side then.
const LARGE = 4_000_000;
const LONGEST = 2000;
const QUALITY = 0.9;
const TIMEOUT = 120_000;
const LONGEST_ALT = 250;
const FIELDS = "textarea[data-markdown], input[data-markdown]";

/**
 * Pictures for the texts of a question. Fields below `root` with `data-markdown` take pictures that are pasted or
 * dropped, and `button(field)` makes a button that chooses a file for `field()`. Each is uploaded to `url`, with `csrf`, while a
 * dialog asks what it shows; then the field gets `![what it shows](picture:KEY)` at its caret and an `input` event.
 * `prefix` is what the address of a picture begins with.
 */
export class PictureUploads {
  #url;
  #csrf;
  #prefix;
  #queue = Promise.resolve();

  constructor(root, { url, csrf, prefix }) {
    this.#url = url;
    this.#csrf = csrf;
    this.#prefix = prefix;
    root.addEventListener("paste", (event) => {
      // A table or a text that was copied comes with a picture of itself.
      if (!event.clipboardData?.types.includes("text/plain")) this.#take(event, event.clipboardData?.files);
    });
    root.addEventListener("dragover", (event) => {
      if (fieldOf(event) && event.dataTransfer?.types.includes("Files")) event.preventDefault();
    });
    root.addEventListener("drop", (event) => this.#take(event, event.dataTransfer?.files));
  }

  /** A button that adds pictures to the field that `field()` tells. */
  button(field) {
    const input = h("input", {
      type: "file",
      accept: TYPES,
      multiple: true,
      hidden: true,
      on: {
        change: () => {
          this.add(field(), [...input.files]);
          input.value = "";
        },
      },
    });
    const button = h(
      "button",
      { class: "button quiet small", type: "button", data: { testid: "add-picture" }, on: { click: () => input.click() } },
      gettext("Add a picture"),
    );
    return h("span", { class: "picture-button" }, button, input);
  }

  /** Ask for the words of each of the files, one after another, and put them into the field. */
  add(field, files) {
    for (const file of files) this.#queue = this.#queue.then(() => this.#addOne(field, file));
    return this.#queue;
  }

  #take(event, files) {
    const field = fieldOf(event);
    const pictures = [...(files ?? [])].filter(({ type }) => type.startsWith("image/"));
    if (!field || pictures.length === 0) return;
    event.preventDefault();
    this.add(field, pictures);
  }

  async #addOne(field, file) {
    const dialog = new PictureDialog({ file, prefix: this.#prefix, upload: (report, signal) => this.#send(file, report, signal) });
    const found = await dialog.ask();
    field.focus();
    if (found) insert(field, markdown(found));
  }

  async #send(file, report, signal) {
    const data = await shrunk(file);
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      const fail = (code) => reject(new PeerError(code, ""));
      request.open("POST", this.#url);
      request.timeout = TIMEOUT;
      request.responseType = "json";
      request.setRequestHeader("Content-Type", "application/octet-stream");
      request.setRequestHeader("X-CSRFToken", this.#csrf);
      request.upload.addEventListener("progress", ({ loaded, total }) => report(total ? loaded / total : 0));
      request.addEventListener("load", () => {
        if (request.status === 201 && request.response) resolve(request.response);
        else if (request.response?.error_code) {
          const { error_code: code, error_message: message, retry_after: retryAfter = null } = request.response;
          reject(new PeerError(code, message, { retryAfter, status: request.status }));
        }
        // A proxy may refuse a large body before the site sees it.
        else fail(request.status === 413 ? "picture_too_large" : "unavailable");
      });
      request.addEventListener("error", () => fail("not_connected"));
      request.addEventListener("timeout", () => fail("timeout"));
      signal.addEventListener("abort", () => request.abort());
      request.send(data);
    });
  }
}

/** The dialog for one picture. */
class PictureDialog {
  #upload;
  #prefix;
  #dialog;
  #parts = {};
  #abort = new AbortController();
  #picture = null;
  #isWanted = false;

  constructor({ file, prefix, upload }) {
    this.#upload = upload;
    this.#prefix = prefix;
    const part = (name, element) => {
      this.#parts[name] = element;
      return element;
    };
    const words = part("words", h("input", { type: "text", id: "picture-words", dir: "auto", autocomplete: "off", data: { testid: "picture-words" }, "aria-describedby": "picture-hint picture-wrong" }));
    limitLength(words, () => LONGEST_ALT);
    this.#dialog = h(
      "dialog",
      { class: "picture-dialog", "aria-labelledby": "picture-title", data: { testid: "picture-dialog" } },
      h(
        "form",
        { class: "stack", method: "dialog", novalidate: true, on: { submit: (event) => this.#submit(event) } },
        h("h2", { id: "picture-title" }, gettext("Add a picture")),
        part("shown", h("img", { class: "picture-shown", alt: "", hidden: true })),
        h("p", { class: "picture-file muted", dir: "auto" }, file.name),
        part("progress", h("progress", { max: 1, value: 0, "aria-label": gettext("Upload") })),
        part("failed", h("p", { class: "alert", role: "alert", data: { testid: "picture-failed" }, hidden: true })),
        part(
          "field",
          h(
            "div",
            { class: "stack" },
            h(
              "div",
              { class: "field" },
              h("label", { for: "picture-words" }, gettext("What does the picture show?")),
              words,
              h("p", { class: "muted", id: "picture-hint" }, gettext("For those who cannot see it, and where it does not load. Say what matters for the question, and do not give the answer away.")),
              part("wrong", h("p", { class: "wrong", id: "picture-wrong", role: "alert", data: { testid: "picture-wrong" } })),
            ),
            h("label", { class: "check" }, part("decorative", h("input", { type: "checkbox", data: { testid: "picture-decorative" }, on: { change: () => this.#toggle() } })), gettext("It is only decoration")),
          ),
        ),
        h(
          "div",
          { class: "picture-buttons" },
          part("insert", h("button", { class: "button primary", type: "submit", data: { testid: "picture-insert" } }, gettext("Add"))),
          part("cancel", h("button", { class: "button", type: "button", data: { testid: "picture-cancel" }, on: { click: () => this.#dialog.close() } }, gettext("Cancel"))),
        ),
      ),
    );
  }

  /** Resolves with the key and the alternative text, or with null if the picture is not wanted. */
  async ask() {
    const { words, field, progress, failed, insert: button, cancel, shown } = this.#parts;
    document.body.append(this.#dialog);
    const closed = new Promise((resolve) => {
      this.#dialog.addEventListener("close", () => resolve(null));
    });
    this.#dialog.showModal();
    words.focus();
    try {
      const report = (share) => {
        progress.value = share;
      };
      this.#picture = await Promise.race([this.#upload(report, this.#abort.signal), closed]);
      if (this.#dialog.open && this.#picture) {
        shown.src = `${this.#prefix}${this.#picture.key}/`;
        show(shown, true);
        if (this.#isWanted) this.#dialog.close("add");
      }
    } catch (error) {
      setText(failed, explain(error));
      show(failed, true);
      show(field, false);
      show(button, false);
      cancel.focus();
    }
    show(progress, false);
    await closed;
    this.#abort.abort();
    this.#dialog.remove();
    if (this.#dialog.returnValue !== "add" || !this.#picture) return null;
    return { key: this.#picture.key, alt: this.#parts.decorative.checked ? "" : words.value };
  }

  #toggle() {
    const { decorative, words, wrong } = this.#parts;
    words.disabled = decorative.checked;
    setText(wrong, "");
    words.removeAttribute("aria-invalid");
  }

  #submit(event) {
    event.preventDefault();
    const { decorative, words, wrong, insert: button } = this.#parts;
    if (!decorative.checked && !shows(words.value)) {
      setText(wrong, gettext("Say what the picture shows, or tick that it is only decoration."));
      words.setAttribute("aria-invalid", "true");
      words.focus();
      return;
    }
    setText(wrong, "");
    if (this.#picture) {
      this.#dialog.close("add");
      return;
    }
    // As soon as it is there.
    this.#isWanted = true;
    setText(button, gettext("Uploading…"));
  }
}

/**
 * The Markdown of a picture; what would be markup in its words is not. Square brackets become round ones, as escaped
 * ones enclose a formula.
 */
export function markdown({ key, alt }) {
  const plain = alt.trim().replaceAll(/\s+/gu, " ").replaceAll("[", "(").replaceAll("]", ")");
  const words = plain.replaceAll(/[\\`*_<&$!]/gu, String.raw`\$&`);
  return `![${words}](picture:${key})`;
}

function insert(field, text) {
  field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

function fieldOf(event) {
  return event.target.closest?.(FIELDS) ?? null;
}

/** A picture of which a phone made more than is sent, with fewer pixels; others as they are. */
async function shrunk(file) {
  if (file.size <= LARGE) return file;
  try {
    const bitmap = await createImageBitmap(file);
    const scale = Math.min(1, LONGEST / Math.max(bitmap.width, bitmap.height));
    const canvas = h("canvas", { width: Math.round(bitmap.width * scale), height: Math.round(bitmap.height * scale) });
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    const type = file.type === "image/jpeg" ? "image/jpeg" : "image/webp";
    return await new Promise((resolve) => {
      canvas.toBlob((blob) => resolve(blob ?? file), type, QUALITY);
    });
  } catch {
    // The server says what is wrong with it.
    return file;
  }
}
