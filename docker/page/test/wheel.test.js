import assert from 'node:assert/strict';
import test from 'node:test';
import {Wheel} from '../src/input/wheel.js';

const [UP, DOWN, LEFT, RIGHT] = [8, 16, 32, 64];
const turn = (wheel, event, control = false) => wheel.turned({deltaX: 0, deltaY: 0, deltaMode: 0, ...event}, control);
const notches = (number) => ({deltaY: number * 100, wheelDeltaX: 0, wheelDeltaY: number * -120});
/** A trackpad's events, and how often each button was pressed in the end. */
function play(events, control) {
    const wheel = new Wheel();
    return events.flatMap((event) => turn(wheel, event, control).presses);
}
const finger = (deltaX, deltaY) => ({deltaX, deltaY, wheelDeltaX: deltaX * -3, wheelDeltaY: deltaY * -3});

test('a notch of a mouse is one press, several at once are as many', () => {
    assert.deepEqual(play([notches(1)]), [DOWN]);
    assert.deepEqual(play([notches(-3)]), [UP, UP, UP]);
});

test('Shift with a mouse\'s wheel is the application\'s, though the browser turns it to the side', () => {
    const aside = {shiftKey: true, deltaX: 100, wheelDeltaX: -120, wheelDeltaY: 0};
    assert.deepEqual(play([aside]), [DOWN]);
});

test('nothing that fingers move is lost, and none of it comes twice', () => {
    assert.equal(play(new Array(100).fill(finger(0, 7))).length, 14);
    assert.deepEqual(play([finger(0, 49), finger(0, -7)]), []);
    assert.deepEqual(new Set(play(new Array(20).fill(finger(-11, 0)))), new Set([LEFT]));
    assert.deepEqual(new Set(play(new Array(20).fill(finger(11, 3)))), new Set([RIGHT]));
    assert.deepEqual(new Set(play(new Array(20).fill({deltaY: 3, deltaMode: 1}))), new Set([DOWN]));
});

test('a pinch is the wheel with Control, which nobody has pressed', () => {
    const wheel = new Wheel();
    const pinch = {ctrlKey: true, deltaY: -10, wheelDeltaX: 0, wheelDeltaY: 120};
    assert.deepEqual(turn(wheel, pinch), {presses: [UP], zoom: true});
    assert.equal(turn(wheel, {...notches(1), ctrlKey: true}, true).zoom, false);
});
