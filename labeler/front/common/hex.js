// Bytes as hexadecimal text.

/**
 * Random hexadecimal digits. ``crypto.randomUUID`` would need https.
 * @param {number} bytes
 */
export function randomId(bytes) {
  return hexOf(crypto.getRandomValues(new Uint8Array(bytes)));
}

/** @param {Uint8Array} bytes */
export function hexOf(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
