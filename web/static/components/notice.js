// Boxes that say something where it happened.

import { connection } from "../api.js";
import { html, useEffect, useLayoutEffect, useRef, useStore } from "../lib.js";
import { say } from "../words.js";

/** `kind`: "info", "success", "warning" or "error". */
export function Notice({ kind = "info", children, focus = false }) {
  const box = useRef(null);
  useLayoutEffect(() => {
    if (focus) box.current.focus();
  }, []);
  return html`
    <div class=${`notice ${kind}`} ref=${box} tabindex=${focus ? -1 : undefined}
      role=${kind === "error" ? "alert" : undefined}>
      <span class="sign" aria-hidden="true"></span>
      <div class="said">${children}</div>
    </div>`;
}

/**
 * What a ServiceError says, with one control that helps: `retry` where trying again does, or the
 * children. Takes the focus with `focus`. What failed because the service did not answer is tried
 * again once it does, unless it `writes`.
 */
export function ErrorNotice({ error, retry, focus, writes = false, children }) {
  const reachable = useStore(connection) === "ok";
  useEffect(() => {
    if (reachable && error.code === "offline" && !writes) retry?.();
  }, [reachable]);
  const ours = error.status >= 500 && error.requestId;
  return html`
    <${Notice} kind="error" focus=${focus}>
      <p>${error.message}</p>
      ${ours && html`<p class="meta">${say("errors.request", { id: error.requestId })}</p>`}
      ${retry && html`<button type="button" onClick=${retry}>${say("errors.retry")}</button>`}
      ${children}
    <//>`;
}
