// The DX7 at the server's MIDI port, over the routes of labeler/audio/instrument_routes.py. A way to listen
// (front/listen.js), with the same settings as front/webmidi.js.

const ASK_EVERY = 1000; // ms between looks at the state, once this way was chosen and while the page is seen

class ServerPortWay {
  // addressOf(kind, take) is the address of a route, with the take in it.
  constructor(addressOf) {
    this.addressOf = addressOf;
    this.page = Math.random().toString(36).slice(2);
    this.turn = 0; // the browser may send requests in another order than we ask; the server drops those that come late
    this.state = null; // as last told
    this.unreachable = "the server has not been asked yet";
    this.onchange = () => {};
    this.isWatched = () => false; // by a page that shows the state
    this.asking = null;
  }

  // Look at the server's port, and go on doing so as long as anybody listens here or watches.
  async unlock() {
    this.asking ??= setInterval(() => this.glance(), ASK_EVERY);
    await this.look();
  }

  glance() {
    if (listener.way === this || this.isWatched()) return document.hidden || this.look();
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

  async look() {
    try {
      this.take(await this.answer(await fetch(this.address("state"), { cache: "no-store" })));
      this.onchange();
    } catch (error) {
      this.lose(error);
    }
  }

  lose(error) {
    this.state = null;
    this.unreachable = `the server does not answer (${error.message})`;
    this.onchange();
  }

  // Nothing is sent ahead: a DX7 has room for one voice, and a new one cuts off what sounds.
  async prepare() {}

  // Load the voice and play its phrase. Resolves when the first note has gone out, with the time in seconds of
  // performance.now(); with null if something newer took its place. Rejects with a sentence if nothing can be played.
  async play(take) {
    const answer = await this.post("play", { ...take, ...this.next() });
    if (answer.replaced) return null;
    if (!answer.started) throw new Error(answer.problem);
    return performance.now() / 1000;
  }

  // Never rejects: whoever stops has nothing to say to a server that is away.
  async stop() {
    if (this.ready) await this.post("stop", this.next()).catch((error) => this.lose(error));
  }

  async panic() {
    const answer = await this.post("panic");
    if (!answer.silent) throw new Error(answer.problem);
  }

  async open(output, input = null) {
    await this.change("open", { output, input });
  }

  async confirm(lines) {
    await this.change("confirm", { ...lines, port: this.state?.output ?? null }); // of which the page showed the list
  }

  async setPacing(pacing) {
    await this.change("pacing", pacing);
  }

  // Resolves when a bank has arrived and is saved at the server; rejects with a sentence. Each request is short.
  async receiveBank(seconds = 120) {
    const end = performance.now() + 1000 * seconds;
    let answer = { waiting: true };
    while (answer.waiting && performance.now() < end) {
      answer = await this.post("backup", answer.arrivals === undefined ? {} : { after: answer.arrivals });
      this.take(answer);
      this.onchange();
    }
    if (answer.waiting) throw new Error(`no bank arrived in ${seconds} seconds; press the buttons again`);
    if (!answer.received) throw new Error(answer.problem);
  }

  async change(name, body) {
    const answer = await this.post(name, {}, body);
    this.take(answer);
    this.onchange();
    if (answer.problem) throw new Error(answer.problem);
  }

  take(answer) {
    if (!answer.state) throw new Error(answer.problem);
    this.state = answer.state;
  }

  next() {
    return { page: this.page, turn: ++this.turn };
  }

  async post(name, query = {}, body = null) {
    const options = { method: "POST", headers: { "X-Cartwright": "1" }, body: body && JSON.stringify(body) };
    return this.answer(await fetch(this.address(name, query), options));
  }

  address(name, { voice, ...query } = {}) {
    return voice === undefined
      ? new URL(`instrument/${name}?${new URLSearchParams(query)}`, document.baseURI)
      : this.addressOf(`instrument/${name}`, { voice, ...query });
  }

  async answer(response) {
    const answer = await response.json();
    if (response.status === 400 || response.status === 403) throw new Error(answer.problem);
    return answer;
  }
}
