// Settings: people and keys, for who manages them; one's own password; a collection's decision line.
// Its address: /?view=settings&collection=….

import { html } from "../lib.js";
import { may, session } from "../session.js";
import { say } from "../words.js";
import { Keys } from "./settings/keys.js";
import { DecisionLine } from "./settings/line.js";
import { OwnPassword } from "./settings/password.js";
import { People } from "./settings/people.js";

export default function Settings({ params }) {
  return html`
    <div class="settings">
      <h1 tabindex="-1">${say("settings.title")}</h1>
      ${session.manages && html`<${People} /><${Keys} />`}
      ${!session.manages && html`<${OwnPassword} />`}
      ${may("editor") && html`<${DecisionLine} key=${params.get("collection")} name=${params.get("collection")} />`}
      <section><h2>${say("settings.server")}</h2>
        <p class="meta">${say("settings.version", { v: session.version })}</p></section>
    </div>`;
}
