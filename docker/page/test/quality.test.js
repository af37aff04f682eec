import assert from 'node:assert/strict';
import test from 'node:test';
import {CHEAPEST, Quality, SHARPEST} from '../src/quality.js';

const feed = (quality, frames, times) => {
    for (let i = 0; i < times; i++) quality.sample({frames, bytes: frames * 20_000, seconds: 0.5});
    return quality.level;
};

test('a fluent picture becomes as sharp as it may', () => {
    assert.equal(feed(new Quality(2), 30, 40), SHARPEST);
});

test('a jerky picture becomes cheap within two seconds', () => {
    assert.equal(feed(new Quality(4), 5, 4), CHEAPEST);
});

test('a picture that is nearly still changes nothing', () => {
    assert.equal(feed(new Quality(4), 1, 100), 4);
    assert.equal(feed(new Quality(4), 0, 100), 4);
});

test('a sharper picture that was jerky is tried again later each time', () => {
    const quality = new Quality(3);
    const waits = [];
    for (let round = 0; round < 3; round++) {
        let waited = 0;
        while (quality.level === 3) { feed(quality, 30, 1); waited += 1; }
        waits.push(waited);
        feed(quality, 10, 1);
    }
    assert.ok(waits[0] < waits[1] && waits[1] < waits[2], String(waits));
});
