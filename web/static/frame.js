// The frame around the views: marks the navigation, loads the present view, says when the service
// can't be reached, and offers collection, language and theme.

import { connection, probe } from "./api.js";
import { CollectionPicker } from "./components/collection-picker.js";
import { ErrorNotice, Notice } from "./components/notice.js";
import {
  html, render, useEffect, useErrorBoundary, useLayoutEffect, useRef, useState, useStore,
} from "./lib.js";
import { showKeys } from "./keys.js";
import { go, link, linkHere, useAddress } from "./router.js";
import { hasView, keepChoice, mayUse, session } from "./session.js";
import { applyStyles, loadStyles } from "./styles.js";
import { say } from "./words.js";

// So often is a service that does not answer asked whether it is there again.
const PROBE_MS = 5_000;

const loaded = new Map();

/** Return the module of a view, and load it and its styles first where that is needed. */
async function loadView(name) {
  if (!loaded.has(name)) {
    const [module] = await Promise.all([import(`./views/${name}.js`), loadStyles(name)]);
    loaded.set(name, module.default);
  }
  return loaded.get(name);
}

function Stage() {
  const { view, params } = useAddress();
  const [shown, setShown] = useState({ name: null, View: null, error: null });
  useEffect(() => {
    if (!hasView(view)) return undefined;
    let left = false;
    // A view that comes late is not shown in the place of the one that was gone to meanwhile.
    const show = (next) => {
      if (left) return;
      applyStyles(view);
      setShown({ name: view, View: null, error: null, ...next });
    };
    loadView(view).then((View) => show({ View })).catch((caught) => {
      console.error(caught);
      show({ error: { message: say("errors.load") } });
    });
    return () => {
      left = true;
    };
  }, [view]);
  useFocusOnChange(shown.name);
  useTitle(view, params);
  if (!hasView(view)) return html`<h1 tabindex="-1">${say(`nav.${view}`)}</h1>
    <${Notice} kind="info">${say("frame.not_for_you")}<//>`;
  if (!mayUse(params.get("collection"))) return html`<h1 tabindex="-1">${say(`nav.${view}`)}</h1>
    <${Notice} kind="info"><p>${say("frame.not_your_collection", { c: params.get("collection") })}</p>
      <a href=${linkHere({ collection: null, page: null })}>${say("frame.your_collections")}</a><//>`;
  if (shown.name !== view) return null;
  if (shown.error) return html`<h1 tabindex="-1">${say("errors.view")}</h1>
    <${ErrorNotice} error=${shown.error} retry=${() => location.reload()} />`;
  return html`<${Guarded} key=${view} View=${shown.View} params=${params} />`;
}

/** A view, or what went wrong in it. */
function Guarded({ View, params }) {
  const [error] = useErrorBoundary((caught) => console.error(caught));
  if (!error) return html`<${View} params=${params} />`;
  return html`<h1 tabindex="-1">${say("errors.view")}</h1>
    <${ErrorNotice} error=${{ message: say("errors.view_what", { t: error.message }) }}
      retry=${() => location.reload()} />`;
}

/** Bring the focus to the heading of a view that was changed to, but not of the first. */
function useFocusOnChange(name) {
  const before = useRef(null);
  useLayoutEffect(() => {
    if (before.current && name && before.current !== name) {
      scrollTo(0, 0);
      document.querySelector("main h1")?.focus({ preventScroll: true });
    }
    before.current = name ?? before.current;
  }, [name]);
}

function useTitle(view, params) {
  const parts = [params.get("q"), say(`nav.${view}`), params.get("collection"), "Conector PGVector"];
  document.title = parts.filter(Boolean).join(" · ");
}

/** Let the links of the server's navigation keep the collection, and mark the present one. */
function useNavigation() {
  const { view, params } = useAddress();
  useLayoutEffect(() => {
    for (const anchor of document.querySelectorAll("nav a[data-view]")) {
      const name = anchor.dataset.view;
      anchor.href = link(name, { collection: params.get("collection") });
      if (name === view) anchor.setAttribute("aria-current", "page");
      else anchor.removeAttribute("aria-current");
    }
  }, [view, params]);
}

function Tools() {
  const { params } = useAddress();
  useNavigation();
  const choose = (name) => go(linkHere({ collection: name, page: null }));
  return html`
    <${CollectionPicker} value=${params.get("collection") ?? ""} onChange=${choose} all
      label=${say("frame.collection")} labelUnseen />
    <${Preferences} />`;
}

/** Language, appearance and keys; where it is narrow, behind a button. */
function Preferences() {
  const [open, setOpen] = useState(false);
  return html`
    <button type="button" class="quiet more-tools" aria-expanded=${open} aria-controls="preferences"
      aria-label=${say("frame.preferences")} onClick=${() => setOpen(!open)}>⋯</button>
    <div id="preferences" class=${open ? "open" : ""}>
      <${LanguageSwitch} />
      <${ThemeSwitch} />
      <button type="button" class="quiet" onClick=${showKeys} aria-label=${say("keys.title")}>?</button>
      <span class="who">${say("frame.who", { name: session.name, role: say(`roles.${session.role}`) })}</span>
    </div>`;
}

function LanguageSwitch() {
  const choose = (event) => {
    keepChoice("language", event.target.value);
    location.reload();
  };
  return html`
    <label class="tool"><span class="unseen">${say("frame.language")}</span>
      <select value=${session.language} onChange=${choose}>
        <option value="pt">Português</option>
        <option value="en">English</option>
      </select></label>`;
}

function ThemeSwitch() {
  const [theme, setTheme] = useState(document.documentElement.dataset.theme ?? "auto");
  const choose = (event) => {
    const next = event.target.value;
    setTheme(next);
    keepChoice("theme", next);
    if (next === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
    const scheme = next === "auto" ? "light dark" : next;
    document.querySelector("meta[name=color-scheme]").content = scheme;
  };
  return html`
    <label class="tool"><span class="unseen">${say("frame.theme")}</span>
      <select value=${theme} onChange=${choose}>
        ${["auto", "light", "dark"].map((name) => html`
          <option value=${name}>${say(`theme.${name}`)}</option>`)}
      </select></label>`;
}

function Connection() {
  const state = useStore(connection);
  const offline = state === "offline";
  useEffect(() => {
    if (!offline) return undefined;
    const timer = setInterval(() => document.hidden || probe(), PROBE_MS);
    return () => clearInterval(timer);
  }, [offline]);
  if (state === "ok") return null;
  // A reload, which asks for the password again, would lose a file that was chosen.
  const act = offline ? probe : () => location.reload();
  return html`
    <${Notice} kind="error">${say(`connection.${state}`)}${" "}
      <button type="button" onClick=${act}>${say(`connection.${state}_act`)}</button>
    <//>`;
}

export function startFrame() {
  const main = document.getElementById("main");
  main.replaceChildren();
  render(html`<${Tools} />`, document.getElementById("tools"));
  render(html`<${Connection} />`, document.getElementById("connection"));
  render(html`<${Stage} />`, main);
}
