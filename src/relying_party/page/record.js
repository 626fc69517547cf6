// Records of ceremonies, as a list and one side by side.

import { byId, element, moment, named, sentence } from "./elements.js";

const KINDS = { registration: "Registration", assertion: "Sign-in" };
const FLOWS = {
  second_factor: "token beside a password",
  passwordless: "passkey",
  conformance: "program",
};

export const what = (record) => `${KINDS[record.kind]} (${FLOWS[record.flow]})`;

function outcome(record) {
  if (record.accepted) return element("span", { className: "good" }, "Accepted");
  const word = record.browser_error ? `No answer (${record.browser_error})` : "Refused";
  return element("span", { className: "bad" }, word);
}

/** Shows the list. */
export function showRecords(records) {
  byId("no-records").hidden = records.length > 0;
  byId("records").replaceChildren(
    ...records.map((record) =>
      element(
        "tr",
        {},
        element("td", { className: "short" }, element("a", { href: `#ceremony/${record.number}` }, `Ceremony ${record.number}`)),
        element("td", { className: "short" }, moment(record.time)),
        element("td", {}, what(record)),
        element("td", {}, record.user ? named(record.user) : "not known"),
        element("td", { className: "short" }, outcome(record)),
      ),
    ),
  );
}

function facts(pairs) {
  const shown = pairs.filter(([, value]) => value !== undefined && value !== null);
  const rows = shown.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]);
  return element("dl", { className: "facts" }, ...rows);
}

function panel(heading, ...content) {
  return element("div", { className: "card" }, element("h2", {}, heading), ...content);
}

/** JSON that can be scrolled with the keyboard. */
function json(label, value) {
  return element("pre", { tabIndex: 0, role: "region", "aria-label": label }, JSON.stringify(value, null, 2));
}

function clientData(text) {
  if (text === null) return element("p", {}, "There is none.");
  try {
    return json("Client data", JSON.parse(text));
  } catch {
    return element("pre", { tabIndex: 0, role: "region", "aria-label": "Client data" }, text);
  }
}

function authenticatorData(data) {
  if (!data) return element("p", {}, "There is none that could be read.");
  return facts([
    ["RP ID hash", data.rp_id_hash],
    ["Flags", data.flags],
    ["Counter", String(data.sign_count)],
    ["AAGUID", data.aaguid],
    ["Credential ID", data.credential_id],
    ["Public key", data.public_key],
    ["Extensions", data.extensions],
  ]);
}

const OUTCOMES = {
  passed: ["good", "Passed"],
  failed: ["bad", "Failed"],
  not_checked: ["", "Not checked"],
  not_applicable: ["", "Does not apply"],
};

function checks(record) {
  const rows = record.checks.map((check) => {
    const [className, word] = OUTCOMES[check.outcome];
    return element(
      "tr",
      {},
      element("td", { className: "short" }, element("span", { className }, word)),
      element("td", {}, check.rule),
      element("td", {}, check.expected ?? ""),
      element("td", {}, check.seen ?? check.reason ?? ""),
      element("td", { className: "short" }, check.section),
    );
  });
  const heads = ["Verdict", "Rule", "Expected", "Seen", "Section"];
  const head = element("tr", {}, ...heads.map((name) => element("th", { scope: "col" }, name)));
  const caption = element("caption", { id: "checks-caption" }, "Every check, with the section of WebAuthn Level 3");
  const table = element("table", {}, caption, element("thead", {}, head), element("tbody", {}, ...rows));
  return element("div", { className: "scroll", tabIndex: 0, role: "region", "aria-labelledby": "checks-caption" }, table);
}

function attestation(verdict) {
  if (!verdict) return undefined;
  const kinds = { none: "none", self_attested: "by the credential itself", certificate: "by a certificate", unknown: "not known" };
  return `${kinds[verdict.kind.type] ?? verdict.kind.type} (format ${verdict.format})`;
}

/** Whether somebody trusted vouches for the model. */
function trust(record) {
  if (record.kind === "assertion") return "Does not apply: a sign-in has no attestation, a registration has";
  const check = record.checks.find((one) => one.id === "attestation_trust");
  if (!check) return undefined;
  const [, word] = OUTCOMES[check.outcome];
  const more = check.reason ?? check.seen;
  if (check.outcome === "not_checked" && more) return sentence(more);
  return more ? `${word}: ${more}` : word;
}

/** Shows one. */
export function showRecord(record) {
  byId("heading-ceremony").textContent = `Ceremony ${record.number}: ${what(record)}`;
  byId("ceremony-trail").textContent = `Ceremony ${record.number}`;
  const aaguid = record.aaguid;
  byId("ceremony").replaceChildren(
    facts([
      ["Outcome", outcome(record)],
      ["Reason", record.reason && sentence(record.reason)],
      ["User", record.user ?? "not known"],
      ["Time", moment(record.time)],
      ["Model", aaguid && (record.model ?? `not known (AAGUID ${aaguid})`)],
      ["Attestation", attestation(record.facts.attestation)],
      ["Trust", trust(record)],
    ]),
    element(
      "div",
      { className: "columns wide" },
      panel("Options that were sent", json("Options", record.options)),
      panel("Client data", clientData(record.client_data)),
      panel("Authenticator data", authenticatorData(record.authenticator_data)),
      panel("Extension results", json("Extension results", record.response?.clientExtensionResults ?? {})),
    ),
    record.checks.length > 0 ? checks(record) : element("p", {}, "There was no response to check."),
    element(
      "details",
      {},
      element("summary", {}, "The response as it came"),
      json("Response", record.response),
    ),
  );
}
