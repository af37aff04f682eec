import assert from 'node:assert/strict';
import test from 'node:test';
import {FRAME, HELLO, MOVES, Messages, SHOWN, STILL, message} from '../src/video/messages.js';
import {Watch, carries, wait} from '../src/video/rules.js';
import {strips} from '../src/video/strips.js';

test('a link that carries what the application draws keeps VNC', () => {
    assert.ok(carries(57, 60));
    assert.ok(carries(46, 120));
    assert.ok(carries(19, 20));
    assert.ok(!carries(31, 60));
    assert.ok(!carries(6, 20));
});

test('a video without a word for a second is broken', () => {
    const watch = new Watch();
    watch.begin(0);
    assert.ok(!watch.broken(500));
    assert.ok(watch.broken(1000));
    watch.heard(1000);
    assert.ok(!watch.broken(1500));
});

test('so is one whose frames are not painted, and one that is still is not', () => {
    const watch = new Watch();
    watch.begin(0);
    for (let now = 0; now < 5000; now += 100) {
        watch.heard(now);
        assert.ok(!watch.broken(now));
    }
    watch.came(5000);
    watch.painted();
    watch.heard(6000);
    assert.ok(!watch.broken(6000));
    for (let now = 6000; now <= 7000; now += 100) {
        watch.came(now);
        watch.heard(now);
    }
    assert.ok(watch.broken(7000));
});

test('attempts become rare', () => {
    assert.ok(wait(0) <= 1000);
    assert.ok(wait(3) > wait(2));
    assert.equal(wait(30), wait(40));
});

/** As the server would send it. */
function sent(kind, ...content) {
    const bytes = Uint8Array.from([kind, ...content]);
    return [0, 0, bytes.length >> 8, bytes.length & 255, ...bytes];
}

test('messages arrive in whatever pieces', () => {
    const all = Uint8Array.from([
        ...sent(HELLO, ...new TextEncoder().encode('vp8')),
        ...sent(MOVES, 0, 0, 0, 7, 1, 0, 0, 2, 3, 132, 2, 88, 0, 60),
        ...sent(FRAME, 0, 0, 0, 7, 0, 0, 1, 0, 1, 9, 8, 7),
        ...sent(STILL, 0, 0, 0, 7),
    ]);
    const expected = [
        {kind: HELLO, codec: 'vp8'},
        {kind: MOVES, video: 7, rect: {x: 256, y: 2, width: 900, height: 600}, redraws: 60},
        {kind: FRAME, video: 7, number: 256, key: true, data: [9, 8, 7]},
        {kind: STILL, video: 7},
    ];
    for (const size of [1, 3, 7, all.length]) {
        const messages = new Messages();
        const got = [];
        for (let at = 0; at < all.length; at += size) got.push(...messages.take(all.slice(at, at + size)));
        assert.deepEqual(got.map((one) => (one.data ? {...one, data: [...one.data]} : one)), expected);
    }
});

test('an answer has its kind and number', () => {
    assert.deepEqual([...new Uint8Array(message(SHOWN, 258))], [2, 0, 0, 1, 2]);
});

test('what is around a part covers all of the desktop but it, once', () => {
    for (const part of [
        {x: 3, y: 2, width: 4, height: 3}, {x: 0, y: 0, width: 4, height: 3}, {x: 6, y: 5, width: 4, height: 3},
    ]) {
        const seen = Array.from({length: 80}, () => 0);
        for (const {x, y, width, height} of [part, ...strips(part, 10, 8)]) {
            for (let row = y; row < y + height; row++) {
                for (let column = x; column < x + width; column++) seen[row * 10 + column] += 1;
            }
        }
        assert.ok(seen.every((times) => times === 1), JSON.stringify(part));
    }
});

test('around a part that is all of the desktop something is asked for still', () => {
    assert.equal(strips({x: 0, y: 0, width: 10, height: 8}, 10, 8).length, 1);
});
