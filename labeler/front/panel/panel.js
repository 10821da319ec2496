// The panel above a voice grid: tabs, a headline, chips, figures as bars. Text is only ever set as textContent.

import { make } from "../common/dom.js";

function drawTabs({ tabs, chosen }, onTab) {
  const bar = make("div", { class: "panel-tabs", role: "tablist" });
  for (const { key, title, count } of tabs) {
    const attributes = { type: "button", role: "tab", "data-tab": key, "aria-selected": key === chosen };
    const button = make("button", attributes, title);
    if (count !== null) button.append(make("small", {}, count));
    button.addEventListener("mousedown", (event) => event.preventDefault()); // keys go on working in the grid
    button.addEventListener("click", () => onTab(key));
    bar.append(button);
  }
  return bar;
}

function drawHead({ title, eyebrow, notice, text }) {
  const head = make("div", { class: "panel-head" });
  const heading = make("h2", {}, title);
  if (eyebrow) heading.prepend(make("small", {}, eyebrow));
  head.append(heading, make("span", { class: "panel-notice", role: "status" }, notice));
  if (text) head.append(make("p", {}, text));
  return head;
}

function drawChips({ chips, colours }) {
  const list = make("div", { class: "panel-chips" });
  for (const { text, category, detail } of chips) {
    const chip = make("span", {}, text);
    if (colours[category]) chip.style.setProperty("--hue", colours[category]);
    if (detail) chip.append(make("small", {}, detail));
    list.append(chip);
  }
  return list;
}

function drawFigure({ name, value, low, high, detail, category }, colours) {
  const row = make("div", { class: "panel-figure" });
  if (colours[category]) row.style.setProperty("--hue", colours[category]);
  const track = make("span", { class: "track" });
  if (value !== null) {
    const percent = (share) => `${100 * Math.max(0, Math.min(1, share))}%`;
    track.append(
      make("i", { class: "range", style: `left: ${percent(low)}; right: ${percent(1 - high)}` }),
      make("i", { class: "dot", style: `left: ${percent(value)}` }),
    );
  }
  const interval = value === null ? "" : `${low.toFixed(2)} to ${high.toFixed(2)}`;
  row.append(
    make("b", {}, name),
    track,
    make("output", {}, value === null ? "–" : value.toFixed(2)),
    make("small", {}, interval),
    make("small", {}, detail),
  );
  return row;
}

function drawTable({ title, text, figures }, colours) {
  const table = make("section", { class: "panel-table" });
  const rows = figures.map((figure) => drawFigure(figure, colours));
  table.append(make("h3", {}, title), make("p", {}, text), ...rows);
  return table;
}

/** @param {import("../common/component.js").StreamlitComponent} component */
export default function ({ data, parentElement, setTriggerValue }) {
  const parts = [drawHead(data)];
  if (data.tabs.length) parts.unshift(drawTabs(data, (key) => setTriggerValue("tab", key)));
  if (data.chips.length) parts.push(drawChips(data));
  if (data.tables.length) {
    const tables = make("div", { class: "panel-tables" });
    tables.append(...data.tables.map((table) => drawTable(table, data.colours)));
    parts.push(tables);
  }
  parentElement.querySelector(".panel")?.replaceChildren(...parts);
}
