// The collections that hold items, loaded once and again after something was written.

import { get } from "./api.js";
import { createStore, useEffect, useStore } from "./lib.js";

/** null until loaded, then [{name, items, updated_at}]. */
const known = createStore(null);
const failure = createStore(null);
let asked = null;

export function refreshCollections() {
  asked = get("/collections").then(({ results }) => {
    failure.set(null);
    known.set(results);
  }).catch((error) => {
    asked = null;
    failure.set(error);
  });
  return asked;
}

export function useCollections() {
  useEffect(() => {
    if (!asked) refreshCollections();
  }, []);
  return useStore(known);
}

/** The error of the last attempt to load them; null if there is none. */
export function useCollectionsError() {
  return useStore(failure);
}
