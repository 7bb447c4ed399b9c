// Package phonecode sends one-time codes to phones (手机核验, rule G40).
//
// It promises one interface. What a code is good for, how long, and how often one may be
// sent is package account's to say. It holds no real provider: Sandbox sends nothing and
// exists for demos and tests.
package phonecode
