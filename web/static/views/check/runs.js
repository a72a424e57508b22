// The tests of a collection: the one of the address or the last one, and the one before it.

import { get } from "../../api.js";
import { hasEnded, watchJob } from "../../jobs.js";
import { useEffect, useState } from "../../lib.js";
import { announce } from "../../live.js";
import { say } from "../../words.js";

const MOST = 100;

const list = async (collection, more) =>
  (await get("/jobs", { collection, kind: "evaluation", limit: MOST, ...more })).results;

/** Return the id of the test that runs, or else of the last that came to its end. */
async function findLast(collection) {
  const [newest] = await list(collection, { limit: 1 });
  if (!newest || !hasEnded(newest) || newest.status === "succeeded") return newest?.id;
  return (await list(collection, { limit: 1, status: "succeeded" }))[0]?.id;
}

/** Return the test before one, with its result; null if there is none. */
async function findPrevious(job) {
  if (!job.result?.since_last) return null;
  const ended = await list(job.collection, { status: "succeeded" });
  const before = ended[ended.findIndex(({ id }) => id === job.id) + 1];
  return before ? get(`/jobs/${before.id}`) : null;
}

/** Return `{job, previous, loading, error, again()}`; `id` may be null, for the last test. */
export function useRun(collection, id) {
  const [state, setState] = useState({ loading: true });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (!collection && !id) return undefined;
    let ended = false;
    let stop = () => {};
    const update = (changes) => ended || setState((old) => ({ ...old, ...changes }));
    const fail = (error) => {
      update({ error, loading: false });
      if (error.status === 404) stop();
    };
    const change = async (job, seen) => {
      // With its result and the one before it, or not at all.
      const previous = hasEnded(job) ? await findPrevious(job).catch(() => null) : null;
      update({ job, previous, error: null, loading: false });
      if (seen && hasEnded(job)) announce(say(`check.ended_${job.status}`));
    };
    const watch = (found) => {
      let seen = false;
      const look = (job) => {
        change(job, seen);
        seen = !hasEnded(job);
      };
      if (!ended) stop = watchJob(found, look, fail);
    };
    setState({ loading: true });
    if (id) watch(id);
    else findLast(collection).then((found) => (found ? watch(found) : update({ loading: false })), fail);
    return () => {
      ended = true;
      stop();
    };
  }, [collection, id, turn]);
  return { ...state, again: () => setTurn(turn + 1) };
}
