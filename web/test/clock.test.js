import assert from 'node:assert/strict';
import test from 'node:test';

import { ServerClock } from '../ui/clock.js';

const SERVER = 1_770_681_600_000; // server's time at the start of each test, Unix ms
const HOUR = 3_600_000;

/** A phone whose wall clock is wrong by an offset, beside a server. */
class Phone {
  constructor(wrong) {
    this.at = SERVER; // the true time
    this.wrong = wrong;
    this.slept = 0;
    this.clock = new ServerClock(() => ({ wall: this.at + this.wrong, steady: this.at - SERVER - this.slept }));
  }

  /** Lets time pass. */
  pass(ms) {
    this.at += ms;
  }

  /** Sleeps: the steady clock stops. */
  sleep(ms) {
    this.at += ms;
    this.slept += ms;
  }

  /** Sends a request; the server answers after `there`, the answer arrives after `back` more. */
  ask(there = 30, back = 30, meanwhile = () => {}) {
    const sent = this.clock.read();
    this.pass(there);
    const date = new Date(Math.floor(this.at / 1000) * 1000).toUTCString();
    meanwhile();
    this.pass(back);
    this.clock.learn(date, sent);
  }

  /** Asserts how far the clock is from the server's. */
  within(ms) {
    const off = this.clock.now() - this.at;
    assert.ok(Math.abs(off) <= ms, `off by ${off} ms`);
  }
}

test('before the first answer the time is the phone\u2019s', () => {
  const phone = new Phone(5 * HOUR);
  assert.equal(phone.clock.known(), false);
  assert.equal(phone.clock.now(), SERVER + 5 * HOUR);
});

test('one answer corrects a clock that is hours off to a second, and several to less', () => {
  for (const wrong of [-26 * HOUR, -5 * HOUR, 0, 700, 5 * HOUR, 9000 * HOUR]) {
    const phone = new Phone(wrong);
    phone.pass(137);
    phone.ask();
    assert.equal(phone.clock.known(), true);
    phone.within(600);
    for (let i = 0; i < 12; i++) {
      phone.pass(1000 + 83 * i);
      phone.ask(20, 40);
    }
    phone.within(120);
  }
});

test('a slow answer bounds the time less, and never wrongly', () => {
  const phone = new Phone(-2 * HOUR);
  phone.pass(400);
  phone.ask(100, 7000);
  phone.within(4200);
  phone.ask(10, 10);
  phone.within(600);
});

test('an exact time of the server is better than its Date', () => {
  const phone = new Phone(3 * HOUR);
  const sent = phone.clock.read();
  phone.pass(20);
  const server = phone.at;
  phone.pass(20);
  phone.clock.learnExact(server, sent);
  phone.within(21);
});

test('a clock that is set back is followed without an answer', () => {
  const phone = new Phone(0);
  phone.ask();
  phone.pass(60_000);
  phone.wrong -= 5 * HOUR;
  phone.pass(1000);
  phone.within(600);
  assert.equal(phone.clock.doubtful, false);
});

test('a clock that is set ahead is followed while the screen is kept on, and doubtful otherwise', () => {
  const awake = new Phone(0);
  awake.ask();
  awake.clock.awake = () => true;
  awake.pass(1000);
  awake.wrong += 5 * HOUR;
  awake.pass(1000);
  awake.within(600);
  assert.equal(awake.clock.doubtful, false);

  const hidden = new Phone(0);
  hidden.ask();
  hidden.wrong += 5 * HOUR;
  hidden.clock.now();
  assert.equal(hidden.clock.doubtful, true);
  hidden.ask(); // an answer settles it
  hidden.within(600);
  assert.equal(hidden.clock.doubtful, false);
});

test('sleep during which the steady clock stops moves nothing', () => {
  const phone = new Phone(-3 * HOUR);
  phone.ask();
  phone.sleep(20 * 60_000);
  phone.within(600);
});

test('a clock that creeps away is noticed like one that jumps', () => {
  const phone = new Phone(0);
  phone.ask();
  for (let i = 0; i < 100; i++) {
    phone.pass(1000);
    phone.wrong -= 100;
    phone.clock.now();
  }
  phone.within(2600);
});

test('a clock that is set while a request is under way misleads by no more than the request', () => {
  for (const set of [-5 * HOUR, 5 * HOUR]) {
    const phone = new Phone(0);
    phone.ask(200, 200, () => { phone.wrong += set; });
    phone.within(800);
  }
});

test('an offset of an earlier page holds until answers contradict it', () => {
  const phone = new Phone(5 * HOUR);
  phone.clock.restore(-5 * HOUR);
  phone.within(0);
  phone.ask();
  phone.within(0);
  phone.clock.restore(17); // ignored: the page has learned
  phone.within(0);

  const set = new Phone(0);
  set.clock.restore(-5 * HOUR); // the clock was put right between the pages
  set.ask();
  set.within(600);
});

test('a Date that is missing or is no date changes nothing', () => {
  const phone = new Phone(1000);
  phone.clock.learn(null, phone.clock.read());
  phone.clock.learn('soon', phone.clock.read());
  assert.equal(phone.clock.known(), false);
});
