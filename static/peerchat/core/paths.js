/** The addresses of commands that students give over HTTP, below that of their course. */
export const OF_STUDENTS = {
  vote: "vote",
  draft: "draft",
  set_place: "place",
  say_convinced: "convinced",
  share_reasons: "sharing",
};
