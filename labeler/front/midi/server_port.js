// The DX7 at the server's MIDI port as an audio device, over the routes of labeler/audio/instrument_routes.py. It has
// the same settings as the device in web_midi.js.

import { REQUEST_HEADER } from "../constants.js";
import { requestAddress, routeAddress } from "../sound/audio_requests.js";

const ASK_EVERY = 1000; // ms between two requests for the state, while the page is visible

export class ServerPortDevice {
  /** @param {() => boolean} isChosen whether the player plays on this device */
  constructor(isChosen) {
    this.isChosen = isChosen;
    this.page = Math.random().toString(36).slice(2);
    this.turn = 0; // requests may arrive in another order; the server drops those that come late
    this.state = /** @type {any} */ (null); // as the server sent it last
    this.unreachable = "the server has not been asked yet";
    this.onchange = () => {};
    this.isWatched = () => false; // by a page that shows the state
    this.asking = null;
  }

  /** Ask for the state of the server's port, and go on asking while this device is chosen or watched. */
  async unlock() {
    this.asking ??= setInterval(() => this.poll(), ASK_EVERY);
    await this.refresh();
  }

  poll() {
    if (this.isChosen() || this.isWatched()) {
      if (!document.hidden) this.refresh();
      return;
    }
    clearInterval(this.asking);
    this.asking = null;
  }

  get ready() {
    return this.problem === null;
  }

  get problem() {
    return this.state ? this.state.problem : this.unreachable;
  }

  get notice() {
    return this.state?.notice ?? null;
  }

  async refresh() {
    try {
      this.accept(await this.answer(await fetch(this.address("state"), { cache: "no-store" })));
    } catch (error) {
      this.lose(error);
    }
  }

  lose(error) {
    this.state = null;
    this.unreachable = `the server does not answer (${error.message})`;
    this.onchange();
  }

  /** Nothing is sent ahead: a DX7 has room for one voice, and a new one cuts off the sound. */
  async prepare() {}

  /**
   * Load the voice and play its phrase. Rejects with a sentence if nothing can be played.
   * @param {import("../sound/audio_requests.js").AudioRequest} request
   * @returns {Promise<number | null>} when the first note was sent; null if a newer request replaced this one
   */
  async play(request) {
    const answer = await this.post("play", { ...request, ...this.nextTurn() });
    if (answer.replaced) return null;
    if (!answer.started) throw new Error(answer.problem);
    return performance.now() / 1000;
  }

  /** Never rejects. */
  async stop() {
    if (this.ready) await this.post("stop", this.nextTurn()).catch((error) => this.lose(error));
  }

  async panic() {
    const answer = await this.post("panic");
    if (!answer.silent) throw new Error(answer.problem);
  }

  async open(output, input = null) {
    await this.change("open", { output, input });
  }

  async confirm(lines) {
    await this.change("confirm", { ...lines, port: this.state?.output ?? null }); // the port whose list the page shows
  }

  async setPacing(pacing) {
    await this.change("pacing", pacing);
  }

  /** Resolves when a bank has arrived and the server has saved it; rejects with a sentence. Each request is short. */
  async receiveBank(seconds = 120) {
    const end = performance.now() + 1000 * seconds;
    /** @type {any} */
    let answer = { waiting: true };
    while (answer.waiting && performance.now() < end) {
      answer = await this.post("backup", answer.arrivals === undefined ? {} : { after: answer.arrivals });
      this.accept(answer);
    }
    if (answer.waiting) throw new Error(`no bank arrived in ${seconds} seconds; press the buttons again`);
    if (!answer.received) throw new Error(answer.problem);
  }

  async change(name, body) {
    const answer = await this.post(name, {}, body);
    this.accept(answer);
    if (answer.problem) throw new Error(answer.problem);
  }

  accept(answer) {
    if (!answer.state) throw new Error(answer.problem);
    this.state = answer.state;
    this.onchange();
  }

  nextTurn() {
    return { page: this.page, turn: ++this.turn };
  }

  async post(name, query = {}, body = null) {
    const options = { method: "POST", headers: { [REQUEST_HEADER]: "1" }, body: body && JSON.stringify(body) };
    return this.answer(await fetch(this.address(name, query), options));
  }

  address(name, { voice, ...query } = /** @type {any} */ ({})) {
    return voice === undefined
      ? routeAddress(`instrument/${name}?${new URLSearchParams(query)}`)
      : requestAddress(`instrument/${name}`, { voice, ...query });
  }

  async answer(response) {
    const answer = await response.json();
    if (response.status === 400 || response.status === 403) throw new Error(answer.problem);
    return answer;
  }
}
