/** @internal Converts RGBA to luminance using ZXing-C++'s RGBToLum formula. */
export declare function rgbaToGrayscale(data: Uint8ClampedArray, lum: Uint8Array): void;
