/** The addresses of commands that students give over HTTP, below that of their course. */
export const OF_STUDENTS = {
  vote: "vote",
  draft: "draft",
  say_convinced: "convinced",
  set_place: "place",
  share_reasons: "sharing",
};
