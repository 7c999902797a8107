import { fit, fitting } from "/static/peerchat/screen/fit.js";
import { layoutsFor } from "/static/peerchat/screen/question.js";
import { equal } from "./check.js";

const WORD = "acceleration ";

/** Do something with a box of 400 by 200 pixels and a text in it. */
function inBox(words, look) {
  const box = document.createElement("div");
  const content = document.createElement("div");
  Object.assign(box.style, { width: "400px", height: "200px", overflow: "auto" });
  content.style.lineHeight = "1.2";
  content.textContent = WORD.repeat(words);
  box.append(content);
  document.body.append(box);
  try {
    look(box, content);
  } finally {
    box.remove();
  }
}

export function aTextIsAsLargeAsItsBoxAllows() {
  const sizes = [1, 20, 60].map((words) => {
    let size = null;
    inBox(words, (box, content) => {
      size = fit(box, content, { least: 8, most: 48 });
      equal([box.scrollHeight, box.scrollWidth], [200, 400]);
    });
    return size;
  });
  equal(sizes[0], 48);
  equal(sizes[0] > sizes[1] && sizes[1] > sizes[2] && sizes[2] > 8, true);
}

export function aTextThatIsTooLongHasTheLeastSizeAndScrolls() {
  inBox(500, (box, content) => {
    equal(fit(box, content, { least: 12, most: 48, layouts: ["plain", "other"] }), 12);
    equal(box.scrollHeight > box.clientHeight, true);
  });
}

export function theFirstLayoutWinsUnlessAnotherGainsMuch() {
  inBox(20, (box, content) => {
    fit(box, content, { least: 8, most: 48, layouts: ["one", "same"] });
    equal(content.dataset.layout, "one");
  });
}

export function pagesOfAListLoseNothing() {
  const list = document.createElement("ul");
  Object.assign(list.style, { height: "100px", overflow: "hidden", margin: "0", padding: "0" });
  const heights = [30, 60, 30, 150, 20, 20];
  document.body.append(list);
  const pages = [];
  for (let start = 0; start < heights.length; ) {
    list.replaceChildren(
      ...heights.slice(start).map((height) => {
        const item = document.createElement("li");
        Object.assign(item.style, { height: `${height}px`, display: "block" });
        return item;
      }),
    );
    pages.push(fitting(list));
    start += pages.at(-1);
  }
  list.remove();
  // The one that no page can hold has a page of its own.
  equal(pages, [2, 1, 1, 2]);
}

export function barsOfAFewChoicesStandBelowEachOther() {
  const question = (length) => ({ question: { choices: Array.from({ length }) } });
  equal(layoutsFor({ question: null }, 1920), ["one"]);
  equal(layoutsFor(question(4), 600), ["one"]);
  equal(layoutsFor(question(4), 1920), ["one", "two", "split"]);
  equal(layoutsFor({ ...question(4), histograms: [{}, {}] }, 1920), ["one", "split"]);
  equal(layoutsFor({ ...question(26), histograms: [{}, {}] }, 1920).includes("four"), true);
  equal(layoutsFor({ ...question(4), groups: [{}] }, 1920), ["one"]);
}
