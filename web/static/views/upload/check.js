// Checks the chosen file by a dry run: at once, and again when an option changes.

import { useEffect, useRef, useState } from "../../lib.js";
import { composeQuery } from "./draft.js";
import { sendFile } from "./send.js";

const REST_MS = 400;

/** Options that can't be sent yet: a question or an answer column is missing, or the name is no name. */
export function isReady({ reading }, collection) {
  const { roles } = reading;
  const whole = !roles || (roles.includes("question") && roles.includes("answer"));
  return whole && isName(collection);
}

export const isName = (collection) => /^[A-Za-z0-9._-]{1,100}$/.test(collection);

/**
 * Return `{busy, part, reply, error, fresh, again}`: the last answer stays while the next is awaited;
 * `fresh` says that it is about the present options. Nothing is sent while `wanted` is false.
 */
export function useCheck(draft, collection, wanted) {
  const [state, setState] = useState({});
  const query = composeQuery(draft, collection);
  const asked = JSON.stringify(query);
  const first = useRef(true);
  const [tries, setTries] = useState(0);
  const known = !state.busy && state.asked === asked;
  useEffect(() => {
    if (!wanted || !draft.file || known || !isReady(draft, collection)) return undefined;
    const ending = new AbortController();
    setState((before) => ({ ...before, busy: true, part: 0 }));
    const timer = setTimeout(() => run(draft, query, ending.signal, setState), first.current ? 0 : REST_MS);
    first.current = false;
    return () => {
      clearTimeout(timer);
      ending.abort();
      setState((before) => ({ ...before, busy: false }));
    };
  }, [asked, draft.file, wanted, tries]);
  const again = () => {
    setState({});
    setTries(tries + 1);
  };
  return { ...state, fresh: known, again };
}

async function run({ file, name }, query, signal, setState) {
  const asked = JSON.stringify(query);
  try {
    const reply = await sendFile("/upload", file, {
      name, query: { ...query, dry_run: "true" }, signal,
      onProgress: (part) => setState((before) => ({ ...before, part })),
    });
    setState({ reply, asked });
  } catch (error) {
    if (error.name !== "AbortError") setState({ error, asked });
  }
}
