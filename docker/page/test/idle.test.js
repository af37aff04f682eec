import assert from 'node:assert/strict';
import test from 'node:test';
import {warning, watchIdle} from '../src/link/idle.js';

const MINUTE = 60;
const LIMITS = {idle: 60 * MINUTE, age: 720 * MINUTE, warn: 10 * MINUTE};
const told = (unused, running, limits = LIMITS) => warning({unused: unused * MINUTE, running: running * MINUTE}, limits);

test('a desktop that nobody uses: warned in time, with what keeps it', () => {
    assert.equal(told(49.9, 100), null);
    assert.match(told(50, 100), /for 50 minutes\. Your server stops in 10 minutes, .* press a key/);
    assert.match(told(57.5, 100), /in 3 minutes/);
    assert.match(told(59.5, 100), /any minute now/);
    assert.match(told(61, 100), /any minute now/);
});

test('a server that has run for long: warned though it is used', () => {
    assert.equal(told(0, 709), null);
    assert.match(told(0, 711), /stops in 9 minutes, because none runs longer than 12 hours\. Save/);
    assert.match(told(58, 711), /Nobody has used/);   // the sooner of the two
    assert.match(told(51, 719), /12 hours/);
});

test('without limits nobody is warned', () => {
    assert.equal(told(10_000, 10_000, {idle: NaN, age: NaN, warn: NaN}), null);
    assert.equal(told(0, 10_000, {...LIMITS, age: NaN}), null);
});

test('a warning goes as soon as the server is used, and the last use stays known when the server is away', async (t) => {
    t.mock.timers.enable({apis: ['setTimeout', 'Date'], now: 10_000_000});
    const answers = [{unused: 3500, running: 9000}, {unused: 1, running: 9003}, null];
    globalThis.document = {cookie: '_xsrf=token'};
    globalThis.fetch = async (url, {headers}) => {
        assert.equal(headers['X-XSRFToken'], 'token');
        const times = answers.shift();
        if (!times) throw new TypeError('away');
        return {ok: true, json: async () => times};
    };
    const texts = [];
    const turn = () => new Promise(setImmediate);
    const known = watchIdle({url: 'activity', limits: LIMITS, tell: (text) => texts.push(text)});
    await turn();
    assert.match(texts.at(-1), /Nobody has used/);
    assert.equal(known.used, 10_000_000 - 3_500_000);
    t.mock.timers.tick(3000);
    await turn();
    assert.equal(texts.at(-1), null);
    assert.equal(known.used, 10_003_000 - 1000);
    t.mock.timers.tick(30_000);
    await turn();
    assert.equal(texts.length, 3);
    assert.equal(known.used, 10_003_000 - 1000);
});
