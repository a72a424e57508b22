// Counts of a test and how they moved, written with their sign.

import { number, say } from "../../words.js";

/** What may become of a question, from the best to the worst. */
export const KINDS = ["right", "asked_back", "passed", "wrong"];

/** Return how many questions of a kind there are, with an answer and without. */
export function countKind(decisions, kind) {
  return decisions.with_answer[kind] + decisions.without_answer[kind];
}

/** Return a difference with its sign; "" where there is none. */
export function signed(difference, write = number) {
  if (difference === 0) return "";
  return `(${difference > 0 ? "+" : "−"}${write(Math.abs(difference))})`;
}

/** Return the difference of two shares, in points. */
export const movedPoints = (now, before) =>
  signed(Math.round(100 * now) - Math.round(100 * before), (n) => say("check.points", { n }));
