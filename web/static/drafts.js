// Typed words that are not sent yet, so that none is lost: not by Esc, Back, a reload, a closed tab
// or a session that ended. They are kept in the browser under the caller's name.

import { useCallback, useState } from "./lib.js";
import { session } from "./session.js";

const PREFIX = `draft:${session.name}:`;
const KEPT_MS = 30 * 24 * 3600 * 1000;
// Where the browser keeps nothing, they live as long as the page.
const kept = new Map();

function storage() {
  try {
    return localStorage;
  } catch {
    return null;
  }
}

/** Return a draft, or null. */
export function readDraft(key) {
  try {
    const text = storage()?.getItem(PREFIX + key);
    return text ? JSON.parse(text).value : (kept.get(key) ?? null);
  } catch {
    return kept.get(key) ?? null;
  }
}

/** Keep a draft; null drops it. */
export function writeDraft(key, value) {
  if (value === null) kept.delete(key);
  else kept.set(key, value);
  try {
    if (value === null) storage()?.removeItem(PREFIX + key);
    else storage()?.setItem(PREFIX + key, JSON.stringify({ value, at: Date.now() }));
  } catch {
    // The storage is full or forbidden.
  }
}

/** Drop drafts of a month ago. */
export function dropOldDrafts() {
  const store = storage();
  for (const key of Object.keys(store ?? {}).filter((name) => name.startsWith("draft:"))) {
    let at = 0;
    try {
      at = JSON.parse(store.getItem(key)).at;
    } catch {
      // Not ours, or of a version that wrote it otherwise.
    }
    if (Date.now() - at > KEPT_MS) store.removeItem(key);
  }
}

/** As useState, with `[value, write, drop]`: `drop()` forgets the draft once it is sent. */
export function useDraft(key, initial) {
  const [value, setValue] = useState(() => readDraft(key) ?? initial);
  const write = useCallback((next) => {
    setValue(next);
    writeDraft(key, next);
  }, [key]);
  const drop = useCallback(() => writeDraft(key, null), [key]);
  return [value, write, drop];
}
