// A service, weir before it and load on it as real processes, and a real Chromium that looks.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { chromium } from 'playwright-core';

const ROOT = new URL('../../../', import.meta.url).pathname;
export const WEIR = process.env.WEIR_BIN ?? ROOT + 'build/release/bin/weir';
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const PATIENCE_MS = 30_000;

/** Starts weir with these words; `ready` takes a line of its output and gives what is waited for. */
async function start(words, stream, ready) {
  const child = spawn(WEIR, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  const other = stream === 'stderr' ? 'stdout' : 'stderr';
  child[other].resume();
  for await (const line of createInterface({ input: child[stream] })) {
    const found = ready(line);
    if (found === undefined) continue;
    child[stream].resume();
    return { child, found };
  }
  throw new Error('weir ' + words.join(' ') + ' ended before it was ready');
}

/** Polls until `condition` gives something true; the one place where tests wait. */
export async function eventually(condition, what, limitMs = PATIENCE_MS) {
  const end = Date.now() + limitMs;
  for (;;) {
    const found = await condition();
    if (found) return found;
    if (Date.now() > end) throw new Error('it did not happen: ' + what);
    await delay(100);
  }
}

export class Rig {
  children = [];

  static async open({ workers = 4, time = 'exp:20ms', flags = [], admin = '127.0.0.1:0' } = {}) {
    const rig = new Rig();
    const service = await start(
      ['lab', 'service', '--workers', String(workers), '--time', time], 'stdout',
      (line) => line.match(/127\.0\.0\.1:\d+/)?.[0]);
    rig.children.push(service.child);
    rig.service = 'http://' + service.found;
    rig.flags = flags;
    await rig.startProxy(admin);
    return rig;
  }

  async startProxy(admin = '127.0.0.1:0') {
    const proxy = await start(
      ['proxy', '--listen', '127.0.0.1:0', '--admin', admin, '--to', this.service, ...this.flags],
      'stderr', (line) => line.includes('"listening"') ? JSON.parse(line) : undefined);
    this.proxy = proxy.child;
    this.children.push(proxy.child);
    this.address = proxy.found.address;
    this.admin = 'http://' + proxy.found.admin;
  }

  /** Load by phases such as '5s@0.7x'; 1x is what the service bears. */
  load(capacity, ...phases) {
    const words = ['lab', 'load', `http://${this.address}/shop`, '--capacity', capacity,
      ...phases.flatMap((phase) => ['--phase', phase])];
    const child = spawn(WEIR, words, { stdio: 'ignore' });
    this.children.push(child);
    return child;
  }

  async fault(path) {
    await fetch(`${this.service}${path}`, { method: 'POST' });
  }

  /** The sum of the series of this name whose labels include these. */
  async metric(name, labels = {}) {
    const text = await (await fetch(this.admin + '/metrics')).text();
    let sum = 0;
    for (const line of text.split('\n')) {
      const match = line.match(/^(\w+)(?:\{(.*)\})? (\S+)/);
      if (!match || match[1] !== name) continue;
      const have = Object.fromEntries(
        [...(match[2] ?? '').matchAll(/(\w+)="([^"]*)"/g)].map((one) => [one[1], one[2]]));
      if (Object.entries(labels).every(([key, value]) => have[key] === value))
        sum += Number(match[3]);
    }
    return sum;
  }

  async close() {
    for (const child of this.children) {
      if (child.exitCode === null) child.kill('SIGKILL');
    }
  }
}

export function launch() {
  const executablePath = CHROMIUM.find((path) => existsSync(path));
  if (!executablePath) throw new Error('there is no Chromium: apt-get install chromium');
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}
