// Renews docs/images/dashboard-*.png: a service turns slow and heals. usage: node screenshots.mjs
// [FOLDER]; takes about two minutes.

import { setTimeout as delay } from 'node:timers/promises';
import { Rig, eventually, launch } from './rig.mjs';

const folder = process.argv[2] ?? new URL('../../../docs/images', import.meta.url).pathname;
const seconds = Number(process.env.SECONDS_BEFORE ?? 40);
const rig = await Rig.open({ workers: 8 });
const browser = await launch();
try {
  rig.load('400/s', `${seconds}s@0.6x`, '30s@1.8x', '30s@0.6x');
  await delay((seconds + 22) * 1000);
  for (const [name, width, height, colorScheme] of [
    ['light', 1360, 900, 'light'], ['dark', 1360, 900, 'dark'], ['narrow', 420, 900, 'light']]) {
    const page = await browser.newPage({ viewport: { width, height }, colorScheme });
    await page.goto(rig.admin);
    await page.waitForSelector('[data-link=live]');
    await page.getByRole('button', { name: '1 min' }).click();
    await page.waitForTimeout(1500);
    await page.screenshot({ path: `${folder}/dashboard-${name}.png`, fullPage: name !== 'narrow' });
    if (name !== 'light') continue;
    await page.locator('[data-panel=refusals] button').first().click();
    await eventually(() => page.locator('dialog[open] .gate').count(), 'the dialog opens');
    await page.waitForTimeout(300);
    await page.locator('dialog').screenshot({ path: `${folder}/dashboard-explain.png` });
  }
} finally {
  await browser.close();
  await rig.close();
}
