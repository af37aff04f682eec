import assert from 'node:assert/strict';
import test from 'node:test';
import {size} from '../src/files/files.js';
import {numbered} from '../src/files/home.js';

test('a name that is taken gets a number before its ending', () => {
    assert.equal(numbered('a.nc', 1), 'a.nc');
    assert.equal(numbered('a.nc', 2), 'a (2).nc');
    assert.equal(numbered('a.tar.gz', 3), 'a (3).tar.gz');
    assert.equal(numbered('Makefile', 2), 'Makefile (2)');
    assert.equal(numbered('.profile', 2), '.profile (2)');
});

test('sizes as people read them', () => {
    const expected = [[0, '0 bytes'], [999, '999 bytes'], [1500, '1.5 KB'], [25_000_000, '25 MB'], [null, '']];
    for (const [bytes, text] of expected) assert.equal(size(bytes), text);
});
