/** Courses that change, and questions that get another slug, while a page is open, as pure functions. */

/** Former slugs of a course by which its events are known. */
const FORMER_SLUGS = 20;

/** Whether a slug is that of the course, or was. */
export function isOf(course, slug) {
  return slug === course.slug || Boolean(course.formerly?.includes(slug));
}

/** Whether a course of a `welcome` is this one. The slug may have changed since; the room of a course stays. */
export function isSame(course, { course: slug, room }) {
  return course.room ? room === course.room : slug === course.slug;
}

/** The course under a slug. It is also known by those that it had before. */
export function called(course, slug) {
  if (slug === course.slug) return course;
  const formerly = [...(course.formerly ?? []), course.slug].filter((one) => one !== slug);
  return { ...course, slug, formerly: formerly.slice(-FORMER_SLUGS) };
}

/** The state after its course got another slug. */
export function withSlug(state, { course, former }) {
  if (!isOf(state.course, former) || course === state.course.slug) return state;
  // Events that named the new slug before this one were not taken for those of the course.
  return { ...state, course: called(state.course, course), session: { ...state.session, stale: true } };
}

/** The state after a question of its course got another slug, with `renamed` for what was entered under the former one. */
export function withQuestionSlug(state, { course, question, former }) {
  const posed = state.session.question;
  if (!isOf(state.course, course) || posed?.question !== former) return state;
  return { ...state, session: { ...state.session, question: { ...posed, question }, renamed: { former, question } } };
}

/** The state after its course got another title, was archived or put to use again, or gave the reader another role. */
export function withCourse(state, { course, title, archived, role = state.course.role }) {
  return isOf(state.course, course) ? { ...state, course: { ...state.course, title, archived, role } } : state;
}

/** The handlers of the events about a course. */
export const COURSE = { course_changed: withCourse, course_renamed: withSlug, question_renamed: withQuestionSlug };
