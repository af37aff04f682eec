// The keyboard of a phone or tablet: it writes only into a field, whose content is passed on key by key.

const BACKSPACE = 0xff08;
const RETURN = 0xff0d;
const FILLER = '\u00a0'.repeat(32);  // something for the backspace key to delete

/** Shows `button` where there is no keyboard but the screen's, and sends what is written into `field`. */
export function typeByTouch({button, field, connection}) {
    if (!matchMedia('(any-pointer: coarse)').matches) return;
    button.hidden = false;
    const empty = () => { field.value = FILLER; };
    button.addEventListener('click', () => {
        if (document.activeElement === field) field.blur(); else field.focus();
    });
    field.addEventListener('focus', () => { empty(); button.setAttribute('aria-pressed', 'true'); });
    field.addEventListener('blur', () => button.setAttribute('aria-pressed', 'false'));
    field.addEventListener('input', () => {
        const rfb = connection();
        const missing = FILLER.length - field.value.length;
        for (let i = 0; i < missing; i++) rfb?.sendKey(BACKSPACE, 'Backspace');
        for (const character of field.value.slice(FILLER.length)) rfb?.sendKey(keysym(character), null);
        empty();
    });
}

/** X11's number of the key that writes `character`. */
export function keysym(character) {
    if (character === '\n') return RETURN;
    const code = character.codePointAt(0);
    return code < 0x100 ? code : 0x01000000 + code;
}
