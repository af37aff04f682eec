// What docker/shared/video/server.py says, from pieces as they arrive.

export const HELLO = 0, MOVES = 1, FRAME = 2, STILL = 3, ALIVE = 4;
export const WATCHES = 0, READY = 1, SHOWN = 2;

/** Puts messages together, {kind, …}. */
export class Messages {
    constructor() {
        this._rest = new Uint8Array(0);
    }

    /** Those that are complete with these bytes. */
    * take(bytes) {
        let all = bytes;
        if (this._rest.length) {
            all = new Uint8Array(this._rest.length + bytes.length);
            all.set(this._rest);
            all.set(bytes, this._rest.length);
        }
        const view = new DataView(all.buffer, all.byteOffset, all.length);
        let at = 0;
        while (all.length - at >= 4) {
            const end = at + 4 + view.getUint32(at);
            if (all.length < end) break;
            yield parse(all.subarray(at + 4, end));
            at = end;
        }
        this._rest = all.slice(at);
    }
}

function parse(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const kind = bytes[0];
    if (kind === HELLO) return {kind, codec: new TextDecoder().decode(bytes.subarray(1))};
    if (kind === ALIVE) return {kind};
    const video = view.getUint32(1);
    if (kind === MOVES) {
        const [x, y, width, height, redraws] = [5, 7, 9, 11, 13].map((at) => view.getUint16(at));
        return {kind, video, rect: {x, y, width, height}, redraws};
    }
    if (kind === FRAME) return {kind, video, number: view.getUint32(5), key: bytes[9] === 1, data: bytes.subarray(10)};
    return {kind, video};
}

/** One to the server. */
export function message(kind, number) {
    const view = new DataView(new ArrayBuffer(5));
    view.setUint8(0, kind);
    view.setUint32(1, number);
    return view.buffer;
}
