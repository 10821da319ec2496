import assert from "node:assert/strict";
import { test } from "node:test";

import { VOICE_MAXIMUM } from "../../../labeler/front/constants.js";
import { bankFault, checksumOf, refusalOf } from "../../../labeler/front/midi/message_rules.js";

function bulk(header, data) {
  return [0xf0, 0x43, 0, ...header, ...data, checksumOf(data), 0xf7];
}

const voice = (data = Array(155).fill(0)) => bulk([0, 1, 27], data);
const bank = () => Uint8Array.from(bulk([9, 0x20, 0], Array(4096).fill(1)));

test("checksums make the sum of all bytes a multiple of 128", () => {
  assert.equal(checksumOf([]), 0);
  assert.equal(checksumOf([1]), 127);
  assert.equal(checksumOf([127, 127, 2]), 0);
});

test("notes, the sustain pedal and all notes off may be sent", () => {
  for (const channel of [0, 15]) {
    assert.equal(refusalOf([0x90 | channel, 60, 100]), null);
    assert.equal(refusalOf([0x80 | channel, 127, 0]), null);
    assert.equal(refusalOf([0xb0 | channel, 64, 127]), null);
    assert.equal(refusalOf([0xb0 | channel, 123, 0]), null);
  }
});

test("other controllers, kinds and broken messages are refused", () => {
  const broken = [[], [0xfe], [0x90, 60], [0x90, 128, 1], [0x90, 60, 128]];
  const others = [[0xa0, 1, 1], [0xc0, 1, 1], [0xe0, 1, 1]];
  for (const message of [...broken, ...others]) assert.notEqual(refusalOf(message), null, String(message));
  for (let number = 0; number < 128; number++) {
    assert.equal(refusalOf([0xb0, number, 1]) === null, number === 64, `controller ${number}`);
  }
});

test("a voice may be sent with every parameter at its maximum, and not one above", () => {
  assert.equal(refusalOf(voice(VOICE_MAXIMUM)), null);
  VOICE_MAXIMUM.forEach((maximum, index) => {
    const data = [...VOICE_MAXIMUM];
    data[index] = maximum + 1;
    assert.equal(refusalOf(voice(data)), `parameter ${index} is ${maximum + 1}; it must be 0 to ${maximum}`);
  });
});

test("a voice with another header, length, end or checksum is refused", () => {
  for (const [place, byte] of [[1, 0x42], [2, 0x10], [3, 9], [4, 0], [5, 26], [161, 1], [162, 0]]) {
    const message = voice();
    message[place] = byte;
    assert.notEqual(refusalOf(message), null, `byte ${place}`);
  }
  assert.match(refusalOf(voice().slice(0, 100)) ?? "", /100 bytes/);
  assert.notEqual(refusalOf([...bank()]), null, "a bank overwrites 32 memories");
});

test("a bank is accepted whole, and its faults are named", () => {
  assert.equal(bankFault(bank()), null);
  assert.equal(bankFault(Uint8Array.from(voice())), undefined);
  assert.equal(bankFault(Uint8Array.from([0xf0, 0x41, 0, 9])), undefined);
  assert.match(bankFault(bank().slice(0, 3000)) ?? "", /stopped after 3000 of 4104/);
  const damaged = bank();
  damaged[100] ^= 1;
  assert.match(bankFault(damaged) ?? "", /wrong checksum/);
});
