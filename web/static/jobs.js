// Watches jobs: often at first, then less often, rarely in a hidden tab, at once on return.

import { get } from "./api.js";

const FIRST_MS = 500;
const MOST_MS = 5_000;
const HIDDEN_MS = 15_000;
const FAILED_MS = 30_000;

export const hasEnded = (job) => !["enqueued", "processing"].includes(job.status);

/**
 * Call `read()` until `done(answer)`; give each answer to `onChange`, each error to `onError`.
 * Return a function that stops it.
 */
export function poll({ read, done = () => false, onChange, onError = () => {} }) {
  let stopped = false;
  let timer = 0;
  let pause = FIRST_MS;
  const later = () => {
    timer = setTimeout(step, document.hidden ? HIDDEN_MS : pause);
  };
  const step = async () => {
    try {
      const answer = await read();
      if (stopped) return;
      pause = Math.min(pause * 1.5, MOST_MS);
      onChange(answer);
      if (done(answer)) stop();
    } catch (error) {
      if (stopped) return;
      pause = Math.min(pause * 2, FAILED_MS);
      onError(error);
    }
    if (!stopped) later();
  };
  const look = () => {
    if (document.hidden) return;
    clearTimeout(timer);
    step();
  };
  function stop() {
    stopped = true;
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", look);
  }
  document.addEventListener("visibilitychange", look);
  step();
  return stop;
}

/** Watch one job until it ended. */
export function watchJob(id, onChange, onError) {
  return poll({ read: () => get(`/jobs/${id}`), done: hasEnded, onChange, onError });
}

/** Return a job once it ended. */
export function jobEnd(id, onChange = () => {}) {
  return new Promise((resolve) => {
    watchJob(id, (job) => {
      onChange(job);
      if (hasEnded(job)) resolve(job);
    });
  });
}
