/** What the groups view says about groups. */

import { number } from "../core/format.js";
import { fill, gettext, ngettext, pgettext } from "../core/texts.js";

/** The ways in which groups talk, those first that are worth a look. */
export const TALKS = ["silent", "one_sided", "lively", "agreed", "starting", "face_to_face", "away"];

const NAMES = {
  silent: gettext("silent"),
  one_sided: gettext("one-sided"),
  lively: gettext("lively"),
  agreed: gettext("agreed"),
  starting: gettext("starting"),
  face_to_face: gettext("face to face"),
  away: gettext("away"),
};

// One or two letters on a small tile; the colour says the same again.
const SIGNS = {
  silent: pgettext("letter of silent groups", "S"),
  one_sided: pgettext("letter of one-sided groups", "O"),
  lively: pgettext("letter of lively groups", "L"),
  agreed: pgettext("letter of groups that agreed", "✓"),
  starting: pgettext("letter of groups that are starting", "…"),
  face_to_face: pgettext("letter of groups that talk face to face", "F"),
  away: pgettext("letter of groups of which nobody is here", "–"),
};

const MEANINGS = {
  silent: gettext("Nobody has written yet."),
  one_sided: gettext("One member writes, the others hardly do."),
  lively: gettext("They write to each other."),
  agreed: gettext("They talked, and have been quiet for a minute or more."),
  starting: gettext("It is too early to tell."),
  face_to_face: gettext("They are in the hall and need not write."),
  away: gettext("Nobody wrote, and fewer than two of them are here."),
};

const WHY = {
  ...NAMES,
  different_answers: gettext("different answers"),
  same_answer: gettext("same answer"),
  nobody_right: gettext("nobody right"),
};

// The usual method says nothing that the answers do not say.
const METHODS = {
  random: gettext("paired at random"),
  same_answer: gettext("paired by the same answer"),
  keep: gettext("paired as last time"),
  fixed: gettext("a fixed group"),
  by_hand: gettext("made by hand"),
};

const PLACES = {
  hall: gettext("in the hall"),
  elsewhere: gettext("elsewhere"),
  both: gettext("in the hall and elsewhere"),
};

export function talkName(talk) {
  return NAMES[talk] ?? talk;
}

export function talkSign(talk) {
  return SIGNS[talk] ?? "?";
}

export function talkMeaning(talk) {
  return MEANINGS[talk] ?? "";
}

export function placeName(place) {
  return PLACES[place] ?? "";
}

export function groupName(group) {
  return fill(gettext("Group %(number)s"), { number: number(group) });
}

/** Why a group is worth a visit: "silent, different answers, nobody right". */
export function whyWords(why) {
  return why.map((one) => WHY[one] ?? one).join(", ");
}

/** The groups by how they talk. */
export function byTalk(groups) {
  const found = {};
  for (const group of groups) (found[group.talk] ??= []).push(group);
  return found;
}

/** How a group was made, and what is known of its answers. */
export function reasonWords({ method, mixed, right, repeats, place, broken }) {
  const parts = [METHODS[method]];
  if (mixed !== undefined) parts.push(mixed ? WHY.different_answers : WHY.same_answer);
  if (right === 0) parts.push(WHY.nobody_right);
  else if (right) parts.push(fill(ngettext("%(count)s right", "%(count)s right", right), { count: number(right) }));
  if (repeats) parts.push(gettext("were partners before"));
  parts.push(PLACES[place]);
  if (broken) parts.push(gettext("against a rule: two who are never together"));
  const reason = parts.filter(Boolean).join(", ");
  return reason && fill(gettext("Why together: %(reason)s."), { reason });
}

/** How much a group wrote, and how long ago last. */
export function writtenWords({ messages, last_at: last }, now) {
  if (!messages) return gettext("No messages");
  const count = fill(ngettext("%(count)s message", "%(count)s messages", messages), { count: number(messages) });
  return last === null ? count : fill(gettext("%(messages)s, the last one %(ago)s"), { messages: count, ago: agoWords(now - last) });
}

function agoWords(seconds) {
  if (seconds < 60) return gettext("less than a minute ago");
  const minutes = Math.floor(seconds / 60);
  return fill(ngettext("%(count)s minute ago", "%(count)s minutes ago", minutes), { count: number(minutes) });
}

