// The collections that hold items, loaded once and again after something was written.

import { get } from "./api.js";
import { createStore, useEffect, useStore } from "./lib.js";

/** null until loaded, then [{name, items, updated_at}]. */
const known = createStore(null);
let asked = null;

export function refreshCollections() {
  asked = get("/collections").then(({ results }) => known.set(results)).catch(() => {
    asked = null;
  });
  return asked;
}

export function useCollections() {
  useEffect(() => {
    if (!asked) refreshCollections();
  }, []);
  return useStore(known);
}
