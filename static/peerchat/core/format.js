/** Words and numbers for people. */

import { fill, gettext, locale } from "./texts.js";

const PHASES = {
  idle: gettext("Waiting"),
  vote: gettext("Vote"),
  vote_closed: gettext("Vote closed"),
  discuss: gettext("Discuss"),
  revote: gettext("Vote again"),
  revote_closed: gettext("Second vote closed"),
  revealed: gettext("Result"),
};

const CONTROLS = {
  enableVote: gettext("Voting opened"),
  countDownAndStop: gettext("Voting is about to close"),
  stopVote: gettext("Voting closed"),
  enableChat: gettext("Partner chat opened"),
  enableFaceChat: gettext("Talk to your partners in the room"),
  enableDiscussion: gettext("The discussion is open"),
  enableRevote: gettext("Second vote opened"),
  reveal: gettext("Result shown"),
  enableNext: gettext("Next question"),
};

export function phaseName(phase) {
  return PHASES[phase] ?? phase;
}

/** What a control message of the course room says to people. */
export function controlWords(name) {
  return CONTROLS[name] ?? name;
}

/** "Ann", "Ann and Bo", "Ann, Bo and Cy". */
export function list(names) {
  if (names.length < 2) return names.join("");
  return fill(gettext("%(names)s and %(last)s"), { names: names.slice(0, -1).join(", "), last: names.at(-1) });
}

/** The name of somebody; with the mark that tells partners of the same name apart. */
export function shownName(user) {
  const name = user?.display_name || user?.username || "";
  return user?.mark ? `${name} (${user.mark})` : name;
}

/** Up to two letters that stand for a name. */
export function initials(name) {
  const words = name.trim().split(/\s+/u);
  const picked = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  return picked.map((word) => Array.from(word)[0] ?? "").join("").toUpperCase();
}

/** "1:05", "0:09"; never below zero. */
export function clock(seconds) {
  const whole = Math.max(0, Math.ceil(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

const TIME = new Intl.DateTimeFormat(locale, { timeStyle: "short" });
const NUMBER = new Intl.NumberFormat(locale);
const DECIMAL = new Intl.NumberFormat(locale, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const DAY = new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long" });

/** The time of day of a timestamp in seconds. */
export function timeOf(timestamp) {
  return TIME.format(new Date(timestamp * 1000));
}

/** "Today", "Yesterday" or the date of a timestamp in seconds. */
export function dayOf(timestamp, now = Date.now()) {
  const date = new Date(timestamp * 1000);
  const day = date.toDateString();
  if (day === new Date(now).toDateString()) return gettext("Today");
  if (day === new Date(now - 86_400_000).toDateString()) return gettext("Yesterday");
  return DAY.format(date);
}

export function number(value) {
  return NUMBER.format(value);
}

/** A number with two decimals. */
export function decimal(value) {
  return DECIMAL.format(value);
}

export function percent(share) {
  return fill(gettext("%(number)s %%"), { number: number(Math.round(share * 100)) });
}

/** A number on a badge, which has room for two digits. */
export function badge(count) {
  return count > 99 ? `${number(99)}+` : number(count);
}
