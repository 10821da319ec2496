import assert from "node:assert/strict";
import { test } from "node:test";

import { AnswerHistory } from "../../../labeler/front/deck/answers.js";

const history = (past = []) => new AnswerHistory({ favourites: ["v1"], qualities: { v1: 2 }, past });
const answer = (event, kind, changes = {}) => ({ event, token: "t1", voice: "v1", kind, categories: [], ...changes });

test("a later answer to the same voice replaces the first, and undo brings the first back", () => {
  const answers = history([answer("e1", "label", { categories: ["brass"] })]);
  answers.add(answer("e2", "skip"));
  assert.equal(answers.byToken.get("t1").kind, "skip");
  answers.withdraw("e2");
  assert.deepEqual(answers.byToken.get("t1"), { kind: "label", categories: ["brass"] });
  answers.withdraw("e1");
  assert.equal(answers.byToken.has("t1"), false);
});

test("quality and favourites belong to the voice and leave its label alone", () => {
  const answers = history();
  answers.add(answer("e1", "quality", { quality: 5 }));
  answers.add(answer("e2", "unfavourite"));
  assert.deepEqual([answers.qualities.get("v1"), answers.favourites.has("v1"), answers.byToken.size], [5, false, 0]);
  answers.withdraw("e1");
  answers.withdraw("e2");
  assert.deepEqual([answers.qualities.get("v1"), answers.favourites.has("v1")], [2, true]);
  answers.add(answer("e3", "quality", { voice: "v2", quality: 1 }));
  answers.add(answer("e4", "favourite", { voice: "v2" }));
  answers.withdraw("e4");
  answers.withdraw("e3");
  assert.deepEqual([answers.qualities.has("v2"), answers.favourites.has("v2")], [false, false]);
});

test("an answer that is withdrawn can not be undone again", () => {
  const answers = history();
  answers.add(answer("e1", "broken"));
  answers.add(answer("e2", "label", { token: "t2", categories: ["bass"] }));
  answers.withdraw("e1");
  answers.withdraw("e1");
  answers.withdraw("unknown");
  assert.deepEqual(answers.undoable.map(({ event }) => event), ["e2"]);
});
