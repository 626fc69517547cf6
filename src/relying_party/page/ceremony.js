// Ceremonies: options from the service, the browser's API, the response back.
//
// The conversions are done here, since not every browser has them (WebAuthn Level 3 sections 5.1.8
// to 5.1.10). Base64 is read in both alphabets: some services send the standard one.

import { element, say, sentence } from "./elements.js";
import { post, Refused } from "./service.js";

function toBytes(text) {
  const standard = text.replaceAll("-", "+").replaceAll("_", "/").replace(/=+$/, "");
  return Uint8Array.from(atob(standard), (character) => character.charCodeAt(0));
}

function toText(buffer) {
  const binary = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

const withBytes = (descriptors) => descriptors?.map((one) => ({ ...one, id: toBytes(one.id) }));

/** A timeout of 0 means that the browser chooses. */
function common(options) {
  const { timeout, ...rest } = options;
  return { ...rest, ...(timeout ? { timeout } : {}), challenge: toBytes(options.challenge) };
}

function creation(options) {
  return {
    ...common(options),
    user: { ...options.user, id: toBytes(options.user.id) },
    excludeCredentials: withBytes(options.excludeCredentials),
  };
}

function request(options) {
  return { ...common(options), allowCredentials: withBytes(options.allowCredentials) };
}

function results(value) {
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return toText(value.buffer ?? value);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, results(inner)]));
}

function documentOf(credential, response) {
  return {
    id: credential.id,
    rawId: toText(credential.rawId),
    response,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: results(credential.getClientExtensionResults()),
    type: credential.type,
  };
}

function registration(credential) {
  const response = credential.response;
  const publicKey = response.getPublicKey?.();
  return documentOf(credential, {
    clientDataJSON: toText(response.clientDataJSON),
    attestationObject: toText(response.attestationObject),
    authenticatorData: response.getAuthenticatorData && toText(response.getAuthenticatorData()),
    transports: response.getTransports?.() ?? [],
    publicKey: publicKey ? toText(publicKey) : undefined,
    publicKeyAlgorithm: response.getPublicKeyAlgorithm?.(),
  });
}

function assertion(credential) {
  const response = credential.response;
  return documentOf(credential, {
    clientDataJSON: toText(response.clientDataJSON),
    authenticatorData: toText(response.authenticatorData),
    signature: toText(response.signature),
    userHandle: response.userHandle ? toText(response.userHandle) : undefined,
  });
}

/** The browser's errors in words (WebAuthn Level 3 sections 5.1.3 and 5.1.4). */
const WORDS = {
  NotAllowedError: "nothing came of it: it was cancelled, took too long, or the key does not fit. Nothing was changed",
  InvalidStateError: "this key is registered for this account already. Nothing was changed",
  SecurityError: "the browser does not let this page use keys: its address does not fit the service",
  NotSupportedError: "the key can do none of what was asked. Nothing was changed",
  AbortError: "it was cancelled. Nothing was changed",
  ConstraintError: "the key cannot do what was asked, such as verifying you. Nothing was changed",
};

/** What ended a ceremony in the browser, in words; the service keeps a record of it. */
async function gaveUp(kind, error) {
  if (error instanceof Refused) return error;
  let record;
  try {
    ({ record } = await post("/api/gave-up", { kind, error: error.name }));
  } catch {
    // The options waited no more: there is nothing to keep.
  }
  const words = WORDS[error.name] ?? `the browser says ${error.name}: ${error.message}`;
  return new Refused(words, undefined, record);
}

/** How a passkey is taken off a key that keeps it, given its ID. */
export function deletion(id) {
  const digits = Array.from(toBytes(id).slice(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `on a security key, “fidokey credential delete ${digits}” deletes it`;
}

/** A registration that the service did not take, with what the key has of it all the same. */
function madeInVain(error, options, response) {
  const selection = options.authenticatorSelection;
  const wanted = selection?.residentKey === "required" || selection?.requireResidentKey === true;
  const kept = response.clientExtensionResults.credProps?.rk ?? wanted;
  const made = kept
    ? `the key has made a passkey, and keeps it; ${deletion(response.rawId)}`
    : "the key has made a credential, but keeps nothing of it: there is nothing to delete";
  const unanswered = "whether the service took it is not known: look at the list of tokens first";
  const parts = [error.message, made, ...(error.status === undefined ? [unanswered] : [])];
  return new Refused(parts.map(sentence).join(" "), error.status, error.record);
}

function supported() {
  if (!window.PublicKeyCredential) {
    throw new Refused("this browser cannot use keys here; it must be a recent one, and the address must begin with https or be localhost");
  }
}

/** The ceremony that runs now, so that another one can take its place. */
let running;

function begin() {
  running?.abort();
  running = new AbortController();
  return running.signal;
}

/** Says that it is the person's turn; some browsers have no button of their own to stop it. */
function waiting() {
  const cancel = element("button", { type: "button", className: "plain" }, "Cancel");
  cancel.addEventListener("click", stop);
  say("Waiting for the key. Touch it when it blinks. ", cancel);
}

/** Registers: options from one path, the response to the other. */
export async function register(path, body) {
  supported();
  const signal = begin();
  const { options } = await post(`${path}/options`, body);
  waiting();
  let credential;
  try {
    credential = await navigator.credentials.create({ publicKey: creation(options), signal });
  } catch (error) {
    throw await gaveUp("registration", error);
  }
  const response = registration(credential);
  try {
    return await post(`${path}/result`, { response });
  } catch (error) {
    throw madeInVain(error, options, response);
  }
}

/** Signs in: options from one path, the response to the other. */
export async function assert(path, more = {}) {
  supported();
  const signal = begin();
  const { options } = await post(`${path}/options`);
  waiting();
  let credential;
  try {
    credential = await navigator.credentials.get({ publicKey: request(options), signal });
  } catch (error) {
    throw await gaveUp("assertion", error);
  }
  return post(`${path}/result`, { response: assertion(credential), ...more });
}

/** Before the options that the service keeps expire. */
const FRESH = 4 * 60 * 1000;

/**
 * Offers passkeys in the browser's list of names, where it can, until one is chosen or another
 * ceremony begins; then gives true.
 */
export async function offerPasskeys(path) {
  if (!(await window.PublicKeyCredential?.isConditionalMediationAvailable?.())) return false;
  const signal = begin();
  while (!signal.aborted) {
    const turn = new AbortController();
    const stop = () => turn.abort();
    signal.addEventListener("abort", stop);
    const timer = setTimeout(stop, FRESH);
    try {
      const { options } = await post(`${path}/options`);
      const credential = await navigator.credentials.get({
        publicKey: request(options),
        mediation: "conditional",
        signal: turn.signal,
      });
      await post(`${path}/result`, { response: assertion(credential) });
      return true;
    } catch (error) {
      if (error.name !== "AbortError") throw error instanceof Refused ? error : await gaveUp("assertion", error);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
    }
  }
  return false;
}

/** Ends what runs, such as the offer of passkeys when another view is shown. */
export function stop() {
  running?.abort();
  running = undefined;
}
