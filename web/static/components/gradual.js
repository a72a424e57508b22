// Draws a long list in pieces, so that the page answers keys and clicks in between.

import { useEffect, useRef, useState } from "../lib.js";

// So many new rows are drawn at once: some 10 ms with forms in them.
const STEP = 8;

/**
 * Return the rows that are shown by now: some more of `rows` after each frame. Until all are, those
 * that were shown before stay in the place of the others, so that nothing jumps. `keyOf(row)` tells
 * rows apart.
 */
export function useGradually(rows, keyOf) {
  const before = useRef([]);
  const [, drawMore] = useState({});
  const shown = takeSome(rows, before.current, keyOf);
  useEffect(() => {
    before.current = shown;
    if (shown === rows) return undefined;
    const timer = setTimeout(() => drawMore({}));
    return () => clearTimeout(timer);
  });
  return shown;
}

function takeSome(rows, before, keyOf) {
  const drawn = new Set(before.map(keyOf));
  let fresh = 0;
  const end = rows.findIndex((row) => {
    fresh += drawn.has(keyOf(row)) ? 0 : 1;
    return fresh > STEP;
  });
  if (end === -1) return rows;
  const head = rows.slice(0, end);
  const placed = new Set(head.map(keyOf));
  const tail = before.filter((row) => !placed.has(keyOf(row)));
  return [...head, ...tail.slice(0, rows.length - end)];
}
