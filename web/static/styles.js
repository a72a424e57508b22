// The styles of a view, css/<name>.css. The server links those of the view that is opened first; the
// others are loaded with their views. Only those of the shown view apply, so that no view looks
// otherwise because another one was there before.

import { addressOf } from "./session.js";

const loaded = new Map();

/** Load a view's styles, which do not apply yet. Throws an Error where they do not come. */
export function loadStyles(view) {
  if (!loaded.has(view)) loaded.set(view, find(view) ? Promise.resolve() : addLink(view));
  return loaded.get(view);
}

/** Let the styles of a view apply, and those of no other one. */
export function applyStyles(view) {
  for (const link of document.querySelectorAll("link[data-styles]")) {
    link.media = link.dataset.styles === view ? "all" : "not all";
  }
}

const find = (view) => document.querySelector(`link[data-styles=${view}]`);

function addLink(view) {
  return new Promise((resolve, reject) => {
    const link = document.createElement("link");
    Object.assign(link, { rel: "stylesheet", media: "not all", href: addressOf(`css/${view}.css`) });
    link.dataset.styles = view;
    link.onload = resolve;
    link.onerror = () => {
      // Another try loads them again.
      loaded.delete(view);
      link.remove();
      reject(new Error(link.href));
    };
    document.head.append(link);
  });
}
