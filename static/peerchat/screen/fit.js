/** Text as large as its box allows, and pages of a list. All sizes are in pixels. */

const STEPS = 9;

/**
 * Make the text of `content` as large as it can be without scrolling `box`, between `least` and `most`. `layouts` are
 * values of `data-layout` to choose from; an earlier one wins where a later one gains little. Returns the size.
 * Where not even the least size fits, the box scrolls as little as it can.
 */
export function fit(box, content, { least, most, layouts = ["plain"], gain = 1.08 }) {
  let best = null;
  for (const layout of layouts) {
    content.dataset.layout = layout;
    const size = largest(box, content, best ? best.size * gain : least, most);
    if (size !== null && (best === null || size > best.size)) best = { size, layout };
  }
  const { size, layout } = best ?? { size: least, layout: shortest(content, layouts, least) };
  content.dataset.layout = layout;
  content.style.setProperty("font-size", `${size}px`);
  return size;
}

/** The largest size that fits, or null if the least does not. */
function largest(box, content, least, most) {
  const fits = (size) => {
    content.style.setProperty("font-size", `${size}px`);
    return content.scrollHeight <= box.clientHeight && content.scrollWidth <= box.clientWidth;
  };
  if (least > most || !fits(least)) return null;
  if (fits(most)) return most;
  let [small, large] = [least, most];
  for (let step = 0; step < STEPS; step += 1) {
    const middle = (small + large) / 2;
    if (fits(middle)) small = middle;
    else large = middle;
  }
  return small;
}

/** The layout in which a text of this size is the shortest. */
function shortest(content, layouts, size) {
  content.style.setProperty("font-size", `${size}px`);
  const heights = layouts.map((layout) => {
    content.dataset.layout = layout;
    return content.scrollHeight;
  });
  return layouts[heights.indexOf(Math.min(...heights))];
}

/** How many of the first children of a list are in its box as a whole; at least one. */
export function fitting(list) {
  const { bottom } = list.getBoundingClientRect();
  const items = [...list.children];
  const first = items.findIndex((item) => item.getBoundingClientRect().bottom > bottom + 1);
  return first === -1 ? items.length : Math.max(first, 1);
}
