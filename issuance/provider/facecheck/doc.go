// Package facecheck asks whether the person at the phone is the person on the
// document (实人核验, rule A6).
//
// It promises one interface and a bound on waiting. It holds no real provider:
// Sandbox decides by what the caller writes and exists for demos and tests.
package facecheck
