// The points of the map as labeler/explore/map_points.py sends them, and what can be asked of them. Nothing here draws.

class Points {
  // bytes: a little-endian length, a JSON header of that length (padded to 4), then columns one after the other.
  constructor(bytes) {
    const length = new DataView(bytes).getUint32(0, true);
    const header = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length)));
    this.mark = header.mark; // of which voices these are
    this.count = header.count;
    let at = 4 + length + ((4 - (length % 4)) % 4);
    const column = (Type, size = this.count) => {
      const values = new Type(bytes, at, size);
      at += values.byteLength;
      return values;
    };
    this.x = column(Float32Array);
    this.y = column(Float32Array);
    this.brightness = column(Float32Array); // Hz, NaN if not known
    this.family = column(Uint32Array);
    this.category = column(Uint8Array); // 255: none
    this.labelled = column(Uint8Array);
    this.ids = column(Uint8Array, 16 * this.count);
    this.names = new TextDecoder().decode(new Uint8Array(bytes, at)).split("\n");
    this.size = Math.max(1e-6, this.extent()); // from the middle to the farthest
  }

  extent() {
    let most = 0;
    for (let i = 0; i < this.count; i++) most = Math.max(most, Math.abs(this.x[i]), Math.abs(this.y[i]));
    return most;
  }

  id(index) {
    return [...this.ids.subarray(16 * index, 16 * index + 16)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  indexOf(id) {
    for (let i = 0; i < this.count; i++) if (this.id(i) === id) return i;
    return -1;
  }

  // The nearest of those that may be chosen; null if none is within the distance.
  nearest(x, y, within, isOpen) {
    let best = null;
    let least = within * within;
    for (let i = 0; i < this.count; i++) {
      const square = (this.x[i] - x) ** 2 + (this.y[i] - y) ** 2;
      if (square <= least && isOpen(i)) [best, least] = [i, square];
    }
    return best;
  }

  // The next one in a direction (a unit step on the map), seen from another: ahead, and rather straight ahead.
  towards(from, stepX, stepY, isOpen) {
    let best = null;
    let least = Infinity;
    for (let i = 0; i < this.count; i++) {
      const dx = this.x[i] - this.x[from];
      const dy = this.y[i] - this.y[from];
      const ahead = dx * stepX + dy * stepY;
      const aside = Math.abs(dx * stepY - dy * stepX);
      if (ahead <= 1e-6 || aside > ahead) continue;
      const cost = ahead + 2 * aside;
      if (cost < least && i !== from && isOpen(i)) [best, least] = [i, cost];
    }
    return best;
  }

  // The count nearest ones to a point, itself included.
  around(from, count, isOpen) {
    const open = [];
    for (let i = 0; i < this.count; i++) if (isOpen(i)) open.push(i);
    const square = (i) => (this.x[i] - this.x[from]) ** 2 + (this.y[i] - this.y[from]) ** 2;
    return open.sort((a, b) => square(a) - square(b) || a - b).slice(0, count);
  }

  // Those inside a closed line of [x, y], by the even-odd rule.
  inside(line, isOpen) {
    const found = [];
    for (let i = 0; i < this.count; i++) {
      let isIn = false;
      for (let a = 0, b = line.length - 1; a < line.length; b = a++) {
        const [ax, ay] = line[a];
        const [bx, by] = line[b];
        if (ay > this.y[i] !== by > this.y[i] && this.x[i] < ((bx - ax) * (this.y[i] - ay)) / (by - ay) + ax) isIn = !isIn;
      }
      if (isIn && isOpen(i)) found.push(i);
    }
    return found;
  }
}

// Bits of base64 text, the lowest first: which points are among what was searched for.
function bitsOf(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return (index) => (bytes[index >> 3] >> (index & 7)) & 1;
}

function base64Of(numbers) {
  const bytes = new Uint8Array(Uint32Array.from(numbers).buffer);
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}
