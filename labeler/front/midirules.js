// What may be sent to a DX7, and what may be believed of what it sends: dx7/hardware/allowlist.py and dx7/hardware/receiving.py
// once more, for the MIDI of the player's own computer. A DX7 trusts what it gets, so everything else is refused.

const VOICE_SIZE = 163;
const BANK_SIZE = 4104;
const SUSTAIN = 64;
const ALL_NOTES_OFF = 123;
const OPERATOR_MAXIMUM = [...Array(11).fill(99), 3, 3, 7, 3, 7, 99, 1, 31, 99, 14];
const VOICE_MAXIMUM = [
  ...Array(6).fill(OPERATOR_MAXIMUM).flat(),
  ...Array(8).fill(99),
  ...[31, 7, 1, 99, 99, 99, 99, 1, 5, 7, 48],
  ...Array(10).fill(127),
];

function checksumOf(data) {
  return -data.reduce((sum, byte) => sum + byte, 0) & 0x7f;
}

// Why a whole message must not be sent; null if it may.
function refusalOf(message) {
  const [status, number, value] = message;
  if (status === 0xf0) return voiceRefusal(message);
  if (message.length !== 3 || number > 127 || value > 127) return "it is no note, controller or voice";
  if (status >= 0x80 && status < 0xa0) return null;
  if (status >= 0xb0 && status < 0xc0) {
    if (number === SUSTAIN || (number === ALL_NOTES_OFF && value === 0)) return null;
    return `controller ${number} is not one that is sent`;
  }
  return `messages of kind ${status.toString(16)} are not sent`;
}

function voiceRefusal(message) {
  const data = message.slice(6, -2);
  if (message.length !== VOICE_SIZE || message.at(-1) !== 0xf7) return `it has ${message.length} bytes; a voice has ${VOICE_SIZE}`;
  if (message[1] !== 0x43 || message[2] > 15 || message[3] !== 0 || message[4] !== 1 || message[5] !== 27) return "it is no single voice";
  if (message.at(-2) !== checksumOf(data)) return "its checksum is wrong";
  const index = data.findIndex((byte, place) => byte > VOICE_MAXIMUM[place]);
  return index < 0 ? null : `parameter ${index} is ${data[index]}; it must be 0 to ${VOICE_MAXIMUM[index]}`;
}

// What is wrong with a bank that was received; null if it is whole. undefined if it is no bank at all.
function bankFault(message) {
  if (message[0] !== 0xf0 || message[1] !== 0x43 || message[2] > 15 || message[3] !== 9) return undefined;
  if (message.length !== BANK_SIZE || message.at(-1) !== 0xf7)
    return `the bank stopped after ${message.length} of ${BANK_SIZE} bytes; send it again`;
  if (message.at(-2) !== checksumOf(message.slice(6, -2)))
    return "the bank arrived with a wrong checksum; send it again, or try another interface";
  return null;
}

// Python's problems begin small, since commands put "error:" before them.
function sentence(text) {
  return text ? text[0].toUpperCase() + text.slice(1) + (/[.?!]$/.test(text) ? "" : ".") : "";
}
