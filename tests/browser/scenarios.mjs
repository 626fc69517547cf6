// What people do at the page. Each scenario has a browser, cookies and a key of its own; accounts stay.

const PASSWORD = 'correct horse battery';

async function makeAccount(visitor, name) {
  await visitor.open('#sign-up');
  await visitor.type('User name', name);
  await visitor.type('Password', PASSWORD);
  await visitor.page.keyboard.press('Enter');
  await visitor.arrive('Profile');
  await visitor.hear('status', 'The account was made');
}

async function registerToken(visitor, nickname, { alone = false } = {}) {
  if (!(await visitor.focused()).endsWith('Manage FIDO2 Tokens')) {
    await visitor.press('Manage FIDO2 Tokens');
    await visitor.arrive('Manage FIDO2 Tokens');
  }
  await visitor.type('Nickname', nickname);
  if (alone) {
    await visitor.page.keyboard.press('Tab');
    await visitor.page.keyboard.press('ArrowDown');
  }
  await visitor.press('Register New Token');
}

async function signOut(visitor) {
  await visitor.open('#profile');
  await visitor.press('Sign out');
  await visitor.hear('status', 'signed out');
}

async function signIn(visitor, name, password = PASSWORD) {
  await visitor.open('#sign-in');
  await visitor.type('User name', name);
  await visitor.type('Password', password);
  await visitor.page.keyboard.press('Enter');
}

/** The page must not be left with a key that nobody asked for. */
async function count(visitor, wanted) {
  const held = (await visitor.credentials()).length;
  if (held !== wanted) throw new Error(`the key holds ${held} credentials, and not ${wanted}`);
}

/** The first digits of the ID of the one passkey that the key keeps. Chromium lists them in no order. */
async function kept(visitor) {
  const passkeys = (await visitor.credentials()).filter((credential) => credential.isResidentCredential);
  if (passkeys.length !== 1) throw new Error(`the key keeps ${passkeys.length} passkeys, and not one`);
  return Buffer.from(passkeys[0].credentialId, 'base64').toString('hex').slice(0, 16);
}

export const scenarios = {
  async 'a token beside a password'(visitor) {
    await visitor.plugIn();
    await visitor.open();
    await visitor.expect('Sign in');
    await visitor.accessible();
    await visitor.picture('sign-in');
    await makeAccount(visitor, 'pharmacy.one');
    await visitor.accessible();
    await registerToken(visitor, 'Blue key');
    await visitor.hear('status', '“Blue key” was registered');
    await visitor.accessible();
    await visitor.picture('tokens');
    await signOut(visitor);
    await signIn(visitor, 'Pharmacy.One');
    await visitor.arrive('Use your FIDO2 token');
    await visitor.accessible();
    await visitor.picture('second-step');
    await visitor.press('Use token');
    await visitor.arrive('Profile');
    await visitor.hear('status', 'You are signed in');
    await visitor.press('Look at the ceremony');
    await visitor.arrive('Ceremony');
    await visitor.expect('AAGUID 01020304-0506-0708-0102-030405060708');
    await visitor.expect('a sign-in has no attestation');
    await visitor.expect('the signature was made with the credential\'s key');
    await visitor.accessible();
    await visitor.open('#ceremonies');
    await visitor.expect('Registration (token beside a password)');
    await visitor.accessible();
    await visitor.press('Ceremony 1');
    await visitor.arrive('Ceremony 1: Registration');
    await visitor.expect('attestation certificate');
    await visitor.accessible();
    await visitor.picture('ceremony', { clip: { x: 0, y: 0, width: 1100, height: 1800 } });
  },

  async 'a wrong password'(visitor) {
    await makeAccount(visitor, 'pharmacy.two');
    await signOut(visitor);
    await signIn(visitor, 'pharmacy.two', 'wrong horse battery');
    await visitor.hear('alert', 'wrong');
    if ((await visitor.focused()) !== 'input Password') throw new Error('the password has not the focus');
    await signIn(visitor, 'nobody.at.all', 'wrong horse battery');
    await visitor.hear('alert', 'wrong');
    await visitor.open('#sign-up');
    await visitor.type('User name', 'PHARMACY.two');
    await visitor.type('Password', PASSWORD);
    await visitor.press('Make an account');
    await visitor.hear('alert', 'already');
    await signIn(visitor, 'pharmacy.two');
    await visitor.arrive('Profile');
  },

  async 'a token that was removed'(visitor) {
    const first = await visitor.plugIn();
    await makeAccount(visitor, 'pharmacy.three');
    await registerToken(visitor, 'First');
    await visitor.hear('status', '“First” was registered');
    // Out of the way, so that the second is another key.
    await visitor.unplug(first);
    await visitor.plugIn();
    await registerToken(visitor, 'First');
    await visitor.hear('alert', 'nickname');
    await visitor.tabTo('Nickname');
    await visitor.page.keyboard.down('Control');
    await visitor.page.keyboard.press('a');
    await visitor.page.keyboard.up('Control');
    await visitor.page.keyboard.type('Second');
    await visitor.press('Register New Token');
    await visitor.hear('status', '“Second” was registered');
    await visitor.press('Remove Second');
    await visitor.page.keyboard.press('Escape');
    await visitor.expect('Second');
    await visitor.press('Remove Second');
    await visitor.accessible();
    await visitor.press('Remove');
    await visitor.hear('status', '“Second” was removed');
    await signOut(visitor);
    await signIn(visitor, 'pharmacy.three');
    await visitor.arrive('Use your FIDO2 token');
    await visitor.press('Use token');
    // No key here has a credential that is still allowed.
    await visitor.hear('alert', 'Nothing came of it');
    await visitor.press('Cancel');
    await visitor.hear('status', 'signed out');
  },

  async 'a key that is registered already'(visitor) {
    await visitor.plugIn();
    await makeAccount(visitor, 'pharmacy.four');
    await registerToken(visitor, 'Key');
    await visitor.hear('status', '“Key” was registered');
    await registerToken(visitor, 'The same key');
    await visitor.hear('alert', 'registered for this account already');
    await count(visitor, 1);
    await visitor.press('Look at the ceremony');
    await visitor.expect('No answer (InvalidStateError)');
    await visitor.accessible();
  },

  async 'a ceremony that is cancelled'(visitor) {
    await visitor.plugIn();
    await visitor.willTouch(false);
    await makeAccount(visitor, 'pharmacy.five');
    await registerToken(visitor, 'Key');
    await visitor.hear('status', 'Touch it when it blinks');
    await visitor.press('Cancel');
    await visitor.hear('alert', 'cancelled');
    await count(visitor, 0);
    await visitor.expect('No token is registered yet.');
    // The same nickname is still free, and the key may be touched now.
    await visitor.willTouch(true);
    await visitor.press('Register New Token');
    await visitor.hear('status', '“Key” was registered');
  },

  async 'do not ask again, ask again, turn it off'(visitor) {
    await visitor.plugIn();
    await makeAccount(visitor, 'pharmacy.six');
    await registerToken(visitor, 'Key');
    await visitor.hear('status', '“Key” was registered');
    await signOut(visitor);
    await signIn(visitor, 'pharmacy.six');
    await visitor.arrive('Use your FIDO2 token');
    await visitor.check('Do not ask again on this computer for 30 days');
    await visitor.press('Use token');
    await visitor.arrive('Profile');
    await signOut(visitor);
    await signIn(visitor, 'pharmacy.six');
    await visitor.arrive('Profile');
    await visitor.press('Manage FIDO2 Tokens');
    await visitor.expect('One computer is not asked.');
    await visitor.press('Ask again on all computers');
    await visitor.hear('status', 'asked for on all computers again');
    await signOut(visitor);
    await signIn(visitor, 'pharmacy.six');
    await visitor.arrive('Use your FIDO2 token');
    await visitor.press('Use token');
    await visitor.arrive('Profile');
    await visitor.press('Manage FIDO2 Tokens');
    await visitor.press('Turn it off');
    await visitor.press('Keep it on');
    await visitor.expect('After the password, a token is asked for.');
    await visitor.press('Turn it off');
    await visitor.press('Turn it off');
    await visitor.hear('status', 'no longer asked for');
    await signOut(visitor);
    await signIn(visitor, 'pharmacy.six');
    await visitor.arrive('Profile');
  },

  async 'a passkey alone'(visitor) {
    await visitor.plugIn();
    // Not verified: the browser refuses before the service is asked.
    await visitor.willVerify(false);
    await visitor.open('#sign-up');
    await visitor.press('Make an account with a passkey');
    const focused = await visitor.focused();
    if (focused !== 'input User name') throw new Error(`an empty name was taken; the focus is on ${focused}`);
    await visitor.page.keyboard.type('pharmacy.seven');
    await visitor.press('Make an account with a passkey');
    await visitor.hear('alert', 'Nothing came of it');
    await visitor.willVerify(true);
    await visitor.press('Make an account with a passkey');
    await visitor.arrive('Profile');
    await visitor.hear('status', 'The account was made');
    await visitor.press('Manage FIDO2 Tokens');
    await visitor.expect('signing in without a password');
    await visitor.accessible();
    await visitor.press('Remove First passkey');
    await visitor.press('Remove');
    await visitor.hear('alert', 'only way into this account');
    await signOut(visitor);
    // Another key: it knows nobody here.
    await visitor.press('Sign in with a passkey');
    await visitor.arrive('Profile');
    await visitor.hear('status', 'You are signed in');
    await visitor.press('Look at the ceremony');
    await visitor.expect('pharmacy.seven');
  },

  async 'a passkey of an account with a password'(visitor) {
    await visitor.plugIn();
    await makeAccount(visitor, 'pharmacy.eight');
    await registerToken(visitor, 'Passkey', { alone: true });
    await visitor.hear('status', '“Passkey” was registered');
    await visitor.expect('signing in without a password');
    await signOut(visitor);
    await visitor.press('Sign in with a passkey');
    await visitor.arrive('Profile');
    await visitor.press('Manage FIDO2 Tokens');
    await visitor.arrive('Manage FIDO2 Tokens');
    await visitor.press('Remove Passkey');
    await visitor.press('Remove');
    await visitor.hear('status', `fidokey credential delete ${await kept(visitor)}`);
  },

  async 'a service that refuses what the key made'(visitor) {
    await visitor.plugIn();
    await makeAccount(visitor, 'pharmacy.eleven');
    // The response is spoiled on its way: the service does not take it, but the key has made it.
    await visitor.onTheWay('/api/tokens/result', (body) => {
      body.response.response.clientDataJSON = body.response.response.attestationObject;
    });
    await registerToken(visitor, 'Beside');
    await visitor.hear('alert', 'keeps nothing of it');
    await visitor.expect('No token is registered yet.');
    await visitor.tabTo('Nickname');
    await visitor.page.keyboard.press('Tab');
    await visitor.page.keyboard.press('ArrowDown');
    await visitor.press('Register New Token');
    await visitor.expect('and keeps it');
    await visitor.hear('alert', `fidokey credential delete ${await kept(visitor)}`);
    await visitor.press('Look at the ceremony');
    await visitor.expect('Refused');
  },

  async 'a passkey from the list of names'(visitor) {
    // The list is offered where the computer itself holds passkeys.
    await visitor.plugIn({ transport: 'internal' });
    await makeAccount(visitor, 'pharmacy.nine');
    await registerToken(visitor, 'Passkey', { alone: true });
    await visitor.hear('status', '“Passkey” was registered');
    await visitor.open('#profile');
    await visitor.press('Sign out');
    // The browser's list is no part of a page; without one, its virtual authenticator takes the only
    // name.
    await visitor.hear('status', 'You are signed in');
    await visitor.expect('pharmacy.nine');
  },

  async 'a passkey from the list of names, refused at first'(visitor) {
    await visitor.plugIn({ transport: 'internal' });
    await makeAccount(visitor, 'pharmacy.fifty');
    await registerToken(visitor, 'Passkey', { alone: true });
    await visitor.hear('status', '“Passkey” was registered');
    let tries = 0;
    await visitor.onTheWay('/api/passkey/sign-in/result', async (body) => {
      tries += 1;
      if (tries > 1) return;
      body.response.response.signature = 'AAAA';
      // As long as a person takes to choose.
      await new Promise((resolve) => setTimeout(resolve, 1500));
    });
    await visitor.open('#profile');
    await visitor.press('Sign out');
    // The list is offered again.
    await visitor.hear('status', 'You are signed in');
    if (tries !== 2) throw new Error(`${tries} responses were sent, and not two`);
  },

  async 'a session that ended, and things that are not there'(visitor) {
    await makeAccount(visitor, 'pharmacy.ten');
    await visitor.open('#tokens');
    await visitor.page.deleteCookie(...(await visitor.page.cookies()));
    await visitor.type('Nickname', 'Key');
    await visitor.press('Register New Token');
    await visitor.hear('alert', 'not signed in');
    await visitor.open('#ceremony/99999');
    await visitor.hear('alert', 'no such record');
    await visitor.open('#no-such-view');
    await visitor.expect('Sign in');
    await visitor.open('#tokens');
    await visitor.expect('With a password');
  },

  // Of a service that sends the options of Microsoft Entra ID.
  async 'entra: a passkey, and its key again'(visitor) {
    await visitor.plugIn();
    await makeAccount(visitor, 'pharmacy.one');
    await visitor.expect('Options are those that Microsoft Entra ID sends.', 'footer');
    await registerToken(visitor, 'Key', { alone: true });
    await visitor.hear('status', '“Key” was registered');
    await registerToken(visitor, 'The same key', { alone: true });
    await visitor.hear('alert', 'registered for this account already');
    await count(visitor, 1);
    await signOut(visitor);
    await visitor.press('Sign in with a passkey');
    await visitor.arrive('Profile');
  },
};
