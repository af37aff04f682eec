import assert from 'node:assert/strict';
import test from 'node:test';
import {classify, explain, whyLost} from '../src/link/away.js';

const PAGE = '/user/ann/desktop/';
const answer = (status, path = PAGE) => ({status, url: `https://gateway.example${path}`});

test('what the gateway answers says why the desktop is away', () => {
    assert.equal(classify(answer(200), PAGE), 'desktop');
    assert.equal(classify(answer(424, `/hub${PAGE}`), PAGE), 'stopped');
    assert.equal(classify(answer(200, '/hub/spawn-pending/ann'), PAGE), 'starting');
    assert.equal(classify(answer(500, '/hub/spawn-pending/ann'), PAGE), 'failed');
    assert.equal(classify(answer(503), PAGE), 'gateway');
    assert.equal(classify(answer(200, '/hub/login'), PAGE), 'login');
    assert.equal(classify(answer(403), PAGE), 'login');
});

test('a login elsewhere, which the page may not follow, is told from a network that is away', async () => {
    const ask = (hub) => {
        globalThis.fetch = async (path) => (path === '/hub/health' && hub ? {ok: hub === 200} : Promise.reject(new Error()));
        return whyLost({page: PAGE, health: '/hub/health'});
    };
    assert.deepEqual([await ask(200), await ask(503), await ask(null)], ['login', 'gateway', 'network']);
});

const HOUR = 3600;
const told = (usedHoursAgo, startedHoursAgo, limits = {idle: HOUR, age: 12 * HOUR}) => explain('stopped', {
    limits, used: -usedHoursAgo * HOUR * 1000, started: -startedHoursAgo * HOUR * 1000, now: 0,
}).text;

test('a server that the hub stopped by itself: why', () => {
    assert.match(told(1.1, 3), /because nobody used it for 1 hour\./);
    assert.match(told(0.01, 12.01), /because none runs longer than 12 hours\./);
    assert.match(told(14, 16), /nobody used it/);     // asleep overnight: unused came first
    assert.match(told(1.1, 12.9), /12 hours/);        // used until half an hour before its last
    assert.match(told(0.01, 3), /by an administrator/);
    assert.match(told(100, 100, {idle: NaN, age: NaN}), /by an administrator/);
    assert.match(told(0.6, 3, {idle: 1800, age: NaN}), /for 30 minutes/);
});

test('each case has at most one control', () => {
    const action = (why) => explain(why, {limits: {}, used: 0, started: 0}).action;
    assert.deepEqual(['stopped', 'failed', 'login', 'starting'].map(action), ['start', 'start', 'login', null]);
    assert.deepEqual([null, 'desktop', 'gateway', 'network'].map(action), new Array(4).fill('reconnect'));
});
