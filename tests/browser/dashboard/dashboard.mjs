// The dashboard in a real Chromium, before a real proxy under real load.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Rig, eventually, launch } from './rig.mjs';

const AXE = readFileSync(new URL('node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.close(); });

/** A page that fails the test for anything on its console that is an error. */
async function open(rig, options = {}) {
  const page = await browser.newPage(options);
  page.problems = [];
  page.on('console', (message) =>
    message.type() === 'error' && page.problems.push(message.text()));
  page.on('pageerror', (error) => page.problems.push(String(error)));
  await page.goto(rig.admin + (options.hash ?? ''));
  await page.waitForSelector('[data-link=live]');
  return page;
}

/** What axe finds. It is evaluated by the driver, since the page's own policy forbids injection. */
async function axe(page) {
  await page.evaluate(AXE);
  const result = await page.evaluate(() => globalThis.axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  }));
  return result.violations.map((one) =>
    `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 120)).join(' | ')}`);
}

async function legend(page, chart, series) {
  const item = page.locator(`[data-chart="${chart}"] [data-series="${series}"]`);
  const text = await item.getAttribute('data-value');
  return text === '' || text === null ? null : Number(text);
}

describe('idle', () => {
  let rig;
  before(async () => { rig = await Rig.open(); });
  after(() => rig.close());

  it('says that there is no traffic yet, and breaks no rule of accessibility', async () => {
    for (const colorScheme of ['light', 'dark']) {
      const page = await open(rig, { colorScheme });
      await eventually(async () => await page.locator('#sentence').innerText() ===
        'No traffic yet.', 'the sentence of an idle weir');
      assert.ok(await page.getByText('No traffic yet.').count() > 3, 'the charts say it too');
      assert.deepEqual(await axe(page), []);
      assert.deepEqual(page.problems, []);
      await page.close();
    }
  });

  it('loads nothing from anywhere else and runs no inline script', async () => {
    const page = await browser.newPage();
    const asked = [];
    page.on('request', (request) => asked.push(request.url()));
    const answer = await page.goto(rig.admin);
    await page.waitForSelector('[data-link=live]');
    for (const url of asked)
      assert.ok(url.startsWith(rig.admin) || url.startsWith('data:'), url);
    const policy = answer.headers()['content-security-policy'];
    assert.match(policy, /default-src 'none'/);
    assert.doesNotMatch(policy, /unsafe/);
    await page.close();
  });
});

describe('a collapse and the recovery', () => {
  let rig;
  let page;
  before(async () => {
    rig = await Rig.open({ workers: 4, time: 'exp:20ms', flags: ['--workers', '1'] });
    page = await open(rig, { viewport: { width: 1300, height: 900 } });
    rig.load('200/s', '6s@0.5x', '24s@2.5x', '40s@0.4x');
  });
  after(async () => {
    await page?.close();
    rig.close();
  });

  const level = () => page.locator('[data-level]').first().getAttribute('data-level');

  it('shows what is served while all is well', async () => {
    await eventually(async () => await level() === 'ok', 'all is well');
    await eventually(async () => (await legend(page, 'requests', 'served')) > 40, 'served');
    assert.ok((await legend(page, 'latency', 'p50')) > 0.001);
    assert.match(await page.locator('#sentence').innerText(), /^All well on /);
  });

  it('shows what is shed, why, and the numbers of the metrics', async () => {
    await eventually(async () => await level() === 'shedding', 'shedding');
    const sentence = await page.locator('#sentence').innerText();
    assert.match(sentence, /^Shedding \d+ % of CRITICAL on /);
    assert.match(sentence, /cause: \w+, p99 /);
    await delay(3000);
    const before = {
      good: await rig.metric('weir_requests_total', { outcome: 'success' }), at: Date.now(),
    };
    const shown = [];
    for (let i = 0; i < 4; i += 1) {
      await delay(1000);
      shown.push(await legend(page, 'requests', 'served'));
    }
    const good = await rig.metric('weir_requests_total', { outcome: 'success' }) - before.good;
    const measured = good / ((Date.now() - before.at) / 1000);
    const mean = shown.reduce((sum, value) => sum + value, 0) / shown.length;
    assert.ok(Math.abs(mean - measured) < 0.25 * measured, `${shown} against ${measured}`);
    const limit = await legend(page, 'in-flight', 'limit');
    assert.ok(limit >= 1 && limit <= 200, String(limit));
    const refused = page.locator('[data-chart="requests"] [data-series^="refused"]');
    assert.ok(await refused.count() >= 1);
  });

  it('opens the explanation of a refusal by a click and by its link', async () => {
    const button = page.locator('[data-panel=refusals] button').first();
    const id = (await button.getAttribute('aria-label')).replace('Explain ', '');
    // The list moves on every second, so what is clicked is the id that was read.
    await page.locator(`[aria-label="Explain ${id}"]`).click();
    const dialog = page.locator('dialog[open]');
    await dialog.waitFor();
    assert.match(await dialog.locator('.facts').innerText(), new RegExp(id));
    assert.deepEqual(await dialog.locator('[data-gate]').evaluateAll(
      (gates) => gates.map((gate) => gate.dataset.gate)),
      ['route', 'priority', 'bulkhead', 'limiter', 'queue', 'breaker', 'upstream', 'retry']);
    assert.equal(await dialog.locator('[data-verdict=refused]').count(), 1);
    const link = page.url();
    const other = await browser.newPage();
    await other.goto(link);
    await other.locator('dialog[open] [data-gate]').first().waitFor();
    assert.match(await other.locator('dialog[open] .facts').innerText(), new RegExp(id));
    await other.close();
    assert.deepEqual(await axe(page), []);
    await page.keyboard.press('Escape');
    await eventually(async () => await page.locator('dialog[open]').count() === 0, 'closed');
  });

  it('is whole under load: axe, keyboard, tables, a narrow window', async () => {
    assert.deepEqual(await axe(page), []);
    const plot = page.locator('[data-chart=requests] .plot');
    await plot.focus();
    await page.keyboard.press('Home');
    const first = await legend(page, 'requests', 'served');
    await page.keyboard.press('End');
    assert.notEqual(first, await legend(page, 'requests', 'served'));
    await page.keyboard.press('Escape');
    await page.locator('[data-chart=requests] summary').click();
    assert.ok(await page.locator('[data-chart=requests] tbody tr').count() > 3);
    await page.setViewportSize({ width: 400, height: 800 });
    const overflow = await page.evaluate(() =>
      document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(overflow <= 0, `the page is ${overflow} pixels too wide`);
    await page.setViewportSize({ width: 1300, height: 900 });
    assert.deepEqual(page.problems, []);
  });

  it('shows the recovery', async () => {
    await eventually(async () => await level() === 'ok', 'all is well again', 60_000);
    await eventually(async () =>
      await page.locator('[data-chart="success"] [data-series="CRITICAL"]')
        .getAttribute('data-value') === '1', 'success is whole again');
  });

  it('shows a late viewer what came before', async () => {
    const late = await open(rig);
    const seen = await late.locator('[data-chart="requests"] [data-series^="refused"]').count();
    assert.ok(seen >= 1, 'the refusals of before are in the chart');
    await late.close();
  });
});

describe('reconnecting', () => {
  it('says that the connection is lost, and goes on when weir is back', async () => {
    const rig = await Rig.open();
    const page = await open(rig);
    await eventually(async () => (await page.locator('#sentence').innerText())
      .startsWith('No traffic'), 'the first sentence');
    const admin = rig.admin.replace('http://', '');
    rig.proxy.kill('SIGKILL');
    await page.waitForSelector('[data-link=lost]');
    await rig.startProxy(admin);
    await page.waitForSelector('[data-link=live]', { timeout: 30_000 });
    rig.load('200/s', '5s@0.5x');
    await eventually(async () => (await legend(page, 'requests', 'served')) > 10, 'new data');
    await page.close();
    await rig.close();
  });
});

describe('a dry run', () => {
  it('says what would have been refused', async () => {
    const rig = await Rig.open({ workers: 2, time: 'const:20ms', flags: ['--dry-run'] });
    const page = await open(rig);
    rig.load('100/s', '10s@6x');
    await eventually(async () => (await page.locator('#sentence').innerText())
      .startsWith('Would shed '), 'the sentence of a dry run');
    assert.match(await page.locator('h1').innerText(), /dry run/i);
    await page.locator('[data-panel=refusals] button').first().click();
    await page.locator('dialog[open]').getByText(/would refuse/).first().waitFor();
    await page.close();
    await rig.close();
  });
});
