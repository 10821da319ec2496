import assert from "node:assert/strict";
import { test } from "node:test";

import { base64Of, bitsOf, Points } from "../../../labeler/front/map/points.js";
import { Viewport } from "../../../labeler/front/map/viewport.js";

// The bytes of labeler/explore/map_points.py: a cross of five points, the first in the middle.
const PLACES = [[0, 0], [1, 0], [-1, 0], [0, 1], [0, -2]];

function points() {
  const header = JSON.stringify({ mark: "m", count: PLACES.length });
  const padded = header + "\0".repeat((4 - (header.length % 4)) % 4);
  const floats = (values) => new Uint8Array(Float32Array.from(values).buffer);
  const parts = [
    new Uint8Array(Uint32Array.of(header.length).buffer),
    new TextEncoder().encode(padded),
    floats(PLACES.map(([x]) => x)),
    floats(PLACES.map(([, y]) => y)),
    floats([NaN, 100, 200, 300, 400]),
    new Uint8Array(Uint32Array.from([9, 8, 7, 6, 5]).buffer),
    Uint8Array.from([255, 1, 2, 3, 4]),
    Uint8Array.from([0, 1, 0, 1, 0]),
    Uint8Array.from({ length: 16 * PLACES.length }, (_, n) => n >> 4),
    new TextEncoder().encode("A\nB\nC\nD\nÉ"),
  ];
  return new Points(Uint8Array.from(parts.flatMap((part) => [...part])).buffer);
}

const all = () => true;

test("the columns are read as they were written", () => {
  const read = points();
  assert.deepEqual([read.mark, read.count, read.size], ["m", 5, 2]);
  assert.deepEqual([...read.family], [9, 8, 7, 6, 5]);
  assert.deepEqual([...read.category], [255, 1, 2, 3, 4]);
  assert.deepEqual([...read.labelled], [0, 1, 0, 1, 0]);
  assert.deepEqual(read.names, ["A", "B", "C", "D", "É"]);
  assert.equal(read.id(4), "04".repeat(16));
  assert.ok(Number.isNaN(read.brightness[0]));
});

test("the nearest open point is found", () => {
  const read = points();
  assert.equal(read.nearest(0.9, 0.2, all), 1);
  assert.equal(read.nearest(0.9, 0.2, (index) => index !== 1), 0);
  assert.equal(read.nearest(0, 0, () => false), null);
  assert.equal(read.least((index) => index, -1, all), null, "none costs so little");
});

test("arrows lead to the next point in their direction, and nowhere at the edge", () => {
  const read = points();
  const from = (index) => [[1, 0], [-1, 0], [0, 1], [0, -1]].map(([x, y]) => read.towards(index, x, y, all));
  assert.deepEqual(from(0), [1, 2, 3, 4]);
  assert.deepEqual(from(1), [null, 0, 3, 4], "45 degrees to a side are allowed");
  assert.equal(read.towards(3, 0, 1, all), null);
});

test("the points around one come nearest first, itself included", () => {
  const read = points();
  assert.deepEqual(read.around(0, 4, all), [0, 1, 2, 3]);
  assert.deepEqual(read.around(4, 2, (index) => index > 0), [4, 1]);
});

test("a lasso selects what is inside its outline", () => {
  const read = points();
  const square = [[-0.5, -3], [1.5, -3], [1.5, 0.5], [-0.5, 0.5]];
  assert.deepEqual(read.inside(square, all), [0, 1, 4]);
  assert.deepEqual(read.inside(square, (index) => index !== 0), [1, 4]);
  assert.deepEqual(read.inside([], all), []);
});

test("bits come lowest first, and selections as little-endian numbers", () => {
  const isFound = bitsOf(btoa("\x05\x01"));
  assert.deepEqual(Array.from({ length: 10 }, (_, index) => isFound(index)), [1, 0, 1, 0, 0, 0, 0, 0, 1, 0]);
  assert.equal(atob(base64Of([1, 258])), "\x01\0\0\0\x02\x01\0\0");
});

test("the viewport maps to the screen and back, and zooms around the pointer", () => {
  const viewport = new Viewport();
  Object.assign(viewport, { width: 800, height: 400, size: 2 });
  assert.deepEqual([viewport.screenX(0), viewport.screenY(0)], [400, 200]);
  const near = (actual, expected) => assert.ok(Math.abs(actual - expected) < 1e-9, `${actual} is not ${expected}`);
  near(viewport.mapX(viewport.screenX(1.5)), 1.5);
  near(viewport.mapY(viewport.screenY(-0.7)), -0.7);
  const [x, y] = [viewport.mapX(500), viewport.mapY(150)];
  viewport.zoomBy(3, 500, 150);
  near(viewport.mapX(500), x);
  near(viewport.mapY(150), y);
  viewport.zoomBy(1e9, 400, 200);
  assert.equal(viewport.zoom, 200);
  viewport.zoomBy(1e-9, 400, 200);
  assert.equal(viewport.zoom, 1);
  viewport.panBy(1e6, -1e6);
  assert.deepEqual([viewport.x, viewport.y], [-2, -2]);
});
