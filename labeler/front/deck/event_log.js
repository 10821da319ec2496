// The deck's events for Python: numbered, and kept until Python acknowledges them.

import { randomId } from "../common/hex.js";

const REPEAT_MILLISECONDS = 2000; // between reports of events that Python does not acknowledge

export class EventLog {
  /**
   * @param {object} callbacks
   * @param {(message: string) => void} callbacks.flash shows the person a message
   * @param {() => boolean} callbacks.isWaiting whether the store was busy, and there is nothing on display
   */
  constructor({ flash, isWaiting }) {
    this.flash = flash;
    this.isWaiting = isWaiting;
    this.session = /** @type {string | null} */ (null); // as Python calls it
    this.sequence = 0; // of the last event
    this.pending = /** @type {any[]} */ ([]); // events that Python has not acknowledged
    this.received = 0; // voices of the queue
    this.oldestBefore = /** @type {number | null} */ (null); // the oldest pending event at the last repetition
    /** @type {(name: string, value: unknown) => void} */
    this.send = () => {};
    this.repeating = setInterval(() => this.repeat(), REPEAT_MILLISECONDS);
    this.reporting = /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined);
  }

  stop() {
    clearInterval(this.repeating);
  }

  /** Begin a session of Python's. */
  begin({ session, acknowledged }) {
    this.session = session;
    this.sequence = acknowledged;
    this.pending = [];
  }

  /** Drop what Python has. After a restart of the server, "adopted" says that of the session before. */
  acknowledge(data) {
    const { acknowledged, refused } = [data, data.adopted].find((each) => each.session === this.session) ?? {};
    const before = this.pending.length;
    this.pending = this.pending.filter((event) => !(event.sequence <= acknowledged));
    if (refused && this.pending.length < before) {
      this.flash(`The server restarted; ${refused === 1 ? "an answer was" : `${refused} answers were`} not recorded.`);
    }
  }

  /** @param {Record<string, unknown>} event gets a sequence number, and a new id if it has none */
  add(event) {
    this.sequence += 1;
    this.pending.push({ sequence: this.sequence, event: randomId(16), ...event });
    this.report();
  }

  /** Report soon: not in the handler of the key, which must not wait for this. */
  report() {
    clearTimeout(this.reporting);
    this.reporting = setTimeout(() => {
      const { session, pending: events, received } = this;
      this.send("report", { session, events, received });
    }, 0);
  }

  // Report again what a lost connection swallowed, and show the person that it is not saved.
  repeat() {
    if (this.isWaiting()) this.report(); // perhaps the store is free now
    const oldest = this.pending[0]?.sequence ?? null;
    if (oldest !== null && oldest === this.oldestBefore) {
      this.flash(`${this.pending.length} not saved yet: waiting for the server.`);
      this.report();
    }
    this.oldestBefore = oldest;
  }

  /** Keep events that Python does not have when the deck leaves the page, for the next deck. */
  store(labeller) {
    const { session, pending } = this;
    if (pending.length) sessionStorage.setItem(storedAs(labeller), JSON.stringify({ session, pending }));
  }

  /** Take the events that the deck before this one stored. */
  restore(labeller) {
    const stored = sessionStorage.getItem(storedAs(labeller));
    sessionStorage.removeItem(storedAs(labeller));
    if (stored) Object.assign(this, JSON.parse(stored));
  }
}

function storedAs(labeller) {
  return `cartwright-unsent-${labeller}`;
}
