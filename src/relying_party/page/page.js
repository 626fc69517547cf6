// The page: which view is shown, and what its buttons and forms do.

import { assert, deletion, offerPasskeys, register, stop } from "./ceremony.js";
import { ask, byId, doing, element, moment, named, recordLink, say, sentence, warn, warnOf } from "./elements.js";
import { showRecord, showRecords } from "./record.js";
import { get, post } from "./service.js";

/** Who is at the page, as the service last said. */
let session = {};

const VIEWS = ["sign-in", "sign-up", "second-step", "profile", "tokens", "ceremonies", "ceremony"];
const NEEDS_ACCOUNT = ["profile", "tokens"];

/** Where the address leads: a view, and which thing it is about. */
function place() {
  const [view, about] = location.hash.slice(1).split("/");
  return { view: VIEWS.includes(view) ? view : "", about };
}

/** The view that is shown for an address, given who is at the page. */
function viewFor(wanted) {
  if (session.key_awaited && wanted !== "ceremonies" && wanted !== "ceremony") return "second-step";
  if (session.account) return ["sign-in", "sign-up", "second-step", ""].includes(wanted) ? "profile" : wanted;
  return NEEDS_ACCOUNT.includes(wanted) || wanted === "second-step" || wanted === "" ? "sign-in" : wanted;
}

async function refresh() {
  session = await get("/api/session");
  for (const item of document.querySelectorAll(".signed-in")) item.hidden = !session.account;
  for (const item of document.querySelectorAll(".signed-out")) item.hidden = Boolean(session.account || session.key_awaited);
  const entra = session.profile === "entra" ? " Options are those that Microsoft Entra ID sends." : "";
  byId("place").textContent = `RP ID ${session.rp_id}, origin ${session.origin}.${entra}`;
  showAccount();
}

function showAccount() {
  const account = session.account;
  byId("second-step-name").textContent = session.key_awaited ?? "";
  if (!account) return;
  byId("profile-name").textContent = account.name;
  const count = account.tokens.length;
  byId("profile-tokens").textContent = count === 0 ? "None is registered yet." : count === 1 ? "One is registered." : `${count} are registered.`;
  byId("no-tokens").hidden = count > 0;
  byId("tokens-caption").parentElement.hidden = count === 0;
  byId("tokens").replaceChildren(...account.tokens.map(tokenRow));
  byId("second-factor").hidden = !account.password;
  byId("purpose").hidden = !account.password;
  byId("second-factor-state").textContent = account.second_factor
    ? "After the password, a token is asked for."
    : "A token is not asked for: the password alone signs you in.";
  byId("second-factor-switch").textContent = account.second_factor ? "Turn it off" : "Ask for a token at sign-in";
  byId("second-factor-switch").hidden = count === 0;
  const computers = account.remembered;
  byId("remembered-state").hidden = byId("forget-computers").hidden = computers === 0;
  byId("remembered-state").textContent = computers === 1 ? "One computer is not asked." : `${computers} computers are not asked.`;
}

function tokenRow(token) {
  const remove = element("button", { type: "button", className: "plain", "aria-label": `Remove ${token.nickname}` }, "Remove");
  doing(remove, () => removeToken(token));
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, named(token.nickname)),
    element("td", {}, token.model ?? "not known"),
    element("td", {}, token.purpose === "passwordless" ? "signing in without a password" : "beside the password"),
    element("td", { className: "short" }, moment(token.registered)),
    element("td", { className: "short" }, moment(token.used)),
    element("td", { className: "short" }, remove),
  );
}

/** Shows the view of the address; its heading gets the focus, so that a screen reader begins there. */
async function show({ focus = true } = {}) {
  stop();
  const { view: wanted, about } = place();
  const view = viewFor(wanted);
  if (view === "ceremonies") showRecords((await get("/api/records")).records);
  if (view === "ceremony") showRecord((await get(`/api/records/${Number(about)}`)).record);
  for (const name of VIEWS) byId(`view-${name}`).hidden = name !== view;
  const heading = byId(`heading-${view}`);
  document.title = `${heading.textContent} – fidokey test service`;
  for (const link of document.querySelectorAll("header a")) {
    if (link.hash === `#${view}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (focus) heading.focus();
  if (view === "sign-in") waitForPasskey();
}

/** Goes to a view, with something to say there. */
async function go(view, ...words) {
  await refresh();
  if (location.hash !== `#${view}`) history.pushState(null, "", `#${view}`);
  await show();
  if (words.length > 0) say(...words);
  else say();
}

/** In milliseconds. A person takes longer to choose and touch; what fails sooner would fail again and again. */
const AT_ONCE = 1000;

/** Takes a passkey that is chosen in the browser's list of names. */
async function waitForPasskey() {
  const begun = performance.now();
  try {
    if (await offerPasskeys("/api/passkey/sign-in")) await go("profile", "You are signed in.");
  } catch (error) {
    warnOf(error);
    // A ceremony took place: somebody chose another passkey than they can use here, or cancelled.
    if (error.record !== undefined && performance.now() - begun > AT_ONCE) waitForPasskey();
  }
}

async function removeToken(token) {
  const last = session.account.tokens.length === 1 && session.account.second_factor;
  const more = last ? " It is the last token: the password alone will sign you in." : "";
  const text = ["You can no longer sign in with “", named(token.nickname), `”.${more}`];
  if (!(await ask("Remove this token?", text, "Remove", "Keep"))) return;
  await post("/api/tokens/remove", { id: token.id });
  const kept = token.purpose === "passwordless" ? ` The passkey is still kept where it was made; ${deletion(token.id)}.` : "";
  await go("tokens", "“", named(token.nickname), `” was removed.${kept}`);
}

doing(byId("sign-in-form"), async () => {
  stop();
  const [name, password] = [byId("sign-in-name"), byId("sign-in-password")];
  try {
    const { key_awaited: awaited } = await post("/api/sign-in", { username: name.value, password: password.value });
    password.value = "";
    await (awaited ? go("second-step") : go("profile", "You are signed in."));
  } catch (error) {
    password.value = "";
    password.focus();
    waitForPasskey();
    throw error;
  }
});

doing(byId("passkey-sign-in"), async () => {
  try {
    const { record } = await assert("/api/passkey/sign-in");
    await go("profile", "You are signed in. ", recordLink(record));
  } catch (error) {
    waitForPasskey();
    throw error;
  }
});

doing(byId("sign-up-form"), async () => {
  const [name, password] = [byId("sign-up-name"), byId("sign-up-password")];
  await post("/api/sign-up", { username: name.value, password: password.value });
  name.value = password.value = "";
  await go("profile", "The account was made, and you are signed in. Next, register a token under Self-Service.");
});

doing(byId("passkey-sign-up-form"), async () => {
  const name = byId("passkey-sign-up-name");
  const { record } = await register("/api/passkey/sign-up", { username: name.value });
  name.value = "";
  await go("profile", "The account was made, and you are signed in. ", recordLink(record));
});

doing(byId("second-step-form"), async () => {
  const remember = byId("remember");
  const { record } = await assert("/api/sign-in/key", { remember: remember.checked });
  remember.checked = false;
  await go("profile", "You are signed in. ", recordLink(record));
});

const leave = async () => {
  stop();
  await post("/api/sign-out");
  await go("sign-in", "You are signed out.");
};
doing(byId("sign-out"), leave);
doing(byId("leave"), leave);

doing(byId("token-form"), async () => {
  const nickname = byId("nickname");
  const alone = byId("purpose-alone").checked || !session.account.password;
  const body = { nickname: nickname.value, purpose: alone ? "passwordless" : "second_factor" };
  const first = session.account.tokens.length === 0 && session.account.password;
  const { record } = await register("/api/tokens", body);
  const name = nickname.value.trim();
  nickname.value = "";
  const next = first ? "It is asked for at your next sign-in. " : "";
  await go("tokens", "“", named(name), `” was registered. ${next}`, recordLink(record));
});

doing(byId("second-factor-switch"), async () => {
  const on = !session.account.second_factor;
  if (!on && !(await ask("Turn it off?", "The password alone will sign you in. Your tokens stay registered.", "Turn it off", "Keep it on"))) return;
  await post("/api/second-factor", { on });
  await go("tokens", on ? "A token is asked for at sign-in." : "A token is no longer asked for.");
});

doing(byId("forget-computers"), async () => {
  await post("/api/forget-computers");
  await go("tokens", "The token is asked for on all computers again.");
});

// Its target is no view.
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  byId("main").focus();
});

const follow = async (options) => {
  try {
    await refresh();
    await show(options);
  } catch (error) {
    warn(sentence(error.message));
  }
  // The address is followed now, or it was said why not.
  byId("main").dataset.followed = "";
};
window.addEventListener("hashchange", () => {
  say();
  follow();
});
follow({ focus: false });
