/**
 * The user's own votes and draft in a session, as pure functions. Another device may have sent them, and they
 * arrive in any order: `cast_at` and `sent_at`, the times of the server, tell which is later.
 */

/** The session with a vote, unless a later one of the round is known. */
export function withVote(session, { question, round, vote }) {
  if (session.question?.question !== question) return session;
  const known = session.votes[round - 1];
  if (known && known.cast_at > vote.cast_at) return session;
  const votes = [...session.votes];
  votes[round - 1] = vote;
  const isAfter = session.draft?.sent_at > vote.cast_at;
  return { ...session, votes, draft: round === session.round && !isAfter ? null : session.draft };
}

/** The session with a draft of its round, unless a later draft or vote is known. */
export function withDraft(session, { question, round, draft }) {
  if (session.question?.question !== question || session.round !== round) return session;
  const isOld = session.draft?.sent_at > draft.sent_at || session.votes[round - 1]?.cast_at >= draft.sent_at;
  return isOld ? session : { ...session, draft };
}

/** The session with what the user says convinced them, unless something later is known. */
export function withConvinced(session, { question, convinced }) {
  if (session.question?.question !== question || session.convinced?.said_at > convinced.said_at) return session;
  return { ...session, convinced };
}

/** The session whose open round closes at a time, unless an earlier one is known. */
export function withDeadline(session, { epoch, deadline }) {
  if (epoch !== session.epoch || (session.deadline !== null && session.deadline <= deadline)) return session;
  return { ...session, deadline };
}

/**
 * The session of a snapshot, with the votes, the draft, the deadline and what convinced the user, as far as events of
 * the same epoch told them since.
 */
export function withWhatCameSince(session, before) {
  if (!before.known || session.epoch !== before.epoch || session.question === null) return session;
  const { question } = session.question;
  let next = session;
  before.votes.forEach((vote, index) => {
    const known = next.votes[index]?.cast_at ?? -Infinity;
    if (vote?.cast_at > known) next = withVote(next, { question, round: index + 1, vote });
  });
  if (before.convinced) next = withConvinced(next, { question, convinced: before.convinced });
  if (before.draft) next = withDraft(next, { question, round: before.round, draft: before.draft });
  return before.deadline === null ? next : withDeadline(next, before);
}
