import { isPlain, parseInline } from "/static/peerchat/core/inline.js";
import { equal } from "./check.js";

/** Parts in short: text as it is, others as `[type, ...]`. */
function short(text) {
  const shorten = (part) => {
    if (part.type === "text") return part.text;
    if (part.type === "code") return [part.isBlock ? "block" : "code", part.text];
    if (part.type === "math") return [part.display, part.text];
    const inside = part.parts.map(shorten);
    return part.type === "link" ? ["link", part.href, ...inside] : [part.type, ...inside];
  };
  return parseInline(text).map(shorten);
}

function all(cases) {
  for (const [text, ...parts] of cases) equal([text, ...short(text)], [text, ...parts]);
}

export function plainWordsStayAsTheyWereTyped() {
  const texts = [
    "It costs $5 and $6.",
    "2*3*4 = 24, and 2 * 3 * 4, and 2**3**4",
    "snake_case_name and __init__x and a_b",
    "¯\\_(ツ)_/¯ and C:\\dir and \\\\server\\share",
    "* item\n* another",
    "**unclosed and `unclosed and $unclosed and ~~unclosed",
    "**** ____ ~ ~~ ` $ $$ \\ [ ] @ ()",
    "[a](javascript:alert(1)) [b](data:text/html,x) [c](/path)",
    "<b>bold</b> &lt;",
    "ada@example.org and @_ada_ and @ada*x*",
    "http:// and https://",
    "",
  ];
  for (const text of texts) equal(short(text), text ? [text] : []);
}

export function emphasis() {
  all([
    ["a *b* c", "a ", ["em", "b"], " c"],
    ["_a_ **b** __c__ ~~d~~", ["em", "a"], " ", ["strong", "b"], " ", ["strong", "c"], " ", ["s", "d"]],
    ["***a***", ["strong", ["em", "a"]]],
    ["**a *b* c**", ["strong", "a ", ["em", "b"], " c"]],
    ["*a **b** c*", ["em", "a ", ["strong", "b"], " c"]],
    ["**a*", "**a*"],
    ["*a **b* c**", ["em", "a **b"], " c**"],
    ["这是**重点**内容", "这是", ["strong", "重点"], "内容"],
    ["(*a*), \"_b_\"", "(", ["em", "a"], "), \"", ["em", "b"], '"'],
    ["\\*a* b", "*a* b"],
    ["*a\nb*", ["em", "a\nb"]],
  ]);
}

export function codeAndMathematics() {
  all([
    ["`*a*` `` ` `` ` b `", ["code", "*a*"], " ", ["code", "`"], " ", ["code", "b"]],
    ["```python\nfor i in x:\n    i\n```", ["block", "for i in x:\n    i"]],
    ["```\na\n```", ["block", "a"]],
    ["$x_1$ and $5 or $6, but $y*z*$", ["inline", "x_1"], " and $5 or $6, but ", ["inline", "y*z*"]],
    ["$a$1 and \\$5", "$a$1 and $5"],
    ["$\\$5$", ["inline", "\\$5"]],
    ["\\(a\\) \\[b\\] $$c\nd$$", ["inline", "a"], " ", ["block", "b"], " ", ["block", "c\nd"]],
    ["\\\\(a\\\\)", "\\\\(a\\\\)"],
    ["**$a*b$**", ["strong", ["inline", "a*b"]]],
    ["$ a$ $b $ \\(\\)", "$ a$ $b $ \\(\\)"],
  ]);
}

export function links() {
  all([
    ["see https://a.example/b_c_d?e=(f).", "see ", ["link", "https://a.example/b_c_d?e=(f)", "https://a.example/b_c_d?e=(f)"], "."],
    ["(https://a.example)", "(", ["link", "https://a.example", "https://a.example"], ")"],
    ["*https://a.example/*", ["em", ["link", "https://a.example/", "https://a.example/"]]],
    ["[a *b*](https://c.example/d_(e))", ["link", "https://c.example/d_(e)", "a ", ["em", "b"]]],
    ["[a](mailto:b@c.example)", ["link", "mailto:b@c.example", "a"]],
    ["[www.a.example](https://b.example)", "[www.a.example](", ["link", "https://b.example", "https://b.example"], ")"],
    // What looks like an address leads there.
    ["[http://a.example](https://b.example)", "[", ["link", "http://a.example", "http://a.example"], "](", ["link", "https://b.example", "https://b.example"], ")"],
    ["xhttps://a.example", "xhttps://a.example"],
    ["[a](https://[x)", "[a](https://[x)"],
  ]);
}

export function theWorstMessagesTakeAShortTime() {
  const units = ["*a ", "**a ", "_a_", "*a **b ", "***", "`", "`a``", "$a ", "$", "$$a", "\\(", "\\[", "[", "[a](", "[a](http://(", "https://a(", "@", "@a ", "\\", "~~a", "*_", "a*", "[a](https://x "];
  for (const unit of units) {
    const text = unit.repeat(10_000).slice(0, 10_000);
    const start = performance.now();
    parseInline(text);
    const took = performance.now() - start;
    if (took > 500) throw new Error(`${unit}: ${took} ms`);
  }
  equal(isPlain(parseInline("*a* ".repeat(2501))), true);
}
