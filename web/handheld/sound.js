/**
 * Sound and vibration of a verdict: three patterns that differ in pitch, number and length.
 * @module
 */

/** @typedef {'green' | 'amber' | 'red'} Light */

/** @type {Record<Light, {wave: OscillatorType, notes: [hertz: number, from: number, length: number][]}>} times in seconds */
const TONES = {
  green: { wave: 'sine', notes: [[880, 0, 0.09], [1319, 0.1, 0.16]] },
  amber: { wave: 'triangle', notes: [[622, 0, 0.16], [622, 0.24, 0.16]] },
  red: { wave: 'square', notes: [[196, 0, 0.18], [196, 0.24, 0.18], [165, 0.48, 0.4]] },
};

/** @type {Record<Light, number[]>} ms on, off, on, … */
const SHAKES = { green: [60], amber: [120, 90, 120], red: [280, 100, 280, 100, 400] };

/** @type {AudioContext | null} */
let context = null;

/** Reports whether the browser lets the page sound: it waits for a touch. */
export function audible() {
  return context?.state === 'running';
}

/** Opens the sound. Call it from a touch or a key. */
export function openSound() {
  try {
    context ??= new AudioContext();
    if (context.state !== 'running') context.resume().catch(() => {});
  } catch {
    context = null; // no sound output
  }
}

/**
 * Plays the sound of a verdict and lets the device vibrate.
 * @param {Light} light
 * @param {{volume: number, vibrate: boolean}} how volume from 0 to 100
 */
export function signal(light, { volume, vibrate }) {
  if (vibrate) navigator.vibrate?.(SHAKES[light]);
  if (!context || !audible() || volume === 0) return;
  const { wave, notes } = TONES[light];
  const loud = (volume / 100) ** 2 * (wave === 'square' ? 0.35 : 0.8);
  for (const [hertz, from, length] of notes) {
    const start = context.currentTime + from;
    const tone = context.createOscillator();
    const gain = context.createGain();
    tone.type = wave;
    tone.frequency.value = hertz;
    gain.gain.setValueAtTime(0, start);
    gain.gain.linearRampToValueAtTime(loud, start + 0.01);
    gain.gain.setValueAtTime(loud, start + length - 0.02);
    gain.gain.linearRampToValueAtTime(0, start + length);
    tone.connect(gain).connect(context.destination);
    tone.onended = () => gain.disconnect();
    tone.start(start);
    tone.stop(start + length);
  }
}
