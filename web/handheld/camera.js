/**
 * The camera: opening, choice, torch, zoom, and why there is no picture.
 * @module
 */

/**
 * - off: not asked for
 * - opening: the browser asks, or the device starts
 * - on
 * - denied, absent, busy, insecure, failed: no picture; lost: the picture ended
 * @typedef {'off' | 'opening' | 'on' | 'denied' | 'absent' | 'busy' | 'insecure' | 'failed' | 'lost'} CameraState
 */

/** @type {Record<string, CameraState>} by the name of the browser's error */
const FAULTS = {
  NotAllowedError: 'denied', SecurityError: 'denied', NotFoundError: 'absent', OverconstrainedError: 'absent',
  NotReadableError: 'busy', AbortError: 'busy',
};

export class Camera {
  /**
   * @param {HTMLVideoElement} video
   * @param {() => void} onChange
   */
  constructor(video, onChange) {
    this.video = video;
    this.onChange = onChange;
    /** @type {CameraState} */
    this.state = 'off';
    /** @type {MediaStream | null} */
    this.stream = null;
    /** @type {MediaDeviceInfo[]} */
    this.list = [];
    this.chosen = '';
    /** @type {boolean | null} null: this camera has no torch that pages can switch */
    this.torch = null;
    /** @type {{min: number, max: number, step: number, value: number} | null} null: no zoom */
    this.zoom = null;
    this.turn = 0;
    this.watch();
  }

  /** Opens the camera again when the permission is given or the page is seen again. */
  watch() {
    navigator.permissions?.query({ name: /** @type {PermissionName} */ ('camera') }).then((permission) => {
      permission.onchange = () => {
        if (permission.state === 'granted' && this.state === 'denied') this.open();
        if (permission.state === 'denied' && this.state !== 'off') this.fail('denied');
      };
    }, () => {}); // browsers that do not know the name
    navigator.mediaDevices?.addEventListener?.('devicechange', () => {
      if (['absent', 'lost', 'busy'].includes(this.state)) this.open();
      else if (this.state === 'on') this.enumerate();
    });
  }

  /** Opens the chosen camera, else the one at the back. */
  async open() {
    const turn = ++this.turn;
    this.release();
    if (!globalThis.isSecureContext || !navigator.mediaDevices?.getUserMedia) return this.fail('insecure');
    this.set('opening');
    try {
      const stream = await this.request();
      if (turn !== this.turn) return stop(stream);
      await this.use(stream);
      if (turn === this.turn) this.set('on');
      await this.enumerate();
    } catch (err) {
      if (turn === this.turn) this.fail(FAULTS[err instanceof Error ? err.name : ''] ?? 'failed');
    }
  }

  /** @returns {Promise<MediaStream>} */
  async request() {
    const size = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };
    const back = { ...size, facingMode: { ideal: 'environment' } };
    if (!this.chosen) return navigator.mediaDevices.getUserMedia({ video: back, audio: false });
    try {
      return await navigator.mediaDevices.getUserMedia({ video: { ...size, deviceId: { exact: this.chosen } }, audio: false });
    } catch (err) {
      if (!(err instanceof Error) || FAULTS[err.name] !== 'absent') throw err;
      this.chosen = ''; // it was unplugged, or the browser changed its id
      return navigator.mediaDevices.getUserMedia({ video: back, audio: false });
    }
  }

  /** @param {MediaStream} stream */
  async use(stream) {
    this.stream = stream;
    const [track] = stream.getVideoTracks();
    track.addEventListener('ended', () => this.stream === stream && this.fail('lost'));
    this.video.srcObject = stream;
    await this.video.play();
    const can = /** @type {any} */ (track.getCapabilities?.() ?? {});
    const now = /** @type {any} */ (track.getSettings());
    this.chosen = now.deviceId ?? '';
    this.torch = can.torch ? Boolean(now.torch) : null;
    this.zoom = can.zoom && can.zoom.max > can.zoom.min ? { min: can.zoom.min, max: can.zoom.max, step: can.zoom.step || 0.1, value: now.zoom ?? can.zoom.min } : null;
    if (can.focusMode?.includes('continuous')) await this.apply({ focusMode: 'continuous' });
  }

  /** @param {Record<string, unknown>} set */
  async apply(set) {
    try {
      await this.stream?.getVideoTracks()[0].applyConstraints(/** @type {any} */ ({ advanced: [set] }));
      return true;
    } catch {
      return false;
    }
  }

  async enumerate() {
    try {
      this.list = (await navigator.mediaDevices.enumerateDevices()).filter((d) => d.kind === 'videoinput');
    } catch {
      this.list = [];
    }
    this.onChange();
  }

  async toggleTorch() {
    if (this.torch === null) return;
    const on = !this.torch;
    this.torch = await this.apply({ torch: on }) ? on : null;
    this.onChange();
  }

  /** @param {number} value */
  async setZoom(value) {
    if (!this.zoom) return;
    this.zoom.value = Math.min(this.zoom.max, Math.max(this.zoom.min, value));
    await this.apply({ zoom: this.zoom.value });
    this.onChange();
  }

  /** @param {string} id */
  choose(id) {
    this.chosen = id;
    if (this.state !== 'off') this.open();
  }

  /** The camera after the present one, for the button that changes it. */
  following() {
    const at = this.list.findIndex((d) => d.deviceId === this.chosen);
    return this.list[(at + 1) % this.list.length]?.deviceId ?? '';
  }

  /** Ends the picture. Its light goes out. */
  close() {
    this.turn++;
    this.release();
    this.set('off');
  }

  release() {
    const { stream } = this;
    this.stream = null;
    this.torch = this.zoom = null;
    if (stream) stop(stream);
    this.video.srcObject = null;
  }

  /** @param {CameraState} state */
  fail(state) {
    this.turn++;
    this.release();
    this.set(state);
  }

  /** @param {CameraState} state */
  set(state) {
    if (this.state === state) return;
    this.state = state;
    this.onChange();
  }
}

/** @param {MediaStream} stream */
function stop(stream) {
  for (const track of stream.getTracks()) track.stop();
}
