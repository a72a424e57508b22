// Deletes items. A few wait ten seconds for an undo; an item that somebody else changed since it
// was read is not deleted.

import { get, remove, request, ServiceError } from "../../api.js";
import { refreshCollections } from "../../collections.js";
import { createStore } from "../../lib.js";
import { offerUndo } from "../../undo.js";
import { say } from "../../words.js";

// So many may be deleted with an undo: as many as a browser still sends when its page is left.
export const MOST_UNDONE = 50;
const AT_ONCE = 4;
const READ_AT_ONCE = 1_000;

/** The ids of items that are deleted, or about to be: no list shows them. */
export const hidden = createStore(new Set());

function hide(items) {
  hidden.set(new Set([...hidden.get(), ...items.map(({ id }) => id)]));
}

function showAgain(items) {
  const ids = items.map(({ id }) => id);
  hidden.set(new Set([...hidden.get()].filter((id) => !ids.includes(id))));
}

/** Delete items once nobody undid it for ten seconds. `onEnd()` is called when they are. */
export function deleteLater(items, onEnd) {
  let kept = items;
  hide(items);
  offerUndo({
    text: say("items.deleted", { n: items.length }),
    undo: () => showAgain(kept),
    commit: async ({ leaving }) => {
      if (leaving) return items.forEach(({ id }) => remove(`/items/${id}`, { keepalive: true }).catch(() => {}));
      kept = await deleteAll(items);
      refreshCollections();
      onEnd();
      if (kept.length > 0) throw explain(kept);
    },
  });
}

function explain(kept) {
  const failed = kept.find(({ error }) => error.status !== 412);
  if (failed) return failed.error;
  return new ServiceError(412, { error: say("items.changed_since", { n: kept.length }), code: "changed_meanwhile" });
}

/**
 * Delete items, a few at once. Return those that are still there, each with an `error`.
 * `onProgress(done)` is told how many were tried; `signal` stops it.
 */
export async function deleteAll(items, { onProgress = () => {}, signal } = {}) {
  const waiting = [...items];
  const kept = [];
  const work = async () => {
    while (waiting.length > 0 && !signal?.aborted) {
      const item = waiting.shift();
      await deleteOne(item).catch((error) => kept.push({ ...item, error }));
      onProgress(items.length - waiting.length);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return kept;
}

async function deleteOne({ id, updated_at: seen }) {
  try {
    const { data: now, etag } = await request("GET", `/items/${id}`);
    if (now.updated_at !== seen) throw new ServiceError(412, { error: say("items.changed_since", { n: 1 }) });
    await remove(`/items/${id}`, { headers: { "If-Match": etag } });
  } catch (error) {
    // Somebody else deleted it: that is what was wanted.
    if (error.status !== 404) throw error;
  }
}

/** Return all items that a search finds, as {id, updated_at}. */
export async function findAll({ text, collection }, signal) {
  const found = [];
  for (let total = 1; found.length < total;) {
    const query = { text, collection, limit: READ_AT_ONCE, offset: found.length };
    const reply = await get("/items", query, { signal });
    found.push(...reply.results.map(({ id, updated_at }) => ({ id, updated_at })));
    total = reply.results.length === 0 ? 0 : reply.total;
  }
  return found.filter(({ id }) => !hidden.get().has(id));
}
