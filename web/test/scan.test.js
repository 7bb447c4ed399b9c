// One action for one code, keys of scanners, the part of a picture that is read, and time spans.
import assert from 'node:assert/strict';
import test from 'node:test';

import { GONE, MISSES, Once, REST } from '../handheld/once.js';
import { region } from '../handheld/region.js';
import { sizeOf, span } from '../handheld/span.js';
import { Wedge } from '../handheld/wedge.js';

test('a code that stays before the camera is judged once', () => {
  const once = new Once();
  assert.ok(once.fresh('A', 0));
  once.acted('A', 0);
  let now = 0;
  for (; now < 60_000; now += 100) assert.ok(!once.fresh('A', now), `${now} ms`);
  once.closed('A', now);
  for (const end = now + 2 * REST; now < end; now += GONE - 1) assert.ok(!once.fresh('A', now), 'still in the picture');
});

test('a code is judged again after it left the picture and its verdict was closed', () => {
  for (const [away, missed, closedAgo, again] of [[GONE, MISSES, REST, true], [GONE - 1, MISSES, REST, false], [GONE, MISSES - 1, REST, false], [GONE, MISSES, REST - 1, false]]) {
    const once = new Once();
    once.acted('A', 10_000 - away);
    once.closed('A', 10_000 - closedAgo);
    for (let i = 0; i < missed; i++) assert.ok(!once.fresh(null, 10_000 - away + i));
    assert.equal(once.fresh('A', 10_000), again, `away ${away} ms and ${missed} readings, closed ${closedAgo} ms ago`);
  }
  const back = new Once();
  back.acted('A', 0);
  back.closed('A', 5000);
  for (let i = 0; i < MISSES; i++) back.fresh(null, 5000 + i);
  assert.deepEqual([5100, 5000 + REST - 1, 5000 + REST].map((now) => back.fresh('A', now)), [false, false, true], 'it came back before its rest was over, and stays');
  const open = new Once();
  open.acted('A', 0);
  for (let i = 0; i < 100; i++) open.fresh(null, i);
  assert.ok(!open.fresh('A', 1e6), 'its verdict is still open');
});

test('two phones in one picture are judged once each', () => {
  const once = new Once();
  let judged = 0;
  for (let now = 0; now < 20_000; now += 100) {
    const text = now / 100 % 2 ? 'A' : 'B';
    if (!once.fresh(text, now)) continue;
    judged++;
    once.acted(text, now);
    once.closed(text, now + 50);
  }
  assert.equal(judged, 2);
});

test('the memory of codes is bounded, and staff can ask for the same code again', () => {
  const once = new Once();
  for (let i = 0; i < 1000; i++) once.acted(`code ${i}`, i);
  assert.equal(once.known.size, 16);
  assert.ok(!once.fresh('code 999', 1000));
  once.forget('code 999');
  assert.ok(once.fresh('code 999', 1000));
});

test('each third attempt reads the whole picture, the others the square in the middle', () => {
  for (const [width, height] of [[640, 480], [1280, 720], [720, 1280], [3840, 2160], [1, 1]]) {
    for (let attempt = 0; attempt < 6; attempt++) {
      const r = region(width, height, attempt);
      assert.equal(r.thorough, attempt % 3 === 2);
      assert.ok(r.x >= 0 && r.y >= 0 && r.x + r.width <= width && r.y + r.height <= height, JSON.stringify(r));
      assert.ok(r.toWidth <= r.width && r.toHeight <= r.height && Math.max(r.toWidth, r.toHeight) <= (r.thorough ? 1024 : 640), JSON.stringify(r));
      assert.ok(Math.abs(r.toWidth / r.toHeight - r.width / r.height) < 0.01, 'the shape stays');
    }
  }
  assert.deepEqual(region(1280, 720, 0), { x: 280, y: 0, width: 720, height: 720, toWidth: 640, toHeight: 640, thorough: false });
});

test('a scanner that types is told from people', () => {
  const code = `RG1:${'A B+%'.repeat(8)}`;
  const type = (wedge, text, pace, from = 0) => [...text, 'Enter'].map((key, i) => wedge.key(key, from + i * pace)).at(-1);
  const wedge = new Wedge();
  assert.equal(type(wedge, code, 5), code);
  assert.equal(type(wedge, code, 200, 1e4), null, 'a person');
  assert.equal(type(wedge, 'short', 5, 1e6), null);
  assert.equal(type(wedge, 'A'.repeat(5000), 1, 2e6).length, 1024);
  const whole = `RG1:${'A'.repeat(188)}`;
  assert.equal([...whole].map((key, i) => wedge.key(key, 25e5 + i)).at(-1), whole, 'complete without a key that ends it');
  assert.equal(wedge.key('Enter', 25e5 + 200), null);
  assert.ok(wedge.typing(25e5 + 200), 'its Enter closes no verdict');
  assert.ok(!wedge.typing(25e5 + 2000));
  wedge.key('Shift', 3e6);
  wedge.key('R', 3e6 + 1);
  assert.ok(!wedge.typing(3e6 + 1));
  wedge.key('G', 3e6 + 2);
  assert.ok(wedge.typing(3e6 + 2));
});

test('time spans have their two largest units', () => {
  assert.deepEqual(span(-5), ['0秒', '0 s']);
  assert.deepEqual(span(59_999), ['59秒', '59 s']);
  assert.deepEqual(span(60_000), ['1分钟', '1 min']);
  assert.deepEqual(span(200_000), ['3分20秒', '3 min 20 s']);
  assert.deepEqual(span(3_600_000), ['1小时', '1 h']);
  assert.deepEqual(span(7_500_000), ['2小时5分', '2 h 5 min']);
  assert.deepEqual(span(90_000_000), ['1天1小时', '1 d 1 h']);
  assert.equal(sizeOf(10), '1 kB');
  assert.equal(sizeOf(3_460_000), '3.5 MB');
});
