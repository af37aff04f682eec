import assert from 'node:assert/strict';
import test from 'node:test';
import {CHEAPEST, Quality, SHARPEST} from '../src/link/quality.js';

/** Feeds `times` half seconds in which `rate(level)` frames a second came through; all levels on the way. */
function play(quality, rate, times) {
    return Array.from({length: times}, () => quality.sample({frames: rate(quality.level) / 2, seconds: 0.5}));
}
const link = (level) => 80 / (level + 1);  // cheaper pictures, more of them

test('a fluent picture becomes as sharp as it may', () => {
    assert.equal(play(new Quality(2), () => 60, 60).at(-1), SHARPEST);
});

test('on a slow link the picture is cheap within two seconds', () => {
    const quality = new Quality(5);
    play(quality, link, 4);
    assert.ok(link(quality.level) >= 30, String(quality.level));
});

test('it is never cheaper than can be read', () => {
    const levels = play(new Quality(5), (level) => 29 * 0.85 ** level, 50);
    assert.equal(Math.min(...levels), CHEAPEST);
});

test('what a cheaper picture does not help stays sharp', () => {
    const levels = play(new Quality(4), () => 15, 200);
    assert.ok(levels.filter((level) => level === 4).length > 180, levels.join(' '));
});

test('a picture that is nearly still changes nothing', () => {
    assert.equal(play(new Quality(4), () => 2, 100).at(-1), 4);
    assert.equal(play(new Quality(4), () => 0, 100).at(-1), 4);
});

test('a sharper picture that was jerky is tried again later each time', () => {
    const levels = play(new Quality(3), (level) => (level > 3 ? 20 : 60), 200);
    const tries = levels.flatMap((level, i) => (level > 3 ? [i] : []));
    const waits = tries.slice(1).map((when, i) => when - tries[i]);
    assert.ok(waits.length >= 3 && waits.every((wait, i) => i === 0 || wait >= waits[i - 1]), waits.join(' '));
});
