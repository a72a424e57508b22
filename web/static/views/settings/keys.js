// The keys of programs: which there are, a new one, away with one.

import { remove } from "../../api.js";
import { ErrorNotice, Notice } from "../../components/notice.js";
import { Table } from "../../components/table.js";
import { html, useState, useStore } from "../../lib.js";
import { ago, date, say } from "../../words.js";
import { Confirm } from "./confirm.js";
import { describeLimit } from "./form.js";
import { useList } from "./loading.js";
import { made, MadeKey } from "./made-key.js";
import { NewKey } from "./new-key.js";

export function Keys() {
  const list = useList("/keys");
  const shown = useStore(made);
  const [adding, setAdding] = useState(false);
  const [revoked, setRevoked] = useState(null);
  const [said, setSaid] = useState(null);
  const created = (key) => {
    setAdding(false);
    setSaid(null);
    made.set(key);
    list.again();
  };
  const revoke = async () => {
    await remove(`/keys/${revoked.id}`);
    setSaid(say("settings.revoked", { k: revoked.name }));
    setRevoked(null);
    list.again();
  };
  return html`
    <section aria-labelledby="keys">
      <div class="head"><h2 id="keys">${say("settings.keys")}</h2>
        ${!shown && html`<button type="button" aria-expanded=${adding} onClick=${() => setAdding(true)}>${say("settings.add_key")}</button>`}</div>
      ${said && html`<${Notice} key=${said} kind="success" focus><p>${said}</p><//>`}
      ${shown && html`<${MadeKey} made=${shown} />`}
      ${adding && html`<${NewKey} onDone=${created} onClose=${() => setAdding(false)} />`}
      ${list.error && html`<${ErrorNotice} error=${list.error} retry=${list.again} />`}
      ${list.rows?.length === 0 && html`<p class="meta">${say("settings.no_keys")}</p>`}
      ${list.rows?.length > 0 && html`<${KeysTable} rows=${list.rows} onRevoke=${setRevoked} />`}
      ${revoked && html`<${Confirm} title=${say("settings.revoke_title", { k: revoked.name })} text=${say("settings.revoke_what", { k: revoked.name })}
        button=${say("settings.revoke_one", { k: revoked.name })} act=${revoke} onClose=${() => setRevoked(null)} />`}
    </section>`;
}

function KeysTable({ rows, onRevoke }) {
  const columns = [
    { key: "name", title: say("settings.name"), kind: "wide who-cell", cell: ({ name }) => html`<bdi>${name}</bdi>` },
    { key: "begins", title: say("settings.begins"), cell: ({ prefix }) => `${prefix}…` },
    { key: "role", title: say("settings.role"), cell: ({ role }) => say(`roles.${role}`) },
    { key: "where", title: say("settings.where"), cell: ({ collections }) => describeLimit(collections) },
    { key: "used", title: say("settings.last_use"), cell: ({ last_used_at: used }) => (used ? ago(used) : say("settings.never_used")) },
    { key: "expiry", title: say("settings.expiry"), cell: ({ expires_at: end }) => describeEnd(end) },
    { key: "act", title: say("settings.act"), unseen: true, kind: "wide", cell: (key) => html`
      <button type="button" class="small danger" aria-label=${say("settings.revoke_one", { k: key.name })}
        onClick=${() => onRevoke(key)}>${say("settings.revoke")}</button>` },
  ];
  return html`<${Table} columns=${columns} rows=${rows} rowKey=${({ id }) => id} caption=${say("settings.keys")} />`;
}

function describeEnd(end) {
  if (!end) return say("settings.no_end");
  return new Date(end) <= new Date() ? say("settings.expired", { d: date(end) }) : date(end);
}
