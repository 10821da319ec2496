// Which messages may be sent to a DX7, and what is accepted from it: dx7/hardware/allowlist.py and receiving.py for the
// MIDI of the browser. A DX7 does not check what it receives, so everything else is refused.

import {
  ALL_NOTES_OFF,
  BANK_HEADER_TAIL,
  BANK_MESSAGE_SIZE,
  CONTROL_CHANGE,
  END_OF_SYSEX,
  NOTE_OFF,
  NOTE_ON,
  SUSTAIN_PEDAL,
  SYSEX,
  VOICE_HEADER_TAIL,
  VOICE_MAXIMUM,
  VOICE_MESSAGE_SIZE,
  YAMAHA,
} from "../constants.js";

/** @param {ArrayLike<number>} data */
export function checksumOf(data) {
  return -Array.from(data).reduce((sum, byte) => sum + byte, 0) & 0x7f;
}

/**
 * Why a whole message must not be sent; null if it may. No parameter changes and no banks are sent.
 * @param {number[]} message
 * @returns {string | null}
 */
export function refusalOf(message) {
  const [status, number, value] = message;
  if (status === SYSEX) return voiceRefusal(message);
  if (message.length !== 3 || number > 127 || value > 127) return "it is no note, controller or voice";
  const kind = status & 0xf0;
  if (kind === NOTE_OFF || kind === NOTE_ON) return null;
  if (kind !== CONTROL_CHANGE) return `messages of kind ${status.toString(16)} are not sent`;
  if (number === SUSTAIN_PEDAL || (number === ALL_NOTES_OFF && value === 0)) return null;
  return `controller ${number} is not one that is sent`;
}

function voiceRefusal(message) {
  const data = message.slice(6, -2);
  if (message.length !== VOICE_MESSAGE_SIZE || message.at(-1) !== END_OF_SYSEX) {
    return `it has ${message.length} bytes; a voice has ${VOICE_MESSAGE_SIZE}`;
  }
  if (!startsAs(message, VOICE_HEADER_TAIL)) return "it is no single voice";
  if (message.at(-2) !== checksumOf(data)) return "its checksum is wrong";
  const index = data.findIndex((byte, place) => byte > VOICE_MAXIMUM[place]);
  return index < 0 ? null : `parameter ${index} is ${data[index]}; it must be 0 to ${VOICE_MAXIMUM[index]}`;
}

// Whether a message is Yamaha's, on one of 16 channels, with these bytes of format and length.
function startsAs(message, tail) {
  return message[1] === YAMAHA && message[2] <= 15 && tail.every((byte, place) => message[3 + place] === byte);
}

/**
 * What is wrong with a bank that was received; null if it is whole, undefined if it is no bank at all.
 * @param {Uint8Array} message
 * @returns {string | null | undefined}
 */
export function bankFault(message) {
  if (message[0] !== SYSEX || !startsAs(message, BANK_HEADER_TAIL.slice(0, 1))) return undefined;
  if (message.length !== BANK_MESSAGE_SIZE || message.at(-1) !== END_OF_SYSEX) {
    return `the bank stopped after ${message.length} of ${BANK_MESSAGE_SIZE} bytes; send it again`;
  }
  if (message.at(-2) !== checksumOf(message.slice(6, -2))) {
    return "the bank arrived with a wrong checksum; send it again, or try another interface";
  }
  return null;
}
