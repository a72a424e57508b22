// Another password: one's own, or a user's.

import { put } from "../../api.js";
import { Notice } from "../../components/notice.js";
import { html, useState } from "../../lib.js";
import { session } from "../../session.js";
import { say } from "../../words.js";
import { Form, PasswordField } from "./form.js";
import { useSending } from "./loading.js";

/** `onClose` may be left out where the form stands always. */
export function ChangePassword({ name, title, onDone, onClose }) {
  const [password, setPassword] = useState("");
  const sending = useSending();
  const send = () => sending.send(async () => {
    await put(`/users/${encodeURIComponent(name)}/password`, { password });
    setPassword("");
    onDone();
  });
  return html`
    <${Form} title=${title} sending=${sending} sendText=${say("settings.change")} onSend=${send} onClose=${onClose}>
      <input type="text" hidden readonly name="username" autocomplete="username" value=${name} />
      <${PasswordField} label=${say("settings.new_password")} value=${password} onInput=${setPassword} sending=${sending} />
    <//>`;
}

export function OwnPassword() {
  const [changed, setChanged] = useState(false);
  if (session.kind !== "user") return html`<section><h2>${say("settings.own")}</h2><p>${say("settings.own_fixed")}</p></section>`;
  return html`
    <section>
      ${changed && html`<${Notice} kind="success" focus><p>${say("settings.own_changed")}</p><//>`}
      <${ChangePassword} name=${session.name} title=${say("settings.own")} onDone=${() => setChanged(true)} />
    </section>`;
}
