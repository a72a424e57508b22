// The service's HTTP API. `get("/items", {text})`, `post("/search", body)`, `patch(…)`, `remove(…)`
// return the answer's JSON; `request()` also its ETag. They throw a ServiceError that has the
// service's own sentence in the page's language.
//
// An answer 401, or none at all, is said by the bar under the navigation (`connection`), beside what
// the view itself does.

import { createStore } from "./lib.js";
import { session } from "./session.js";
import { say } from "./words.js";

/** "ok", "offline" or "signed_out". */
export const connection = createStore("ok");

const MOST_RETRIES = 3;

/** What the service, or the lack of it, said. */
export class ServiceError extends Error {
  constructor(status, body, headers) {
    super(body.error);
    this.status = status;
    this.code = body.code;
    this.body = body;
    this.etag = headers?.get("ETag") ?? null;
    this.retryAfter = Number(headers?.get("Retry-After")) || null;
    this.requestId = headers?.get("X-Request-Id") ?? null;
  }
}

/**
 * Return `{data, etag, response}`. Options: `query` (an object), `body` (sent as JSON) or `raw`
 * (sent as it is), `headers`, `signal`, `keepalive`, and `onWait(seconds, error)`: with it, an answer 429
 * or 503 is asked again up to three times, after as long as the service says.
 */
export async function request(method, path, options = {}) {
  for (let tried = 0; ; tried += 1) {
    try {
      return await requestOnce(method, path, options);
    } catch (error) {
      const busy = error.status === 429 || error.status === 503;
      if (!busy || !options.onWait || tried === MOST_RETRIES) throw error;
      await count(error, options);
    }
  }
}

async function requestOnce(method, path, { query, body, raw, headers, signal, keepalive }) {
  // From the origin: an address that a person typed may have a password in it, and fetch refuses.
  const url = new URL(path, location.origin);
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== null && value !== undefined && value !== "") url.searchParams.set(name, value);
  }
  const sent = { "Accept-Language": session.language, Accept: "application/json", ...headers };
  if (body !== undefined) sent["Content-Type"] = "application/json";
  const content = body === undefined ? raw : JSON.stringify(body);
  let response;
  try {
    response = await fetch(url, { method, headers: sent, body: content, signal, keepalive });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    connection.set("offline");
    throw new ServiceError(0, { error: say("connection.offline"), code: "offline" });
  }
  connection.set(response.status === 401 ? "signed_out" : "ok");
  const data = await readBody(response);
  if (!response.ok) throw new ServiceError(response.status, data, response.headers);
  return { data, etag: response.headers.get("ETag"), response };
}

async function readBody(response) {
  const kind = response.headers.get("Content-Type") ?? "";
  if (kind.startsWith("application/json")) return response.json();
  if (response.ok) return response.text();
  // A proxy in between may answer with a page of its own.
  return { error: say("connection.strange", { status: String(response.status) }), code: "strange" };
}

/** Ask whether the service is there again; `connection` then says so. */
export const probe = () => request("GET", "/readyz").catch(() => {});

/** Wait as long as an error says, saying each second that is left. */
async function count(error, { onWait, signal }) {
  for (let left = error.retryAfter ?? 5; left > 0; left -= 1) {
    onWait(left, error);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    signal?.throwIfAborted();
  }
  onWait(0);
}

const data = async (...given) => (await request(...given)).data;

export const get = (path, query, options) => data("GET", path, { query, ...options });
export const post = (path, body, options) => data("POST", path, { body, ...options });
export const put = (path, body, options) => data("PUT", path, { body, ...options });
export const patch = (path, body, options) => data("PATCH", path, { body, ...options });
export const remove = (path, options) => data("DELETE", path, { ...options });
