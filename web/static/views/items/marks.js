// Which items are marked. Marks stay while one turns the pages of one search.

import { useEffect, useState } from "../../lib.js";

/** Return `{items, has(id), set(items, on), clear()}`. */
export function useMarks(params) {
  const [marked, setMarked] = useState(new Map());
  const search = `${params.get("collection")} ${params.get("text")}`;
  const clear = () => setMarked(new Map());
  useEffect(clear, [search]);
  const set = (items, on) => setMarked((old) => {
    const next = new Map(old);
    items.forEach((item) => (on ? next.set(item.id, item) : next.delete(item.id)));
    return next;
  });
  return { items: [...marked.values()], has: (id) => marked.has(id), set, clear };
}
