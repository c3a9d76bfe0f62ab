// What users do, step by step, with what has to come of it. They run from a clean start, in this order; the server is
// `catchment demo`, or another new one with `thecatapi` and `people`, with `auth.registration = true`.
import { folder, step } from './scenario.mjs';

const PASSWORD = 'a gate of seven oaks';
const ANOTHER = 'a gate of eight elms';

const first = folder(
  'The first admin',
  'Made with the token that is printed at the first start, once.',
  step('the first admin', 'POST /api/v1/auth/setup', {
    body: { token: '{{setup_token}}', name: '{{admin_name}}', password: '{{admin_password}}' },
    status: 201,
    expect: ["body.data.role === 'admin'"],
  }),
  step('there is one already', 'POST /api/v1/auth/setup', {
    body: { token: '{{setup_token}}', name: 'second', password: PASSWORD },
    status: 401,
  }),
  step('the admin logs in', 'POST /api/v1/auth/login', {
    body: { name: '{{admin_name}}', password: '{{admin_password}}' },
    save: { admin: 'body.access_token' },
  }),
);

const browse = folder(
  'Browse and query',
  'What is there, and lists of it: filtered, sorted, page by page, unchanged.',
  step('what is mirrored', 'GET /api/v1/catalog', {
    expect: ["body.data.some((source) => source.source === 'thecatapi')"],
  }),
  step('breeds of Egypt', 'GET /api/v1/thecatapi/breeds', {
    query: { origin: 'Egypt' },
    expect: ["body.data.length > 0 && body.data.every((breed) => breed.origin === 'Egypt')", 'body.meta.complete'],
  }),
  step('the last two names', 'GET /api/v1/thecatapi/breeds', {
    query: { sort: '-name', limit: 2, fields: 'id,name' },
    expect: ['body.data.length === 2', 'body.data[0].name > body.data[1].name'],
    save: { breed: 'body.data[0].id', second: 'body.data[1].id', next: 'encodeURIComponent(body.page.next)' },
  }),
  step('and the two before', 'GET /api/v1/thecatapi/breeds', {
    query: { sort: '-name', limit: 2, fields: 'id,name', cursor: '{{next}}' },
    expect: ["body.data.every((breed) => ![get('breed'), get('second')].includes(breed.id))"],
  }),
  step('one of them', 'GET /api/v1/thecatapi/breeds/{{breed}}', {
    expect: ["body.data.id === get('breed')"],
    save: { etag: "pm.response.headers.get('ETag')" },
  }),
  step('the same, unchanged', 'GET /api/v1/thecatapi/breeds/{{breed}}', {
    headers: { 'If-None-Match': '{{etag}}' },
    status: 304,
  }),
  step('a slip', 'GET /api/v1/thecatapi/breeds', {
    query: { orign: 'Egypt' },
    status: 400,
    expect: ["body.errors[0].did_you_mean === 'origin'"],
  }),
);

const profile = folder(
  'A profile of one\'s own',
  'Registering, logging in, and the profile: not readable without a login, made, read, changed, read again.',
  step('nobody is known', 'GET /api/v1/users/me', { status: 401, expect: ["body.code === 'UNAUTHENTICATED'"] }),
  step('anna registers', 'POST /api/v1/auth/register', {
    body: { name: 'anna', email: 'anna@example.org', password: PASSWORD },
    status: 201,
  }),
  step('a name is taken once', 'POST /api/v1/auth/register', {
    body: { name: 'anna', email: 'other@example.org', password: PASSWORD },
    status: 409,
  }),
  step('a poor password', 'POST /api/v1/auth/register', {
    body: { name: 'carla', password: 'password' },
    status: 422,
    expect: ["body.errors.every((error) => error.parameter === 'password')"],
  }),
  step('anna logs in', 'POST /api/v1/auth/login', {
    body: { name: 'anna', password: PASSWORD },
    save: { anna: 'body.access_token', anna_refresh: 'body.refresh_token' },
  }),
  step('her profile is empty', 'GET /api/v1/users/me', {
    as: 'anna',
    expect: ["body.data.name === 'anna'", 'body.data.first_name === null'],
    save: { anna_id: 'body.data.id' },
  }),
  step('she fills it in', 'PUT /api/v1/users/me', {
    as: 'anna',
    body: { email: 'anna@example.org', first_name: 'Anna', last_name: 'Vale', phone: '+44 20 7946 0000', attributes: { team: 'cats' } },
    expect: ["body.data.first_name === 'Anna'"],
  }),
  step('and reads it', 'GET /api/v1/users/me', {
    as: 'anna',
    expect: ["body.data.last_name === 'Vale'", "body.data.attributes.team === 'cats'"],
    save: { profile_etag: "pm.response.headers.get('ETag')" },
  }),
  step('she changes it', 'PUT /api/v1/users/me', {
    as: 'anna',
    headers: { 'If-Match': '{{profile_etag}}' },
    body: { email: 'anna@example.org', first_name: 'Anna', last_name: 'Reed', phone: null, attributes: {} },
  }),
  step('what she read is another by now', 'PUT /api/v1/users/me', {
    as: 'anna',
    headers: { 'If-Match': '{{profile_etag}}' },
    body: { first_name: 'Old' },
    status: 412,
  }),
  step('and reads it again', 'GET /api/v1/users/me', {
    as: 'anna',
    expect: ["body.data.last_name === 'Reed'", 'body.data.phone === null'],
  }),
);

const password = folder(
  'Another password',
  'It takes the old one, and ends the other logins.',
  step('anna logs in elsewhere', 'POST /api/v1/auth/login', {
    body: { name: 'anna@example.org', password: PASSWORD },
    save: { elsewhere: 'body.access_token', elsewhere_refresh: 'body.refresh_token' },
  }),
  step('the old one is wrong', 'POST /api/v1/auth/password', {
    as: 'anna',
    body: { old: 'no idea at all', new: ANOTHER },
    status: 422,
  }),
  step('the old one is right', 'POST /api/v1/auth/password', {
    as: 'anna',
    body: { old: PASSWORD, new: ANOTHER },
    status: 204,
  }),
  step('the other login has ended', 'POST /api/v1/auth/refresh', {
    body: { refresh_token: '{{elsewhere_refresh}}' },
    status: 401,
  }),
  step('the old password is none', 'POST /api/v1/auth/login', {
    body: { name: 'anna', password: PASSWORD },
    status: 401,
  }),
  step('the new one is', 'POST /api/v1/auth/login', {
    body: { name: 'anna', password: ANOTHER },
    save: { anna: 'body.access_token', anna_refresh: 'body.refresh_token' },
  }),
  step('a login is renewed', 'POST /api/v1/auth/refresh', {
    body: { refresh_token: '{{anna_refresh}}' },
    save: { anna: 'body.access_token' },
  }),
  step('once', 'POST /api/v1/auth/refresh', {
    body: { refresh_token: '{{anna_refresh}}' },
    status: 401,
  }),
  step('and twice ends it', 'GET /api/v1/users/me', { as: 'anna', status: 401 }),
  step('anna logs in again', 'POST /api/v1/auth/login', {
    body: { name: 'anna', password: ANOTHER },
    save: { anna: 'body.access_token' },
  }),
);

const users = folder(
  'Users who do not see each other',
  'A user reads its own profile; only an admin reads others\'.',
  step('ben registers', 'POST /api/v1/auth/register', {
    body: { name: 'ben', password: PASSWORD },
    status: 201,
  }),
  step('ben logs in', 'POST /api/v1/auth/login', {
    body: { name: 'ben', password: PASSWORD },
    save: { ben: 'body.access_token' },
  }),
  step('his own profile', 'GET /api/v1/users/me', { as: 'ben', save: { ben_id: 'body.data.id' } }),
  step('ben does not see anna', 'GET /api/v1/users/{{anna_id}}', { as: 'ben', status: 404 }),
  step('anna does not see ben', 'GET /api/v1/users/{{ben_id}}', { as: 'anna', status: 404 }),
  step('nor a list of all', 'GET /api/v1/users', { as: 'anna', status: 403 }),
  step('the admin sees both', 'GET /api/v1/users', {
    as: 'admin',
    query: { name__in: 'anna,ben', sort: 'name' },
    expect: ["body.data.map((user) => user.name).join() === 'anna,ben'", "!JSON.stringify(body).includes('argon2')"],
  }),
  step('ben becomes an operator', 'PATCH /api/v1/users/{{ben_id}}', {
    as: 'admin',
    body: { role: 'operator' },
    expect: ["body.data.role === 'operator'"],
  }),
  step('ben logs in as one', 'POST /api/v1/auth/login', {
    body: { name: 'ben', password: PASSWORD },
    save: { ben: 'body.access_token' },
  }),
  step('the audit has it', 'GET /api/v1/audit', {
    as: 'admin',
    query: { action: 'user.change', limit: 1 },
    expect: ["body.data[0].target === 'user:ben'"],
  }),
);

const control = folder(
  'The hand on the tap',
  'An operator stops the syncer, runs it, watches, and starts it again.',
  step('a reader does not steer', 'PATCH /api/v1/sync/thecatapi', { as: 'anna', body: { enabled: false }, status: 403 }),
  step('how it fares', 'GET /api/v1/sync', {
    as: 'ben',
    expect: ['body.data.syncers.length > 0', "body.data.sources.some((source) => source.source === 'thecatapi')"],
  }),
  step('stop', 'PATCH /api/v1/sync/thecatapi/breeds', { as: 'ben', body: { enabled: false } }),
  step('it has stopped', 'GET /api/v1/sync/thecatapi/breeds', { as: 'ben', until: "body.data.state === 'stopped'" }),
  step('what is stopped does not run', 'POST /api/v1/sync/thecatapi/breeds/runs', { as: 'ben', body: { mode: 'full' }, status: 409 }),
  step('start', 'PATCH /api/v1/sync/thecatapi/breeds', {
    as: 'ben',
    body: { enabled: true },
    expect: ["body.data.state !== 'stopped'"],
  }),
  step('run now', 'POST /api/v1/sync/thecatapi/breeds/runs', {
    as: 'ben',
    body: { mode: 'full' },
    status: 202,
    save: { command: 'body.data.commands[0].id' },
  }),
  step('watch it', 'GET /api/v1/sync/commands/{{command}}', {
    as: 'ben',
    until: "body.data.state === 'done'",
    expect: ["body.data.answer.outcome === 'complete'"],
    save: { run: 'body.data.answer.run' },
  }),
  step('its run', 'GET /api/v1/sync/runs/{{run}}', {
    as: 'ben',
    expect: ["body.data.mode === 'full'", "body.data.outcome === 'complete'", "body.data.trigger === 'manual'"],
  }),
  step('what has ended is not cancelled', 'POST /api/v1/sync/runs/{{run}}/cancel', { as: 'ben', status: 409 }),
  step('the runs that were asked for', 'GET /api/v1/sync/runs', {
    as: 'ben',
    query: { trigger: 'manual', sort: '-id', limit: 5 },
    expect: ["body.data.every((run) => run.trigger === 'manual')", "body.data[0].id === get('run')"],
  }),
);

const people = folder(
  'People',
  'Rows of a local resource: created, read, updated, deleted, with a key.',
  step('a key to write with', 'POST /api/v1/keys', {
    as: 'admin',
    body: { name: 'people', scopes: ['read', 'write:people'] },
    status: 201,
    save: { key: 'body.data.key', key_id: 'body.data.id' },
  }),
  step('nobody writes without one', 'POST /api/v1/people/passengers', { body: { name: 'Miss. Una Gray' }, status: 401 }),
  step('all that is wrong at once', 'POST /api/v1/people/passengers', {
    key: 'key',
    body: { id: 1000001, name: 'Miss. Una Gray', survived: true, class: 4, sex: 'femal', age: 400 },
    status: 422,
    expect: ['body.errors.length === 3', "body.errors.some((error) => error.did_you_mean === 'female')"],
  }),
  step('create', 'POST /api/v1/people/passengers', {
    key: 'key',
    body: { id: 1000001, name: 'Miss. Una Gray', survived: true, class: 3, sex: 'female', age: 28.5, fare: 7.75 },
    status: 201,
  }),
  step('read', 'GET /api/v1/people/passengers/1000001', {
    expect: ["body.data.name === 'Miss. Una Gray'"],
    save: { person: "pm.response.headers.get('ETag')" },
  }),
  step('twice is once too often', 'POST /api/v1/people/passengers', {
    key: 'key',
    body: { id: 1000001, name: 'Miss. Una Gray', survived: true, class: 3, sex: 'female' },
    status: 409,
  }),
  step('update', 'PATCH /api/v1/people/passengers/1000001', {
    key: 'key',
    headers: { 'If-Match': '{{person}}', 'Content-Type': 'application/merge-patch+json' },
    body: { age: 29 },
    expect: ['body.data.age === 29'],
  }),
  step('what was read is another by now', 'PATCH /api/v1/people/passengers/1000001', {
    key: 'key',
    headers: { 'If-Match': '{{person}}', 'Content-Type': 'application/merge-patch+json' },
    body: { age: 30 },
    status: 412,
  }),
  step('find her', 'GET /api/v1/people/passengers', {
    query: { age__gte: 29, class: 3, name: 'Miss. Una Gray' },
    expect: ['body.data.some((person) => person.id === 1000001)'],
  }),
  step('delete', 'DELETE /api/v1/people/passengers/1000001', { key: 'key', status: 204 }),
  step('she is gone', 'GET /api/v1/people/passengers/1000001', { status: 404 }),
  step('the key ends', 'DELETE /api/v1/keys/{{key_id}}', { as: 'admin', status: 204 }),
  step('and opens nothing', 'GET /api/v1/catalog', { key: 'key', status: 401 }),
);

export default folder(
  'Scenarios',
  'What users do, from a clean start; each folder uses what the ones before it made.',
  first,
  browse,
  profile,
  password,
  users,
  control,
  people,
);
