// Package bench measures the parts of a check and the whole of it, each beside
// a plain rival: what one would write with the standard library and no tricks.
// It holds nothing but tests and benchmarks; README.md says how to run and read
// them.
//
// It promises that both sides of a pair get the same inputs and give the same
// answers, which its tests demand over good and bad ones, and that every answer
// is looked at inside the measured loop. It does not promise a quiet machine:
// a figure means something only beside its rival's from the same run.
package bench
