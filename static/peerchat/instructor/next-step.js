import { isPoll } from "../core/answers.js";
import { number, percent } from "../core/format.js";
import { fill, gettext, ngettext } from "../core/texts.js";

/** The button of each step that the server may name. */
const BUTTONS = {
  start_question: "start-question",
  count_down_and_stop: "count-down",
  stop_vote: "stop-vote",
  make_partners: "make-partners",
  enable_discussion: "enable-discussion",
  start_revote: "start-revote",
  reveal: "reveal",
  reopen: "reopen",
  next_question: "next-question",
};

// Where the server does not tell, and while its figures are on their way.
const HINTS = {
  idle: gettext("Choose a question and start the vote."),
  vote: gettext("Students are voting individually."),
  vote_closed: gettext("The vote is closed. Pair the students who answered differently."),
  discuss: gettext("Partners are discussing. Start the second vote when the discussion dies down."),
  revote: gettext("Students are voting for the second time."),
  revote_closed: gettext("Both votes are in. Reveal the answer and explain it."),
  revealed: gettext("Everyone sees the answer and the votes. Explain, then continue."),
};
// For a question without a right answer.
const HINTS_UNKNOWN = {
  ...HINTS,
  revote_closed: gettext("Both votes are in. Show them, and mark the right answer when you like."),
  revealed: gettext("Everyone sees the votes. No right answer is marked."),
};
const HINTS_POLL = {
  ...HINTS,
  revote_closed: gettext("Both votes are in. Show them to everyone."),
  revealed: gettext("Everyone sees the votes. Continue when you like."),
};

const WHY = {
  nobody_yet: gettext("Nobody has voted yet."),
  most_voted: gettext("Most students have voted: close the vote."),
  all_voted: gettext("Everyone has voted: close the vote."),
  closing: gettext("The vote is about to close."),
  nobody_voted: gettext("Nobody has voted: open the vote again."),
  too_few: gettext("There are not enough students for a discussion."),
  few_right: gettext("%(percent)s are right: explain the idea, then vote again."),
  some_right: gettext("%(percent)s are right: let them convince each other."),
  many_right: gettext("%(percent)s are right: reveal and explain briefly."),
  divided: gettext("%(percent)s gave the most frequent answer: let them convince each other."),
  agreed: gettext("%(percent)s gave the same answer: there is little to discuss."),
  compared: gettext("%(before)s were right at first, %(percent)s are now: reveal and explain."),
  twin_voted: gettext("Everyone has voted alone on the twin: reveal the answer."),
  twin: gettext("Explain. Then a twin question tests the same idea again."),
  more: gettext("Explain. Then go on with the next question."),
};

/** What may be done in each phase; the first is the usual next step. */
export function steps({ phase, deadline }, { grouped, more }) {
  switch (phase) {
    case "idle":
      return ["start-question"];
    case "vote":
    case "revote":
      return ["count-down", "count-down-10", "count-down-30", "stop-vote", ...(deadline ? ["extend"] : []), "show-bars"];
    case "vote_closed":
      return grouped
        ? ["enable-discussion", "enable-chat", "enable-face-chat", "make-partners", "start-revote", "reveal", "reopen", "next-question", "show-bars"]
        : ["make-partners", "start-revote", "reveal", "reopen", "next-question", "show-bars"];
    case "discuss":
      return ["start-revote", "show-bars"];
    case "revote_closed":
      return ["reveal", "reopen", "next-question", "show-bars"];
    case "revealed":
      return more ? ["start-question", "next-question"] : ["next-question", "start-question"];
    default:
      return [];
  }
}

/** What the server proposes for where the class is now, or null. It may still think of an earlier step. */
export function proposed(session, figures) {
  const next = figures?.next;
  return session.known && next?.epoch === session.epoch ? next : null;
}

/** The button of the next step among those that may be pressed, or null if it is none of them. */
export function nextButton(legal, next) {
  // Nothing that was prepared is left: what was asked already is not asked again by the way.
  if (next?.step === "quick_question") return null;
  const wanted = BUTTONS[next?.step];
  return legal.includes(wanted) ? wanted : (legal[0] ?? null);
}

/** Why it is the next step, in a sentence. `unknown`: whether the question has no right answer. */
export function whyWords({ session, next, figures, unknown, ready }) {
  const { phase, question } = session;
  if (phase === "idle" && next?.why === "nothing_prepared" && ready) return gettext("All prepared questions were asked. Ask one again, or a quick question.");
  if (phase === "idle" && !ready) return gettext("Ask a quick question: it needs no preparation.");
  if (next?.why === "partners_made") {
    const groups = figures?.groups ?? 0;
    return fill(ngettext("%(count)s group is formed: let the partners talk.", "%(count)s groups are formed: let the partners talk.", groups), { count: number(groups) });
  }
  const words = WHY[next?.why];
  // The result of a poll, or of a question without a right answer, needs other words than an explanation.
  const plain = phase === "revealed" && question !== null && (unknown || isPoll(question));
  if (words && !plain) return fill(words, { percent: percent((next.percent ?? 0) / 100), before: percent((next.before ?? 0) / 100) });
  const hints = question !== null && isPoll(question) ? HINTS_POLL : unknown ? HINTS_UNKNOWN : HINTS;
  return hints[phase];
}

/** How many have voted, and of how many, while a vote runs; else null. */
export function turnout({ phase }, figures) {
  const round = { vote: 0, revote: 1 }[phase];
  if (round === undefined || !figures) return null;
  const voted = figures.votes[round];
  return { voted, of: Math.max(figures.online, voted) };
}
