// The users: who there is, a new one, another password, away with one.

import { post, remove } from "../../api.js";
import { ErrorNotice, Notice } from "../../components/notice.js";
import { Table } from "../../components/table.js";
import { useDraft } from "../../drafts.js";
import { html, useState } from "../../lib.js";
import { session } from "../../session.js";
import { ago, say } from "../../words.js";
import { Confirm } from "./confirm.js";
import { describeLimit, Form, LimitField, NO_LIMIT, PasswordField, RoleField, TextField, toCollections } from "./form.js";
import { useList, useSending } from "./loading.js";
import { ChangePassword } from "./password.js";

const EMPTY = { name: "", role: "editor", limit: NO_LIMIT };

const pathOf = (name) => `/users/${encodeURIComponent(name)}`;

export function People() {
  const list = useList("/users");
  // {act: "add"}, {act: "password", name} or {act: "remove", name}
  const [open, setOpen] = useState({});
  const [said, setSaid] = useState(null);
  const close = () => setOpen({});
  const done = (text) => {
    close();
    setSaid(text);
    list.again();
  };
  return html`
    <section aria-labelledby="people">
      <div class="head"><h2 id="people">${say("settings.people")}</h2>
        <button type="button" aria-expanded=${open.act === "add"} onClick=${() => setOpen({ act: "add" })}>${say("settings.add_person")}</button></div>
      ${said && html`<${Notice} key=${said} kind="success" focus><p>${said}</p><//>`}
      ${open.act === "add" && html`<${NewPerson} onDone=${done} onClose=${close} />`}
      ${list.error && html`<${ErrorNotice} error=${list.error} retry=${list.again} />`}
      ${!list.rows && !list.error && html`<p class="meta">${say("settings.loading")}</p>`}
      ${list.rows && html`<${PeopleTable} rows=${list.rows} open=${open} onOpen=${setOpen} onDone=${done} onClose=${close} />`}
      ${open.act === "remove" && html`<${Remove} name=${open.name} onDone=${done} onClose=${close} />`}
    </section>`;
}

function PeopleTable({ rows, open, onOpen, onDone, onClose }) {
  const columns = [
    { key: "name", title: say("settings.name"), kind: "wide who-cell", cell: ({ name }) => html`<bdi>${name}</bdi>${name === session.name && ` (${say("settings.you")})`}` },
    { key: "role", title: say("settings.role"), cell: ({ role }) => say(`roles.${role}`) },
    { key: "where", title: say("settings.where"), cell: ({ collections }) => describeLimit(collections) },
    { key: "since", title: say("settings.since"), cell: ({ created_at: since }) => (since ? ago(since) : "–") },
    { key: "act", title: say("settings.act"), unseen: true, kind: "wide", cell: (user) => html`<${Acts} user=${user} onOpen=${onOpen} />` },
  ];
  const detail = ({ name }) => open.act === "password" && open.name === name && html`
    <${ChangePassword} name=${name} title=${say("settings.password_of", { u: name })} onClose=${onClose}
      onDone=${() => onDone(say(name === session.name ? "settings.own_changed" : "settings.password_set", { u: name }))} />`;
  return html`<${Table} columns=${columns} rows=${rows} rowKey=${({ name }) => name} caption=${say("settings.people")} detail=${detail} />`;
}

function Acts({ user, onOpen }) {
  // The admin of the settings stands in no table.
  if (!user.created_at) return html`<span class="meta">${say("settings.fixed")}</span>`;
  const { name } = user;
  return html`
    <div class="actions">
      <button type="button" class="small" aria-label=${say("settings.password_of", { u: name })}
        onClick=${() => onOpen({ act: "password", name })}>${say("settings.new_password")}</button>
      ${name !== session.name && html`<button type="button" class="small danger" aria-label=${say("settings.remove_one", { u: name })}
        onClick=${() => onOpen({ act: "remove", name })}>${say("settings.remove")}</button>`}
    </div>`;
}

function NewPerson({ onDone, onClose }) {
  const [draft, write, drop] = useDraft("person", EMPTY);
  const [password, setPassword] = useState("");
  const sending = useSending();
  const change = (next) => write({ ...draft, ...next });
  const send = () => sending.send(async () => {
    const { name, role, limit } = draft;
    await post("/users", { name, password, role, collections: toCollections(limit) });
    drop();
    onDone(say("settings.person_added", { u: name }));
  });
  return html`
    <${Form} title=${say("settings.new_person")} sending=${sending} sendText=${say("settings.create")} onSend=${send} onClose=${onClose}>
      <${TextField} label=${say("settings.name")} name="name" value=${draft.name} onInput=${(name) => change({ name })} sending=${sending}
        maxlength="100" autocomplete="username" autocapitalize="none" spellcheck=${false} />
      <${PasswordField} label=${say("settings.password")} value=${password} onInput=${setPassword} sending=${sending} />
      <${RoleField} value=${draft.role} onChange=${(role) => change({ role })} />
      <${LimitField} value=${draft.limit} onChange=${(limit) => change({ limit })} sending=${sending} />
    <//>`;
}

function Remove({ name, onDone, onClose }) {
  const act = async () => {
    await remove(pathOf(name));
    onDone(say("settings.removed", { u: name }));
  };
  return html`<${Confirm} title=${say("settings.remove_title", { u: name })} text=${say("settings.remove_what", { u: name })}
    button=${say("settings.remove_one", { u: name })} act=${act} onClose=${onClose} />`;
}
