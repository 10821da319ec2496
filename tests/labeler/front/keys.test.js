import assert from "node:assert/strict";
import { test } from "node:test";

import { DECK_KEYS, GRID_KEYS, MAP_KEYS } from "../../../labeler/front/constants.js";
import { KeyReader } from "../../../labeler/front/deck/keys.js";
import { keyOf } from "../../../labeler/front/common/keyboard.js";

const UNPRESSED = { repeat: false, shiftKey: false, timeStamp: 0 };
const press = (key, changes = {}) => ({ key, code: `Key${key}`, ...UNPRESSED, ...changes });

test("digits go by place, since Shift and French keyboards turn them into other signs", () => {
  assert.equal(keyOf({ code: "Digit1", key: "&" }), "1");
  assert.equal(keyOf({ code: "Numpad7", key: "Home" }), "7");
  assert.equal(keyOf({ code: "KeyQ", key: "A" }), "a");
});

test("every key of the table is read as its action, once", () => {
  for (const { key, name } of DECK_KEYS) {
    const reader = new KeyReader();
    assert.ok(reader.uses(press(key)), key);
    assert.equal(reader.read(press(key)).action, name);
    assert.equal(reader.read(press(key)), null, "it is down");
    reader.down.clear();
    assert.equal(reader.read(press(key, { repeat: true })), null, "it repeats");
  }
  assert.equal(new Set(DECK_KEYS.map(({ key }) => key)).size, DECK_KEYS.length);
});

test("named keys without a use are left to the page", () => {
  const reader = new KeyReader();
  for (const key of ["Tab", "F5", "Shift", "PageDown"]) assert.equal(reader.uses(press(key)), false, key);
});

test("a category's key is read with Shift and time", () => {
  const reader = new KeyReader();
  reader.categories.set("1", "piano");
  const event = press("!", { code: "Digit1", shiftKey: true, timeStamp: 7 });
  assert.deepEqual(reader.read(event), { action: null, category: "piano", shift: true, time: 7 });
});

test("the operator chord takes one digit within its time", () => {
  const reader = new KeyReader();
  reader.categories.set("1", "piano");
  const type = (key, timeStamp) => {
    reader.down.clear();
    return reader.read(press(key, { timeStamp }));
  };
  assert.equal(type("o", 0), null);
  assert.equal(type("1", 1499).action, "operator1");
  assert.equal(type("1", 1500).category, "piano", "the chord is over");
  type("o", 2000);
  assert.equal(type("1", 3500).category, "piano", "too late");
  type("o", 4000);
  assert.equal(type("7", 4001).action, null, "there are six operators");
  assert.equal(type("1", 4002).category, "piano", "another key ends the chord");
});

test("quality keys are numbered from 1", () => {
  const actions = ["h", "j", "k", "l", "m"].map((key) => new KeyReader().read(press(key)).action);
  assert.deepEqual(actions, ["quality1", "quality2", "quality3", "quality4", "quality5"]);
});

test("keys of the grid and the map are named as a browser names them, in lower case", () => {
  for (const key of [...Object.keys(GRID_KEYS), ...Object.keys(MAP_KEYS)]) assert.equal(key, key.toLowerCase());
});
