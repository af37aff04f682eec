import assert from 'node:assert/strict';
import test from 'node:test';
import {pixelsEach} from '../src/link/scale.js';

test('whole pixels for each of the desktop\'s', () => {
    const expected = [[0.5, 1], [1, 1], [1.25, 1], [1.5, 1], [1.75, 2], [2, 2], [2.625, 3], [3, 3]];
    for (const [ratio, pixels] of expected) assert.equal(pixelsEach(ratio), pixels, String(ratio));
});
