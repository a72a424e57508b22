// The library, as every module takes it: html`…` makes elements, the rest are hooks; and stores,
// which are values that components of different places share.

import { Fragment, h, render } from "preact";
import {
  useCallback, useEffect, useErrorBoundary, useLayoutEffect, useMemo, useRef, useState,
} from "preact/hooks";
import htm from "htm";

export const html = htm.bind(h);
export {
  Fragment, render, useCallback, useEffect, useErrorBoundary, useLayoutEffect, useMemo, useRef,
  useState,
};

/** Return a shared value: `get()`, `set(value)`, `subscribe(listener)` → a function that ends it. */
export function createStore(value) {
  const listeners = new Set();
  return {
    get: () => value,
    set(next) {
      value = next;
      listeners.forEach((listener) => listener(value));
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Return a store's value; the component is drawn again when it changes. */
export function useStore(store) {
  const [, redraw] = useState({});
  useLayoutEffect(() => store.subscribe(() => redraw({})), [store]);
  return store.get();
}

/** Return a function that calls `act` with its latest arguments once it rests for so long. */
export function useDebounced(act, milliseconds) {
  const timer = useRef(0);
  const latest = useRef(act);
  latest.current = act;
  useEffect(() => () => clearTimeout(timer.current), []);
  return useMemo(() => {
    const call = (...given) => {
      clearTimeout(timer.current);
      timer.current = setTimeout(() => latest.current(...given), milliseconds);
    };
    call.cancel = () => clearTimeout(timer.current);
    return call;
  }, [milliseconds]);
}
