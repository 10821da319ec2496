// What tests read of a page: ``window.cartwright``. Nothing of the app reads it.

const KEPT = 1000; // entries of a list

/** @type {Record<string, any>} */
const hooks = (/** @type {any} */ (window).cartwright ??= {});

/**
 * Show objects to tests by their names.
 * @param {Record<string, unknown>} objects
 */
export function expose(objects) {
  Object.assign(hooks, objects);
}

/**
 * Append to a list that tests read.
 * @param {string} list
 * @param {unknown} item
 */
export function record(list, item) {
  const items = (hooks[list] ??= []);
  items.push(item);
  if (items.length > KEPT) items.shift();
}
