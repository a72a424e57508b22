// A file that was dropped on one view, for the view that takes files.

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
