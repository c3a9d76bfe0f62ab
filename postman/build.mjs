// Makes the collection of the OpenAPI document and the scenarios: node build.mjs OPENAPI_JSON OUTPUT
//
// A folder for each tag of the document, with a request for each operation and an assertion on its answer, comes from
// the document by Postman's own converter; the folder "Scenarios" is written by hand, in scenarios.mjs.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import scenarios from './scenarios.mjs';

// The converter makes up what bodies hold: the same for the same document (Park and Miller's generator).
let seed = 1;
Math.random = () => {
  seed = (seed * 16807) % 2147483647;
  return seed / 2147483647;
};

const require = createRequire(`${process.cwd()}/`);
const converter = require('openapi-to-postmanv2');

const ANSWERED = "pm.test('it is answered', () => pm.response.to.have.status(200));";
// Where the document cannot say what there is.
const THERE_OR_NOT = "pm.test('it is answered', () => pm.expect(pm.response.code).to.be.oneOf([200, 404]));";
const ENDLESS = 'pm.execution.skipRequest(); // A stream without an end: take this line away to follow it.';
const SKIPPED = 'pm.execution.skipRequest(); // It changes something: take this line away to send it.';

const [openapi, output] = process.argv.slice(2);
const document = slim(JSON.parse(readFileSync(openapi, 'utf8')));
const collection = await convert(structuredClone(document));
for (const folder of collection.item) forEachRequest(folder, settle);
collection.item.unshift(scenarios);
// Whom the scenarios have made the first admin.
collection.auth = { type: 'bearer', bearer: [{ key: 'token', value: '{{admin}}', type: 'string' }] };
writeFileSync(output, `${JSON.stringify(withoutIds(collection), null, 1)}\n`);

// The document without what makes a collection large and says nothing in it: answers, and the hundreds of filters, of
// which those for equality stay.
function slim(whole) {
  for (const operation of Object.values(whole.paths).flatMap(Object.values)) {
    operation['x-endless'] = Object.keys(operation.responses[200]?.content ?? {}).join() === 'text/event-stream';
    operation.responses = { 200: { description: 'As asked.' } };
    operation.parameters = (operation.parameters ?? [])
      .map((parameter) => resolved(whole, parameter))
      .filter((parameter) => !parameter.name.includes('__'));
  }
  whole.info.title = 'Catchment';
  whole.security = [];
  return whole;
}

function resolved(whole, value) {
  const steps = value.$ref?.split('/').slice(1);
  return steps ? steps.reduce((at, step) => at[step], whole) : value;
}

function convert(of) {
  const options = { requestParametersResolution: 'Example', enableOptionalParameters: false, folderStrategy: 'Tags' };
  return new Promise((resolve, reject) => {
    converter.convert({ type: 'json', data: of }, options, (error, result) => {
      if (error || !result.result) reject(error ?? new Error(result.reason));
      else resolve(result.output[0].data);
    });
  });
}

function forEachRequest(folder, change) {
  for (const item of folder.item ?? []) {
    if (item.request) change(item);
    else forEachRequest(item, change);
  }
}

// What only reads is asked when the whole collection runs, and has to be answered; what changes something is for the
// hand. The document's examples are its values: the converter makes some up.
function settle(item) {
  delete item.response;
  const { request } = item;
  const path = `/${request.url.path.map((part) => part.replace(/^:(.*)/, '{$1}')).join('/')}`;
  const operation = document.paths[path][request.method.toLowerCase()];
  const { parameters } = operation;
  for (const value of [...(request.url.query ?? []), ...(request.url.variable ?? [])]) {
    const parameter = parameters.find(({ name }) => name === value.key);
    const { example, schema } = parameter ?? {};
    const known = example ?? schema?.default ?? schema?.enum?.[0] ?? schema?.items?.enum?.[0];
    value.value = String(known ?? (parameter?.in === 'path' ? 1 : ''));
  }
  // Two resources may be asked for at one path of an upstream: their examples are not one request.
  const isOne = !operation.tags.includes('mirror');
  const isKnown = isOne && parameters.every((of) => of.in !== 'path' || of.example !== undefined || of.schema?.enum);
  if (request.method !== 'GET') item.event = [script('prerequest', SKIPPED)];
  else if (operation['x-endless']) item.event = [script('prerequest', ENDLESS)];
  else item.event = [script('test', isKnown ? ANSWERED : THERE_OR_NOT)];
  delete request.auth;
}

function script(listen, line) {
  return { listen, script: { type: 'text/javascript', exec: [line] } };
}

// The same of the same document: without identifiers of chance.
function withoutIds(value) {
  if (Array.isArray(value)) return value.map(withoutIds);
  if (value === null || typeof value !== 'object') return value;
  const isChance = ([name, member]) => ['id', '_postman_id', 'uid'].includes(name) && typeof member === 'string';
  const members = Object.entries(value).filter((member) => !isChance(member));
  return Object.fromEntries(members.map(([name, member]) => [name, withoutIds(member)]));
}
