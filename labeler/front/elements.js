// What every component begins with. Text from strangers' files is only ever set as textContent.

function make(tag, attributes = {}, text = null) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== null) node.textContent = text;
  return node;
}

// Whether a key is for what was reached with Tab, a button, a link, a slider, as it always is in a page.
function isForControl(event) {
  const target = event.composedPath()[0];
  if (!(target instanceof HTMLElement) || !target.matches(":focus-visible")) return false;
  if (event.key === "Enter" || event.key === " ") return target.matches("button, summary, a[href]");
  return event.key.startsWith("Arrow") && !event.shiftKey && target.matches("[role=slider], [role=tab], [role=radio]");
}

// Whether a key goes into a field, and is no command.
function isTyping(event) {
  const target = event.composedPath()[0];
  const fields = "input:not([type=checkbox], [type=radio]), textarea, select, [role=combobox]";
  return target instanceof HTMLElement && (target.matches(fields) || target.isContentEditable);
}
