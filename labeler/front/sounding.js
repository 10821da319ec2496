// What sounds: the voice on display in its phrase, higher, lower, at other notes, with operators off, beside its
// neighbours, and on the piano. Added to Deck's prototype.

const OTHER_NOTES = [36, 48, 60, 72, 84]; // MIDI notes, one after the other, held long
const OTHER_NOTE_SECONDS = 2;

const NOTED = 1000; // plays and latencies, for tests and for whoever wonders

function note(list, item) {
  list.push(item);
  if (list.length > NOTED) list.shift();
}

const sounding = {
  async start() {
    await listener.unlock();
    this.lift();
  },

  lift() {
    this.at.curtain.hidden = listener.ready;
    if (listener.ready && this.here !== null && this.started === null) this.play();
  },

  shift(what, amount) {
    const [least, most] = this.data.ranges[what];
    const value = Math.min(most, Math.max(least, this.register[what] + amount));
    this.register[what] = value;
    this.play();
    this.redraw();
  },

  play() {
    const { here: token, keyTime } = this;
    const take = this.takeOf(token, this.register);
    this.note = this.compared = -1;
    if (this.muted.size) return this.sound({ category: take.category, ...this.register });
    listener.play(take).then((started) => {
      if (started === null || this.here !== token) return;
      if (this.started === null) this.started = started;
      const sounded = listener.engine.playing?.sounded ?? started;
      if (keyTime) note(window.cartwright.latencies, 1000 * sounded - keyTime);
      note(window.cartwright.plays, { token, voice: this.voice(token).voice, ...this.register, started, sounded });
      this.showSound();
      this.expect();
    });
  },

  // The next voices, so that they sound at once; then this one higher, lower, softer and harder.
  expect() {
    const { octave, velocity } = this.register;
    const next = this.line.filter((voice) => !this.answers.has(voice.token) && voice.token !== this.here);
    const near = [{ octave: octave + 1, velocity }, { octave: octave - 1, velocity }, { octave, velocity: velocity - 1 }];
    const takes = [this.here, ...next.slice(0, LOOK_AHEAD).map((voice) => voice.token)].map((token) => this.takeOf(token));
    if (this.here !== null) takes.push(...near.filter((each) => this.inRange(each)).map((each) => this.takeOf(this.here, each)));
    listener.expect(takes.filter((take) => take !== null));
  },

  inRange(register) {
    return Object.entries(register).every(([what, value]) => value >= this.data.ranges[what][0] && value <= this.data.ranges[what][1]);
  },

  takeOf(token, register = {}) {
    const voice = this.voice(token);
    return voice && { voice: voice.sound, category: voice.phrase, ...register };
  },

  // Another single note of the voice at each press, from the middle up and round.
  otherNote() {
    this.note = (Math.max(this.note, 1) + 1) % OTHER_NOTES.length;
    this.sound({ note: OTHER_NOTES[this.note], velocity: 100, held: OTHER_NOTE_SECONDS });
    this.redraw();
  },

  // What does not count as hearing the voice: it is varied, or another one.
  sound(query, voice = this.playedVoice()) {
    const token = this.here;
    if (!voice) return;
    listener.play({ voice, ...query }).then((started) => {
      if (started !== null && this.here === token) this.showSound();
    });
  },

  // On an instrument nothing sounds here; what is drawn then is what the engine makes of the voice.
  async showSound() {
    const { drawn } = this;
    const take = this.takeOf(this.here, this.register);
    const heard = listener.engine.playing?.buffer ?? (take && (await listener.engine.prepare(take).catch(() => null)));
    if (this.drawn !== drawn && drawn) return;
    this.scope.show(heard);
    this.spectrum.show();
  },

  compare(place = this.compared + 1) {
    const near = this.voice(this.here)?.neighbours ?? [];
    if (!near.length) return this.flash("No neighbours yet: python -m corpus health hears all voices once.");
    this.compared = place % near.length;
    this.sound({ category: this.voice(this.here).phrase }, near[this.compared].sound);
    this.redraw();
  },

  // ---- operators off, to hear what each does ----

  toggleOperator(operator) {
    if (!this.muted.delete(operator)) this.muted.add(operator);
    this.sound({ category: this.voice(this.here).phrase, ...this.register });
    this.drawVoice(this.voice(this.here));
    this.redraw();
  },

  playedVoice() {
    const voice = this.voice(this.here);
    if (!voice || !this.muted.size) return voice?.sound;
    const text = atob(voice.sound.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    for (const operator of this.muted) bytes[this.data.output_levels[operator - 1]] = 0;
    return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  },

  // ---- piano ----

  pianoTake(note) {
    const voice = this.playedVoice();
    return voice ? { voice, ...note } : null;
  },

  togglePiano() {
    this.keys.piano = this.keys.piano ? null : this.piano;
    window.cartwright.isPlayingPiano = this.keys.piano !== null; // even g is a key of it
    this.piano.releaseAll();
    this.redraw();
  },
};
Object.assign(Deck.prototype, sounding);
