// Making and finding elements. Text from voices and files is only ever set as textContent, never as HTML.

/**
 * An element with attributes and text.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, unknown>} [attributes]
 * @param {unknown} [text]
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, attributes = {}, text = null) {
  return finished(document.createElement(tag), attributes, text);
}

/**
 * The same for an element of SVG.
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, unknown>} [attributes]
 * @param {unknown} [text]
 * @returns {SVGElementTagNameMap[K]}
 */
export function makeSvg(tag, attributes = {}, text = null) {
  return finished(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, text);
}

function finished(node, attributes, text) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  if (text !== null) node.textContent = String(text);
  return node;
}

/**
 * A button that shows its key. A click leaves the focus where it is, so that keys go on working.
 * @param {string} key
 * @param {string} title
 * @param {(event: MouseEvent) => void} onClick
 * @param {Record<string, unknown>} [attributes]
 */
export function keyButton(key, title, onClick, attributes = {}) {
  const button = make("button", { type: "button", ...attributes });
  button.append(make("kbd", {}, key), make("span", {}, title));
  button.addEventListener("mousedown", (event) => event.preventDefault());
  button.addEventListener("click", onClick);
  return button;
}

/**
 * The elements below ``root`` by their ``data-id``.
 * @param {ParentNode} root
 * @returns {Record<string, any>}
 */
export function partsOf(root) {
  return Object.fromEntries(
    Array.from(root.querySelectorAll("[data-id]"), (node) => [node.getAttribute("data-id"), node]),
  );
}

/**
 * Start an element's CSS animation from its beginning.
 * @param {HTMLElement} node
 * @param {string} name of the class that has the animation
 */
export function restartAnimation(node, name) {
  node.classList.remove(name);
  void node.offsetWidth; // the browser applies the removal
  node.classList.add(name);
}

/**
 * A problem from Python as a sentence. Python's begin in lower case, since commands put "error:" before them.
 * @param {string | null} text
 */
export function sentence(text) {
  return text ? text[0].toUpperCase() + text.slice(1) + (/[.?!]$/.test(text) ? "" : ".") : "";
}

/**
 * Save bytes as a file of the person's computer.
 * @param {string} name
 * @param {BlobPart} bytes
 */
export function saveFile(name, bytes) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
