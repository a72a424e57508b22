// Changes of an item's other ways to ask, and taking a change back.

import { patch, request, ServiceError } from "./api.js";
import { say } from "./words.js";
import { offerUndo } from "./undo.js";

// Somebody else may change the item meanwhile: a wording is then added to what it is now.
const TRIES = 3;

const fold = (text) => text.normalize("NFC").replace(/\s+/g, " ").trim().toLowerCase();

/** Add a wording to an item. Return `{item, before}`. Throws a ServiceError. */
export function addWording(id, wording) {
  return changeWordings(id, ({ question, alternatives }) => {
    if ([question, ...alternatives].some((text) => fold(text) === fold(wording))) {
      throw new ServiceError(409, { error: say("mend.has_already"), code: "has_already" });
    }
    return [...alternatives, wording.trim()];
  });
}

/** Take a wording away from an item. Return `{item, before}`. Throws a ServiceError. */
export function takeWording(id, wording) {
  return changeWordings(id, ({ alternatives }) =>
    alternatives.filter((text) => fold(text) !== fold(wording)));
}

async function changeWordings(id, decide) {
  for (let tried = 1; ; tried += 1) {
    const { data: before, etag } = await request("GET", `/items/${id}`);
    const alternatives = decide(before);
    try {
      const headers = { "If-Match": etag };
      return { item: await patch(`/items/${id}`, { alternatives }, { headers }), before };
    } catch (error) {
      if (error.status !== 412 || tried === TRIES) throw error;
    }
  }
}

/** Offer to make an item what it was. `again()` is called once it is. */
export function offerUndoOf(text, item, before, again) {
  const undo = async () => {
    const { question, alternatives, answer, metadata } = before;
    const { etag, data: now } = await request("GET", `/items/${item.id}`);
    // What somebody else wrote since then is not taken back.
    if (now.updated_at !== item.updated_at) return offerUndo({ text: say("mend.changed_since"), undo: again });
    await patch(`/items/${item.id}`, { question, alternatives, answer, metadata },
      { headers: { "If-Match": etag } });
    return again();
  };
  offerUndo({ text, undo });
}
