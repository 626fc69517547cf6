// Drives the page of `fidokey rp serve` in a headless Chromium whose authenticator is virtual (the
// WebAuthn domain of the Chrome DevTools Protocol): an implementation of browser and key that is not
// fidokey's.
//
//     BROWSER_HOME=<directory that holds node_modules> node run.mjs URL [SCREENSHOTS [NAME]]
//
// One line of JSON for each scenario: {"scenario", "ok", "said"} or {"scenario", "ok": false,
// "error"}. `said` is every message that the page showed, in order. With SCREENSHOTS, pictures of the
// views are written to that directory; with NAME, only scenarios are run whose name holds it.

import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { scenarios } from './scenarios.mjs';
import { Visitor } from './visitor.mjs';

const require = createRequire(join(resolve(process.env.BROWSER_HOME), 'package.json'));
const puppeteer = require('puppeteer-core');
const [url, screenshots, only] = process.argv.slice(2);

const browser = await puppeteer.launch({
  executablePath: process.env.BROWSER_PATH,
  // The sandbox cannot be used by root, and needs privileges in containers.
  args: ['--no-sandbox', '--disable-gpu', '--force-color-profile=srgb', '--lang=en-GB', '--accept-lang=en-GB'],
  env: { ...process.env, TZ: 'Europe/London', LANG: 'en_GB.UTF-8' },
});
const axe = require.resolve('axe-core/axe.min.js');

const { profile } = await (await fetch(`${url}/api/session`)).json();

let failed = 0;
for (const [name, scenario] of Object.entries(scenarios)) {
  if (name.startsWith('entra:') !== (profile === 'entra')) continue;
  if (only && !name.includes(only)) continue;
  const context = await browser.createBrowserContext();
  const visitor = await Visitor.at(context, url, { axe, screenshots, name });
  try {
    await scenario(visitor);
    visitor.checkConsole();
    console.log(JSON.stringify({ scenario: name, ok: true, said: visitor.said }));
  } catch (error) {
    failed += 1;
    const seen = await visitor.seen();
    console.log(JSON.stringify({ scenario: name, ok: false, error: `${error.stack}\n\nThe page:\n${seen}`, said: visitor.said }));
  }
  await context.close();
}
await browser.close();
process.exit(failed === 0 ? 0 : 1);
