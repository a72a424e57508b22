// The address is the state: /?view=items&collection=loja&page=2. Views read it by `useAddress()`
// and change it by `go()`; links are real links, `html\`<a href=${link("jobs", { job })}>\``.

import { createStore, useStore } from "./lib.js";
import { session } from "./session.js";

const address = createStore(read());

function read() {
  const params = new URLSearchParams(location.search);
  const asked = params.get("view");
  const known = [...session.views, ...session.hidden].includes(asked);
  return { view: known ? asked : session.views[0], params };
}

/** Return `{view, params}` of the present address; `params` are URLSearchParams. */
export function useAddress() {
  return useStore(address);
}

export const present = () => address.get();

/** Return the address of a view. Members that are null or empty are left out. */
export function link(view, params = {}) {
  const query = new URLSearchParams();
  if (view !== session.views[0]) query.set("view", view);
  const pairs = params instanceof URLSearchParams ? params : Object.entries(params);
  for (const [name, value] of pairs) {
    if (name !== "view" && value !== null && value !== undefined && value !== "") {
      query.append(name, value);
    }
  }
  const text = query.toString();
  return text ? `/?${text}` : "/";
}

/** Return the present address with some members changed; null takes one away. */
export function linkHere(changes) {
  const { view, params } = address.get();
  const next = new URLSearchParams(params);
  for (const [name, value] of Object.entries(changes)) {
    next.delete(name);
    for (const one of [value].flat()) {
      if (one !== null && one !== undefined && one !== "") next.append(name, one);
    }
  }
  return link(view, next);
}

/** Go to an address of the page. `replace` leaves no step for Back. */
export function go(href, { replace = false } = {}) {
  if (href === location.pathname + location.search) return;
  if (replace) history.replaceState(history.state, "", href);
  else {
    history.replaceState({ scrolled: scrollY }, "");
    history.pushState(null, "", href);
  }
  address.set(read());
}

/** Scroll to where one was before, as soon as the page is as long again. */
function scrollBack(to) {
  const until = Date.now() + 3_000;
  const reach = () => {
    scrollTo(0, to);
    if (Math.abs(scrollY - to) > 2 && Date.now() < until) requestAnimationFrame(reach);
  };
  // After the view was drawn, which brings a new one to its top.
  requestAnimationFrame(reach);
}

/** Let links within the page, and Back, change the address without a load. */
export function startRouter() {
  history.scrollRestoration = "manual";
  addEventListener("popstate", (event) => {
    address.set(read());
    if (event.state?.scrolled) scrollBack(event.state.scrolled);
  });
  document.addEventListener("click", (event) => {
    const anchor = event.target.closest?.("a[href]");
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey;
    if (!anchor || !plain || event.defaultPrevented) return;
    if (anchor.target || anchor.hasAttribute("download")) return;
    const to = new URL(anchor.href);
    if (to.origin !== location.origin || to.pathname !== "/" || to.hash) return;
    event.preventDefault();
    go(to.pathname + to.search);
  });
}
