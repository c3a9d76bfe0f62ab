// How a scenario is written: `step` is one request and what its answer has to be.

// Collection variables, each set by a step and used by later ones as {{name}}.
export const folder = (name, description, ...item) => ({ name, description, item });

// `as`: whose access token is sent, the name of a variable; `key`: the same of an API key; neither: nobody is known.
// `save`: variables to be set, each by an expression over `body`, the answer read as JSON.
export function step(name, call, { as, key, body, headers = {}, query = {}, status = 200, expect = [], save = {}, until } = {}) {
  const [method, path] = call.split(' ');
  const header = Object.entries(headers).map(([of, value]) => ({ key: of, value }));
  if (key) header.push({ key: 'X-API-Key', value: `{{${key}}}` });
  const request = {
    method,
    header,
    auth: as ? bearer(`{{${as}}}`) : { type: 'noauth' },
    url: url(path, query),
  };
  if (body !== undefined) {
    const isText = typeof body === 'string';
    if (!isText && !header.some((of) => of.key === 'Content-Type')) {
      header.push({ key: 'Content-Type', value: 'application/json' });
    }
    request.body = { mode: 'raw', raw: isText ? body : JSON.stringify(body, null, 2) };
  }
  const script = { type: 'text/javascript', exec: lines(name, { status, expect, save, until }) };
  return { name, request, event: [{ listen: 'test', script }] };
}

function url(path, query) {
  const pairs = Object.entries(query).map(([key, value]) => ({ key, value: String(value) }));
  const text = pairs.map(({ key, value }) => `${key}=${value}`).join('&');
  return {
    raw: `{{baseUrl}}${path}${text && '?' + text}`,
    host: ['{{baseUrl}}'],
    path: path.split('/').slice(1),
    query: pairs,
  };
}

function bearer(value) {
  return { type: 'bearer', bearer: [{ key: 'token', value, type: 'string' }] };
}

// What runs when the answer is there. `until`: an expression; while it is false the request is sent again, a second
// apart and for a minute at most, as whoever watches does.
function lines(name, { status, expect, save, until }) {
  const known = [
    'let body; try { body = pm.response.json(); } catch { body = undefined; }',
    'const get = (of) => pm.collectionVariables.get(of);',
  ];
  const assert = [
    `pm.test('status ${status}', () => pm.response.to.have.status(${status}));`,
    ...expect.map((one) => `pm.test(${JSON.stringify(one)}, () => pm.expect(${one}).to.be.true);`),
    ...Object.entries(save).map(([of, value]) => `pm.collectionVariables.set('${of}', ${value});`),
  ];
  if (!until) return [...known, ...assert];
  return [
    ...known,
    `const tries = Number(get('tries') ?? 0);`,
    `let isSo = false; try { isSo = Boolean(${until}); } catch { isSo = false; }`,
    'if (!isSo && tries < 60) {',
    `  pm.collectionVariables.set('tries', tries + 1);`,
    `  setTimeout(() => {}, 1000);`,
    `  pm.execution.setNextRequest(${JSON.stringify(name)});`,
    '} else {',
    `  pm.collectionVariables.unset('tries');`,
    `  pm.test(${JSON.stringify(until)}, () => pm.expect(isSo).to.be.true);`,
    ...assert.map((line) => '  ' + line),
    '}',
  ];
}
