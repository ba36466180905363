// A JUnit reporter: Node gained its own only with version 20, and Debian 12 has 18.

const escape = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`)
  .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '');

export default async function* junit(source) {
  yield '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites><testsuite name="dashboard">\n';
  for await (const { type, data } of source) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    if (data.details?.type === 'suite' || data.name.endsWith('.mjs')) continue;
    const time = (data.details?.duration_ms ?? 0) / 1000;
    yield `<testcase classname="dashboard" name="${escape(data.name)}" time="${time}">`;
    if (data.skip !== undefined) yield '<skipped/>';
    if (type === 'test:fail')
      yield `<failure>${escape(data.details?.error?.cause?.stack ?? data.details?.error)}</failure>`;
    yield '</testcase>\n';
  }
  yield '</testsuite></testsuites>\n';
}
