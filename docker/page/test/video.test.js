// The page's side of a video, with a desktop, a server and a decoder played here.
import assert from 'node:assert/strict';
import {beforeEach, mock, test} from 'node:test';
import {ALIVE, FRAME, HELLO, MOVES, READY, SHOWN, STILL, WATCHES} from '../src/video/messages.js';
import {Video} from '../src/video/video.js';

const RECT = [0, 8, 0, 4, 0, 160, 0, 120];
let sockets, decoders, supported, hide;

class Socket {
    constructor() {
        sockets.push(this);
        this.said = [];
    }

    send(buffer) {
        const view = new DataView(buffer);
        this.said.push([view.getUint8(0), view.getUint32(1)]);
    }

    close() {
        this.closed = true;
    }

    /** The server says something. */
    says(kind, ...content) {
        const length = content.length + 1;
        this.onmessage?.({data: Uint8Array.from([0, 0, 0, length, kind, ...content]).buffer});
    }
}

class Decoder {
    static isConfigSupported = async () => ({supported});

    constructor(callbacks) {
        Object.assign(this, callbacks, {state: 'configured', chunks: []});
        decoders.push(this);
    }

    configure(config) {
        this.config = config;
    }

    decode(chunk) {
        this.chunks.push(chunk);
    }

    async flush() {}

    close() {
        this.state = 'closed';
    }
}

const settled = async () => { for (let turn = 0; turn < 20; turn++) await Promise.resolve(); };

beforeEach(() => {
    mock.timers.reset();
    mock.timers.enable({apis: ['setTimeout', 'setInterval', 'Date']});
    [sockets, decoders, supported] = [[], [], true];
    let change;
    const page = {hidden: false, addEventListener: (_, listener) => { change = listener; }};
    hide = (hidden) => {
        page.hidden = hidden;
        change();
    };
    Object.assign(globalThis, {
        document: page, window: {VideoDecoder: Decoder}, VideoDecoder: Decoder, WebSocket: Socket,
        EncodedVideoChunk: class { constructor(given) { Object.assign(this, given); } },
    });
    mock.method(performance, 'now', () => Date.now());
});

/** A page whose VNC shows so many frames a second, and the desktop in it. */
async function opened(fluent = 10) {
    const desktop = Object.assign(new EventTarget(), {
        calls: [],
        leaveOut: async (rect) => { desktop.calls.push(['leaveOut', rect]); return rect; },
        takeBack: () => desktop.calls.push(['takeBack']),
        paint: (frame) => desktop.calls.push(['paint', frame.timestamp]),
    });
    const place = {dataset: {}};
    const video = new Video({url: 'wss://x/video', frames: () => Date.now() * fluent / 1000, place});
    video.desktop = desktop;
    sockets[0].says(HELLO, ...new TextEncoder().encode('vp8'));
    await settled();
    return {video, desktop, place, socket: sockets[0]};
}

async function offered(socket, number = 7) {
    for (let times = 0; times < 2; times++) {
        socket.says(MOVES, 0, 0, 0, number, ...RECT, 0, 60);
        mock.timers.tick(200);
        await settled();
    }
}

/** The same, and a video runs there whose first frame is painted. */
async function running() {
    const all = await opened();
    await offered(all.socket);
    frame(all.socket, 1);
    return all;
}

function frame(socket, number) {
    socket.says(FRAME, 0, 0, 0, 7, 0, 0, 0, number, Number(number === 1), 42);
    decoders.at(-1).output({timestamp: number, close() {}});
}

const last = ({calls}) => calls.at(-1)[0];

test('from the offer to the end', async () => {
    const {video, desktop, place, socket} = await running();
    assert.deepEqual(socket.said, [[WATCHES, 1], [READY, 7], [SHOWN, 1]]);
    assert.deepEqual(desktop.calls, [['leaveOut', {x: 8, y: 4, width: 160, height: 120}], ['paint', 1]]);
    assert.deepEqual(decoders[0].chunks.map(({type, timestamp}) => [type, timestamp]), [['key', 1]]);
    assert.ok(video.running && place.dataset.video === 'running');
    socket.says(STILL, 0, 0, 0, 7);
    await settled();
    assert.equal(last(desktop), 'takeBack');
    assert.ok(!video.running && !('video' in place.dataset));
});

test('VNC that is fluent stays', async () => {
    const {desktop, socket} = await opened(58);
    await offered(socket);
    await offered(socket);
    assert.deepEqual(desktop.calls, []);
});

test('a server without a word for a second is left', async () => {
    const {desktop, socket} = await running();
    for (let times = 0; times < 20; times++) {
        mock.timers.tick(200);
        socket.says(ALIVE);
    }
    assert.equal(last(desktop), 'paint');
    mock.timers.tick(1000);
    assert.equal(last(desktop), 'takeBack');
    assert.ok(socket.closed);
    assert.equal(sockets.length, 1);
    mock.timers.tick(1000);
    assert.equal(sockets.length, 2);
});

test('so is one whose connection closes, and then one that brings no picture ever more rarely', async () => {
    const {desktop, socket} = await running();
    socket.onclose();
    assert.equal(last(desktop), 'takeBack');
    for (let times = 0; times < 600; times++) {
        mock.timers.tick(1000);
        sockets.at(-1).onclose?.();
    }
    assert.ok(sockets.length > 5 && sockets.length < 20, String(sockets.length));
});

test('a decoder that fails', async () => {
    const {desktop} = await running();
    decoders[0].error(new Error('broken'));
    assert.equal(last(desktop), 'takeBack');
});

test('a decoder that paints nothing', async () => {
    const {desktop, socket} = await running();
    for (let number = 2; number < 8; number++) {
        socket.says(FRAME, 0, 0, 0, 7, 0, 0, 0, number, 0, 42);
        mock.timers.tick(150);
    }
    assert.equal(last(desktop), 'takeBack');
});

test('a hidden page takes back what is left out, and takes no offer', async () => {
    const {desktop, socket} = await running();
    hide(true);
    assert.equal(last(desktop), 'takeBack');
    assert.deepEqual(socket.said.at(-1), [WATCHES, 0]);
    await offered(socket, 8);
    assert.equal(last(desktop), 'takeBack');
    hide(false);
    assert.deepEqual(socket.said.at(-1), [WATCHES, 1]);
    await offered(socket, 9);
    assert.equal(last(desktop), 'leaveOut');
});

test('of an earlier video nothing is painted', async () => {
    const {desktop, socket} = await running();
    desktop.dispatchEvent(new Event('resized'));
    assert.equal(last(desktop), 'paint');  // all of the desktop comes anyway
    const calls = desktop.calls.length;
    socket.says(FRAME, 0, 0, 0, 7, 0, 0, 0, 2, 0, 42);
    decoders[0].output({timestamp: 2, close() {}});
    assert.equal(desktop.calls.length, calls);
    await offered(socket, 8);
    assert.equal(last(desktop), 'leaveOut');
});

test('a lost connection to the desktop ends all of it', async () => {
    const {video, socket} = await running();
    video.desktop = null;
    assert.ok(socket.closed && !video.running);
    mock.timers.tick(60_000);
    assert.equal(sockets.length, 1);
});

test('a browser that can\'t show it asks for nothing', async () => {
    supported = false;
    const {socket} = await opened();
    assert.deepEqual(socket.said, []);
    sockets = [];
    delete window.VideoDecoder;
    new Video({url: 'wss://x/video', frames: () => 0, place: {dataset: {}}}).desktop = new EventTarget();
    assert.equal(sockets.length, 0);
});
