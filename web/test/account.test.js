// The account's views without a browser: words for every status, and the checks before a request.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

// What the modules ask of a browser when they are loaded.
const fake = /** @type {any} */ (globalThis);
fake.document = { createTreeWalker: () => ({}), createComment: () => ({}), documentElement: {} };
Object.defineProperty(globalThis, 'navigator', { value: { language: 'zh-CN' }, configurable: true });
fake.location = { hash: '' };
fake.history = { state: null };
fake.addEventListener = () => {};
fake.BroadcastChannel = undefined;

const { setLanguage } = await import('../ui/language.js');
const { blocks, boldParts } = await import('../passenger/account/markdown.js');
const { nationalities } = await import('../passenger/account/nationalities.js');
const { SECTIONS } = await import('../passenger/account/notice.js');
const { addable, counts, keptUntil } = await import('../passenger/account/passengers.js');
const { checkPerson, DOCUMENTS, documentName, kindOf, maskEmail, maskNumber, maskPhone, personBody } = await import('../passenger/account/person.js');
const { COUNTED, GUIDE, guideOf, STATUSES, windowOnly } = await import('../passenger/account/status.js');
const { t } = await import('../passenger/account/texts.js');

const read = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const api = read('docs/openapi/issuer.yaml');

/** Returns the values of an enumeration of the API. */
function values(schema) {
  const found = new RegExp(`\\n    ${schema}:[^]*?enum: \\[([^\\]]*)\\]`).exec(api);
  assert.ok(found, schema);
  return found[1].split(',').map((value) => value.trim());
}

/** Asserts that a text is present in both languages, each in its own. */
function bilingual({ zh, en }, where) {
  assert.match(zh, /\p{Script=Han}/u, where);
  assert.match(en, /[a-z]/i, where);
  assert.doesNotMatch(en, /\p{Script=Han}/u, where);
}

test('every status of the API has words, a mark, a meaning and a next step for each kind of document', () => {
  assert.deepEqual(Object.keys(STATUSES).sort(), values('RegistryStatus').sort());
  for (const [status, { name, mark }] of Object.entries(STATUSES)) {
    bilingual(name, status);
    assert.ok(mark, status);
  }
  const guides = read('issuance/registry/rules/guidance.go');
  const possible = [...guides.matchAll(/\{(resident|other), (\w+)\}: +\{/g)].map(([, kind, name]) => `${kind} ${name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase()}`).sort();
  assert.deepEqual(Object.entries(GUIDE).flatMap(([kind, of]) => Object.keys(of).map((status) => `${kind} ${status}`)).sort(), possible);
  for (const [kind, of] of Object.entries(GUIDE)) {
    for (const [status, guide] of Object.entries(of)) {
      for (const part of ['meaning', 'next', 'where', 'holder', 'passenger']) bilingual(guide[part], `${kind} ${status} ${part}`);
      assert.equal(Boolean(guide.bring.zh), !['verified', 'pre_verified'].includes(status), `${kind} ${status} bring`);
    }
  }
  assert.equal(new Set(Object.values(STATUSES).map(({ mark }) => mark)).size, 5, 'a mark does not depend on colour');
});

test('the names of statuses are those of the issuer', () => {
  const source = read('issuance/registry/rules/status.go');
  for (const { name } of Object.values(STATUSES)) assert.ok(source.includes(`{"${name.en}", "${name.zh}"}`), name.zh);
});

test('every document type, refusal reason and state of the API has a name', () => {
  assert.deepEqual([...DOCUMENTS].sort(), values('DocumentType').sort());
  for (const language of /** @type {const} */ (['zh', 'en'])) {
    setLanguage(language);
    for (const type of DOCUMENTS) assert.notEqual(documentName(type), type);
    for (const status of values('Status')) assert.ok(t(`status_${status}`));
    for (const reason of values('PaperProofReason')) assert.ok(t(`proof_${reason}`));
    for (const state of values('TicketState')) assert.ok(t(`ticket_${state}`));
  }
});

test('nationalities are those that the issuer accepts, and a browser knows their names', () => {
  const source = /const nationalities = `\n([^`]*)`/.exec(read('issuance/identity/document.go'));
  assert.deepEqual([...nationalities.keys()].sort(), source[1].trim().split(/\s+/).sort());
  for (const language of ['zh-CN', 'en']) {
    const names = new Intl.DisplayNames(language, { type: 'region' });
    for (const [code, region] of nationalities) assert.notEqual(names.of(region), region, code);
  }
});

test('the notice has every section in both languages', () => {
  for (const { head, points } of SECTIONS) {
    bilingual(head, head.zh);
    assert.ok(points.length > 0);
    for (const point of points) bilingual(point, point.zh);
  }
});

const TODAY = new Date('2026-11-30T12:00:00Z');
/** @param {Record<string, string>} of */
const person = (of) => ({ name: '测试甲', document_type: 'resident_id', document_number: '110105199003074616', nationality: '', substituted: '', ...of });

test('the check before a request finds what the issuer refuses', () => {
  assert.deepEqual(checkPerson(person({}), TODAY), {});
  assert.deepEqual(checkPerson(person({ document_number: '１１０１０５ 19900307 4616' }), TODAY), {}, 'width and spaces');
  assert.deepEqual(checkPerson(person({ document_number: '11010519900307461' }), TODAY), { document_number: 'residentForm' });
  assert.deepEqual(checkPerson(person({ document_number: '110105900307461' }), TODAY), { document_number: 'residentOld' });
  assert.deepEqual(checkPerson(person({ document_number: '110105199002304616' }), TODAY), { document_number: 'residentBirth' });
  assert.deepEqual(checkPerson(person({ document_number: '110105202612014616' }), TODAY), { document_number: 'residentBirth' }, 'not born yet');
  assert.deepEqual(checkPerson(person({ document_number: '110105199003074617' }), TODAY), { document_number: 'residentCheck' });
  assert.deepEqual(checkPerson(person({ name: ' ' }), TODAY), { name: 'nameMissing' });
  for (const name of ['<script>alert(1)</script>', '\u202e甲', '123', '甲\u0000乙']) assert.deepEqual(checkPerson(person({ name }), TODAY), { name: 'nameForm' }, name);
  for (const name of ['𠮷野𡈽', 'محمد بن علي', "O'Neil-Smith", '阿卜杜拉·买买提']) assert.deepEqual(checkPerson(person({ name }), TODAY), {}, name);
  assert.deepEqual(checkPerson(person({ document_type: 'passport', document_number: 'e123-4567' }), TODAY), { nationality: 'nationalityMissing' });
  assert.deepEqual(checkPerson(person({ document_type: 'passport', document_number: 'E123', nationality: 'FRA' }), TODAY), { document_number: 'passportForm' });
  assert.deepEqual(checkPerson(person({ document_type: 'hk_macau_permit', document_number: 'h12345678' }), TODAY), {});
  assert.deepEqual(checkPerson(person({ document_type: 'hk_macau_permit', document_number: 'H1234567800' }), TODAY), { document_number: 'hkMacauForm' });
  assert.deepEqual(checkPerson(person({ document_type: 'taiwan_permit', document_number: '1234567' }), TODAY), { document_number: 'taiwanForm' });
});

test('a request has one spelling of a number, and no nationality with a resident ID card', () => {
  assert.deepEqual(personBody(person({ name: ' 测试甲 ', document_number: '11010519900307461x', nationality: 'FRA', substituted: 'yes' })),
    { name: '测试甲', document_type: 'resident_id', document_number: '11010519900307461X', substituted: true });
});

test('who can be added, who counts and who is kept follow rules B2 to B4', () => {
  const resident = (status) => ({ document_type: 'resident_id', status });
  const visitor = (status) => ({ document_type: 'passport', status });
  assert.equal(addable(resident('verified')).length, 4);
  for (const status of ['pending', 'failed']) assert.deepEqual(addable(resident(status)), []);
  for (const status of ['verified', 'pre_verified', 'to_be_submitted']) assert.deepEqual(addable(visitor(status)).map(kindOf), ['other', 'other', 'other']);
  assert.deepEqual(addable(visitor('failed')), []);
  assert.deepEqual(counts(Object.keys(STATUSES).map((status) => ({ status }))), { listed: 3, toBeSubmitted: 1, unchecked: 2 });
  for (const status of Object.keys(STATUSES)) {
    const of = { ...visitor(status), added_at: 1000 };
    assert.equal(keptUntil(resident('verified'), of), COUNTED.includes(status) ? 1000 + 180 * 86400 : 0, status);
  }
  assert.equal(keptUntil(visitor('verified'), { ...resident('verified'), added_at: 1000 }), 0, 'an older resident ID passenger');
  assert.ok(windowOnly({ document_type: 'resident_id', name_uncommon: true }));
  assert.equal(guideOf('taiwan_permit', 'pending'), undefined);
});

test('masks hide the middle and keep nothing of a short secret', () => {
  assert.equal(maskNumber('110105199003074616'), '1101***********616');
  assert.equal(maskNumber('E1234567'), 'E1****67');
  assert.equal(maskPhone('13800000001'), '138****0001');
  assert.equal(maskPhone('+85298765432'), '+852****5432');
  assert.equal(maskEmail('one.passenger@example.org'), 'o***@example.org');
  assert.equal(maskEmail('𠮷@example.org'), '𠮷***@example.org');
});

test('the policy is parsed as headings, lists and text; markup stays text', () => {
  assert.deepEqual(blocks('# A\n\none\ntwo\n\n## B\n- x\n- y\n  z\n\n<b>no</b>'), [
    { level: 1, text: 'A' }, { level: 0, text: 'one two' }, { level: 2, text: 'B' }, { level: 0, items: ['x', 'y z'] }, { level: 0, text: '<b>no</b>' }]);
  assert.deepEqual(boldParts('a **b** c'), ['a ', 'b', ' c']);
  assert.deepEqual(boldParts('**b**'), ['', 'b', '']);
  assert.deepEqual(boldParts('a ** b'), ['a ** b']);
  const text = read('issuance/httpapi/privacy.md').split('\n---\n')[1];
  assert.ok(blocks(text).length > 5 && blocks(text).every((block) => block.items || block.text));
});
