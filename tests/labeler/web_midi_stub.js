// A browser's Web MIDI without instruments: two interfaces, and a record of what was sent, when, and for when.
window.sent = [];
window.stub = (() => {
  const port = (type, name) => {
    return { id: `${type}-${name}`, type, name, state: "connected", connection: "closed", onmidimessage: null };
  };
  const access = { outputs: new Map(), inputs: new Map(), onstatechange: null };
  for (const name of ["UM-ONE", "Keystation"]) {
    const output = port("output", name);
    output.send = (bytes, moment) => {
      if (output.state !== "connected") throw new DOMException("The port is gone", "InvalidStateError");
      window.sent.push({ port: name, now: performance.now(), moment, bytes: [...bytes] });
      if (output.connection === "closed") {
        output.connection = "open"; // Chromium tells of that as of a change
        setTimeout(() => access.onstatechange?.({ port: output }));
      }
    };
    access.outputs.set(output.id, output);
    const input = port("input", name);
    access.inputs.set(input.id, input);
  }
  navigator.requestMIDIAccess = async (options) => {
    window.askedFor = options;
    if (window.refuseMidi) throw new DOMException("Permission denied", "NotAllowedError");
    return access;
  };
  return {
    plug(name, state) {
      for (const each of [...access.outputs.values(), ...access.inputs.values()]) {
        if (each.name !== name) continue;
        each.state = state;
        access.onstatechange?.({ port: each });
      }
    },
    arrive(name, bytes) {
      access.inputs.get(`input-${name}`).onmidimessage?.({ data: Uint8Array.from(bytes) });
    },
  };
})();
