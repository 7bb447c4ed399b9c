/**
 * Scanning at a desk: with a camera in a dialog, or with a scanner that types into a text field.
 * @module
 */

import { prepareZXingModule, readBarcodes } from '../npm/zxing-wasm/es/reader/index.js';
import { html, nothing, update } from '../ui/page.js';
import { closeModal, openModal } from './modal.js';
import { t } from './texts.js';

/** @typedef {import('../ui/form.js').Form} Form */

/** Time between two readings, ms. Our choice: a reading takes about 5 ms, and the page stays quick. */
const EVERY = 100;

/** Longest edge of a picture that is read, pixels. */
const EDGE = 960;

/** Time after the last character of a scanner, ms. Our choice: longer than between its characters and the Enter. */
const QUIET = 300;

/** @type {ReturnType<typeof setTimeout> | undefined} */
let quiet;

let prepared = false;

/** Loads the reader from the page's own origin. */
async function prepare() {
  if (prepared) return;
  await prepareZXingModule({ overrides: { locateFile: () => '/npm/zxing-wasm/zxing_reader.wasm' }, fireImmediately: true });
  prepared = true;
}

/**
 * Opens a dialog with the camera's picture, and closes it with the first code.
 * @param {{title?: string, anyone?: boolean, read: (text: string) => void}} how anyone: also while the desk is locked
 */
export function openScanner({ title, anyone, read }) {
  /** @type {MediaStream | null} */
  let stream = null;
  /** @type {'wait' | 'on' | 'denied' | 'none' | 'insecure' | 'busy' | 'broken'} */
  let state = 'wait';
  /** @type {string[]} device ids */
  let cameras = [];
  let chosen = 0;
  let open = true;

  const video = document.createElement('video');
  video.muted = video.playsInline = true;
  video.className = 'camera';
  const canvas = document.createElement('canvas');
  const ink = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d', { willReadFrequently: true }));

  function stop() {
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = null;
  }

  async function start() {
    state = 'wait';
    stop();
    update();
    if (!navigator.mediaDevices) {
      state = 'insecure';
      return update();
    }
    try {
      const camera = await navigator.mediaDevices.getUserMedia({
        audio: false, video: { ...(cameras[chosen] ? { deviceId: { exact: cameras[chosen] } } : {}), width: { ideal: 1280 }, height: { ideal: 720 } },
      });
      if (!open) return camera.getTracks().forEach((track) => track.stop());
      stream = camera;
      video.srcObject = camera;
      await video.play();
      if (!cameras.length) cameras = (await navigator.mediaDevices.enumerateDevices()).filter((d) => d.kind === 'videoinput').map((d) => d.deviceId);
    } catch (err) {
      const name = err instanceof DOMException ? err.name : '';
      state = name === 'NotAllowedError' ? 'denied' : name === 'NotReadableError' ? 'busy' : 'none';
      return update();
    }
    try {
      await prepare();
    } catch {
      state = 'broken';
      return update();
    }
    state = 'on';
    update();
    void look();
  }

  async function look() {
    while (open && stream && state === 'on') {
      const scale = Math.min(1, EDGE / Math.max(video.videoWidth, video.videoHeight, 1));
      if (video.videoWidth) {
        canvas.width = Math.round(video.videoWidth * scale);
        canvas.height = Math.round(video.videoHeight * scale);
        ink.drawImage(video, 0, 0, canvas.width, canvas.height);
        const [found] = await readBarcodes(ink.getImageData(0, 0, canvas.width, canvas.height), { formats: ['QRCode'], maxNumberOfSymbols: 1 });
        if (found?.text && open) {
          closeModal();
          return read(found.text);
        }
      }
      await new Promise((done) => setTimeout(done, EVERY));
    }
  }

  function other() {
    chosen = (chosen + 1) % cameras.length;
    void start();
  }

  const faults = { denied: t('scanDenied'), none: t('scanNone'), insecure: t('scanInsecure'), busy: t('scanBusy'), broken: t('scanBroken') };
  openModal({
    anyone,
    view: () => html`<h2 id="modal-title">${title ?? t('scanTitle')}</h2>
      ${state in faults ? html`<div class="notice warn" role="alert"><p>${faults[/** @type {keyof typeof faults} */ (state)]}</p></div>`
        : html`<div class="viewfinder">${video}</div><p class="soft" role="status">${state === 'on' ? t('scanOn') : t('scanWait')}</p>`}
      <div class="actions">${cameras.length > 1 ? html`<button type="button" class="second" @click=${other}>${t('scanOther')}</button>` : nothing}
        ${state === 'busy' || state === 'broken' ? html`<button type="button" @click=${start}>${t('retry')}</button>` : nothing}
        <button type="button" class="second" @click=${closeModal}>${t('cancel')}</button></div>`,
    closed: () => {
      open = false;
      stop();
    },
  });
  void start();
}

/**
 * Draws a field into which a scanner types, with a button for the camera. Text that arrives without a focused field goes
 * to this field; Enter submits its form.
 * @param {Form} form
 * @param {string} name
 * @param {import('../ui/form.js').Look} look
 * @param {{read: (text: string) => void, whole?: RegExp, button?: import('../ui/page.js').View}} how read: takes a code of the camera, or a
 *   text that matches `whole`, for scanners that send no Enter; button: of the form, beside the field
 */
export function scanField(form, name, look, { read, whole, button }) {
  const typed = () => {
    clearTimeout(quiet);
    if (whole?.test(scanned(form.values[name]))) quiet = setTimeout(() => form.values[name] && read(form.values[name]), QUIET);
  };
  return html`<div class="scan" data-scan @input=${typed}>${form.field(name, look)}<div class="actions">${button ?? nothing}
    <button type="button" class="second" @click=${() => openScanner({
      read: (text) => {
        form.values[name] = text;
        update();
        read(text);
      },
    })}>${t('scan')}</button></div></div>`;
}

/**
 * Returns a scanned text as the code has it: an input method may have widened its characters, and a scanner may end it
 * with a line.
 * @param {string} text
 */
export function scanned(text) {
  return text.normalize('NFKC').trim();
}
