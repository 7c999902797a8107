/** The pages of the results: the classes of a term as lines, drawn out of their table by uPlot, and a button to print. */

import { h } from "../core/dom.js";
import { locale } from "../core/texts.js";

const SHEET = new URL("../vendor/uplot/uplot.css", import.meta.url);
const HEIGHT = 220;
// Lines differ by more than their colour.
const LINES = [
  { colour: "--good", system: "CanvasText", dash: [2, 4] },
  { colour: "--round-1", system: "GrayText", dash: [8, 5] },
  { colour: "--round-2", system: "Highlight", dash: [] },
];

/**
 * Return what a table of classes tells: the name of its first column, the times of its rows, and for each column with a `data-series` its label and
 * values, which are null where a class has none.
 */
export function seriesOf(table) {
  const rows = [...table.tBodies[0].rows];
  const heads = [...table.tHead.rows[0].cells].filter((cell) => cell.dataset.series);
  return {
    name: table.tHead.rows[0].cells[0].textContent.trim(),
    times: rows.map((row) => Number(row.dataset.at)),
    series: heads.map((head) => ({
      label: head.textContent.trim(),
      values: rows.map((row) => {
        const { value } = row.cells[head.cellIndex].dataset;
        return value ? Number(value) : null;
      }),
    })),
  };
}

/** Draws the table of classes within it. The table stays, for whoever cannot see the chart or has no script. */
class PeerTerm extends HTMLElement {
  #chart = null;
  #place = h("div", { class: "term-chart", "aria-hidden": "true" });
  #watching = null;
  #observer = new ResizeObserver(() => this.#chart?.setSize({ width: this.#place.clientWidth, height: HEIGHT }));

  async connectedCallback() {
    const data = seriesOf(this.querySelector("table"));
    // A single class is a point, and no line.
    if (data.times.length < 2) return;
    const [{ default: Plot }] = await Promise.all([import("../vendor/uplot/uplot.js"), linkSheet()]);
    if (!this.isConnected) return;
    this.prepend(this.#place);
    this.#draw(Plot, data);
    this.#observer.observe(this.#place);
    this.#watching = new AbortController();
    for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)", "print"]) {
      const { signal } = this.#watching;
      matchMedia(query).addEventListener("change", () => this.#draw(Plot, data), { signal });
    }
  }

  disconnectedCallback() {
    this.#watching?.abort();
    this.#observer.disconnect();
    this.#chart?.destroy();
    this.#chart = null;
  }

  #draw(Plot, { name: what, times, series }) {
    this.#chart?.destroy();
    const style = getComputedStyle(this);
    const isForced = matchMedia("(forced-colors: active)").matches;
    const colour = (name, system) => (isForced ? system : style.getPropertyValue(name).trim());
    const axis = {
      stroke: colour("--muted", "CanvasText"),
      font: `12px ${style.fontFamily}`,
      grid: { stroke: colour("--line", "GrayText"), width: 1 },
      ticks: { show: false },
    };
    const day = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short" });
    // Classes stand at equal distances, however long the weeks between them.
    const places = times.map((_, number) => number);
    const dayAt = (place) => (Number.isInteger(place) && times[place] ? day.format(times[place] * 1000) : "");
    const lines = series.map(({ label }, number) => {
      const { colour: name, system, dash } = LINES[number % LINES.length];
      return {
        label,
        dash,
        stroke: colour(name, system),
        width: 2,
        points: { show: true, size: 6, fill: colour("--surface", "Canvas") },
      };
    });
    const options = {
      width: this.#place.clientWidth,
      height: HEIGHT,
      scales: { x: { time: false, range: (_, least, most) => [least - 0.3, most + 0.3] }, y: { range: [0, 100] } },
      axes: [
        { ...axis, values: (_, splits) => splits.map(dayAt) },
        { ...axis, size: 52, values: (_, splits) => splits.map((value) => `${value} %`) },
      ],
      series: [{ label: what }, ...lines],
      cursor: { drag: { x: false, y: false } },
      // The values are in the table.
      legend: { live: false },
    };
    this.#chart = new Plot(options, [places, ...series.map(({ values }) => values)], this.#place);
  }
}

function linkSheet() {
  const nonce = document.querySelector("script[nonce], link[nonce]")?.nonce;
  const sheet = h("link", { rel: "stylesheet", href: SHEET.href, nonce: nonce || null });
  const loaded = new Promise((resolve, reject) => {
    sheet.addEventListener("load", resolve);
    sheet.addEventListener("error", reject);
  });
  document.head.append(sheet);
  return loaded;
}

/** A button that prints the page. Without this script there is none. */
class PeerPrint extends HTMLElement {
  connectedCallback() {
    this.hidden = false;
    this.addEventListener("click", () => print());
  }
}

customElements.define("peer-term", PeerTerm);
customElements.define("peer-print", PeerPrint);
