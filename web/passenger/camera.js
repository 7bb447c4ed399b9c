/**
 * The front camera for the preview of the face check. No picture is taken, kept or sent.
 * @module
 */

/** @typedef {'denied' | 'none' | 'busy'} CameraFault */

/** @type {MediaStream | null} */
let stream = null;

/**
 * Opens the front camera in a video element.
 * @param {HTMLVideoElement} video
 * @returns {Promise<CameraFault | null>} null: it is shown
 */
export async function openCamera(video) {
  if (!navigator.mediaDevices?.getUserMedia) return 'none';
  try {
    const opened = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'user', width: { ideal: 640 }, height: { ideal: 480 } }, audio: false });
    closeCamera();
    stream = opened;
    video.srcObject = stream;
    await video.play();
    return null;
  } catch (err) {
    closeCamera();
    const name = err instanceof Error ? err.name : '';
    if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied';
    return name === 'NotFoundError' || name === 'OverconstrainedError' ? 'none' : 'busy';
  }
}

/** Turns the camera off. */
export function closeCamera() {
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = null;
}
