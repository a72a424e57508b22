// Who looks at the page, as the server wrote it into the shell.

export const session = JSON.parse(document.getElementById("session").textContent);

const RANKS = ["reader", "editor", "admin"];

/** Return whether the caller has at least a role. Show no button that would be answered by 403. */
export function may(role) {
  return RANKS.indexOf(session.role) >= RANKS.indexOf(role);
}

/** Return whether a view is there for the caller: link to it only then. */
export function hasView(name) {
  return session.views.includes(name);
}

/** Return whether the caller may use a collection; a caller may be limited to some. */
export function mayUse(collection) {
  return !collection || session.collections === null || session.collections.includes(collection);
}

/** Return where a file of web/static is. */
export function addressOf(file) {
  // From the origin: an address that a person typed may have a password in it, and fetch refuses.
  return new URL(session.static + file, location.origin).href;
}

/** Keep a choice of the person for a year; the server reads it when it makes the shell. */
export function keepChoice(name, value) {
  document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=lax`;
}
