import assert from 'node:assert/strict';
import test from 'node:test';
import {keysym} from '../src/touch.js';

test('Latin-1 is its own keysym, all else is Unicode by X11\'s offset', () => {
    assert.equal(keysym('a'), 0x61);
    assert.equal(keysym('é'), 0xe9);
    assert.equal(keysym('€'), 0x010020ac);
    assert.equal(keysym('\n'), 0xff0d);
});
