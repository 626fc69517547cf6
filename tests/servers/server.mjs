// A relying party whose verification others wrote: @simplewebauthn/server's.
//
//     JUDGES_NODE=<directory that holds node_modules> node server.mjs [FLAW]
//
// It is to be used like server.py, where the interface and what is left to a library's user are
// described. The flaws are looked for as `flaw === '…'`.

import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const require = createRequire(join(resolve(process.env.JUDGES_NODE), 'package.json'));
const {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} = require('@simplewebauthn/server');

const RP_ID = 'localhost';
const OFFERED = [-7, -8, -257];
const MAX_BODY = 1 << 20;
const flaw = process.argv[2] ?? '';
const accounts = new Map();
const credentials = new Map();
const sessions = new Map();
let origin;

/** Something that the library leaves to whoever uses it. */
class Refused extends Error {}

function take(pending, ceremony) {
  const begun = pending[ceremony];
  if (begun === undefined) {
    throw new Refused('nothing was begun in this session');
  }
  delete pending[ceremony];
  return begun;
}

const expected = ({ challenge, required }) => ({
  expectedChallenge: flaw === 'challenge' ? () => true : challenge,
  expectedOrigin: origin,
  expectedRPID: RP_ID,
  expectedType: flaw === 'type' ? ['webauthn.create', 'webauthn.get'] : undefined,
  requireUserVerification: required,
});

const endpoints = {
  async '/attestation/options'(pending, body) {
    const { username, displayName, attestation = 'none', authenticatorSelection = {} } = body;
    let account = accounts.get(username);
    if (account === undefined) {
      account = { handle: randomBytes(32), credentials: new Map() };
      accounts.set(username, account);
    }
    const options = await generateRegistrationOptions({
      rpName: 'Test',
      rpID: RP_ID,
      userName: username,
      userDisplayName: displayName,
      userID: new Uint8Array(account.handle),
      attestationType: attestation,
      authenticatorSelection,
      excludeCredentials: [...account.credentials.keys()].map((id) => ({ id })),
      supportedAlgorithmIDs: OFFERED,
    });
    const required = options.authenticatorSelection?.userVerification === 'required';
    pending.registration = { account, challenge: options.challenge, required };
    return options;
  },

  async '/attestation/result'(pending, body) {
    const begun = take(pending, 'registration');
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: body,
      ...expected(begun),
      supportedAlgorithmIDs: OFFERED,
      ...(flaw === 'registration-user-presence' && { requireUserPresence: false }),
      ...(flaw === 'registration-rp-id-hash' && { expectedRPID: undefined }),
    });
    if (!verified) {
      throw new Refused('not verified');
    }
    const { credential } = registrationInfo;
    if (credentials.has(credential.id) && flaw !== 'duplicate') {
      throw new Refused('the credential is registered already');
    }
    credentials.set(credential.id, credential);
    begun.account.credentials.set(credential.id, credential);
    return {};
  },

  async '/assertion/options'(pending, body) {
    const { username, userVerification } = body;
    const account = accounts.get(username);
    if (account === undefined) {
      throw new Refused('no such account');
    }
    const options = await generateAuthenticationOptions({
      rpID: RP_ID,
      userVerification,
      allowCredentials: [...account.credentials.keys()].map((id) => ({ id })),
    });
    const required = options.userVerification === 'required';
    pending.assertion = { account, challenge: options.challenge, required };
    return options;
  },

  async '/assertion/result'(pending, body) {
    const begun = take(pending, 'assertion');
    const credential = begun.account.credentials.get(body.id);
    if (credential === undefined) {
      throw new Refused('not a credential of this account');
    }
    const handle = body.response.userHandle;
    if (handle && !begun.account.handle.equals(Buffer.from(handle, 'base64url'))) {
      throw new Refused("the user handle is another account's");
    }
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: body,
      ...expected(begun),
      credential: flaw === 'counter' ? { ...credential, counter: 0 } : credential,
    });
    if (!verified) {
      throw new Refused('not verified');
    }
    credential.counter = authenticationInfo.newCounter;
    return {};
  },
};

async function read(request) {
  const parts = [];
  let length = 0;
  for await (const part of request) {
    length += part.length;
    if (length > MAX_BODY) {
      throw new Refused('too long');
    }
    parts.push(part);
  }
  return JSON.parse(Buffer.concat(parts).toString());
}

const server = createServer(async (request, response) => {
  const cookie = /(?:^|; )session=([\w-]+)/.exec(request.headers.cookie ?? '');
  const session = cookie?.[1] ?? randomBytes(16).toString('base64url');
  if (!sessions.has(session)) {
    sessions.set(session, {});
  }
  let status = 200;
  let answer;
  try {
    const endpoint = request.method === 'POST' ? endpoints[request.url] : undefined;
    if (endpoint === undefined) {
      throw new Refused('no such endpoint');
    }
    const body = await read(request);
    answer = { status: 'ok', errorMessage: '', ...(await endpoint(sessions.get(session), body)) };
  } catch (error) {
    // Whatever the library throws is a no.
    status = 400;
    answer = { status: 'failed', errorMessage: error.message || error.name };
  }
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Set-Cookie': `session=${session}; Path=/; HttpOnly; SameSite=Strict`,
  });
  response.end(JSON.stringify(answer));
});

server.listen(0, '127.0.0.1', () => {
  origin = `http://localhost:${server.address().port}`;
  console.log(origin);
});
process.stdin.resume().on('end', () => process.exit(0));
