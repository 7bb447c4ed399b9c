/**
 * Pictures of the camera to the reader: the newest picture only, one at a time.
 * @module
 */

import { scriptURL } from './trusted.js';

/** Bound on one reading, ms: after it the worker is replaced. The first reading compiles the reader. */
const PATIENCE = 5000;
/** Bound of the measurements that the browser keeps for a page. */
const MEASURES = 300;

/**
 * What a reading found.
 * @callback OnRead
 * @param {string | null} text null: no code
 * @param {number} taken when the picture was taken, ms of the steady clock
 * @returns {void}
 */

export class Frames {
  /** @param {HTMLVideoElement} video */
  constructor(video) {
    this.video = video;
    /** @type {Worker | null} */
    this.worker = null;
    /** @type {'starting' | 'ready' | 'failed'} */
    this.state = 'starting';
    /** @type {OnRead | null} */
    this.onRead = null;
    /** Least time between two readings, ms: more saves the battery. */
    this.pause = 0;
    this.attempt = 0;
    /** The reader needs copies: the browser has no frames of videos, or its canvas cannot draw them. */
    this.copies = !('VideoFrame' in globalThis);
    /** @type {{id: number, taken: number, bound: number} | null} the reading in flight */
    this.flight = null;
    this.before = 0;
    this.next = this.next.bind(this);
    this.waiting = false;
    this.onState = () => {};
  }

  /** Starts the worker, which compiles the reader. */
  warm() {
    if (this.worker) return;
    this.state = 'starting';
    this.worker = new Worker(scriptURL('/handheld/reader.js'), { type: 'module' });
    this.worker.onmessage = ({ data }) => {
      if (data.unreadable) this.copies = true;
      if (data.id !== undefined) return this.done(data.id, data.text);
      this.state = data.ready ? 'ready' : 'failed';
      this.onState();
    };
    this.worker.onerror = () => {
      this.state = 'failed';
      this.onState();
    };
  }

  /** @param {OnRead} onRead */
  start(onRead) {
    this.onRead = onRead;
    this.warm();
    this.wait();
  }

  stop() {
    this.onRead = null;
  }

  /** Waits for the next picture. */
  wait() {
    if (this.waiting || !this.onRead) return;
    this.waiting = true;
    const { video } = this;
    if (video.requestVideoFrameCallback && !video.paused) video.requestVideoFrameCallback(this.next);
    else setTimeout(this.next, 50);
  }

  async next() {
    this.waiting = false;
    const { video, flight } = this;
    if (!this.onRead) return;
    const taken = performance.now();
    if (flight || this.state !== 'ready' || taken - this.before < this.pause || video.readyState < 2 || !video.videoWidth) return this.wait();
    const id = ++this.attempt;
    this.before = taken;
    this.flight = { id, taken, bound: setTimeout(() => this.replace(), PATIENCE) };
    try {
      const picture = await this.take();
      if (this.flight?.id === id && this.worker) this.worker.postMessage({ id, picture }, [picture]);
      else picture.close();
    } catch { // the camera stopped meanwhile
      this.done(id, null);
    }
    this.wait();
  }

  /** Returns the present picture: without a copy where the browser can. */
  take() {
    if (this.copies) return createImageBitmap(this.video);
    try {
      return new VideoFrame(this.video);
    } catch {
      this.copies = true;
      return createImageBitmap(this.video);
    }
  }

  /**
   * @param {number} id
   * @param {string | null} text
   */
  done(id, text) {
    const { flight } = this;
    if (flight?.id !== id) return;
    clearTimeout(flight.bound);
    this.flight = null;
    if (text) measure('decode', flight.taken);
    this.onRead?.(text, flight.taken);
    this.wait();
  }

  /** Replaces a worker that does not answer. */
  replace() {
    this.worker?.terminate();
    this.worker = null;
    this.flight = null;
    this.warm();
    this.onState();
    this.wait();
  }
}

let measured = 0;

/**
 * Records how long something took, for the browser's tools and the tests.
 * @param {'decode' | 'verify' | 'scan'} name
 * @param {number} start ms of the steady clock
 */
export function measure(name, start) {
  if (++measured % MEASURES === 0) performance.clearMeasures();
  performance.measure(name, { start, end: performance.now() });
}
