/**
 * Who one is: a name and, in a class with pseudonyms, what the others see instead. Pure functions of `state.me`:
 * `{username, display_name, pseudonym, names}`, of which the last two are there once one had a pseudonym; `names` has
 * the usernames of all that one had.
 */

/** `me` with the pseudonym of the class, or without one where `pseudonym` is null. */
export function known(me, pseudonym) {
  if (!pseudonym) return me?.pseudonym ? { ...me, pseudonym: null } : me;
  const names = new Set([pseudonym.username, ...(pseudonym.earlier ?? []), ...(me?.names ?? [])]);
  return { ...me, pseudonym, names: [...names] };
}

/** Whether a username is one's own, or that of a pseudonym that one has or had. */
export function isMe(me, username) {
  return username !== undefined && (username === me?.username || Boolean(me?.names?.includes(username)));
}

/** The username by which others mention one now. */
export function calledBy(me) {
  return me?.pseudonym?.username ?? me?.username;
}
