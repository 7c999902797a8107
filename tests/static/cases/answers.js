import { barsOfAnswer, folded, isRight, ofLetters, readText, sameAnswer } from "/static/peerchat/core/answers.js";
import { answerWords, barWords, numberWords, readAs, rightWords } from "/static/peerchat/core/answer-words.js";
import { readNumber } from "/static/peerchat/core/numerals.js";
import { fewest, rowsOf, votersOf } from "/static/peerchat/core/histogram.js";
import { equal } from "./check.js";

const CHOICES = [..."ABC"].map((choice) => ({ choice, text: `Text ${choice}` }));
const SINGLE = { kind: "single", choices: CHOICES };
const SEVERAL = { kind: "several", choices: CHOICES };
const POLL = { kind: "poll", choices: CHOICES };
const NUMBER = { kind: "number", unit: "m/s²", choices: [] };
const TEXT = { kind: "text", choices: [] };

/** As `tests/rooms/peer/test_answers.py` has them, and units with a circumflex. */
export function numbersAreReadAsPeopleTypeThem() {
  const read = [
    ["9.81", "", "9.81"],
    ["9,81", "", "9.81"],
    [" 9.81  m/s² ", "m/s²", "9.81"],
    ["9,81m/s2", "m/s²", "9.81"],
    ["9.81 m/s^2", "m/s²", "9.81"],
    ["9.81 m / s²", "m / s²", "9.81"],
    ["9.81 m / s²", "m/s²", "9.81"],
    ["€ 5", "€", "5"],
    ["5 %", "%", "5"],
    ["\u22125", "", "-5"],
    ["- 5", "", "-5"],
    ["+3", "", "3"],
    ["-0", "", "0"],
    [".5", "", "0.5"],
    ["5.", "", "5"],
    ["1 000", "", "1000"],
    ["1\u202f000\u202f000,5", "", "1000000.5"],
    ["1.234.567", "", "1234567"],
    ["1,234.5", "", "1234.5"],
    ["1.234,5", "", "1234.5"],
    ["1'000.5", "", "1000.5"],
    ["1,234", "", "1.234"],
    ["1.234", "", "1.234"],
    ["1,234e3", "", "1234"],
    ["6.022\u00d710²³", "", "6.022e+23"],
    ["6.022 x 10^23 mol", "mol", "6.022e+23"],
    ["1.6·10⁻¹⁹", "", "1.6e-19"],
    ["1E-7", "", "1e-7"],
    ["1e5", "", "100000"],
    ["\u0663\u066b\u0665", "", "3.5"],
    ["\u200f5\u200e", "", "5"],
    ["10 m²", "m²", "10"],
  ];
  equal(read.map(([typed, unit]) => [typed, unit, readNumber(typed, unit)]), read);
  const none = ["", " ", ".", "-", "e5", "abc", "1 2", "1.2.3", "1,234,5", "1234,567,8", "1,234,567,890,", "nan", "inf", "-Infinity"];
  for (const typed of [...none, "1e999", "1e-200", "0x10", "1_000", "5 m", "1e", "5 5", "m/s²", "9".repeat(200), "1\0", "10²", "10²³ m/s²", "5⁰", "10⁻³", "²"]) {
    equal([typed, readNumber(typed, "m/s²")], [typed, null]);
  }
}

export function textsAreReadOnOneLine() {
  equal([readText("  the \n Moon\t"), readText(" \u200b"), readText("e\u0301")], ["the Moon", "", "é"]);
}

export function answersThatMeanTheSameAreTheSame() {
  equal(sameAnswer(NUMBER, "9.80", "9.8"), true);
  equal(sameAnswer(NUMBER, "1e+21", "1000000000000000000000"), true);
  equal(sameAnswer(TEXT, "The  Moon.", "the moon"), true);
  equal(sameAnswer(TEXT, "Straße!", "STRASSE"), true);
  equal(sameAnswer(TEXT, "Paris\u200f", "P\u00adaris\ufeff"), true);
  equal(sameAnswer(TEXT, "moon", "mon"), false);
  equal(sameAnswer(SEVERAL, "AB", "A"), false);
  equal([sameAnswer(SINGLE, null, null), sameAnswer(SINGLE, null, "A")], [true, false]);
  equal(folded("..."), "...");
}

export function lettersAreInOrder() {
  equal(ofLetters(new Set(["C", "A"])), "AC");
}

export function whatIsRightIsKnownByKind() {
  equal([isRight(SINGLE, "B", { correct: "B" }), isRight(SINGLE, "A", { correct: "B" }), isRight(SINGLE, "A", {})], [true, false, null]);
  equal([isRight(SEVERAL, "AC", { correct: "AC" }), isRight(SEVERAL, "A", { correct: "AC" })], [true, false]);
  equal(isRight(POLL, "A", { correct: null, right: [] }), null);
  const number = { correct: "9.81", tolerance: 0.05 };
  equal(["9.86", "9.76", "9.87", "-9.81"].map((one) => isRight(NUMBER, one, number)), [true, true, false, false]);
  equal(isRight(NUMBER, "0.3", { correct: "0.1", tolerance: 0.2 }), true);
  const text = { correct: "Moon", right: ["The moon"] };
  equal(["moon!", "THE MOON", "Sun"].map((one) => isRight(TEXT, one, text)), [true, true, false]);
}

export function anAnswerBelongsToItsBars() {
  equal(barsOfAnswer(SEVERAL, "AC", ["A", "B", "C"]), ["A", "C"]);
  equal(barsOfAnswer(NUMBER, "2", ["0 – 2", "2 – 4"]), ["2 – 4"]);
  equal(barsOfAnswer(NUMBER, "-7", ["-3 – -1", "-1 – 1"]), ["-3 – -1"]);
  equal(barsOfAnswer(NUMBER, "99", ["0 – 2", "2 – 4"]), ["2 – 4"]);
  equal(barsOfAnswer(TEXT, "moon.", ["Moon", "…"]), ["Moon"]);
  equal([barsOfAnswer(TEXT, "Mars", ["Moon", "…"]), barsOfAnswer(TEXT, "Mars", ["Moon"]), barsOfAnswer(TEXT, null, ["Moon"])], [["…"], [], []]);
}

export function answersAreInWords() {
  equal([answerWords(SINGLE, "B"), answerWords(SEVERAL, "ACD")], ["B", "A, C and D"]);
  equal([answerWords(NUMBER, "-9.81"), answerWords({ ...NUMBER, unit: "" }, "1.6e-19")], ["−9.81 m/s²", "1.6 × 10⁻¹⁹"]);
  equal(numberWords("-3.5 – -1e+21"), "−3.5 – −1 × 10²¹");
  equal([answerWords(TEXT, "the Moon"), answerWords(TEXT, "🌙".repeat(9), { most: 5 })], ["“the Moon”", "“🌙🌙🌙🌙…”"]);
  equal([barWords(TEXT, "…"), barWords(NUMBER, "1 – 2")], ["all other answers", "1 – 2 m/s²"]);
}

export function theRightAnswerIsInWords() {
  equal(rightWords(NUMBER, { correct: "9.81", tolerance: 0.05 }), "9.81 ± 0.05 m/s²");
  equal(rightWords(NUMBER, { correct: "9.81" }), "9.81 m/s²");
  equal(rightWords(SEVERAL, { correct: "AC" }), "A and C");
  equal(rightWords(TEXT, { correct: "Moon", right: ["moon", "the Moon"] }), "“Moon” and “the Moon”");
  equal([rightWords(SINGLE, {}), rightWords(TEXT, { right: [] }), rightWords(NUMBER, { right: ["1 – 2"] })], [null, null, null]);
}

export function barsAreInOrderWhateverTheOrderOfTheObject() {
  const keys = (question, ...histograms) => rowsOf({ question, histograms }).map(({ key, counts }) => [key, ...counts]);
  equal(keys(NUMBER, { 10: 1, "9.5": 2, "-3": 1 }, { 10: 0, "9.5": 0, "-3": 4 }), [["-3", 1, 4], ["9.5", 2, 0], ["10", 1, 0]]);
  equal(keys(NUMBER, { "2 – 4": 1, "0 – 2": 2 }), [["0 – 2", 2], ["2 – 4", 1]]);
  equal(keys(TEXT, { 42: 1, Moon: 3, "…": 9, constructor: 2 }, { moon: 1 }), [["Moon", 3, 1], ["constructor", 2, 0], ["42", 1, 0], ["…", 9, 0]]);
  equal(keys(SINGLE, { B: 1 }), [["A", 0], ["B", 1], ["C", 0]]);
}

export function rowsTellWhatIsRightAndWhatIsOnesOwn() {
  const rows = (given) => rowsOf({ histograms: [{}, {}], ...given });
  const right = (given) => rows(given).filter((row) => row.isRight).map(({ key }) => key);
  equal(right({ question: SINGLE, correct: "B" }), ["B"]);
  equal(right({ question: SEVERAL, correct: "AC" }), ["A", "C"]);
  equal(right({ question: SEVERAL, correct: "AC", right: ["A"] }), ["A"]);
  equal(right({ question: POLL, correct: null, right: ["A"] }), []);
  equal(right({ question: NUMBER, correct: "2", histograms: [{ "2.0": 1, 3: 1 }] }), ["2.0"]);
  equal(right({ question: TEXT, right: ["Moon"], histograms: [{ Moon: 1, Sun: 1 }] }), ["Moon"]);
  const own = rows({ question: SEVERAL, own: ["AC", null] }).map((row) => row.own);
  equal(own, [[true, false], [false, false], [true, false]]);
}

export function sharesAreOfVotersAndNotOfMarks() {
  const histograms = [{ A: 3, B: 2, C: 0 }, {}];
  equal(votersOf({ question: SEVERAL, histograms, voters: [4, 0] }), [4, 0]);
  equal(votersOf({ question: SINGLE, histograms }), [5, 0]);
  equal(votersOf({ question: SEVERAL, histograms }), [3, 0]);
}

export function whatIsRightStaysWhereThereIsRoomForFewRows() {
  const histograms = [Object.fromEntries([..."abcdef"].map((key, index) => [key, 9 - index])), { f: 1 }];
  const rows = rowsOf({ question: TEXT, histograms, right: ["f"], own: ["e"] });
  equal(fewest(rows, 6), rows);
  const few = fewest(rows, 3).map((row) => [row.key, row.counts, row.isRight, row.own]);
  equal(few, [["a", [9, 0], false, [false]], ["b", [8, 0], false, [false]], ["f", [4, 1], true, [false]], ["…", [18, 0], false, [true]]]);
}

export function aCommaBeforeThreeDigitsIsReadAloud() {
  const told = (read, meant) => `This is read as ${read}. If you mean ${meant}, type it without the separator.`;
  equal(readAs("299,792"), told("299.792", "299792"));
  equal(readAs("-1,234 m/s²", "m/s²"), told("−1.234", "−1234"));
  // The point is the decimal separator of the page; the others have one meaning only.
  for (const typed of ["299.792", "0,299", "9,81", "299,7925", "1,299,792", "1,234.5", "1234,567", "299 792", "299792", "", "x"]) equal(readAs(typed), "");
}
