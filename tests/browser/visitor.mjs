// Somebody at the page: uses the keyboard alone, finds things by what a screen reader says of them,
// and has a key.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Nothing on this page takes longer, however busy the machine. */
const PATIENCE = 30_000;

const KEY = {
  protocol: 'ctap2',
  ctap2Version: 'ctap2_1',
  transport: 'usb',
  hasResidentKey: true,
  hasUserVerification: true,
  isUserVerified: true,
  automaticPresenceSimulation: true,
};

export class Visitor {
  static async at(context, url, { axe, screenshots, name }) {
    const visitor = new Visitor();
    visitor.url = url;
    visitor.axe = axe;
    visitor.screenshots = screenshots;
    visitor.name = name;
    visitor.said = [];
    visitor.console = [];
    visitor.page = await context.newPage();
    visitor.page.setDefaultTimeout(PATIENCE);
    visitor.page.on('pageerror', (error) => visitor.console.push(String(error)));
    visitor.page.on('console', (message) => {
      // The browser notes every answer that is no success, also those that are expected.
      const expected = /Failed to load resource.*(400|403|404|409|429)/.test(message.text());
      if (message.type() === 'error' && !expected) visitor.console.push(message.text());
    });
    // Every request goes to the service.
    visitor.page.on('request', (request) => {
      if (!request.url().startsWith(url) && !request.url().startsWith('data:')) {
        visitor.console.push(`a request to ${request.url()}`);
      }
    });
    await visitor.page.setViewport({ width: 1100, height: 760 });
    visitor.devtools = await visitor.page.createCDPSession();
    await visitor.devtools.send('WebAuthn.enable', { enableUI: false });
    return visitor;
  }

  /** Fails if the browser complained, such as of the content security policy. */
  checkConsole() {
    if (this.console.length > 0) throw new Error(`the browser complains:\n${this.console.join('\n')}`);
  }

  /** Goes to a view and waits until it is shown, or why it is not: what is typed before goes to the one that was there. */
  async open(hash = '') {
    const address = `${this.url}/${hash}`;
    if (this.page.url() === address) {
      await this.page.reload({ waitUntil: 'networkidle0' });
    } else {
      await this.page.evaluate(() => document.querySelector('main')?.removeAttribute('data-followed'));
      await this.page.goto(address, { waitUntil: 'networkidle0' });
    }
    await this.page.waitForFunction(() => document.querySelector('main')?.hasAttribute('data-followed'));
  }

  /** Plugs in a key; gives its name for DevTools. */
  async plugIn(options = {}) {
    const { authenticatorId } = await this.devtools.send('WebAuthn.addVirtualAuthenticator', {
      options: { ...KEY, ...options },
    });
    this.key = authenticatorId;
    return authenticatorId;
  }

  async unplug(key = this.key) {
    await this.devtools.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId: key });
  }

  /** Changes the bodies of requests to a path before the service gets them. */
  async onTheWay(path, change) {
    await this.page.setRequestInterception(true);
    this.page.on('request', async (request) => {
      if (request.url() !== `${this.url}${path}`) return request.continue();
      const body = JSON.parse(request.postData());
      await change(body);
      return request.continue({ postData: JSON.stringify(body) });
    });
  }

  async willVerify(isUserVerified) {
    await this.devtools.send('WebAuthn.setUserVerified', { authenticatorId: this.key, isUserVerified });
  }

  async willTouch(enabled) {
    await this.devtools.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId: this.key, enabled });
  }

  async credentials(key = this.key) {
    const { credentials } = await this.devtools.send('WebAuthn.getCredentials', { authenticatorId: key });
    return credentials;
  }

  /** What has the focus, as a screen reader would say it. */
  focused() {
    return this.page.evaluate(() => {
      const at = document.activeElement;
      const label = at.labels?.[0]?.textContent ?? at.getAttribute('aria-label') ?? at.textContent;
      return `${at.tagName.toLowerCase()} ${label.trim().replace(/\s+/g, ' ')}`;
    });
  }

  /** Goes on with the Tab key until something of this name has the focus, and it must be seen to. */
  async tabTo(name) {
    const passed = [];
    for (let presses = 0; presses < 60; presses += 1) {
      await this.page.keyboard.press('Tab');
      const focused = await this.focused();
      // Between the last thing and the first, the focus is nowhere: on the whole page.
      if (!focused.startsWith('body ') && focused.endsWith(` ${name}`)) {
        const outline = await this.page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
        if (outline === 'none') throw new Error(`the focus on ${focused} cannot be seen`);
        return;
      }
      passed.push(focused);
    }
    throw new Error(`the Tab key does not lead to "${name}", but to ${[...new Set(passed)].join(', ')}`);
  }

  async type(name, text) {
    await this.tabTo(name);
    await this.page.keyboard.type(text);
  }

  async press(name) {
    await this.tabTo(name);
    await this.page.keyboard.press('Enter');
  }

  async check(name) {
    await this.tabTo(name);
    await this.page.keyboard.press('Space');
  }

  /** Waits until a heading has the focus, as it does when a view is shown. */
  async arrive(heading) {
    await this.page.waitForFunction(
      (text) => document.activeElement.tagName === 'H1' && document.activeElement.textContent.startsWith(text),
      {},
      heading,
    );
  }

  /** Waits for a message; of which kind, a screen reader hears. */
  async hear(role, text) {
    const shown = await this.page.waitForFunction(
      (role, text) => {
        const said = document.querySelector(`main > [role=${role}]`).textContent.trim();
        return said.includes(text) && said;
      },
      {},
      role,
      text,
    );
    // IDs are made up anew each time.
    const said = (await shown.jsonValue()).replace(/\b[0-9a-f]{16}\b/g, 'ID');
    this.said.push(`${role}: ${said}`);
  }

  /** The text of the view that is shown. */
  async seen() {
    try {
      return await this.page.evaluate(() => document.body.innerText);
    } catch (error) {
      return `cannot be read: ${error.message}`;
    }
  }

  async expect(text, where = 'main') {
    await this.page
      .waitForFunction((text, where) => document.querySelector(where).innerText.includes(text), {}, text, where)
      .catch(() => {
        throw new Error(`"${text}" is not on the page`);
      });
  }

  /** Checks the view with axe-core, at several sizes and in both colour schemes. */
  async accessible() {
    for (const scheme of ['light', 'dark']) {
      await this.page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
      // 320 pixels are a screen of 1280 at 400 %, 550 are the usual window at 200 %.
      for (const width of [1100, 550, 320]) {
        await this.page.setViewport({ width, height: 760 });
        // The page's policy lets no script in; DevTools may put one there.
        await this.page.evaluate(await readFile(this.axe, 'utf8'));
        const violations = await this.page.evaluate(async () => {
          const { violations } = await window.axe.run(document, {
            runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
          });
          return violations.map((one) => `${one.id}: ${one.help}\n  ${one.nodes.map((node) => node.html).join('\n  ')}`);
        });
        const overflow = await this.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        // What is not there when it changes is not heard.
        const unheard = await this.page.evaluate(() =>
          [...document.querySelectorAll('main > [role=alert], main > [role=status]')]
            .filter((region) => getComputedStyle(region).display === 'none')
            .map((region) => `the live region #${region.id} is not there`),
        );
        violations.push(...unheard);
        if (overflow > 0) violations.push(`the page is ${overflow} pixels wider than its window`);
        if (violations.length > 0) {
          throw new Error(`at ${width} pixels, ${scheme}:\n${violations.join('\n')}`);
        }
      }
    }
    await this.page.emulateMediaFeatures([]);
    await this.page.setViewport({ width: 1100, height: 760 });
  }

  /** A picture of the view, if they are wanted. */
  async picture(name, options = {}) {
    if (!this.screenshots) return;
    await this.page.screenshot({ path: join(this.screenshots, `${name}.png`), ...options });
  }
}
