// What a screen reader is told beside what has the focus.

/** Say a text once, politely. */
export function announce(text) {
  const region = document.getElementById("live");
  // The same text again would not be a change.
  region.textContent = region.textContent === text ? `${text}\u00a0` : text;
}
