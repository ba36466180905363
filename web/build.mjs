// Builds the dashboard into dist/, or with --check says whether what is committed there is what the
// sources give, and whether the page is small enough.
import { build } from 'esbuild';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const GZIPPED_MAX = 60 * 1000;

const { outputFiles } = await build({
  entryPoints: { app: 'src/main.tsx' },
  outdir: 'dist',
  bundle: true,
  minify: true,
  format: 'iife',
  target: 'es2022',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  legalComments: 'none',
  charset: 'utf8',
  write: false,
});

const files = [{ path: 'dist/index.html', contents: readFileSync('src/index.html') }];
for (const file of outputFiles)
  files.push({ path: 'dist/' + file.path.split('/').pop(), contents: file.contents });

let size = 0;
let stale = 0;
for (const { path, contents } of files) {
  size += gzipSync(contents, { level: 9 }).length;
  if (!process.argv.includes('--check')) {
    mkdirSync('dist', { recursive: true });
    writeFileSync(path, contents);
  } else if (!existsSync(path) || !readFileSync(path).equals(Buffer.from(contents))) {
    console.error(`web/${path} is not what web/src gives: run 'npm run build' in web and commit`);
    stale += 1;
  }
}
console.log(`${size} bytes gzipped, at most ${GZIPPED_MAX}`);
process.exit(stale > 0 || size > GZIPPED_MAX ? 1 : 0);
