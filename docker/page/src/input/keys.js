// What a key means.

const RETURN = 0xff0d;

/**
 * The Latin letter that a key writes, in lower case, whatever place the layout gives it (Dvorak, Colemak). Where the
 * layout writes another script, the letter of the key's place, as in every desktop; else null.
 */
export function letter({key, code}) {
    if (/^[\x21-\x7e]$/.test(key)) return key.toLowerCase();
    return /^Key([A-Z])$/.exec(code)?.[1].toLowerCase() ?? null;
}

/** Whether an input method or a dead key takes this key, whose text comes later. */
export function composes({key, isComposing, keyCode, ctrlKey, metaKey}) {
    return isComposing || keyCode === 229 || (key === 'Dead' && !ctrlKey && !metaKey);
}

/** X11's number of the key that writes `character`. */
export function keysym(character) {
    if (character === '\n') return RETURN;
    const code = character.codePointAt(0);
    return code < 0x100 ? code : 0x01000000 + code;
}

/** What turns the text `old` into `text` at its end: {deleted, written}, both in characters. */
export function difference(old, text) {
    const [before, after] = [[...old], [...text]];
    let same = 0;
    while (same < before.length && before[same] === after[same]) same += 1;
    return {deleted: before.length - same, written: after.slice(same)};
}
