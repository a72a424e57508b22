// A list of the service's, and what was done to it.

import { get } from "../../api.js";
import { useEffect, useState } from "../../lib.js";

/** Return `{rows, error, again()}`: `rows` is null until they are there. */
export function useList(path) {
  const [state, setState] = useState({ rows: null, error: null });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const end = new AbortController();
    const update = (next) => end.signal.aborted || setState((old) => ({ ...old, ...next }));
    get(path, null, { signal: end.signal })
      .then(({ results }) => update({ rows: results, error: null }))
      .catch((error) => update({ error }));
    return () => end.abort();
  }, [path, turn]);
  return { ...state, again: () => setTurn((old) => old + 1) };
}

/** Return `{error, busy, send(act)}`: `send` calls `act()` and keeps the error that it throws. */
export function useSending() {
  const [state, setState] = useState({});
  const send = async (act) => {
    if (state.busy) return;
    setState({ busy: true });
    try {
      await act();
      setState({});
    } catch (error) {
      setState({ error });
    }
  };
  return { ...state, send };
}
