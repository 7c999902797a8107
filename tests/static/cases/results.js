import { seriesOf } from "/static/peerchat/instructor/results.js";
import { equal } from "./check.js";

export function aTableOfClassesBecomesLines() {
  const place = document.createElement("template");
  place.innerHTML = `<table><thead><tr><th>Class</th><th data-series="1"> Took part </th><th>Gain</th><th data-series="2">Right</th></tr></thead>
    <tbody><tr data-at="60"><th>1</th><td data-value="80">80 %</td><td></td><td data-value="0">0 %</td></tr>
    <tr data-at="120"><th>2</th><td data-value="75">75 %</td><td></td><td data-value="">–</td></tr></tbody></table>`;
  equal(seriesOf(place.content.firstChild), {
    name: "Class",
    times: [60, 120],
    series: [
      { label: "Took part", values: [80, 75] },
      { label: "Right", values: [0, null] },
    ],
  });
}
