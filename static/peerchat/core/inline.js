/**
 * The markup of a message: emphasis, code, mathematics and links, with the words as they were typed. Nothing here knows
 * a document. All expressions look at a bounded part of the text, or give up for good after one look at the rest.
 */

const LONGEST = 10_000;
const NEXT = /[`$\\*_~[@]|https?:\/\//g;
const MENTION = /@[\p{L}\p{N}_.+@-]*/uy;
const TICKS = /`+/y;
const MARKS = /\*+|_+|~+/y;
const LINK = /\[([^\][\n]{1,200})\]\(((?:https?:\/\/|mailto:)(?:[^\s()<>]|\([^\s()<>]{0,200}\)){1,2000})\)/iy;
const BARE = /https?:\/\/[^\s<>"`[\]]{1,2000}/iy;
const LANGUAGE = /^[\w+#.-]*[ \t]*\n/;
const ESCAPED = "$*`~";
const CLOSERS = { $: "$", $$: "$$", "\\(": "\\)", "\\[": "\\]" };
const ASCII_WORD = /[A-Za-z0-9]/;
const WORD = /[\p{L}\p{N}]/u;
const KINDS = { "*1": "em", "*2": "strong", _1: "em", _2: "strong", "~2": "s" };

/**
 * The parts of a message: `{type: "text", text}`, `{type: "code", text, isBlock}`, `{type: "math", text, display}`,
 * `{type: "link", href, parts}`, and `em`, `strong` and `s` with their `parts`.
 */
export function parseInline(text) {
  return text.length > LONGEST ? [{ type: "text", text }] : new Reader(text, true).read();
}

/** Whether a message has no markup. */
export function isPlain(parts) {
  return parts.every(({ type }) => type === "text");
}

class Reader {
  #text;
  #hasLinks;
  #at = 0;
  #parts = [];
  // Where in the parts the last mark of each kind stands that may open an emphasis.
  #openers = new Map();
  // What would close a formula or code, and does not come any more.
  #vain = new Set();

  constructor(text, hasLinks) {
    this.#text = text;
    this.#hasLinks = hasLinks;
  }

  read() {
    while (this.#at < this.#text.length) {
      NEXT.lastIndex = this.#at;
      const next = NEXT.exec(this.#text)?.index ?? this.#text.length;
      this.#say(next);
      if (next < this.#text.length) this.#special(this.#text[next]);
    }
    return merged(this.#parts);
  }

  /** Take the text up to `end` as it is. */
  #say(end) {
    if (end > this.#at) this.#parts.push({ type: "text", text: this.#text.slice(this.#at, end) });
    this.#at = end;
  }

  #take(part, end) {
    this.#parts.push(part);
    this.#at = end;
  }

  #match(expression) {
    expression.lastIndex = this.#at;
    return expression.exec(this.#text);
  }

  #special(character) {
    if (character === "`") this.#code();
    else if (character === "$") this.#dollars();
    else if (character === "\\") this.#backslash();
    else if (character === "[") this.#link();
    else if (character === "@") this.#say(this.#at + this.#match(MENTION)[0].length);
    else if (character === "h" || character === "H") this.#bare();
    else this.#marks();
  }

  #code() {
    const ticks = this.#match(TICKS)[0];
    const start = this.#at + ticks.length;
    const end = this.#vain.has(ticks) ? -1 : endOfTicks(this.#text, start, ticks);
    if (end < 0) {
      this.#vain.add(ticks);
      this.#say(start);
      return;
    }
    const inside = this.#text.slice(start, end);
    const isBlock = ticks.length > 2 && inside.includes("\n");
    const text = isBlock ? inside.replace(LANGUAGE, "").replace(/\n$/, "") : inside.replace(/^ (.*\S.*) $/s, "$1");
    this.#take({ type: "code", text, isBlock }, end + ticks.length);
  }

  #dollars() {
    const opener = this.#text.startsWith("$$", this.#at) ? "$$" : "$";
    if (!this.#math(opener)) this.#say(this.#at + opener.length);
  }

  #backslash() {
    const next = this.#text[this.#at + 1] ?? "";
    if ((next === "(" || next === "[") && this.#math(`\\${next}`)) return;
    if (next && ESCAPED.includes(next)) this.#at += 1;
    // A second backslash hides nothing, and the one of an arm stays: ¯\_(ツ)_/¯
    this.#say(Math.min(this.#at + (next === "\\" || next === "_" ? 2 : 1), this.#text.length));
  }

  /** Take a formula, by the rules of rooms/markup/maths.py, if there is one. */
  #math(opener) {
    const closer = CLOSERS[opener];
    const start = this.#at + opener.length;
    if (this.#vain.has(closer) || (closer === "$" && /^\s/.test(this.#text.slice(start, start + 1)))) return false;
    const end = endOfMath(this.#text, start, closer);
    if (end < 0) {
      this.#vain.add(closer);
      return false;
    }
    const text = this.#text.slice(start, end);
    if (!text.trim() || (closer === "$" && (/\s$/.test(text) || /^\p{Nd}/u.test(this.#text.slice(end + 1, end + 3))))) return false;
    const display = opener === "$" || opener === "\\(" ? "inline" : "block";
    this.#take({ type: "math", text, display }, end + closer.length);
    return true;
  }

  #link() {
    const found = this.#hasLinks ? this.#match(LINK) : null;
    // Words that look like an address would hide where a link leads.
    if (!found || /:\/\/|www\./i.test(found[1]) || !isAddress(found[2])) {
      this.#say(this.#at + 1);
      return;
    }
    const [all, words, href] = found;
    this.#take({ type: "link", href, parts: new Reader(words, false).read() }, this.#at + all.length);
  }

  #bare() {
    const found = this.#hasLinks && !ASCII_WORD.test(this.#text[this.#at - 1] ?? "") ? this.#match(BARE) : null;
    const href = found && trimmedAddress(found[0]);
    if (!href || !isAddress(href)) {
      this.#say(this.#at + 1);
      return;
    }
    this.#take({ type: "link", href, parts: [{ type: "text", text: href }] }, this.#at + href.length);
  }

  #marks() {
    const [run] = this.#match(MARKS);
    const [character] = run;
    const end = this.#at + run.length;
    const [before, after] = [this.#text[this.#at - 1] ?? " ", this.#text[end] ?? " "];
    const word = character === "_" ? WORD : ASCII_WORD;
    let left = run.length > 3 ? 0 : run.length;
    if (/\S/.test(before) && !word.test(after)) {
      for (let size = this.#closed(character, left); size; size = this.#closed(character, left)) {
        this.#wrap(`${character}${size}`);
        left -= size;
      }
    }
    while (left && /\S/.test(after) && !word.test(before)) {
      const size = Math.min(left, 2);
      if (!KINDS[`${character}${size}`]) break;
      this.#openers.set(`${character}${size}`, this.#parts.length);
      this.#parts.push({ type: "text", text: character.repeat(size) });
      left -= size;
    }
    this.#at = end - (run.length > 3 ? run.length : left);
    this.#say(end);
  }

  /** How many of the last `left` marks close what stands innermost; 0 for none. */
  #closed(character, left) {
    const [one, two] = [1, 2].map((size) => (size <= left ? (this.#openers.get(`${character}${size}`) ?? -1) : -1));
    if (one < 0 && two < 0) return 0;
    return one > two ? 1 : 2;
  }

  /** Put the parts since an opener into one. */
  #wrap(kind) {
    const index = this.#openers.get(kind);
    const parts = this.#parts.splice(index).slice(1);
    this.#parts.push({ type: KINDS[kind], parts });
    for (const [other, place] of this.#openers) if (place >= index) this.#openers.delete(other);
  }
}

/** Where as many ticks as `ticks` stand from `start` on, and no more; -1 for nowhere. */
function endOfTicks(text, start, ticks) {
  for (let place = text.indexOf(ticks, start); place >= 0; ) {
    let end = place;
    while (text[end] === "`") end += 1;
    if (end - place === ticks.length) return place;
    place = text.indexOf(ticks, end);
  }
  return -1;
}

/** Where the first closer of a formula stands; -1 for nowhere. */
function endOfMath(text, start, closer) {
  for (let place = start; place < text.length; place += 1) {
    if (text.startsWith(closer, place)) return place;
    // It hides the character after it.
    if (text[place] === "\\") place += 1;
  }
  return -1;
}

/** Without what belongs to the sentence around an address. */
function trimmedAddress(address) {
  let end = address.length;
  let open = address.split("(").length - address.split(")").length;
  for (; end; end -= 1) {
    const last = address[end - 1];
    if (last === ")" && open < 0) open += 1;
    else if (!/[.,;:!?'*_~}…]/.test(last)) break;
  }
  return address.slice(0, end);
}

function isAddress(address) {
  try {
    return ["http:", "https:", "mailto:"].includes(new URL(address).protocol);
  } catch {
    return false;
  }
}

/** The same parts, with texts that follow each other as one. */
function merged(parts) {
  const found = [];
  for (const part of parts) {
    const last = found.at(-1);
    if (part.type === "text" && last?.type === "text") found[found.length - 1] = { type: "text", text: last.text + part.text };
    else found.push(part.parts ? { ...part, parts: merged(part.parts) } : part);
  }
  return found;
}
