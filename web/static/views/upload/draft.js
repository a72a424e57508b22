// The file that was chosen and how it is to be read, kept while one looks at other views; and its
// transfer, which goes on meanwhile.

import { hasEnded } from "../../jobs.js";
import { createStore } from "../../lib.js";
import { offerUndo } from "../../undo.js";
import { go, link, present } from "../../router.js";
import { say } from "../../words.js";
import { makeKey, sendFile } from "./send.js";

/** Up to so many bytes a file is checked at once; a larger one travels twice only if one wants it. */
export const CHECKED_BYTES = 20_000_000;

/** null, or {file, source, name, size, mode, reading: {…}}: `file` is what is sent, `source` what was chosen. */
export const draft = createStore(null);
/** null, or {part, began, key, error}; `part` is null before the first byte. */
export const transfer = createStore(null);
let ending = null;
let latest = null;

// The page alone has the file: the browser asks before it is left.
const warn = (event) => event.preventDefault();
draft.subscribe((given) => (given ? addEventListener : removeEventListener)("beforeunload", warn));

/** Take a file. Its bytes are kept, so that what was checked is what is sent. */
export async function choose(source) {
  const reading = /spreadsheet-safe/.test(source.name) ? { spreadsheet_safe: "true" } : {};
  const given = { source, name: source.name, size: source.size, mode: "upsert", reading };
  transfer.set(null);
  latest = source;
  const file = await keepBytes(source);
  // Another may have been chosen meanwhile.
  if (latest === source) draft.set({ ...given, file });
}

/** Return what is sent of a file; null if the browser can't read it. */
async function keepBytes(source) {
  if (source.size > CHECKED_BYTES) return source;
  try {
    return new Blob([await source.arrayBuffer()]);
  } catch {
    return null;
  }
}

export const change = (changes) => draft.set({ ...draft.get(), ...changes });

export function drop() {
  ending?.abort();
  transfer.set(null);
  draft.set(null);
}

/** Return whether the file was saved again since it was chosen: the browser then refuses to read it. */
export async function hasChanged({ source }) {
  try {
    await source.slice(0, 1).arrayBuffer();
    return false;
  } catch {
    return true;
  }
}

/** Return the options of an upload. */
export function composeQuery({ mode, reading }, collection) {
  const { roles, ...given } = reading;
  return { collection, mode, ...given, ...nameColumns(roles) };
}

/** Return the options that say which columns are which; `roles` is one role for each, or nothing. */
export function nameColumns(roles) {
  if (!roles) return {};
  const places = (role) => roles.flatMap((one, at) => (one === role ? [at + 1] : [])).join();
  return {
    question_column: places("question"), answer_column: places("answer"), id_column: places("id"),
    alternatives_column: places("alternatives"),
  };
}

/** Send the file. The same file and options again have the same key, so that it is taken once. */
export async function send(query) {
  const { file, name } = draft.get();
  const before = transfer.get();
  const same = JSON.stringify(query);
  const key = before?.same === same && before.file === file ? before.key : makeKey();
  const state = { part: 0, began: performance.now(), key, same, file, error: null, sending: true };
  ending = new AbortController();
  transfer.set(state);
  try {
    const { job } = await sendFile("/upload", file, {
      name, query, key, signal: ending.signal,
      onProgress: (part) => transfer.set({ ...state, part }),
    });
    arrive(job, name);
  } catch (error) {
    const ended = error.name === "AbortError";
    if (draft.get()) transfer.set({ ...state, sending: false, error: ended ? null : error });
  }
}

export const cancel = () => ending?.abort();

/** The service has the file: show its job, or say so where another view is shown. */
function arrive(job, name) {
  draft.set(null);
  transfer.set(null);
  const { view, params } = present();
  if (view === "upload" && !params.get("job")) {
    go(link("upload", { job: job.id, collection: params.get("collection") }));
  } else if (!hasEnded(job)) {
    offerUndo({ text: say("upload.arrived", { name }), undo: null });
  }
}
