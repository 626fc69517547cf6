// Judges WebAuthn responses with @simplewebauthn/server.
//
//     JUDGES_NODE=<directory that holds node_modules> node judge.mjs
//
// Requests and verdicts are those of judge.py, where they are described.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const home = resolve(process.env.JUDGES_NODE);
const require = createRequire(join(home, 'package.json'));
const { SettingsService, verifyAuthenticationResponse, verifyRegistrationResponse } =
  require('@simplewebauthn/server');

const bytes = (text) => {
  if (typeof text !== 'string' || !/^[A-Za-z0-9_-]*$/.test(text)) {
    throw new TypeError(`not base64url: ${JSON.stringify(text)}`);
  }
  return new Uint8Array(Buffer.from(text, 'base64url'));
};
const text = (data) => Buffer.from(data).toString('base64url');

/** The library accepts, but a relying party must not. */
class Refused extends Error {}

/** What the request says, checked before the library sees any of it. */
function read(fields) {
  const request = {
    response: fields.response,
    challenge: text(bytes(fields.challenge)),
    origin: fields.origin,
    rpId: fields.rp_id,
    requireUserVerification: fields.require_user_verification,
  };
  if (typeof request.response !== 'object' || request.response === null) {
    throw new TypeError('response is not an object');
  }
  if (typeof request.origin !== 'string' || typeof request.rpId !== 'string') {
    throw new TypeError('origin or rp_id is not a string');
  }
  if (typeof request.requireUserVerification !== 'boolean') {
    throw new TypeError('require_user_verification is not a boolean');
  }
  switch (fields.ceremony) {
    case 'registration': {
      const algorithms = fields.algorithms.map(Number);
      const roots = fields.roots.map(bytes);
      return { ...request, verify: register, algorithms, roots };
    }
    case 'authentication':
      if (!Number.isInteger(fields.sign_count)) {
        throw new TypeError('sign_count is not a whole number');
      }
      return {
        ...request,
        verify: authenticate,
        credentialId: text(bytes(fields.credential_id)),
        publicKey: bytes(fields.public_key),
        signCount: fields.sign_count,
        userHandle: fields.user_handle == null ? null : text(bytes(fields.user_handle)),
      };
    default:
      throw new TypeError(`no such ceremony: ${fields.ceremony}`);
  }
}

async function register(request) {
  for (const identifier of ['packed', 'fido-u2f', 'tpm', 'apple', 'android-key']) {
    SettingsService.setRootCertificates({ identifier, certificates: request.roots });
  }
  const { verified, registrationInfo: info } = await verifyRegistrationResponse({
    response: request.response,
    expectedChallenge: request.challenge,
    expectedOrigin: request.origin,
    expectedRPID: request.rpId,
    requireUserVerification: request.requireUserVerification,
    supportedAlgorithmIDs: request.algorithms,
  });
  if (!verified) {
    throw new Error('the attestation signature is wrong');
  }
  return {
    credential_id: info.credential.id,
    public_key: text(info.credential.publicKey),
    sign_count: info.credential.counter,
    aaguid: info.aaguid,
    fmt: info.fmt,
    attestation_type: null,
    user_verified: info.userVerified,
  };
}

async function authenticate(request) {
  const { verified, authenticationInfo: info } = await verifyAuthenticationResponse({
    response: request.response,
    expectedChallenge: request.challenge,
    expectedOrigin: request.origin,
    expectedRPID: request.rpId,
    credential: {
      id: request.credentialId,
      publicKey: request.publicKey,
      counter: request.signCount,
    },
    requireUserVerification: request.requireUserVerification,
  });
  if (!verified) {
    throw new Error('the signature is wrong');
  }
  // The library trusts its caller to have looked the credential and its user up.
  if (request.response.id !== request.credentialId) {
    throw new Refused('the credential is not the one that was registered');
  }
  const answered = request.response.response.userHandle;
  if (request.userHandle !== null && answered != null && answered !== request.userHandle) {
    throw new Refused('the user handle is not the one that was registered');
  }
  return {
    credential_id: info.credentialID,
    sign_count: info.newCounter,
    user_verified: info.userVerified,
  };
}

async function answer(line) {
  const fields = JSON.parse(line);
  const id = fields.id ?? null;
  let request;
  try {
    request = read(fields);
  } catch (error) {
    return { id, error: `${error.name}: ${error.message}` };
  }
  try {
    return { id, accepted: true, reason: 'verified', ...(await request.verify(request)) };
  } catch (error) {
    return {
      id,
      accepted: false,
      reason: error instanceof Refused ? error.message : `${error.name}: ${error.message}`,
      rejected_by: error instanceof Refused ? 'relying party' : 'library',
    };
  }
}

const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

const name = '@simplewebauthn/server';
const { version } = JSON.parse(readFileSync(join(home, 'node_modules', name, 'package.json')));
say({ judge: name, version });
for await (const line of createInterface({ input: process.stdin })) {
  say(await answer(line));
}
