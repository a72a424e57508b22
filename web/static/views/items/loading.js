// The page of items that the address asks for, loaded again when something was written.

import { get } from "../../api.js";
import { useEffect, useRef, useState, useStore } from "../../lib.js";
import { hidden } from "./deleting.js";

export const PAGE_SIZE = 50;

/** Return which page an address asks for, from 1. */
export function readPage(params) {
  const page = Number(params.get("page"));
  return Number.isInteger(page) && page > 0 && page <= 1e7 ? page : 1;
}

/**
 * Return `{reply, error, busy, waiting, again(), turned()}`. `reply`: {results, total, page, text,
 * collection}, without what is about to be deleted; an old one stays until the next is there.
 * `turned` is to be called on a turn of the page: its top is then shown.
 */
export function useItems(params) {
  const [state, setState] = useState({ reply: null, error: null, busy: true, waiting: null });
  const [turn, setTurn] = useState(0);
  const turning = useRef(false);
  const gone = useStore(hidden);
  const page = readPage(params);
  const text = (params.get("text") ?? "").trim();
  const collection = params.get("collection") ?? "";
  useEffect(() => {
    const end = new AbortController();
    const update = (changes) => end.signal.aborted || setState((old) => ({ ...old, ...changes }));
    const onWait = (seconds, error) => update({ waiting: seconds ? { seconds, error } : null });
    const query = { collection, text, limit: PAGE_SIZE, offset: (page - 1) * PAGE_SIZE };
    update({ busy: true });
    get("/items", query, { signal: end.signal, onWait })
      .then(({ results, total }) => update({
        reply: { results, total, page, text, collection }, error: null, busy: false, waiting: null,
      }))
      .catch((error) => update({ error, busy: false, waiting: null }));
    return () => end.abort();
  }, [collection, text, page, turn]);
  useEffect(() => {
    if (!turning.current || state.busy) return;
    turning.current = false;
    showTop();
  }, [state]);
  return {
    ...state, reply: state.reply && without(state.reply, gone),
    again: () => setTurn((old) => old + 1),
    turned: (event) => {
      turning.current = event.target.closest("a") !== null;
    },
  };
}

/** Take away what is about to be deleted, which the service still has. */
function without(reply, gone) {
  const results = reply.results.filter(({ id }) => !gone.has(id));
  return { ...reply, results, total: reply.total - (reply.results.length - results.length) };
}

/** Bring focus and sight to the top of the list. */
export function showTop() {
  scrollTo(0, 0);
  document.querySelector("main h1")?.focus({ preventScroll: true });
}
