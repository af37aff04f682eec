/** What is around a part of a desktop of this size; never nothing, since the pointer's shape comes with the answer. */
export function strips({x, y, width, height}, all, down) {
    const [right, bottom] = [x + width, y + height];
    const around = [
        {x: 0, y: 0, width: all, height: y},
        {x: 0, y, width: x, height},
        {x: right, y, width: all - right, height},
        {x: 0, y: bottom, width: all, height: down - bottom},
    ].filter((strip) => strip.width > 0 && strip.height > 0);
    return around.length ? around : [{x: 0, y: 0, width: 1, height: 1}];
}
