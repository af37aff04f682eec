import assert from 'node:assert/strict';
import test from 'node:test';
import {composes, difference, keysym, letter} from '../src/input/keys.js';

test('Latin-1 is its own keysym, all else is Unicode by X11\'s offset', () => {
    assert.equal(keysym('a'), 0x61);
    assert.equal(keysym('é'), 0xe9);
    assert.equal(keysym('€'), 0x010020ac);
    assert.equal(keysym('\n'), 0xff0d);
    assert.equal(keysym('😀'), 0x0101f600);
});

test('a letter is what the key writes, not where it is', () => {
    assert.equal(letter({key: 'v', code: 'KeyV'}), 'v');
    assert.equal(letter({key: 'V', code: 'KeyV'}), 'v');
    assert.equal(letter({key: 'v', code: 'Period'}), 'v');  // Dvorak
    assert.equal(letter({key: 'k', code: 'KeyV'}), 'k');
    assert.equal(letter({key: 'м', code: 'KeyV'}), 'v');    // Russian
    assert.equal(letter({key: 'Insert', code: 'Insert'}), null);
});

test('a shortcut is never taken for a dead key', () => {
    assert.equal(composes({key: 'Dead', code: 'BracketLeft'}), true);
    assert.equal(composes({key: 'Dead', code: 'BracketLeft', ctrlKey: true}), false);
    assert.equal(composes({key: 'Process', keyCode: 229}), true);
    assert.equal(composes({key: 'a', keyCode: 65, isComposing: false}), false);
});

test('what changes is sent, whole characters only', () => {
    assert.deepEqual(difference('ab', 'abc'), {deleted: 0, written: ['c']});
    assert.deepEqual(difference('ni', '你'), {deleted: 2, written: ['你']});
    assert.deepEqual(difference('a😀', 'a😁'), {deleted: 1, written: ['😁']});
});
