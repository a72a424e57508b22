// Sends a file, and says how much of it is there: fetch can't.

import { connection, ServiceError } from "../../api.js";
import { session } from "../../session.js";
import { say } from "../../words.js";

// So often at most is the progress said.
const STEP_MS = 100;

/** Return a key for `Idempotency-Key`. Not randomUUID, which plain http does not have. */
export function makeKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Send a file as POST to `path` and return the answer's JSON. `query`: an object; `name`: the
 * file's; `key`: for Idempotency-Key; `onProgress(part)`: 0 to 1 while it is sent; `signal` ends it.
 * Throws a ServiceError, or an AbortError.
 */
export function sendFile(path, file, { name, query = {}, key, onProgress = () => {}, signal }) {
  const url = new URL(path, location.origin);
  for (const [option, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") url.searchParams.set(option, value);
  }
  const form = new FormData();
  form.append("file", file, name);
  return new Promise((resolve, reject) => {
    const asked = new XMLHttpRequest();
    asked.open("POST", url);
    asked.responseType = "text";
    asked.setRequestHeader("Accept", "application/json");
    asked.setRequestHeader("Accept-Language", session.language);
    if (key) asked.setRequestHeader("Idempotency-Key", key);
    asked.upload.onprogress = sayProgress(onProgress);
    asked.onload = () => take(asked, resolve, reject);
    asked.onerror = () => {
      connection.set("offline");
      reject(new ServiceError(0, { error: say("connection.offline"), code: "offline" }));
    };
    asked.onabort = () => reject(new DOMException("", "AbortError"));
    signal?.addEventListener("abort", () => asked.abort());
    if (signal?.aborted) reject(new DOMException("", "AbortError"));
    else asked.send(form);
  });
}

function sayProgress(onProgress) {
  let said = -STEP_MS;
  return ({ loaded, total, timeStamp }) => {
    if (loaded < total && timeStamp - said < STEP_MS) return;
    said = timeStamp;
    onProgress(total ? loaded / total : null);
  };
}

function take(asked, resolve, reject) {
  connection.set(asked.status === 401 ? "signed_out" : "ok");
  let body;
  try {
    body = JSON.parse(asked.responseText);
  } catch {
    // A proxy in between may answer with a page of its own.
    body = { error: say("connection.strange", { status: String(asked.status) }), code: "strange" };
  }
  const headers = { get: (name) => asked.getResponseHeader(name) };
  if (asked.status >= 200 && asked.status < 300 && body.code !== "strange") resolve(body);
  else reject(new ServiceError(asked.status, body, headers));
}
