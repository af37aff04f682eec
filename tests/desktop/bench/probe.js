// Runs in the page before anything else of it: sees what is painted, in the page of any stack.
(() => {
    const probe = window.probe = {map: null, size: {width: 900, height: 600}, pad: null, clicks: [], pressed: null};
    const BIT = 16, BITS = 6;

    // What shows the desktop: the largest canvas or playing video.
    let surface = null;
    probe.find = () => {
        const size = (element) => {
            const {width, height} = element.getBoundingClientRect();
            return element.checkVisibility({checkVisibilityCSS: true}) ? width * height : 0;
        };
        const videos = [...document.querySelectorAll('video')].filter((video) => video.videoWidth && size(video));
        const canvases = [...document.querySelectorAll('canvas')].filter((canvas) => canvas.width && size(canvas));
        surface = (videos.length ? videos : canvases).sort((a, b) => size(b) - size(a))[0] ?? null;
        return surface !== null;
    };
    const scratch = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    const read = (x, y, width, height) => {
        if (surface instanceof HTMLCanvasElement) return surface.getContext('2d').getImageData(x, y, width, height).data;
        [scratch.canvas.width, scratch.canvas.height] = [width, height];
        scratch.drawImage(surface, -x, -y);
        return scratch.getImageData(0, 0, width, height).data;
    };
    const colour = ([r, g]) => (r > 150 && g < 100 ? 'red' : r < 80 && g > 110 ? 'green' : null);

    // The pad is the only large patch of its red or green: looked for on a coarse grid.
    probe.locate = () => {
        if (!probe.find()) return null;
        const [across, down] = [surface.videoWidth ?? surface.width, surface.videoHeight ?? surface.height];
        const data = read(0, 0, across, down);
        const at = (x, y) => {
            const i = (y * across + x) * 4, [r, g, b] = data.subarray(i, i + 3);
            return (Math.abs(r - 200) < 16 && Math.abs(g - 40) < 16 && Math.abs(b - 40) < 16) ||
                (r < 16 && Math.abs(g - 160) < 16 && Math.abs(b - 60) < 16);
        };
        for (let y = 20; y < down; y += 20) {
            for (let x = 20; x < across - 140; x += 20) {
                if (![0, 40, 80, 120].every((d) => at(x + d, y) && at(x, Math.min(y + d, down - 1)))) continue;
                // Its middle, since an encoder that halves the colours' resolution blurs each edge alike.
                let [left, right, top, bottom] = [x, x, y, y];
                while (at(left - 1, y)) left -= 1;
                while (at(right + 1, y)) right += 1;
                while (at(x, top - 1)) top -= 1;
                while (at(x, bottom + 1)) bottom += 1;
                probe.pad = {x: Math.round((left + right + 1) / 2), y: Math.round((top + bottom + 1) / 2)};
                const {x: pageX, y: pageY} = surface.getBoundingClientRect();
                // The map stands 5 to the pad's right, centred on it.
                probe.map = {x: probe.pad.x + 100 + 5, y: probe.pad.y - 300};
                return {x: pageX + probe.pad.x, y: pageY + probe.pad.y};
            }
        }
        return null;
    };

    // Where they are from now on: on a coarse picture they would be found a pixel off.
    probe.keep = () => {
        const found = probe.locate();
        probe.locate = () => found;
    };

    probe.number = () => {
        const data = read(probe.map.x, probe.map.y + BIT / 2, BIT * BITS, 1);
        let number = 0;
        for (let bit = 0; bit < BITS; bit++) if (data[(bit * BIT + BIT / 2) * 4 + 1] > 127) number |= 1 << bit;
        return number;
    };

    // Frames a second that the display shows: one look at each of its own.
    probe.watch = (milliseconds) => new Promise((done) => {
        const begin = performance.now();
        let last = probe.number(), changes = 0;
        const look = () => {
            const number = probe.number();
            if (number !== last) { changes += 1; last = number; }
            const passed = performance.now() - begin;
            if (passed < milliseconds) requestAnimationFrame(look);
            else done(changes * 1000 / passed);
        };
        requestAnimationFrame(look);
    });

    // Where no frame has a number and nothing is a pad: a cross in the picture tells one frame from the next.
    probe.cross = (x, y) => {
        probe.find();
        [probe.map, probe.size] = [{x: x - 300, y: y - 250}, {width: 600, height: 500}];
        const look = () => [...read(x - 300, y, 600, 1), ...read(x, y - 250, 1, 500)];
        let [last, number] = [look(), 1];
        probe.number = answer = () => {
            const now = look();
            if (!now.some((level, i) => Math.abs(level - last[i]) > 48)) return number;
            last = now;
            return number += 1;
        };
        addEventListener('keydown', press, {capture: true});
    };

    // Click to pixel: from the browser's event to the moment that the pad's other colour is on the surface.
    let answer = () => probe.pad && colour(read(probe.pad.x, probe.pad.y, 1, 1));
    const check = () => {
        if (!probe.pressed) return;
        const now = answer();
        if (!now || now === probe.pressed.before) return;
        probe.clicks.push(performance.now() - probe.pressed.time);
        probe.pressed = null;
    };
    const press = () => {
        const before = answer();
        if (!before) return;
        probe.pressed = {time: performance.now(), before};
        const watch = () => { check(); if (probe.pressed) surface.requestVideoFrameCallback(watch); };
        if (surface instanceof HTMLVideoElement) surface.requestVideoFrameCallback(watch);
    };
    addEventListener('pointerdown', press, {capture: true});
    const draw = CanvasRenderingContext2D.prototype.drawImage;
    CanvasRenderingContext2D.prototype.drawImage = function (...given) {
        draw.apply(this, given);
        if (this.canvas === surface) check();
    };

    // How often a video of ours has begun.
    probe.videos = 0;
    new MutationObserver((changes) => {
        probe.videos += changes.filter(({target, oldValue}) => oldValue === null && target.dataset.video).length;
    }).observe(document, {subtree: true, attributeFilter: ['data-video'], attributeOldValue: true});

    // The map as painted now, and which of its frames it is.
    probe.picture = () => {
        const copy = document.createElement('canvas');
        [copy.width, copy.height] = [probe.size.width, probe.size.height];
        draw.call(copy.getContext('2d'), surface, -probe.map.x, -probe.map.y);
        return {number: probe.number(), png: copy.toDataURL('image/png')};
    };
})();
