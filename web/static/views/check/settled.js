// Findings of which somebody said "it is fine so". They are remembered in this browser alone, for the
// texts as they are: once one of them changes, the finding is there again.

import { session } from "../../session.js";

const MOST = 2_000;
const keyOf = (collection) => `settled:${session.name}:${collection}`;

/** Return what stands for a finding: its kind, its items and their texts. */
export function markOf({ kind, items }) {
  const texts = JSON.stringify(items.map(({ id, question, answer }) => [id, question, answer]));
  return `${kind}:${items.map(({ id }) => id).join("-")}:${hash(texts)}`;
}

/** A short number of a text: equal texts have equal ones (djb2, Bernstein). */
function hash(text) {
  let value = 5381;
  for (let n = 0; n < text.length; n += 1) value = ((value * 33) ^ text.charCodeAt(n)) >>> 0;
  return value.toString(36);
}

/** Return the marks that are settled, in a Set. */
export function readSettled(collection) {
  try {
    return new Set(JSON.parse(localStorage.getItem(keyOf(collection))) ?? []);
  } catch {
    return new Set();
  }
}

/** Keep the marks; the oldest are forgotten. */
export function writeSettled(collection, marks) {
  try {
    localStorage.setItem(keyOf(collection), JSON.stringify([...marks].slice(-MOST)));
  } catch {
    // The browser keeps nothing: they are settled as long as the view is open.
  }
}
