// A browser that does what it is told. Standard input: one JSON object a line, {do, …}; standard output: one line for each,
// {value} or {error}. It is the system's Chromium, headless, with nothing of the user's in it.
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  // Chromium's sandbox does not work for root; all that is shown is the page under test.
  // Names under evil.example are this machine, as an attacker's own name server may say (test_borrowed_proof.py).
  args: ['--host-resolver-rules=MAP *.evil.example 127.0.0.1', ...(process.getuid() === 0 ? ['--no-sandbox'] : [])],
});
const patience = 30_000;  // milliseconds until a thing that never comes counts as such
let page;
const requests = [], complaints = [];

const found = (css) => page.locator(css);
const deeds = {
  async open({ url, width = 1280, height = 900, scheme = 'light', clock = false }) {
    await page?.context().close();
    requests.length = complaints.length = 0;
    const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, locale: 'en-GB' });
    page = await context.newPage();
    page.setDefaultTimeout(patience);
    page.on('request', (asked) => requests.push(new URL(asked.url()).pathname));
    page.on('console', (said) => complaints.push(`${said.type()}: ${said.text()}`));
    page.on('pageerror', (thrown) => complaints.push(`thrown: ${thrown}`));
    if (clock) {  // the page's time stands still but for pass_time and read_after
      await page.clock.install({ time: 0 });
      await page.clock.pauseAt(1000);
    }
    await page.goto(url);
  },
  // Milliseconds until the text was there.
  async see({ css, text }) {
    const begun = performance.now();
    await found(css).filter({ hasText: text }).first().waitFor();
    return performance.now() - begun;
  },
  gone: ({ css, text }) => found(css).filter({ hasText: text }).first().waitFor({ state: 'hidden' }),
  texts: ({ css }) => found(css).allInnerTexts(),
  count: ({ css }) => found(css).count(),
  attribute: ({ css, name }) => found(css).getAttribute(name),
  fill: ({ css, text }) => found(css).fill(text),
  click: ({ css }) => found(css).first().click(),
  press: ({ css, key }) => found(css).first().press(key),
  choose: ({ css, label }) => found(css).selectOption({ label }).then(() => null),
  pass_time: ({ milliseconds }) => page.clock.runFor(milliseconds),  // of the page's clock, where open() has replaced it
  async read_after({ milliseconds }) {                          // likewise, until the page has read again
    const [answer] = await Promise.all([page.waitForResponse(/status\.json$/), page.clock.runFor(milliseconds)]);
    await answer.finished();
    await page.evaluate(() => new Promise((done) => { const c = new MessageChannel(); c.port1.onmessage = done; c.port2.postMessage(0); }));
  },
  run: ({ script, with: given }) => page.evaluate(`(${script})(${JSON.stringify(given ?? null)})`),
  picture: ({ file, width = 1280, height }) =>
    page.screenshot({ path: file, clip: { x: 0, y: 0, width, height }, fullPage: true }).then(() => null),
  requests: () => requests,
  complaints: () => complaints,
};

for await (const line of createInterface({ input: process.stdin })) {
  const { do: deed, ...given } = JSON.parse(line);
  try {
    process.stdout.write(`${JSON.stringify({ value: (await deeds[deed](given)) ?? null })}\n`);
  } catch (thrown) {
    process.stdout.write(`${JSON.stringify({ error: String(thrown) })}\n`);
  }
}
await browser.close();
