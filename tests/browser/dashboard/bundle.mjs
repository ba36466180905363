// The committed bundle, without a browser.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { it } from 'node:test';

const WEB = new URL('../../../web/', import.meta.url).pathname;

function run(...words) {
  const done = spawnSync(words[0], words.slice(1), { cwd: WEB, encoding: 'utf8' });
  assert.equal(done.status, 0, done.stdout + done.stderr);
}

it('is what its sources give, and at most 60 kB gzipped', () => run('node', 'build.mjs', '--check'));
it('has types that hold', () => run('node_modules/.bin/tsc', '--noEmit'));
