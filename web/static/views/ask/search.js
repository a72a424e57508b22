// What is typed, what is asked, and what the service answers. The address has what is asked.

import { post } from "../../api.js";
import { decisionText } from "../../components/decision.js";
import { readDraft, writeDraft } from "../../drafts.js";
import { useDebounced, useEffect, useRef, useState } from "../../lib.js";
import { announce } from "../../live.js";
import { go, linkHere } from "../../router.js";

const REST_MS = 250;
const SAID_MS = 1_000;
// Fewer characters are asked on Enter alone.
const FEWEST = 3;
// Longer questions are not put into the address, which servers limit.
const LONGEST_ADDRESS = 1_500;
const DRAFT = "ask";

export const SIZES = [5, 20, 100];

/** Return `{text, asked, write(text), ask()}`. */
export function useQuestion(params) {
  const given = params.get("q") ?? "";
  const [text, setText] = useState(() => given || readDraft(DRAFT) || "");
  const [asked, setAsked] = useState(text);
  const settled = useRef(given);
  // Whether Back should come to the present address again, also when one types on.
  const kept = useRef(Boolean(given));
  const settle = (next, typing) => {
    const replace = typing && !kept.current;
    kept.current = !typing;
    const short = next.length <= LONGEST_ADDRESS;
    settled.current = short ? next : "";
    if (short) writeDraft(DRAFT, null);
    go(linkHere({ q: settled.current, n: null }), { replace });
    if (!typing || next.trim().length >= FEWEST || !next) setAsked(next);
  };
  const rest = useDebounced((next) => settle(next, true), REST_MS);
  useEffect(() => {
    if (given === settled.current) return;
    settled.current = given;
    kept.current = Boolean(given);
    rest.cancel();
    setText(given);
    setAsked(given);
  }, [given]);
  const write = (next) => {
    setText(next);
    writeDraft(DRAFT, next || null);
    rest(next);
  };
  const ask = () => {
    rest.cancel();
    settle(text, false);
  };
  return { text, asked, write, ask };
}

/** Return the filter that the address has: {field: value} or {field: [values]}. */
export function readFilter(params) {
  const filter = {};
  for (const key of new Set(params.keys())) {
    if (!key.startsWith("f.")) continue;
    const values = params.getAll(key);
    filter[key.slice(2)] = values.length > 1 ? values : values[0];
  }
  return filter;
}

/** Return the body of POST /search. It is not logged: half-typed words are no asked question. */
function compose(params, question) {
  const filter = readFilter(params);
  return {
    question,
    limit: SIZES.includes(Number(params.get("n"))) ? Number(params.get("n")) : SIZES[0],
    order: params.get("order") === "distance" ? "distance" : "relevance",
    log: false,
    ...(params.get("collection") && { collection: params.get("collection") }),
    ...(Object.keys(filter).length > 0 && { filter }),
  };
}

/** Return `{reply, error, busy, waiting, again()}`; the last request wins. */
export function useSearch(params, question) {
  const [state, setState] = useState({ reply: null, error: null, busy: false, waiting: null });
  const [turn, setTurn] = useState(0);
  const body = question.trim() ? JSON.stringify(compose(params, question)) : null;
  useEffect(() => {
    if (!body) {
      setState({ reply: null, error: null, busy: false, waiting: null });
      return undefined;
    }
    const end = new AbortController();
    const update = (changes) => end.signal.aborted || setState((old) => ({ ...old, ...changes }));
    const onWait = (seconds, error) => update({ waiting: seconds ? { seconds, error } : null });
    update({ busy: true });
    post("/search", JSON.parse(body), { signal: end.signal, onWait })
      .then((reply) => update({ reply, error: null, busy: false, waiting: null }))
      .catch((error) => update({ reply: null, error, busy: false, waiting: null }));
    return () => end.abort();
  }, [body, turn]);
  useSaid(state.reply);
  const again = () => {
    setState((old) => ({ ...old, busy: true }));
    setTurn((old) => old + 1);
  };
  return { ...state, again };
}

/** Tell a screen reader the decision, once typing rests. */
function useSaid(reply) {
  const say = useDebounced((said) => announce(decisionText(said)), SAID_MS);
  useEffect(() => {
    if (reply) say(reply);
  }, [reply]);
}
