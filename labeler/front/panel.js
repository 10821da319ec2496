// The panel above a rack: tabs, a headline, chips, figures as bars. Text is only ever set as textContent.

function node(tag, className, text = null) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== null) made.textContent = text;
  return made;
}

function drawTabs(data, onTab) {
  const bar = node("div", "panel-tabs");
  bar.setAttribute("role", "tablist");
  for (const tab of data.tabs) {
    const button = node("button", "", tab.title);
    button.type = "button";
    button.dataset.tab = tab.key;
    button.setAttribute("role", "tab");
    button.setAttribute("aria-selected", tab.key === data.chosen);
    if (tab.count !== null) button.append(node("small", "", String(tab.count)));
    button.addEventListener("mousedown", (event) => event.preventDefault()); // the keys stay with the rack
    button.addEventListener("click", () => onTab(tab.key));
    bar.append(button);
  }
  return bar;
}

function drawHead(data) {
  const head = node("div", "panel-head");
  const title = node("h2", "", data.title);
  if (data.eyebrow) title.prepend(node("small", "", data.eyebrow));
  const notice = node("span", "panel-notice", data.notice);
  notice.setAttribute("role", "status");
  head.append(title, notice);
  if (data.text) head.append(node("p", "", data.text));
  return head;
}

function drawChips(data) {
  const chips = node("div", "panel-chips");
  for (const chip of data.chips) {
    const made = node("span", "", chip.text);
    if (data.colours[chip.category]) made.style.setProperty("--hue", data.colours[chip.category]);
    if (chip.detail) made.append(node("small", "", chip.detail));
    chips.append(made);
  }
  return chips;
}

function drawFigure(figure, data) {
  const row = node("div", "panel-figure");
  if (data.colours[figure.category]) row.style.setProperty("--hue", data.colours[figure.category]);
  const track = node("span", "track");
  if (figure.value !== null) {
    const place = (value) => `${100 * Math.max(0, Math.min(1, value))}%`;
    const range = node("i", "range");
    range.style.left = place(figure.low);
    range.style.right = place(1 - figure.high);
    const dot = node("i", "dot");
    dot.style.left = place(figure.value);
    track.append(range, dot);
  }
  const words = figure.value === null ? "–" : figure.value.toFixed(2);
  const interval = figure.value === null ? "" : `${figure.low.toFixed(2)} to ${figure.high.toFixed(2)}`;
  row.append(node("b", "", figure.name), track, node("output", "", words), node("small", "", interval), node("small", "", figure.detail));
  return row;
}

function drawTable(table, data) {
  const made = node("section", "panel-table");
  made.append(node("h3", "", table.title), node("p", "", table.text), ...table.figures.map((figure) => drawFigure(figure, data)));
  return made;
}

export default function ({ data, parentElement, setTriggerValue }) {
  const panel = parentElement.querySelector(".panel");
  const tables = node("div", "panel-tables");
  tables.append(...data.tables.map((table) => drawTable(table, data)));
  const parts = [drawHead(data)];
  if (data.tabs.length) parts.unshift(drawTabs(data, (key) => setTriggerValue("tab", key)));
  if (data.chips.length) parts.push(drawChips(data));
  if (data.tables.length) parts.push(tables);
  panel.replaceChildren(...parts);
}
