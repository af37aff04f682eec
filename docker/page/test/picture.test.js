// A picture of the desktop's clipboard in the dialog, with a server and a browser played here.
import assert from 'node:assert/strict';
import {beforeEach, test} from 'node:test';
import {Picture} from '../src/input/picture.js';

const PNG = {type: 'image/png'};
let parts, answer, asked, written, picture;

beforeEach(() => {
    const element = () => ({
        hidden: false,
        textContent: '',
        src: '',
        addEventListener(_, act) { this.press = act; },
        removeAttribute() { this.src = ''; },
    });
    parts = Object.fromEntries(['figure', 'img', 'figure button', 'figure [role=status]'].map(
        (name) => [name, element()],
    ));
    asked = [];
    written = [];
    globalThis.window = globalThis;
    globalThis.document = {cookie: 'other=1; _xsrf=token'};
    globalThis.fetch = async (url, {headers}) => {
        asked.push([url, headers]);
        return answer();
    };
    globalThis.ClipboardItem = class {
        constructor(item) { this.item = item; }
    };
    Object.defineProperty(globalThis, 'navigator', {
        configurable: true, value: {clipboard: {write: async ([{item}]) => { written.push(item); }}},
    });
    URL.createObjectURL = () => 'blob:picture';
    URL.revokeObjectURL = () => {};
    answer = () => ({status: 200, blob: async () => PNG});
    picture = new Picture({url: 'picture', place: {querySelector: (name) => parts[name]}});
});

test('a picture is shown and copied', async () => {
    await picture.look();
    assert.deepEqual(asked, [['picture', {'X-XSRFToken': 'token'}]]);
    assert.equal(parts.figure.hidden, false);
    assert.equal(parts.img.src, 'blob:picture');
    await parts['figure button'].press();
    assert.deepEqual(written, [{'image/png': PNG}]);
    assert.equal(parts['figure [role=status]'].textContent, 'Copied.');
});

test('where there is none, the one before is gone', async () => {
    await picture.look();
    answer = () => ({status: 204});
    await picture.look();
    assert.equal(parts.figure.hidden, true);
    assert.equal(parts.img.src, '');
});

test('a server that does not answer shows none', async () => {
    answer = () => { throw new TypeError('failed'); };
    await picture.look();
    assert.equal(parts.figure.hidden, true);
});

test('what the browser refuses is said', async () => {
    await picture.look();
    navigator.clipboard.write = async () => { throw new Error('not allowed'); };
    await parts['figure button'].press();
    assert.equal(parts['figure [role=status]'].textContent, 'Not copied: not allowed');
});

test('a browser that can not write pictures has no button', async () => {
    delete globalThis.ClipboardItem;
    await picture.look();
    assert.equal(parts.figure.hidden, false);
    assert.equal(parts['figure button'].hidden, true);
});

test('an answer that comes late does not undo a newer one', async () => {
    let late;
    answer = () => new Promise((resolve) => { late = () => resolve({status: 200, blob: async () => PNG}); });
    const first = picture.look();
    answer = () => ({status: 204});
    await picture.look();
    late();
    await first;
    assert.equal(parts.figure.hidden, true);
});
