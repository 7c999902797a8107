import { badge, clock, controlWords, dayOf, initials, list, percent } from "/static/peerchat/core/format.js";
import { newUuid, reconnectWait, socketUrl } from "/static/peerchat/core/socket.js";
import { fill, ngettext } from "/static/peerchat/core/texts.js";
import { equal } from "./check.js";

export function clockRoundsUpAndStopsAtZero() {
  equal([65, 9.1, 0.01, 0, -3].map(clock), ["1:05", "0:10", "0:01", "0:00", "0:00"]);
}

export function namesAreListedAsInASentence() {
  equal([[], ["Ann"], ["Ann", "Bo"], ["Ann", "Bo", "Cy"]].map(list), ["", "Ann", "Ann and Bo", "Ann, Bo and Cy"]);
}

export function initialsTakeWholeCharacters() {
  equal(["Zoë van Dijk", "  lan ", "🦊 Fox", "李"].map(initials), ["ZD", "L", "🦊F", "李"]);
}

export function countsAndShares() {
  const groups = [1, 2].map((count) => fill(ngettext("%(count)s group", "%(count)s groups", count), { count }));
  equal([...groups, percent(0.666), badge(99), badge(100)], ["1 group", "2 groups", "67 %", "99", "99+"]);
}

export function daysNearTodayHaveNames() {
  const now = new Date(2026, 2, 10, 12).getTime();
  equal(dayOf(now / 1000 - 3600, now), "Today");
  equal(dayOf(now / 1000 - 86_400, now), "Yesterday");
}

export function controlMessagesReadAsWords() {
  equal(controlWords("enableVote"), "Voting opened");
  equal(controlWords("somethingNew"), "somethingNew");
}

export function waitsGrowFromHalfASecondToThirty() {
  const options = { firstWait: 500, maxWait: 30_000 };
  const least = [0, 1, 5, 40].map((attempt) => reconnectWait(attempt, options, () => 0));
  const most = [0, 1, 2, 5, 40].map((attempt) => reconnectWait(attempt, options, () => 1));
  equal(least, [500, 500, 500, 500]);
  equal(most, [1_500, 3_000, 6_000, 30_000, 30_000]);
}

export function uuidsAreUniqueOutsideSecureContextsToo() {
  equal(isSecureContext, false);
  const made = Array.from({ length: 1000 }, newUuid);
  equal(new Set(made).size, 1000);
  equal(made.every((one) => /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(one)), true);
}

export function socketsUseTheSchemeOfThePage() {
  equal(socketUrl("/ws/chat/", { protocol: "https:", host: "a.example" }), "wss://a.example/ws/chat/");
  equal(socketUrl("/ws/chat/", { protocol: "http:", host: "a.example:8000" }), "ws://a.example:8000/ws/chat/");
}
