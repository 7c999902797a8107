/** Messages of a page: those of one request. */
export const PAGE = 100;
/** Where more was missed, the newest messages come instead; the sockets have the same number. */
const RESUME_LIMIT = 500;

/**
 * What came in a room after message `seen`, as the socket's `resume` answers it. `ask(query)` requests a page of the
 * room's messages.
 */
export async function missed(seen, ask) {
  const messages = [];
  for (let last = seen; ; last = messages.at(-1).seq) {
    const page = await ask({ after: last, limit: PAGE });
    const ahead = page.last_seq - seen;
    if (ahead < 0 || ahead > RESUME_LIMIT) {
      const { results, last_seq: newest } = await ask({ limit: PAGE });
      return { messages: results, last_seq: results.at(-1)?.seq ?? newest, reset: true };
    }
    messages.push(...page.results);
    const lastSeq = messages.at(-1)?.seq ?? seen;
    if (!page.results.length || lastSeq >= page.last_seq) return { messages, last_seq: lastSeq };
  }
}
