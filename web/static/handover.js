// A file that was dropped anywhere on the page, for the view that takes files.

import { go, link } from "./router.js";
import { hasView } from "./session.js";

let waiting = null;

export function handOver(file) {
  waiting = file;
}

/** Return the file that was handed over, once, or null. */
export function takeOver() {
  const file = waiting;
  waiting = null;
  return file;
}

/** Take a file that no view took; without this, the browser would leave the page to show it. */
export function startDrops() {
  const take = (event) => {
    if (event.defaultPrevented || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    if (event.type !== "drop" || !hasView("upload")) return;
    handOver(event.dataTransfer.files[0]);
    go(link("upload"));
  };
  addEventListener("dragover", take);
  addEventListener("drop", take);
}
